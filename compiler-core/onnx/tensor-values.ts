/** Elements of packed little-endian tensor bytes as numbers, and back. */
import { bug } from "../messages.ts";
import { decodeFloat, encodeFloat, smallFloats, type SmallFloat } from "../support/small-floats.ts";
import { onnxDTypes, packedByteLength, type OnnxDType } from "./dtype.ts";
import type { Int } from "./model.ts";

type Get = (view: DataView, index: number) => Int;
type Set = (view: DataView, index: number, value: Int) => void;

/** Types that a DataView reads directly. Integers of 64 bits are numbers where that is exact. */
const native: Readonly<Partial<Record<OnnxDType, readonly [Get, Set]>>> = {
  f32: [(v, i) => v.getFloat32(4 * i, true), (v, i, x) => v.setFloat32(4 * i, Number(x), true)],
  f64: [(v, i) => v.getFloat64(8 * i, true), (v, i, x) => v.setFloat64(8 * i, Number(x), true)],
  i8: [(v, i) => v.getInt8(i), (v, i, x) => v.setInt8(i, Number(x))],
  u8: [(v, i) => v.getUint8(i), (v, i, x) => v.setUint8(i, Number(x))],
  bool: [(v, i) => (v.getUint8(i) === 0 ? 0 : 1), (v, i, x) => v.setUint8(i, Number(x) === 0 ? 0 : 1)],
  i16: [(v, i) => v.getInt16(2 * i, true), (v, i, x) => v.setInt16(2 * i, Number(x), true)],
  u16: [(v, i) => v.getUint16(2 * i, true), (v, i, x) => v.setUint16(2 * i, Number(x), true)],
  i32: [(v, i) => v.getInt32(4 * i, true), (v, i, x) => v.setInt32(4 * i, Number(x), true)],
  u32: [(v, i) => v.getUint32(4 * i, true), (v, i, x) => v.setUint32(4 * i, Number(x), true)],
  i64: [(v, i) => exact(v.getBigInt64(8 * i, true)), (v, i, x) => v.setBigInt64(8 * i, BigInt(x), true)],
  u64: [(v, i) => exact(v.getBigUint64(8 * i, true)), (v, i, x) => v.setBigUint64(8 * i, BigInt(x), true)],
};

function exact(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function isSmallFloat(dtype: OnnxDType): dtype is OnnxDType & SmallFloat {
  return dtype in smallFloats;
}

/** Bits `[index * bits, (index + 1) * bits)` of the stream, least significant first; at most 16. */
function getBits(view: DataView, index: number, bits: number): number {
  const bit = index * bits;
  const at = Math.floor(bit / 8);
  const next = at + 1 < view.byteLength ? view.getUint8(at + 1) : 0;
  return (((next << 8) | view.getUint8(at)) >> (bit % 8)) & ((1 << bits) - 1);
}

function putBits(view: DataView, index: number, bits: number, value: number): void {
  const bit = index * bits;
  const at = Math.floor(bit / 8);
  const shifted = (value & ((1 << bits) - 1)) << (bit % 8);
  view.setUint8(at, view.getUint8(at) | (shifted & 0xff));
  if (shifted > 0xff) view.setUint8(at + 1, view.getUint8(at + 1) | (shifted >> 8));
}

/** A function from index to element value. Not for strings; complex elements count as two. */
function elementReader(dtype: OnnxDType, bytes: Uint8Array): (index: number) => Int {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const part = dtype === "c64" ? "f32" : dtype === "c128" ? "f64" : dtype;
  const access = native[part];
  if (access !== undefined) return (index) => access[0](view, index);
  const { bits, kind } = onnxDTypes[dtype];
  if (bits === 0) bug(`elements of type ${dtype} are not numbers`);
  if (isSmallFloat(dtype)) return (index) => decodeFloat(dtype, getBits(view, index, bits));
  const half = kind === "int" ? 1 << (bits - 1) : 0;
  return (index) => (getBits(view, index, bits) ^ half) - half;
}

/** Elements `[start, start + count)` as numbers (bigints only where a number is not exact). */
export function elementsOf(dtype: OnnxDType, bytes: Uint8Array, start: number, count: number): Int[] {
  const read = elementReader(dtype, bytes);
  return Array.from({ length: count }, (_, i) => read(start + i));
}

/** Packed bytes of these values. Floats are rounded to nearest even, integers wrap; complex values are given as pairs. */
export function encodeElements(dtype: OnnxDType, values: ArrayLike<Int>): Uint8Array {
  const complex = dtype === "c64" || dtype === "c128";
  const bytes = new Uint8Array(packedByteLength(dtype, complex ? values.length / 2 : values.length));
  const view = new DataView(bytes.buffer);
  const access = native[dtype === "c64" ? "f32" : dtype === "c128" ? "f64" : dtype];
  const { bits } = onnxDTypes[dtype];
  if (access === undefined && bits === 0) bug(`elements of type ${dtype} are not numbers`);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (access !== undefined) access[1](view, i, value);
    else putBits(view, i, bits, isSmallFloat(dtype) ? encodeFloat(dtype, Number(value)) : Number(value));
  }
  return bytes;
}
