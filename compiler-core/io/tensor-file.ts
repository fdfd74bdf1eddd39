/** Test data on disk: TensorProto files (`input_0.pb`, `output_0.pb` of the ONNX test layout) and NumPy's `.npy`. */
import fs from "node:fs";
import nodePath from "node:path";
import { userError } from "../messages.ts";
import { tensor } from "../onnx/builder.ts";
import { elementCount, packedByteLength, type OnnxDType } from "../onnx/dtype.ts";
import type { ByteSource } from "../onnx/byte-source.ts";
import type { OnnxTensor } from "../onnx/model.ts";
import { readTensorMessage } from "../onnx/reader.ts";
import { readTensor, type TensorValue } from "../onnx/tensor-data.ts";
import { encodeTensor } from "../onnx/writer.ts";
import { openFileSource } from "./byte-source.ts";
import { openStore } from "./model-file.ts";

export interface NamedTensor extends TensorValue {
  readonly name: string;
}

/** Reads a `.pb` file of one tensor. Errors as `readModel` and `readTensor`. The bytes are the caller's own. */
export function readTensorFile(path: string): NamedTensor {
  const store = openStore(path);
  try {
    const message = readMessage(store.source, path);
    if (message.dtype === "undefined")
      userError("onnx-dtype", { file: path }, { tensor: `"${message.name}"`, what: "its element type is not known" });
    const value = readTensor(store, message);
    return { name: message.name, ...value, bytes: value.bytes.slice() };
  } finally {
    store.close();
  }
}

/** The same directory layout also holds sequences and optional values; they start with a name, a tensor with its dims. */
function readMessage(source: ByteSource, path: string): OnnxTensor {
  try {
    return readTensorMessage(source, path);
  } catch (error) {
    if (source.size === 0 || source.read(0, 1)[0] !== nameKey) throw error;
    const what = "it is a sequence or an optional value; only tensors are supported";
    return userError("onnx-dtype", { file: path }, { tensor: `"${nodePath.basename(path)}"`, what }, error);
  }
}

/** Key of field 1 of SequenceProto and OptionalProto. */
const nameKey = 0x0a;

/** Writes one tensor as a TensorProto with raw data (strings as strings). */
export function writeTensorFile(path: string, value: NamedTensor): void {
  const data = value.strings === undefined ? value.bytes : value.strings;
  fs.writeFileSync(path, encodeTensor(tensor(value.name, value.dtype, value.dims, data)));
}

/** The tensors `PREFIX_0.pb`, `PREFIX_1.pb`, ... of a folder in order; inputs left out have no file and are `undefined` here. */
export function readTensorFolder(folder: string, prefix: "input" | "output"): (NamedTensor | undefined)[] {
  const found: (NamedTensor | undefined)[] = [];
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    return userError("file-unreadable", {}, { path: folder, what: "it is not a readable folder" }, error);
  }
  for (const name of names) {
    const index = new RegExp(`^${prefix}_(\\d{1,4})\\.pb$`).exec(name)?.[1];
    if (index !== undefined) found[Number(index)] = readTensorFile(nodePath.join(folder, name));
  }
  return Array.from(found);
}

/** NumPy type strings without byte order. */
const npyTypes: Readonly<Record<string, OnnxDType>> = {
  f2: "f16",
  f4: "f32",
  f8: "f64",
  i1: "i8",
  i2: "i16",
  i4: "i32",
  i8: "i64",
  u1: "u8",
  u2: "u16",
  u4: "u32",
  u8: "u64",
  b1: "bool",
  c8: "c64",
  c16: "c128",
};

/** Reads a `.npy` file (format versions 1 to 3): C order, little-endian numbers. Throws `npy-format`. */
export function readNpyFile(path: string): TensorValue {
  const source = openFileSource(path);
  const fail = (what: string): never => userError("npy-format", { file: path }, { what });
  try {
    const head = source.size < 12 ? fail("it is too short") : Buffer.from(source.read(0, 12));
    if (head.toString("latin1", 0, 6) !== "\u0093NUMPY") fail("it does not start with the NumPy signature");
    const wide = head.readUInt8(6) > 1;
    const start = wide ? 12 : 10;
    const length = wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
    if (start + length > source.size) fail("its header is cut off");
    const header = Buffer.from(source.read(start, length)).toString("latin1");
    const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
    const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
    const dtype = npyTypes[descr?.[2] ?? ""];
    if (dtype === undefined || descr?.[1] === ">" || shape === undefined) return fail(`its header is ${header.trim()}`);
    if (!/'fortran_order':\s*False/.test(header)) fail("it is in Fortran order");
    const dims = shape
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .map(Number);
    const bytes = packedByteLength(dtype, elementCount(dims));
    const left = source.size - start - length;
    if (!(bytes <= left)) fail(`its shape needs ${bytes} bytes, ${left} are left`);
    return { dtype, dims, bytes: source.read(start + length, bytes).slice() };
  } finally {
    source.close();
  }
}

/** Writes a `.npy` file (format version 1). Throws `npy-format` for element types that NumPy does not have. */
export function writeNpyFile(path: string, { dtype, dims, bytes }: Pick<TensorValue, "dtype" | "dims" | "bytes">): void {
  const name = Object.entries(npyTypes).find(([, type]) => type === dtype)?.[0];
  if (name === undefined) userError("npy-format", { file: path }, { what: `NumPy has no elements of type ${dtype}` });
  const descr = `${/1$/.test(name) ? "|" : "<"}${name}`;
  const tuple = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data begins at a multiple of 64 bytes; the header ends with a line end.
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 10 - 1)}\n`;
  const head = Buffer.alloc(10);
  head.write("\u0093NUMPY\u0001\u0000", "latin1");
  head.writeUInt16LE(padded.length, 8);
  fs.writeFileSync(path, Buffer.concat([head, Buffer.from(padded, "latin1"), bytes]));
}
