/** A stretch of a constant's values with statistics over all of them. */
import { constantArray, valueOf, type Graph } from "#core";
import { coded } from "../coded-error.ts";
import type { TensorPage } from "./messages.ts";

/** Values in one page at most: 64 KiB as f64. */
const pageLength = 8192;

/** @throws tensor-not-constant for values that exist at run time only */
export function tensorPage(graph: Graph, value: number, start: number, count: number): TensorPage {
  const { constant, name } = valueOf(graph, value);
  if (constant === undefined) throw coded("tensor-not-constant", { name: name === "" ? `%${value}` : name });
  const { dtype, shape, data } = constantArray(graph.constants.get(constant));
  const at = Math.max(0, Math.trunc(start));
  const end = Math.min(data.length, at + Math.min(pageLength, Math.max(0, Math.trunc(count))));
  const values = Float64Array.from({ length: Math.max(0, end - at) }, (_, i) => Number(data[at + i]));
  return { dtype, shape, values, ...statistics(data) };
}

function statistics(data: ArrayLike<number | bigint>): { min: number; max: number; mean: number } {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const v = Number(data[i]);
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
  }
  return data.length === 0 ? { min: NaN, max: NaN, mean: NaN } : { min, max, mean: sum / data.length };
}
