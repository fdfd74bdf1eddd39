/**
 * Tensors in memory, for evaluation: one typed array and a row-major shape. In mode `native` elements are values of their dtype
 * (16-bit floats are kept, rounded, in a Float32Array); in mode `f64` all floats are kept in double.
 */
import { bug } from "../messages.ts";
import { dtypeBits, isFloat, type DType } from "../support/dtype.ts";
import { decodeFloat, encodeFloat } from "../support/small-floats.ts";

export type Mode = "native" | "f64";
export type NumberArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
export type BigArray = BigInt64Array | BigUint64Array;
export type Elements = NumberArray | BigArray;
/** One element: bigint for i64 and u64, 0 or 1 for bool. */
export type Scalar = number | bigint;

export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

type ArrayType = new (length: number) => Elements;

const arrayTypes: Partial<Record<DType, ArrayType>> = {
  f32: Float32Array,
  f64: Float64Array,
  f16: Float32Array,
  bf16: Float32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i4: Int8Array,
  u4: Uint8Array,
  i2: Int8Array,
  u2: Uint8Array,
  bool: Uint8Array,
};

/** True for element types that can be evaluated; strings, complex numbers and 8-bit floats cannot. */
export const evaluable = (dtype: DType): boolean => dtype in arrayTypes;

export const isBig = (dtype: DType): dtype is "i64" | "u64" => dtype === "i64" || dtype === "u64";

export const count = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);

/** A tensor of zeros. */
export function allocate(dtype: DType, shape: readonly number[], mode: Mode): NdArray {
  const type = mode === "f64" && isFloat(dtype) ? Float64Array : arrayTypes[dtype];
  if (type === undefined) bug(`tensors of ${dtype} cannot be evaluated`);
  return { dtype, shape, data: new type(count(shape)) };
}

/** A tensor from numbers, row-major. */
export function fromValues(dtype: DType, shape: readonly number[], values: Iterable<Scalar>, mode: Mode = "native"): NdArray {
  const out = allocate(dtype, shape, mode);
  let i = 0;
  for (const v of values) writeScalar(out, i++, v);
  return out;
}

/** Stores one element: i64 and u64 take bigints or safe integers. */
export function writeScalar(to: NdArray, i: number, v: Scalar): void {
  if (isBig(to.dtype)) (to.data as BigArray)[i] = BigInt(v);
  else (to.data as NumberArray)[i] = Number(v);
}

/** All elements as JS numbers; large 64-bit integers lose precision. */
export const toNumbers = (nd: NdArray): readonly number[] => Array.from(nd.data as ArrayLike<Scalar>, Number);

/** Row-major strides in elements. */
export function strides(shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    out[i] = step;
    step *= shape[i]!;
  }
  return out;
}

/** The same elements under another shape. */
export const reshaped = (nd: NdArray, shape: readonly number[]): NdArray => ({ dtype: nd.dtype, shape, data: nd.data });

/** Decodes raw little-endian bytes, the form constants have. */
export function decode(dtype: DType, shape: readonly number[], bytes: Uint8Array, mode: Mode = "native"): NdArray {
  const n = count(shape);
  const out = allocate(dtype, shape, mode);
  const bits = dtypeBits[dtype];
  if (bits < 8) {
    unpack(out, bytes, bits);
    return out;
  }
  // A copy, because typed arrays need aligned memory. (`slice` of a Node Buffer would be a view.)
  const copy = new Uint8Array(bytes.subarray(0, (n * bits) / 8)).buffer;
  if (dtype === "f16" || dtype === "bf16") {
    const raw = new Uint16Array(copy);
    for (let i = 0; i < n; i++) out.data[i] = decodeFloat(dtype, raw[i]!);
    return out;
  }
  const source = new (arrayTypes[dtype] as unknown as new (buffer: ArrayBufferLike) => Elements)(copy);
  if (mode === "f64" && dtype === "f32") (out.data as Float64Array).set(source as Float32Array);
  else return { dtype, shape, data: source };
  return out;
}

function unpack(out: NdArray, bytes: Uint8Array, bits: number): void {
  const perByte = 8 / bits;
  const signed = out.data instanceof Int8Array;
  for (let i = 0; i < out.data.length; i++) {
    const v = (bytes[Math.floor(i / perByte)]! >> ((i % perByte) * bits)) & ((1 << bits) - 1);
    out.data[i] = signed && v >= 1 << (bits - 1) ? v - (1 << bits) : v;
  }
}

/** Raw little-endian bytes of a tensor; floats kept in double are rounded to their dtype. */
export function encode(nd: NdArray): Uint8Array {
  const bits = dtypeBits[nd.dtype];
  const n = nd.data.length;
  if (nd.dtype === "f16" || nd.dtype === "bf16") {
    const dtype = nd.dtype;
    return asBytes(Uint16Array.from(nd.data as NumberArray, (x) => encodeFloat(dtype, x)));
  }
  if (bits < 8) {
    const bytes = new Uint8Array(Math.ceil((n * bits) / 8));
    const perByte = 8 / bits;
    for (let i = 0; i < n; i++) bytes[Math.floor(i / perByte)]! |= (Number(nd.data[i]) & ((1 << bits) - 1)) << ((i % perByte) * bits);
    return bytes;
  }
  if (nd.dtype === "f32" && nd.data instanceof Float64Array) return asBytes(Float32Array.from(nd.data));
  return asBytes(nd.data);
}

const asBytes = (a: Elements): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
