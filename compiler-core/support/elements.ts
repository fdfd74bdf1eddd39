/** Elements of raw little-endian memory, one at a time, for every element type with a fixed size; packed ones share bytes, low bits first. */
import { bug } from "../messages.ts";
import { dtypeBits, isSmallFloat, type DType } from "./dtype.ts";
import { decodeTable, encodeFloat } from "./small-floats.ts";

/** bigint for i64 and u64, 0 or 1 for bool. */
export type Element = number | bigint;

type Get = (view: DataView, i: number) => Element;
type Put = (view: DataView, i: number, v: Element) => void;

const direct: Readonly<Partial<Record<DType, readonly [Get, Put]>>> = {
  f32: [(m, i) => m.getFloat32(4 * i, true), (m, i, v) => m.setFloat32(4 * i, Number(v), true)],
  f64: [(m, i) => m.getFloat64(8 * i, true), (m, i, v) => m.setFloat64(8 * i, Number(v), true)],
  i8: [(m, i) => m.getInt8(i), (m, i, v) => m.setInt8(i, Number(v))],
  u8: [(m, i) => m.getUint8(i), (m, i, v) => m.setUint8(i, Number(v))],
  bool: [(m, i) => Number(m.getUint8(i) !== 0), (m, i, v) => m.setUint8(i, Number(v !== 0 && v !== 0n))],
  i16: [(m, i) => m.getInt16(2 * i, true), (m, i, v) => m.setInt16(2 * i, Number(v), true)],
  u16: [(m, i) => m.getUint16(2 * i, true), (m, i, v) => m.setUint16(2 * i, Number(v), true)],
  i32: [(m, i) => m.getInt32(4 * i, true), (m, i, v) => m.setInt32(4 * i, Number(v), true)],
  u32: [(m, i) => m.getUint32(4 * i, true), (m, i, v) => m.setUint32(4 * i, Number(v), true)],
  i64: [(m, i) => m.getBigInt64(8 * i, true), (m, i, v) => m.setBigInt64(8 * i, BigInt(v), true)],
  u64: [(m, i) => m.getBigUint64(8 * i, true), (m, i, v) => m.setBigUint64(8 * i, BigInt(v), true)],
};

/** Bits [i * width, (i + 1) * width) of a stream of bytes, least significant first; at most 16. */
function getBits(view: DataView, i: number, width: number): number {
  const at = i * width;
  const byte = Math.floor(at / 8);
  const next = byte + 1 < view.byteLength ? view.getUint8(byte + 1) : 0;
  return (((next << 8) | view.getUint8(byte)) >> (at % 8)) & ((1 << width) - 1);
}

function putBits(view: DataView, i: number, width: number, value: number): void {
  const at = i * width;
  const byte = Math.floor(at / 8);
  const mask = ((1 << width) - 1) << (at % 8);
  const bits = (value << (at % 8)) & mask;
  view.setUint8(byte, (view.getUint8(byte) & ~mask) | (bits & 0xff));
  if (mask > 0xff) view.setUint8(byte + 1, (view.getUint8(byte + 1) & ~(mask >> 8)) | (bits >> 8));
}

/** Element `i`. */
export function getElement(view: DataView, i: number, dtype: DType): Element {
  const access = direct[dtype];
  if (access !== undefined) return access[0](view, i);
  const width = dtypeBits[dtype];
  if (isSmallFloat(dtype)) return decodeTable(dtype)[getBits(view, i, width)]!;
  if (width === 0 || width > 8) return bug(`elements of type ${dtype} are not numbers`);
  const half = dtype.startsWith("i") ? 1 << (width - 1) : 0;
  return (getBits(view, i, width) ^ half) - half;
}

/** Writes element `i`: floats are rounded (beyond the range: infinity or NaN, where the type has them), integers wrap. */
export function putElement(view: DataView, i: number, dtype: DType, v: Element): void {
  const access = direct[dtype];
  if (access !== undefined) return access[1](view, i, v);
  const width = dtypeBits[dtype];
  if (width === 0 || width > 16) return bug(`elements of type ${dtype} are not numbers`);
  const code = isSmallFloat(dtype) ? encodeFloat(dtype, Number(v)) : Number(v) & ((1 << width) - 1);
  putBits(view, i, width, code);
}
