/** Figures over all elements of a constant, in two passes over pieces of it: extremes, mean and spread first, then the histogram. */
import type { Graph } from "#core";
import { decodeTable, isSmallFloat } from "#core";
import type { TensorStats } from "#protocol";
import { cancelled } from "../coded-error.ts";
import type { Progress } from "./messages.ts";
import { constantOf, openConstant, type ElementReader } from "./tensor-page-reader.ts";

/** Elements read at a time; between two pieces the worker looks for messages, so that cancelling works. */
const pieceLength = 1 << 18;
/** Ranges of a histogram, as far as there are that many different whole numbers. */
const mostRanges = 48;

export interface StatsContext {
  readonly signal: AbortSignal;
  readonly event: (progress: Progress) => void;
}

/** Strings and complex numbers have only their count. @throws tensor-not-constant, file-unreadable, cancelled */
export async function tensorStats(graph: Graph, value: number, context: StatsContext): Promise<TensorStats> {
  const reader = openConstant(constantOf(graph, value).constant);
  try {
    return await statsOf(reader, context);
  } finally {
    reader.close();
  }
}

async function statsOf(reader: ElementReader, context: StatsContext): Promise<TensorStats> {
  const { length, dtype } = reader;
  if (dtype === "string" || dtype === "c64" || dtype === "c128") return { ...noNumbers, count: length };
  const sums = new Sums();
  await inPieces(reader, context, [0, 0.5], (piece) => sums.take(piece));
  const { min, max } = sums;
  if (sums.numbers === 0) return { ...noNumbers, count: length, nans: sums.nans, infinities: sums.infinities };
  const whole = !dtype.startsWith("f") && dtype !== "bf16";
  const ranges = max === min ? 1 : whole ? Math.min(mostRanges, max - min + 1) : mostRanges;
  const histogram = new Array<number>(ranges).fill(0);
  const scale = max === min ? 0 : ranges / (max - min);
  await inPieces(reader, context, [0.5, 1], (piece) => {
    for (let i = 0; i < piece.length; i++) {
      const v = piece[i] as number;
      if (!(v >= min && v <= max)) continue;
      const at = Math.min(ranges - 1, Math.floor((v - min) * scale));
      histogram[at] = (histogram[at] ?? 0) + 1;
    }
  });
  const { zeros, nans, infinities } = sums;
  return { count: length, min, max, mean: sums.mean, std: sums.std, zeros, nans, infinities, histogram };
}

const noNumbers: TensorStats = { count: 0, min: NaN, max: NaN, mean: NaN, std: NaN, zeros: 0, nans: 0, infinities: 0, histogram: [] };

/** Mean and spread by Welford's update for groups: sums of squares would lose the spread of large numbers that lie close together. */
class Sums {
  numbers = 0;
  zeros = 0;
  nans = 0;
  infinities = 0;
  min = Infinity;
  max = -Infinity;
  mean = 0;
  private squares = 0;

  get std(): number {
    return Math.sqrt(this.squares / this.numbers);
  }

  take(piece: Float64Array | Float32Array): void {
    let [n, sum, zeros, nans, infinities] = [0, 0, 0, 0, 0];
    let [min, max] = [this.min, this.max];
    for (let i = 0; i < piece.length; i++) {
      const v = piece[i] as number;
      if (v - v !== 0) {
        if (v !== v) nans++;
        else infinities++;
        continue;
      }
      n++;
      sum += v;
      if (v === 0) zeros++;
      if (v < min) min = v;
      if (v > max) max = v;
    }
    [this.min, this.max] = [min, max];
    this.zeros += zeros;
    this.nans += nans;
    this.infinities += infinities;
    if (n > 0) this.join(n, sum / n, piece);
  }

  private join(n: number, mean: number, piece: Float64Array | Float32Array): void {
    let squares = 0;
    for (let i = 0; i < piece.length; i++) {
      const d = (piece[i] as number) - mean;
      if (d - d === 0) squares += d * d;
    }
    const before = this.numbers;
    const all = before + n;
    const distance = mean - this.mean;
    this.squares += squares + (distance * distance * before * n) / all;
    this.mean += (distance * n) / all;
    this.numbers = all;
  }
}

/** Calls `take` with one piece of decoded elements after the other. */
async function inPieces(
  reader: ElementReader,
  { signal, event }: StatsContext,
  [begin, end]: readonly [number, number],
  take: (piece: Float64Array | Float32Array) => void,
): Promise<void> {
  for (let from = 0; from < reader.length; from += pieceLength) {
    if (signal.aborted) throw cancelled();
    take(decoded(reader, from, Math.min(reader.length, from + pieceLength)));
    if (reader.length <= pieceLength) continue;
    event({ text: "reading", done: begin + ((end - begin) * Math.min(reader.length, from + pieceLength)) / reader.length });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Types with a fast way; the others go element by element. */
function decoded(reader: ElementReader, from: number, to: number): Float64Array | Float32Array {
  const { dtype } = reader;
  if (dtype === "f32") return new Float32Array(aligned(reader.bytes(from, to)));
  if (dtype === "f64") return new Float64Array(aligned(reader.bytes(from, to)));
  if (dtype === "f16" || dtype === "bf16") {
    const table = isSmallFloat(dtype) ? decodeTable(dtype) : undefined;
    return Float32Array.from(new Uint16Array(aligned(reader.bytes(from, to))), (bits) => table?.[bits] ?? NaN);
  }
  return Float64Array.from(reader.elements(from, to), Number);
}

/** A buffer of its own: typed arrays need aligned memory. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
