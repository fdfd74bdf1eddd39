/** Elements of a constant, read in pieces: of weights in a file no more is read than what is asked for. */
import { closeSync, openSync, readSync } from "node:fs";
import { getElement, type Constant, type DType, type Graph, dtypeBits, valueOf } from "#core";
import { coded } from "../coded-error.ts";

/** Elements [from, to) as numbers; i64 and u64 as bigint, bool as 0 or 1. */
export interface ElementReader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly length: number;
  /** Raw bytes of elements [from, to); of types that share bytes, `from` must be a multiple of 4. */
  bytes(from: number, to: number): Uint8Array;
  elements(from: number, to: number): readonly (number | bigint)[];
  strings(): readonly string[];
  close(): void;
}

/** The constant that a value of the graph is. Throws `tensor-not-constant` for values that exist at run time only. */
export function constantOf(graph: Graph, value: number): { readonly constant: Constant; readonly name: string } {
  const known = graph.values[value] === undefined ? undefined : valueOf(graph, value);
  const name = known === undefined || known.name === "" ? `%${value}` : known.name;
  if (known?.constant === undefined) throw coded("tensor-not-constant", { name });
  return { constant: graph.constants.get(known.constant), name };
}

/** Elements of types that share bytes begin at a byte at every fourth of them. */
const packedStep = 4;

export function openConstant(constant: Constant): ElementReader {
  const { dtype, shape } = constant;
  const bits = dtypeBits[dtype];
  const source = constant.range === undefined ? memoryBytes(constant) : fileBytes(constant.range);
  const bytes = (from: number, to: number): Uint8Array => {
    const begin = (from * bits) / 8;
    return source.read(begin, Math.ceil((to * bits) / 8) - begin);
  };
  const elements = (from: number, to: number): readonly (number | bigint)[] => {
    if (to <= from) return [];
    const first = bits < 8 ? from - (from % packedStep) : from;
    const part = bytes(first, to);
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    return Array.from({ length: to - from }, (_, i) => getElement(view, from - first + i, dtype));
  };
  const length = shape.reduce((all, extent) => all * extent, 1);
  return { dtype, shape, length, bytes, elements, strings: () => constant.strings?.() ?? [], close: source.close };
}

interface Bytes {
  read(start: number, length: number): Uint8Array;
  close(): void;
}

function memoryBytes(constant: Constant): Bytes {
  let whole: Uint8Array | undefined;
  return { read: (start, length) => (whole ??= constant.bytes()).subarray(start, start + length), close: () => undefined };
}

/** Reads exactly what is asked for: rows of a window may lie far apart. */
function fileBytes({ file, offset }: NonNullable<Constant["range"]>): Bytes {
  let handle: number | undefined;
  const read = (start: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    try {
      handle ??= openSync(file, "r");
      for (let done = 0; done < length;) {
        const got = readSync(handle, bytes, done, length - done, offset + start + done);
        if (got === 0) throw new Error("it became shorter while it was read");
        done += got;
      }
    } catch (error) {
      throw coded("file-unreadable", { path: file, what: error instanceof Error ? error.message : String(error) });
    }
    return bytes;
  };
  const close = (): void => {
    if (handle !== undefined) closeSync(handle);
    handle = undefined;
  };
  return { read, close };
}
