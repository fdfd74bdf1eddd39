/** Reference evaluation of attention and rotary embeddings: plain loops in double, rounded once when a result is stored. */
import { roundFloat } from "../tensor/rounding.ts";
import { broadcastStrides } from "./eval-elementwise.ts";
import type { Attrs } from "./ir.ts";
import { allocate, strides, type Mode, type NdArray, type NumberArray } from "./ndarray.ts";
import { attentionSizes, rotarySizes, type AttentionSizes } from "./ops/attention.ts";
import type { EvalCall } from "./ops/op.ts";
import { bug } from "../messages.ts";

const numbers = (nd: NdArray): NumberArray => nd.data as NumberArray;
const rounding = (nd: NdArray, mode: Mode): ((x: number) => number) => (mode === "f64" ? (x) => x : (x) => roundFloat(nd.dtype, x));

/** Offset of element 0 of row `i` of head `h` of batch `b`; a head lies along axis 1, or within the last axis of rank 3. */
type RowOffset = (b: number, h: number, i: number) => number;
function rowOffset(shape: readonly number[], size: number): RowOffset {
  const steps = strides(shape);
  return shape.length === 4
    ? (b, h, i) => b * steps[0]! + h * steps[1]! + i * steps[2]!
    : (b, h, i) => b * steps[0]! + i * steps[1]! + h * size;
}

/** The past (batch, heads, length, size) followed by the new rows. */
function joined(past: NdArray | null | undefined, fresh: NdArray, s: AttentionSizes<number>, size: number, mode: Mode): NdArray {
  const length = s.past + s.fresh;
  const out = allocate(fresh.dtype, [s.batch, s.kvHeads, length, size], mode);
  const from = rowOffset(fresh.shape, size);
  const data = numbers(out);
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < s.kvHeads; h++)
      for (let i = 0; i < length; i++) {
        const old = i < s.past;
        const at = old ? ((b * s.kvHeads + h) * s.past + i) * size : from(b, h, i - s.past);
        const source = numbers(old ? past! : fresh);
        for (let d = 0; d < size; d++) data[((b * s.kvHeads + h) * length + i) * size + d] = source[at + d]!;
      }
  return out;
}

/** What is added to a score: the mask, and -inf for keys that a query must not see. */
function biasOf(
  mask: NdArray | null | undefined,
  nonpad: NdArray | null | undefined,
  s: AttentionSizes<number>,
  attrs: Attrs,
  past: boolean,
) {
  const all = s.past + s.fresh;
  const shown = mask?.shape.at(-1) ?? all;
  const steps = mask && broadcastStrides([...mask.shape], [s.batch, s.heads, s.length, Math.min(shown, all)]);
  return (b: number, h: number, i: number, j: number): number => {
    const known = nonpad ? Number(nonpad.data[b]) : all;
    const offset = !past && nonpad ? known - s.length : s.past;
    if ((attrs["causal"] === true && j > i + offset) || j >= known) return -Infinity;
    if (!mask) return 0;
    if (j >= shown && shown !== 1) return -Infinity;
    const m = Number(mask.data[b * steps![0]! + h * steps![1]! + i * steps![2]! + j * steps![3]!]);
    return mask.dtype === "bool" ? (m === 0 ? -Infinity : 0) : m;
  };
}

/** Softmax of a row; NaN where every element is -inf, as ONNX defines it. */
function softmax(row: Float64Array): void {
  const most = row.reduce((a, x) => Math.max(a, x), -Infinity);
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j] = Math.exp(row[j]! - most);
  for (let j = 0; j < row.length; j++) row[j]! /= sum;
}

export function evalAttention({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [q, k, v, mask, pastKey, pastValue, nonpad] = inputs;
  const sizes = attentionSizes(
    inputs.map((t) => t?.shape),
    attrs,
  );
  if (typeof sizes !== "object") bug("attention of unknown extents");
  const s = sizes as AttentionSizes<number>;
  const all = s.past + s.fresh;
  const [keys, values] = [joined(pastKey, k!, s, s.size, mode), joined(pastValue, v!, s, s.valueSize, mode)];
  const y = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const scores = outputs[3] && allocate(outputs[3].dtype, outputs[3].shape, mode);
  const bias = biasOf(mask, nonpad, s, attrs, pastKey != null);
  const [from, to, round] = [rowOffset(q!.shape, s.size), rowOffset(y.shape, s.valueSize), rounding(y, mode)];
  const row = new Float64Array(all);
  const [scale, cap] = [(attrs["scale"] as number | undefined) ?? 1 / Math.sqrt(s.size), attrs["softcap"] as number];
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < s.heads; h++)
      for (let i = 0; i < s.length; i++) {
        const shared = b * s.kvHeads + Math.floor((h * s.kvHeads) / s.heads);
        const note = (stage: string): void => {
          if (scores && attrs["scores"] === stage) numbers(scores).set(row.map(round), ((b * s.heads + h) * s.length + i) * all);
        };
        for (let j = 0; j < all; j++) row[j] = scale * dot(numbers(q!), from(b, h, i), numbers(keys), (shared * all + j) * s.size, s.size);
        note("product");
        if (cap > 0) for (let j = 0; j < all; j++) row[j] = cap * Math.tanh(row[j]! / cap);
        note("softcap");
        for (let j = 0; j < all; j++) row[j]! += bias(b, h, i, j);
        note("mask");
        softmax(row);
        note("softmax");
        for (let d = 0; d < s.valueSize; d++) {
          let sum = 0;
          for (let j = 0; j < all; j++) sum += row[j]! * numbers(values)[(shared * all + j) * s.valueSize + d]!;
          numbers(y)[to(b, h, i) + d] = round(sum);
        }
      }
  return [y, keys, values, ...(scores ? [scores] : [])].slice(0, outputs.length);
}

function dot(a: NumberArray, aAt: number, b: NumberArray, bAt: number, n: number): number {
  let sum = 0;
  for (let d = 0; d < n; d++) sum += a[aAt + d]! * b[bAt + d]!;
  return sum;
}

export function evalRotary({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, cos, sin, positions] = inputs as readonly (NdArray | undefined)[];
  const sizes = rotarySizes(x!.shape, attrs, cos!.shape.at(-1)!);
  if (typeof sizes === "string") return bug(sizes);
  const { batch, heads, length, size, rotated } = sizes;
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const [at, half, table, round] = [rowOffset(x!.shape, size), rotated / 2, cos!.shape.at(-1)!, rounding(out, mode)];
  const [from, to] = [numbers(x!), numbers(out)];
  // A single position is that of the first token.
  const position = (b: number, i: number): number => {
    if (positions === undefined) return b * length + i;
    return positions.data.length === 1 ? Number(positions.data[0]) + i : Number(positions.data[b * length + i]);
  };
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < length; i++) {
        const base = at(b, h, i);
        for (let d = rotated; d < size; d++) to[base + d] = from[base + d]!;
        for (let d = 0; d < half; d++) {
          const [p, o] = attrs["interleaved"] === true ? [base + 2 * d, base + 2 * d + 1] : [base + d, base + half + d];
          const [c, s] = [numbers(cos!)[position(b, i) * table + d]!, numbers(sin!)[position(b, i) * table + d]!];
          to[p] = round(c * from[p]! - s * from[o]!);
          to[o] = round(s * from[p]! + c * from[o]!);
        }
      }
  return [out];
}
