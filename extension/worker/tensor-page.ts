/** A stretch of a constant's values with statistics over all of them. */
import { constantArray, valueOf, type Constant, type DType, type Graph } from "#core";
import { coded } from "../coded-error.ts";
import type { TensorPage } from "./messages.ts";

/** Values in one page at most: 64 KiB as f64. */
const pageLength = 8192;

/** @throws tensor-not-constant for values that exist at run time only */
export function tensorPage(graph: Graph, value: number, start: number, count: number): TensorPage {
  const { constant, name } = valueOf(graph, value);
  if (constant === undefined) throw coded("tensor-not-constant", { name: name === "" ? `%${value}` : name });
  const data = graph.constants.get(constant);
  const { dtype, shape } = data;
  const length = shape.reduce((all, extent) => all * extent, 1);
  const from = Math.max(0, Math.trunc(start));
  const stretch = { from, to: Math.max(from, Math.min(length, from + Math.min(pageLength, Math.max(0, Math.trunc(count))))) };
  return { dtype, shape, ...(notNumbers[dtype] ?? numbers)(data, stretch) };
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

type Part = Omit<TensorPage, "dtype" | "shape">;

/** Element types that are not evaluated, and how their elements are read. */
const notNumbers: Partial<Record<DType, (data: Constant, stretch: Stretch) => Part>> = {
  string: ({ strings }, { from, to }) => onlyTexts((strings?.() ?? []).slice(from, to).map((text) => JSON.stringify(text))),
  c64: ({ bytes }, stretch) => onlyTexts(complexTexts(bytes(), stretch, 4)),
  c128: ({ bytes }, stretch) => onlyTexts(complexTexts(bytes(), stretch, 8)),
};

const onlyTexts = (texts: readonly string[]): Part => ({
  values: Float64Array.from(texts, () => NaN),
  texts,
  min: NaN,
  max: NaN,
  mean: NaN,
});

/** @param half bytes of the real and of the imaginary part */
function complexTexts(bytes: Uint8Array, { from, to }: Stretch, half: 4 | 8): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => (half === 4 ? view.getFloat32(i * half, true) : view.getFloat64(i * half, true));
  const text = (v: number): string => String(half === 4 ? Number(v.toPrecision(7)) : v);
  return Array.from({ length: to - from }, (_, i) => {
    const [re, im] = [at(2 * (from + i)), at(2 * (from + i) + 1)];
    return `${text(re)}${im < 0 || Object.is(im, -0) ? "-" : "+"}${text(Math.abs(im))}i`;
  });
}

function numbers(constant: Constant, { from, to }: Stretch): Part {
  const { dtype, data } = constantArray(constant);
  const part = Array.from({ length: to - from }, (_, i) => data[from + i] ?? 0);
  const texts = dtype === "bool" ? part.map((v) => String(Boolean(v))) : dtype === "i64" || dtype === "u64" ? part.map(String) : undefined;
  return { values: Float64Array.from(part, Number), ...(texts === undefined ? {} : { texts }), ...statistics(data) };
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
