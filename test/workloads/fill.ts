/** Contents of generated tensors, produced in pieces so that big models need little memory. */
import { elementCount, packedByteLength, type OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import type { TensorData } from "../../compiler-core/onnx/model.ts";
import { encodeElements } from "../../compiler-core/onnx/tensor-values.ts";
import { Random } from "./prng.ts";

/** `bell`: mean + deviation * bell(); `integer`: uniform in [low, high]; `padding`: 0, and -10000 for the last `tail` of every row. */
export type Fill =
  | { readonly kind: "bell"; readonly mean: number; readonly deviation: number }
  | { readonly kind: "integer"; readonly low: number; readonly high: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "padding"; readonly row: number; readonly tail: number };

const pieceElements = 64 * 1024;

/** The next elements of a fill, from element `start` on. */
function fillPiece(piece: Float64Array, fill: Fill, random: Random, start: number): void {
  const count = piece.length;
  if (fill.kind === "bell") {
    const { mean, deviation } = fill;
    for (let i = 0; i < count; i++) piece[i] = mean + deviation * random.bell();
  } else if (fill.kind === "integer") {
    for (let i = 0; i < count; i++) piece[i] = random.integer(fill.low, fill.high);
  } else if (fill.kind === "constant") piece.fill(fill.value);
  else for (let i = 0; i < count; i++) piece[i] = (start + i) % fill.row >= fill.row - fill.tail ? -10000 : 0;
}

/** Rounds and clamps to what the element type holds. */
const ranges: Readonly<Partial<Record<OnnxDType, readonly [number, number]>>> = { u8: [0, 255], i8: [-127, 127] };

function roundPiece(piece: Float64Array, [low, high]: readonly [number, number]): void {
  for (let i = 0; i < piece.length; i++) piece[i] = Math.min(high, Math.max(low, Math.round(piece[i] ?? 0)));
}

function packPiece(dtype: OnnxDType, piece: Float64Array): Uint8Array {
  if (dtype === "f32") return new Uint8Array(Float32Array.from(piece).buffer);
  if (dtype === "u8") return Uint8Array.from(piece);
  return dtype === "i8" ? new Uint8Array(Int8Array.from(piece).buffer) : encodeElements(dtype, piece);
}

/** Tensor data that is generated when the model is written; the same seed gives the same bytes. */
export function generated(seed: string, dtype: OnnxDType, dims: readonly number[], fill: Fill): TensorData {
  const count = elementCount(dims);
  const chunks = function* (): Iterable<Uint8Array> {
    const random = new Random(seed);
    const range = ranges[dtype];
    for (let done = 0; done < count; done += pieceElements) {
      const piece = new Float64Array(Math.min(pieceElements, count - done));
      fillPiece(piece, fill, random, done);
      if (range !== undefined) roundPiece(piece, range);
      yield packPiece(dtype, piece);
    }
  };
  return { source: "stream", length: packedByteLength(dtype, count), chunks };
}

/** The same data, now, in a buffer of its own. */
export function generatedBytes(seed: string, dtype: OnnxDType, dims: readonly number[], fill: Fill): Uint8Array {
  const data = generated(seed, dtype, dims, fill);
  return data.source === "stream" ? new Uint8Array(Buffer.concat([...data.chunks()])) : new Uint8Array(0);
}
