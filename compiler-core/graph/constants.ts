/**
 * The data of constants, beside the graph: append-only, decoded on demand, so that a graph of a 2 GB model is a few
 * kilobytes until somebody asks for values.
 */
import { dtypeBytes, type DType } from "../support/dtype.ts";
import type { ConstId } from "./ir.ts";

/** Where the bytes of a constant lie in a file; lets the native runner map weights instead of copying them. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface Constant {
  readonly id: ConstId;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Set when the raw little-endian bytes can be mapped from a file as they are. */
  readonly range?: FileRange;
  /** Elements of a string tensor, which has no bytes. */
  readonly strings?: () => readonly string[];
  /** Raw little-endian bytes; read when called, not kept by the store when they come from a file. */
  bytes(): Uint8Array;
}

export class ConstantStore {
  readonly #items: Constant[] = [];

  /** Adds data that exists in memory. */
  add(dtype: DType, shape: readonly number[], bytes: Uint8Array): ConstId {
    const want = dtypeBytes(
      dtype,
      shape.reduce((a, d) => a * d, 1),
    );
    if (dtype !== "string" && bytes.byteLength !== want) throw new Error(`constant has ${bytes.byteLength} bytes, its type needs ${want}`);
    return this.addLazy(dtype, shape, () => bytes);
  }

  /** Adds data that is read when asked for. */
  addLazy(dtype: DType, shape: readonly number[], read: () => Uint8Array, range?: FileRange): ConstId {
    const id = this.#items.length;
    this.#items.push({ id, dtype, shape, bytes: read, ...(range === undefined ? {} : { range }) });
    return id;
  }

  /** Adds a tensor of strings, read when asked for. */
  addStrings(shape: readonly number[], strings: () => readonly string[]): ConstId {
    const id = this.#items.length;
    this.#items.push({ id, dtype: "string", shape, bytes: () => new Uint8Array(0), strings });
    return id;
  }

  get(id: ConstId): Constant {
    const c = this.#items[id];
    if (c === undefined) throw new Error(`no constant c${id}`);
    return c;
  }

  get size(): number {
    return this.#items.length;
  }
}
