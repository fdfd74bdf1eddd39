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

/** The fill of element `index`. */
function next(fill: Fill, random: Random, index: number): number {
  if (fill.kind === "bell") return fill.mean + fill.deviation * random.bell();
  if (fill.kind === "integer") return random.integer(fill.low, fill.high);
  if (fill.kind === "constant") return fill.value;
  return index % fill.row >= fill.row - fill.tail ? -10000 : 0;
}

/** Clamps and rounds to what the element type holds. */
const ranges: Readonly<Partial<Record<OnnxDType, readonly [number, number]>>> = { u8: [0, 255], i8: [-127, 127] };

/** Tensor data that is generated when the model is written; the same seed gives the same bytes. */
export function generated(seed: string, dtype: OnnxDType, dims: readonly number[], fill: Fill): TensorData {
  const count = elementCount(dims);
  const chunks = function* (): Iterable<Uint8Array> {
    const random = new Random(seed);
    const range = ranges[dtype];
    for (let done = 0; done < count; done += pieceElements) {
      const piece = new Float64Array(Math.min(pieceElements, count - done));
      for (let i = 0; i < piece.length; i++) {
        const value = next(fill, random, done + i);
        piece[i] = range === undefined ? value : Math.min(range[1], Math.max(range[0], Math.round(value)));
      }
      yield dtype === "f32" ? new Uint8Array(Float32Array.from(piece).buffer) : encodeElements(dtype, piece);
    }
  };
  return { source: "stream", length: packedByteLength(dtype, count), chunks };
}

/** The same data, now, in a buffer of its own. */
export function generatedBytes(seed: string, dtype: OnnxDType, dims: readonly number[], fill: Fill): Uint8Array {
  const data = generated(seed, dtype, dims, fill);
  return new Uint8Array(data.source === "stream" ? Buffer.concat([...data.chunks()]) : 0);
}
