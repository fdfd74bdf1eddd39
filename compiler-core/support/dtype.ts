/** Element types of tensors: the names used in both IRs, in text forms and in JSON, with their size. */
import { smallFloats, type SmallFloat } from "./small-floats.ts";

/** Bits per element; strings have no fixed size. The order is the order of the tables in the documentation. */
export const dtypeBits = {
  f32: 32,
  f64: 64,
  f16: 16,
  bf16: 16,
  f8e4m3fn: 8,
  f8e4m3fnuz: 8,
  f8e5m2: 8,
  f8e5m2fnuz: 8,
  f8e8m0: 8,
  f6e2m3: 6,
  f6e3m2: 6,
  f4e2m1: 4,
  i8: 8,
  u8: 8,
  i16: 16,
  u16: 16,
  i32: 32,
  u32: 32,
  i64: 64,
  u64: 64,
  i4: 4,
  u4: 4,
  i2: 2,
  u2: 2,
  bool: 8,
  c64: 64,
  c128: 128,
  string: 0,
} as const;

export type DType = keyof typeof dtypeBits;

export const dtypes = Object.keys(dtypeBits) as DType[];

/** Bytes that `count` elements take, packed types rounded up to whole bytes. Strings count as 0. */
export function dtypeBytes(dtype: DType, count = 1): number {
  return Math.ceil((dtypeBits[dtype] * count) / 8);
}

/** Floats of 16 bits and less: kept in files and memory as bit patterns, computed with in f32. */
export const isSmallFloat = (d: DType): d is DType & SmallFloat => d in smallFloats;
/** Floats of 8 bits and less: what is stored in them was rounded on purpose, so that even evaluation in double rounds. */
export const isQuantisedFloat = (d: DType): d is DType & SmallFloat => isSmallFloat(d) && dtypeBits[d] <= 8;
/** Elements share bytes. */
export const isPacked = (d: DType): boolean => dtypeBits[d] > 0 && dtypeBits[d] < 8;
export const isFloat = (d: DType): boolean => d.startsWith("f") || d === "bf16";
export const isInteger = (d: DType): boolean => d.startsWith("i") || d.startsWith("u");
