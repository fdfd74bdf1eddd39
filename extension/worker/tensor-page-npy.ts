/** A constant as a file of NumPy (`.npy`, version 1.0), written in pieces. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { DType, Graph } from "#core";
import { cancelled, coded, isCancelled } from "../coded-error.ts";
import { constantOf, openConstant, type ElementReader } from "./tensor-page-reader.ts";
import type { StatsContext } from "./tensor-page-stats.ts";

export interface WrittenArray {
  readonly bytes: number;
  /** What was changed, because NumPy has no such element type. */
  readonly note?: string;
}

/** Element types that NumPy has, as it names them; their bytes are written as they are. */
const same: Partial<Record<DType, string>> = {
  f32: "<f4",
  f64: "<f8",
  f16: "<f2",
  i8: "|i1",
  u8: "|u1",
  i16: "<i2",
  u16: "<u2",
  i32: "<i4",
  u32: "<u4",
  i64: "<i8",
  u64: "<u8",
  bool: "|b1",
  c64: "<c8",
  c128: "<c16",
};

/** Elements written at a time. */
const pieceLength = 1 << 18;

/** @throws tensor-not-constant, file-unreadable, file-unwritable, cancelled */
export async function writeArray(graph: Graph, value: number, file: string, context: StatsContext): Promise<WrittenArray> {
  const reader = openConstant(constantOf(graph, value).constant);
  try {
    return await write(reader, file, context);
  } catch (error) {
    rmSync(file, { force: true });
    if (isCancelled(error) || (error instanceof Error && "info" in error)) throw error;
    throw coded("file-unwritable", { path: file, what: error instanceof Error ? error.message : String(error) });
  } finally {
    reader.close();
  }
}

interface Form {
  readonly descr: string;
  readonly piece: (from: number, to: number) => Uint8Array;
  readonly note?: string;
}

function formOf(reader: ElementReader): Form {
  const { dtype } = reader;
  const descr = same[dtype];
  if (descr !== undefined) return { descr, piece: (from, to) => reader.bytes(from, to) };
  if (dtype === "string") return textForm(reader);
  const asBytes = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const numbers = (from: number, to: number): number[] => reader.elements(from, to).map(Number);
  if (dtype.startsWith("f") || dtype === "bf16") {
    const piece = (from: number, to: number): Uint8Array => asBytes(Float32Array.from(numbers(from, to)));
    return { descr: "<f4", piece, note: `${dtype} is written as f32: NumPy has no such type` };
  }
  const [type, name] = dtype.startsWith("i") ? (["|i1", "i8"] as const) : (["|u1", "u8"] as const);
  const piece = (from: number, to: number): Uint8Array => asBytes(Int8Array.from(numbers(from, to)));
  return { descr: type, piece, note: `${dtype} is written as ${name}: NumPy has no such type` };
}

/** Strings of one length, in UTF-32, padded with zeros. */
function textForm(reader: ElementReader): Form {
  const texts = reader.strings().map((text) => Array.from(text, (letter) => letter.codePointAt(0) ?? 0));
  const longest = texts.reduce((most, letters) => Math.max(most, letters.length), 1);
  const piece = (from: number, to: number): Uint8Array => {
    const codes = new Uint32Array((to - from) * longest);
    for (let i = from; i < to; i++) codes.set(texts[i] ?? [], (i - from) * longest);
    return new Uint8Array(codes.buffer);
  };
  return { descr: `<U${longest}`, piece };
}

/** Magic, version, and a Python literal padded so that the data begins at a multiple of 64. */
function arrayHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const fixed = 10;
  const padded = text.padEnd(Math.ceil((fixed + text.length + 1) / 64) * 64 - fixed - 1) + "\n";
  const header = Buffer.alloc(fixed + padded.length);
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(padded.length, 8);
  header.write(padded, fixed, "latin1");
  return header;
}

async function write(reader: ElementReader, file: string, { signal, event }: StatsContext): Promise<WrittenArray> {
  const { descr, piece, note } = formOf(reader);
  const handle = openSync(file, "w");
  let bytes = 0;
  const put = (part: Uint8Array): void => {
    for (let done = 0; done < part.length;) done += writeSync(handle, part, done);
    bytes += part.length;
  };
  try {
    put(arrayHeader(descr, reader.shape));
    for (let from = 0; from < reader.length; from += pieceLength) {
      if (signal.aborted) throw cancelled();
      const to = Math.min(reader.length, from + pieceLength);
      put(piece(from, to));
      if (reader.length <= pieceLength) continue;
      event({ text: "writing", done: to / reader.length });
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    closeSync(handle);
  }
  return { bytes, ...(note === undefined ? {} : { note }) };
}
