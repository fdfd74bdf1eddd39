/** Sparse tensors as the dense ones that they mean. */
import { onnxDTypes } from "./dtype.ts";
import type { OnnxSparseTensor, OnnxTensor } from "./model.ts";
import { readTensor, type TensorStore } from "./tensor-data.ts";

/**
 * The dense tensor of a sparse one; its bytes are read when asked for. Undefined for types whose elements are no whole bytes, and for files that
 * leave a part out. Indices are positions in row-major order, or one row of coordinates per value.
 */
export function denseTensor(sparse: OnnxSparseTensor, store: TensorStore): OnnxTensor | undefined {
  const { values, indices } = sparse;
  const dims = sparse.dims.map(Number);
  if (values === undefined || indices === undefined || onnxDTypes[values.dtype].bits < 8) return undefined;
  const size = onnxDTypes[values.dtype].bits / 8;
  const length = dims.reduce((a, d) => a * d, size);
  const chunks = (): Uint8Array[] => [scatter(new Uint8Array(length), size, dims, values, indices, store)];
  return { ...values, dims, data: { source: "stream", length, chunks } };
}

function scatter(
  out: Uint8Array,
  size: number,
  dims: readonly number[],
  values: OnnxTensor,
  indices: OnnxTensor,
  store: TensorStore,
): Uint8Array {
  const data = readTensor(store, values).bytes;
  const raw = readTensor(store, indices).bytes;
  const at = new BigInt64Array(raw.slice().buffer);
  const count = data.length / size;
  const perValue = count === 0 ? 1 : at.length / count;
  for (let i = 0; i < count; i++) {
    const place = perValue === 1 ? Number(at[i]) : dims.reduce((sum, d, axis) => sum * d + Number(at[i * perValue + axis] ?? 0), 0);
    // A place outside of the tensor is a damaged file: the element is lost, nothing else.
    if (place >= 0 && (place + 1) * size <= out.length) out.set(data.subarray(i * size, (i + 1) * size), place * size);
  }
  return out;
}
