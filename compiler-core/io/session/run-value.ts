/** What goes into a run and comes out of it: numbers, strings, and sequences of them. */
import { count, decode, encode, evaluable, type NdArray } from "../../graph/ndarray.ts";
import { userError } from "../../messages.ts";
import { dtypes, type DType } from "../../support/dtype.ts";

export interface StringTensor {
  readonly dtype: "string";
  readonly shape: readonly number[];
  readonly strings: readonly string[];
}
/** Elements of a type that nothing here computes in. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}
export interface SequenceValue {
  /** A map is its keys and its values. */
  readonly kind: "sequence" | "map";
  readonly items: readonly RunValue[];
}
export type RunTensor = NdArray | StringTensor | RawTensor;
export type RunValue = RunTensor | SequenceValue;

export const isNumbers = (v: RunValue): v is NdArray => "data" in v;
export const isSequence = (v: RunValue): v is SequenceValue => "items" in v;

/** The bytes of the runner's files. */
export function fileBytes(v: RunTensor): Uint8Array {
  if ("raw" in v) return v.raw;
  return "strings" in v ? stringBytes(v.strings) : encode(v);
}

/** A tensor from the runner's file. */
export function fromFileBytes(dtype: string, shape: readonly number[], bytes: Uint8Array): RunTensor {
  const known = dtypes.find((d) => d === dtype) ?? userError("runner-unsupported", {}, { what: `an output has elements of type ${dtype}` });
  if (known === "string") return { dtype: "string", shape, strings: stringsOf(bytes, count(shape)) };
  return evaluable(known) ? decode(known, shape, bytes) : { dtype: known, shape, raw: bytes };
}

/** For each string its length in bytes (32 bits, little-endian), then its UTF-8. */
function stringBytes(strings: readonly string[]): Uint8Array {
  const parts = strings.flatMap((s) => {
    const text = Buffer.from(s, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return [length, text];
  });
  return Buffer.concat(parts);
}

function stringsOf(bytes: Uint8Array, n: number): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: string[] = [];
  for (let at = 0; out.length < n;) {
    const length = buffer.readUInt32LE(at);
    out.push(buffer.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return out;
}

/** `f32 2x3`, `sequence of 2`. */
export function typeText(v: RunValue): string {
  if (isSequence(v)) return `${v.kind} of ${v.items.length}`;
  return `${v.dtype} ${v.shape.length === 0 ? "scalar" : v.shape.join("x")}`;
}
