/**
 * Tensors in memory, for evaluation: one typed array and a row-major shape. In mode `native` elements are values of their dtype
 * (floats of 16 bits and less are kept, rounded, in a Float32Array); in mode `f64` all floats are kept in double.
 */
import { bug } from "../messages.ts";
import { dtypeBits, dtypeBytes, isFloat, isSmallFloat, type DType } from "../support/dtype.ts";
import { getElement, putElement } from "../support/elements.ts";
import { decodeTable } from "../support/small-floats.ts";

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
  f8e4m3fn: Float32Array,
  f8e4m3fnuz: Float32Array,
  f8e5m2: Float32Array,
  f8e5m2fnuz: Float32Array,
  f8e8m0: Float32Array,
  f6e2m3: Float32Array,
  f6e3m2: Float32Array,
  f4e2m1: Float32Array,
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

/** True for element types that can be evaluated; strings and complex numbers cannot. */
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

/** Types whose memory is a typed array of their own. */
const isPlain = (dtype: DType): boolean => dtypeBits[dtype] >= 8 && !isSmallFloat(dtype);

/** Decodes raw little-endian bytes, the form constants have. */
export function decode(dtype: DType, shape: readonly number[], bytes: Uint8Array, mode: Mode = "native"): NdArray {
  const n = count(shape);
  const needed = dtypeBytes(dtype, n);
  if (bytes.length < needed) bug(`${bytes.length} bytes of ${dtype}[${shape.join()}], which needs ${needed}`);
  if (!isPlain(dtype)) return decodeEach(allocate(dtype, shape, mode), bytes);
  // A copy, because typed arrays need aligned memory. (`slice` of a Node Buffer would be a view.)
  const copy = new Uint8Array(bytes.subarray(0, needed)).buffer;
  const source = new (arrayTypes[dtype] as unknown as new (buffer: ArrayBufferLike) => Elements)(copy);
  if (mode === "f64" && dtype === "f32") return { dtype, shape, data: Float64Array.from(source as Float32Array) };
  return { dtype, shape, data: source };
}

/** Types that are decoded: small floats through the table of their bit patterns, packed integers bit by bit. */
function decodeEach(out: NdArray, bytes: Uint8Array): NdArray {
  const { dtype } = out;
  const data = out.data as NumberArray;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isSmallFloat(dtype) || dtypeBits[dtype] < 8) {
    for (let i = 0; i < data.length; i++) data[i] = Number(getElement(view, i, dtype));
    return out;
  }
  const table = decodeTable(dtype);
  if (dtypeBits[dtype] === 8) for (let i = 0; i < data.length; i++) data[i] = table[bytes[i]!]!;
  else for (let i = 0; i < data.length; i++) data[i] = table[view.getUint16(2 * i, true)]!;
  return out;
}

/** Raw little-endian bytes of a tensor; floats kept in double are rounded to their dtype. */
export function encode(nd: NdArray): Uint8Array {
  const { dtype, data } = nd;
  if (isPlain(dtype)) return asBytes(dtype === "f32" && data instanceof Float64Array ? Float32Array.from(data) : data);
  const bytes = new Uint8Array(dtypeBytes(dtype, data.length));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) putElement(view, i, dtype, data[i]!);
  return bytes;
}

const asBytes = (a: Elements): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
