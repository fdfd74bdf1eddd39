/** What a case could take at best on this machine: its arithmetic at the measured peak, or its data at the bandwidth of the cache it fits in. */
import type { PeakFigure, PeaksResult } from "#protocol";
import type { SessionModel } from "#core/io";
import { elements, staticShape } from "../../compiler-core/graph/ir.ts";
import { dtypeBytes } from "../../compiler-core/support/dtype.ts";

export interface Bound {
  readonly ms: number;
  readonly by: "arithmetic" | "bandwidth";
  /** Which peak: `f32 FMA`, `int8 tiles`; or of which working set the bandwidth is. */
  readonly peak: string;
}

/** Inputs, outputs and constants of a model with static shapes, each once. Weights of a product with bytes count as they are stored. */
export function leastBytes({ graph }: SessionModel): number {
  const wanted = new Set([...graph.inputs, ...graph.outputs, ...graph.nodes.flatMap((n) => n.inputs)]);
  let sum = 0;
  for (const [id, value] of graph.values.entries()) {
    const shape = value === undefined ? undefined : staticShape(value);
    if (value === undefined || shape === undefined || !wanted.has(id)) continue;
    if (value.constant === undefined && !graph.inputs.includes(id) && !graph.outputs.includes(id)) continue;
    sum += dtypeBytes(value.dtype, elements(shape));
  }
  return sum;
}

const valid = (figure: PeakFigure | undefined): number | undefined => (figure?.valid === true ? figure.gops : undefined);

/** The fastest arithmetic that the case may use: products of bytes, or of f32. */
function rate(name: string, peaks: PeaksResult): readonly [number, string] | undefined {
  const rows: readonly (readonly [number | undefined, string])[] = name.includes("int8")
    ? [
        [valid(peaks.amxInt8), "int8 tiles"],
        [valid(peaks.vnniInt8), "int8 VNNI"],
        [valid(peaks.vnniInt8Avx), "int8 VNNI, 256 bits"],
      ]
    : [
        [valid(peaks.fmaF32), "f32 FMA"],
        [valid(peaks.fmaF32Avx2), "f32 FMA, 256 bits"],
      ];
  const found = rows.find(([gops]) => gops !== undefined);
  return found?.[0] === undefined ? undefined : [found[0], found[1]];
}

/** Undefined where the peaks are not known. */
export function boundOf(name: string, flops: number, bytes: number, peaks: PeaksResult): Bound | undefined {
  const fastest = rate(name, peaks);
  // The smallest working set that holds it: what is read again in every run comes from there.
  const level = [...peaks.read].sort((a, b) => a.bytes - b.bytes).find((r) => r.bytes * peaks.threads >= bytes) ?? peaks.read.at(-1);
  if (fastest === undefined || level === undefined) return undefined;
  const arithmetic = flops / (fastest[0] * 1e6);
  const traffic = bytes / (level.gbs * 1e6);
  return arithmetic >= traffic
    ? { ms: arithmetic, by: "arithmetic", peak: fastest[1] }
    : { ms: traffic, by: "bandwidth", peak: `read, ${level.bytes / 1024} KiB per thread` };
}
