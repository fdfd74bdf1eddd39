/** The elements of tensors, read when asked for. Always raw little-endian bytes, whatever field or file they are stored in. */
import { userError, type MessageCode } from "../messages.ts";
import { memorySource, type ByteSource } from "./byte-source.ts";
import { elementCount, onnxDTypes, packedByteLength, typedFields, type OnnxDType } from "./dtype.ts";
import type { OnnxTensor, TensorData } from "./model.ts";
import { WireReader, wireBytes } from "./wire-reader.ts";

/** Where the data of a model's tensors comes from: the model's own file, and files beside it. */
export interface TensorStore {
  readonly file: string;
  readonly source: ByteSource;
  /** Opens an external data file; throws `external-missing` or `external-outside` naming the tensor. */
  external(location: string, tensor: string): ByteSource;
}

/** A store for a model that is only in memory, without external data. */
export function memoryStore(bytes: Uint8Array = new Uint8Array(0), file = "memory"): TensorStore {
  const external = (location: string, tensor: string): never =>
    userError("external-missing", { file }, { tensor: quoted(tensor), location, what: "cannot be read from memory" });
  return { file, source: memorySource(bytes), external };
}

/** `bytes` are little-endian and packed (elements below 8 bits share bytes); for strings it is empty and `strings` is set. */
export interface TensorValue {
  readonly dtype: OnnxDType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  readonly strings?: readonly string[];
}

function fail(store: TensorStore, tensor: OnnxTensor, code: MessageCode, what: string): never {
  const offset = "offset" in tensor.data && tensor.data.source !== "external" ? { offset: tensor.data.offset } : {};
  userError(code, { file: store.file, ...offset }, { tensor: quoted(tensor.name), what });
}

function quoted(name: string): string {
  return name === "" ? "without a name" : `"${name}"`;
}

/** Bytes that the elements of `tensor` take. Throws `onnx-dtype` for strings and element types that are not in the table. */
function tensorByteLength(store: TensorStore, tensor: OnnxTensor): number {
  if (onnxDTypes[tensor.dtype].bits === 0) fail(store, tensor, "onnx-dtype", `elements of type ${tensor.dtype} have no fixed size`);
  return packedByteLength(tensor.dtype, elementCount(tensor.dims));
}

/**
 * All elements of a tensor. The bytes may be a view of the file's buffer: do not write to them.
 * Throws `onnx-tensor-size` when there is less or more data than the shape needs, `onnx-dtype`, `external-missing`, `external-outside`.
 */
export function readTensor(store: TensorStore, tensor: OnnxTensor): TensorValue {
  const { dtype, dims } = tensor;
  if (dtype === "string") return { dtype, dims, bytes: new Uint8Array(0), strings: readStrings(store, tensor) };
  return { dtype, dims, bytes: readBytes(store, tensor, 0, tensorByteLength(store, tensor)) };
}

/** A range of the packed bytes of a tensor; reads no more of the file than that, except for typed lists. */
export function readBytes(store: TensorStore, tensor: OnnxTensor, start: number, length: number): Uint8Array {
  const whole = tensorByteLength(store, tensor);
  const place = rangeOf(store, tensor, whole);
  if (place !== undefined) return place.source.read(place.offset + start, length);
  return wholeBytes(store, tensor, whole).subarray(start, start + length);
}

/** The file range that holds the tensor's bytes as they are (to be mapped instead of copied); undefined for typed lists and memory. */
export function rangeOf(
  store: TensorStore,
  tensor: OnnxTensor,
  whole = tensorByteLength(store, tensor),
): { source: ByteSource; location: string | undefined; offset: number; length: number } | undefined {
  const { data } = tensor;
  if (data.source !== "file" && data.source !== "external") return undefined;
  const source = data.source === "file" ? store.source : store.external(data.location, tensor.name);
  const length = data.length ?? whole;
  if (length !== whole) fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, `${length} bytes`));
  if (data.offset + length > source.size) {
    const left = Math.max(0, source.size - data.offset);
    fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, `${left} bytes, its data is cut off`));
  }
  return { source, location: data.source === "file" ? undefined : data.location, offset: data.offset, length };
}

function sizes(tensor: OnnxTensor, want: number, got: string): string {
  return `${tensor.dtype}[${tensor.dims.join(", ")}] needs ${want} bytes, the file has ${got}`;
}

function wholeBytes(store: TensorStore, tensor: OnnxTensor, whole: number): Uint8Array {
  const { data } = tensor;
  if (data.source === "fields") return typedBytes(store, tensor, data, whole);
  if (data.source === "stream") return joinChunks(data.chunks(), data.length);
  const bytes = data.source === "memory" ? data.bytes : new Uint8Array(0);
  if (bytes.length !== whole) fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, `${bytes.length} bytes`));
  return bytes;
}

