/** The elements of a tensor as fields of a TensorProto: raw data, a typed list, or a reference to an external file. */
import { bug, userError } from "../messages.ts";
import { elementCount, onnxDTypes, type TypedField } from "./dtype.ts";
import type { OnnxTensor, StringEntry } from "./model.ts";
import type { Draft } from "./schema.ts";
import { rangeOf, readTensor, type TensorStore } from "./tensor-data.ts";
import type { ByteSource } from "./byte-source.ts";
import type { EncodeContext, ExternalTarget } from "./writer.ts";
import { putVarint, type LazyBytes } from "./wire-writer.ts";

const copyBytes = 1024 * 1024;

/** A range of a source, copied in pieces. */
export function lazyRange(source: ByteSource, offset: number, length: number): LazyBytes {
  return {
    length,
    *chunks() {
      for (let done = 0; done < length; done += copyBytes) yield source.read(offset + done, Math.min(copyBytes, length - done));
    },
  };
}

/** The data fields of the draft of a tensor. */
export function encodeTensorData(tensor: OnnxTensor, context: EncodeContext): Draft {
  const { data } = tensor;
  if (data.source === "none") return {};
  if (data.source === "strings") return { string_data: data.values };
  if (tensor.dtype === "string") return { string_data: readTensor(storeOf(context), tensor).strings ?? [] };
  if (data.source === "external" && context.external === undefined) return externalDraft(data);
  const field = data.source === "fields" || data.source === "memory" ? data.field : undefined;
  const { external } = context;
  if (external === undefined && field !== undefined)
    return { [field]: typedList(tensor, field, data.source === "memory" ? data.bytes : readTensor(storeOf(context), tensor).bytes) };
  const bytes = rawBytes(tensor, context);
  return external === undefined || bytes.length < external.threshold ? { raw: bytes } : moveOut(bytes, external);
}

function storeOf(context: EncodeContext): TensorStore {
  return context.store ?? bug("a model whose weights are in a file is written without that file");
}

function rawBytes(tensor: OnnxTensor, context: EncodeContext): LazyBytes {
  const { data } = tensor;
  if (data.source === "stream") return data;
  if (data.source === "memory") return { length: data.bytes.length, chunks: () => [data.bytes] };
  const store = storeOf(context);
  // As stored, even when the size does not fit the shape: the writer copies, the reader of the values judges.
  if (data.source === "file") return lazyRange(store.source, data.offset, data.length);
  const range = rangeOf(store, tensor);
  if (range !== undefined) return lazyRange(range.source, range.offset, range.length);
  const { bytes } = readTensor(store, tensor);
  return { length: bytes.length, chunks: () => [bytes] };
}

function externalDraft(data: { location: string; offset: number; length?: number; checksum?: string }): Draft {
  const external: StringEntry[] = [{ key: "location", value: data.location }];
  if (data.offset !== 0 || data.length !== undefined) external.push({ key: "offset", value: String(data.offset) });
  if (data.length !== undefined) external.push({ key: "length", value: String(data.length) });
  if (data.checksum !== undefined) external.push({ key: "checksum", value: data.checksum });
  return { location: 1, external };
}

/** Streams the bytes to the external file, on a page boundary so that readers can map them. */
function moveOut(bytes: LazyBytes, external: ExternalTarget): Draft {
  const padding = (external.align - (external.written % external.align)) % external.align;
  if (padding > 0) external.sink.write(new Uint8Array(padding));
  const offset = external.written + padding;
  let length = 0;
  for (const chunk of bytes.chunks()) {
    external.sink.write(chunk);
    length += chunk.length;
  }
  if (length !== bytes.length) bug(`a stream of ${bytes.length} bytes has ${length}`);
  external.written = offset + length;
  return externalDraft({ location: external.location, offset, length });
}

/** Raw bytes as the packed content of a typed list. */
function typedList(tensor: OnnxTensor, field: TypedField, bytes: Uint8Array): LazyBytes {
  const row = onnxDTypes[tensor.dtype];
  if (row.field !== field)
    userError("onnx-dtype", {}, { tensor: `"${tensor.name}"`, what: `${tensor.dtype} cannot be stored as ${field}` });
  const packed = field === "float_data" || field === "double_data" ? bytes : packVarints(tensor, bytes);
  return { length: packed.length, chunks: () => [packed] };
}

function packVarints({ dtype, dims }: OnnxTensor, bytes: Uint8Array): Uint8Array {
  const { bits, kind } = onnxDTypes[dtype];
  const signed = kind === "int";
  const step = Math.max(8, bits) / 8;
  const count = bits === 6 ? elementCount(dims) : bytes.length / step;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const packed = new Uint8Array(count * (step === 8 || signed ? 10 : 5));
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (bits === 6) at = putVarint(packed, at, sixBits(bytes, i));
    else if (step === 1) at = putVarint(packed, at, signed && bits === 8 ? view.getInt8(i) : view.getUint8(i));
    else if (step === 2) at = putVarint(packed, at, signed ? view.getInt16(i * 2, true) : view.getUint16(i * 2, true));
    else if (step === 4) at = putVarint(packed, at, signed ? view.getInt32(i * 4, true) : view.getUint32(i * 4, true));
    else at = putVarint(packed, at, view.getBigInt64(i * 8, true));
  }
  return packed.slice(0, at);
}

/** Element `index` of a stream of 6-bit elements. */
function sixBits(bytes: Uint8Array, index: number): number {
  const bit = index * 6;
  const at = Math.floor(bit / 8);
  return ((((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >> (bit % 8)) & 0x3f;
}
