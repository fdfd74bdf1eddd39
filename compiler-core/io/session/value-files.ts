/** Values of a run as files of NumPy. */
import fs from "node:fs";
import path from "node:path";
import { encode } from "../../graph/ndarray.ts";
import { userError } from "../../messages.ts";
import { writeNpyFile } from "../tensor-file.ts";
import { fileBytes, isNumbers, isSequence, type RunValue } from "./run-value.ts";

/** Writes a value to `FOLDER/NAME.npy`; what is no tensor of numbers is not written. Gives the path. Throws `file-unwritable`. */
export function writeValueFile(folder: string, name: string, value: RunValue): string | undefined {
  const array = arrayOf(value);
  if (array === undefined) return undefined;
  const file = path.resolve(folder, `${fileName(name)}.npy`);
  try {
    fs.mkdirSync(folder, { recursive: true });
    writeNpyFile(file, array);
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (!(e instanceof Error) || !("syscall" in e) || code === undefined) throw e;
    userError("file-unwritable", {}, { path: file, what: code }, e);
  }
  return file;
}

/** Names of tensors can hold anything; in a path they are letters, digits, dots, dashes and underscores. */
const fileName = (name: string): string => name.replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[_.]+/, "") || "tensor";

/** Small floats that NumPy does not have are widened to f32, integers below a byte to a byte. */
function arrayOf(value: RunValue): Parameters<typeof writeNpyFile>[1] | undefined {
  if (isSequence(value) || !isNumbers(value)) return undefined;
  const { dtype, shape: dims, data } = value;
  if (data instanceof Float32Array && dtype !== "f32" && dtype !== "f16")
    return { dtype: "f32", dims, bytes: encode({ dtype: "f32", shape: dims, data }) };
  if (/^[iu][24]$/.test(dtype)) return { dtype: dtype.startsWith("i") ? "i8" : "u8", dims, bytes: Uint8Array.from(data as Int8Array) };
  return { dtype, dims, bytes: fileBytes(value) };
}