function joinChunks(chunks: Iterable<Uint8Array>, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Elements of a string tensor, in order. */
function readStrings(store: TensorStore, tensor: OnnxTensor): readonly string[] {
  const { data } = tensor;
  let strings: readonly string[] = [];
  if (data.source === "strings") strings = data.values;
  else if (data.source === "fields" && data.field === "string_data") {
    const list: string[] = [];
    forEachChunk(store, data, (reader, length) => list.push(reader.text(length)));
    strings = list;
  }
  const want = elementCount(tensor.dims);
  if (strings.length !== want) fail(store, tensor, "onnx-tensor-size", `${want} strings are expected, the file has ${strings.length}`);
  return strings;
}

type Fields = Extract<TensorData, { source: "fields" }>;

/** Calls `visit` with the reader at each occurrence of the typed field: a packed list, one element, or one string. */
function forEachChunk(store: TensorStore, data: Fields, visit: (reader: WireReader, length: number) => void): void {
  const reader = new WireReader(store.source, store.file);
  const end = data.offset + data.length;
  const { number } = typedFields[data.field];
  reader.position = data.offset;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (Math.floor(tag / 8) !== number) {
      reader.skip(tag, end);
      continue;
    }
    const start = reader.position;
    if ((tag & 7) === wireBytes) visit(reader, reader.length(end));
    else {
      reader.skip(tag, end);
      const length = reader.position - start;
      reader.position = start;
      visit(reader, length);
    }
  }
}

function typedBytes(store: TensorStore, tensor: OnnxTensor, data: Fields, whole: number): Uint8Array {
  const row = onnxDTypes[tensor.dtype];
  if (row.field !== data.field)
    fail(store, tensor, "onnx-dtype", `elements of type ${tensor.dtype} are stored as ${data.field}, not ${row.field}`);
  const fixed = typedFields[data.field].bytes;
  // An element takes at least a byte of the file (4 or 8 in the fixed-width lists); checked before the memory is allocated.
  const entries = row.bits === 6 ? elementCount(tensor.dims) : row.bits < 8 ? whole : elementCount(tensor.dims);
  const least = fixed > 0 ? whole : entries;
  if (least > data.length) fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, `at most ${data.length} bytes`));
  if (fixed > 0) return fixedList(store, tensor, data, whole);
  const items = varintList(store, tensor, data, entries, row.bits < 8 ? 8 : row.bits, row.kind === "bool");
  return row.bits === 6 ? packSixBits(items, whole) : items;
}

function fixedList(store: TensorStore, tensor: OnnxTensor, data: Fields, whole: number): Uint8Array {
  const bytes = new Uint8Array(whole);
  let at = 0;
  forEachChunk(store, data, (reader, length) => {
    if (at + length > whole) fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, "more"));
    bytes.set(reader.bytes(length), at);
    at += length;
  });
  if (at !== whole) fail(store, tensor, "onnx-tensor-size", sizes(tensor, whole, `${at} bytes`));
  return bytes;
}

function varintList(store: TensorStore, tensor: OnnxTensor, data: Fields, entries: number, bits: number, asBool: boolean): Uint8Array {
  const bytes = new Uint8Array((entries * bits) / 8);
  const view = new DataView(bytes.buffer);
  const step = bits / 8;
  let at = 0;
  forEachChunk(store, data, (reader, length) => {
    const end = reader.position + length;
    while (reader.position < end) {
      reader.varint(end);
      if (at >= bytes.length) fail(store, tensor, "onnx-tensor-size", `${entries} values are expected, the file has more`);
      if (bits === 8) view.setUint8(at, asBool ? Number(reader.low !== 0) : reader.low);
      else if (bits === 16) view.setUint16(at, reader.low, true);
      else view.setUint32(at, reader.low, true);
      if (bits === 64) view.setUint32(at + 4, reader.high, true);
      at += step;
    }
  });
  if (at !== bytes.length) fail(store, tensor, "onnx-tensor-size", `${entries} values are expected, the file has ${at / step}`);
  return bytes;
}

/** One 6-bit value a byte to the bit stream of raw storage, least significant bits first. */
function packSixBits(items: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  items.forEach((item, i) => {
    const bit = i * 6;
    const at = Math.floor(bit / 8);
    const shifted = (item & 0x3f) << (bit % 8);
    bytes[at] = (bytes[at] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) bytes[at + 1] = (bytes[at + 1] ?? 0) | (shifted >> 8);
  });
  return bytes;
}
