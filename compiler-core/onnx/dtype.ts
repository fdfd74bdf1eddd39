/**
 * The element types of ONNX (TensorProto.DataType of IR version 14), as one table. Everything that depends on an element type
 * (sizes, typed storage fields, names) is looked up here.
 */

/** The typed field of a TensorProto that may hold the elements instead of `raw_data`. */
export type TypedField = "float_data" | "int32_data" | "string_data" | "int64_data" | "double_data" | "uint64_data";

/** Their field numbers, and the bytes of one element where elements are not varints. */
export const typedFields: Readonly<Record<TypedField, { readonly number: number; readonly bytes: number }>> = {
  float_data: { number: 4, bytes: 4 },
  int32_data: { number: 5, bytes: 0 },
  string_data: { number: 6, bytes: 0 },
  int64_data: { number: 7, bytes: 0 },
  double_data: { number: 10, bytes: 8 },
  uint64_data: { number: 11, bytes: 0 },
};

/** `code` is the number in files; `bits` is the width of one element in packed storage (0: no fixed width). */
export interface DTypeRow {
  readonly code: number;
  readonly onnx: string;
  readonly bits: number;
  readonly field: TypedField | "none";
  readonly kind: "float" | "int" | "uint" | "bool" | "complex" | "string" | "none";
}

export const onnxDTypes = {
  undefined: { code: 0, onnx: "UNDEFINED", bits: 0, field: "none", kind: "none" },
  f32: { code: 1, onnx: "FLOAT", bits: 32, field: "float_data", kind: "float" },
  u8: { code: 2, onnx: "UINT8", bits: 8, field: "int32_data", kind: "uint" },
  i8: { code: 3, onnx: "INT8", bits: 8, field: "int32_data", kind: "int" },
  u16: { code: 4, onnx: "UINT16", bits: 16, field: "int32_data", kind: "uint" },
  i16: { code: 5, onnx: "INT16", bits: 16, field: "int32_data", kind: "int" },
  i32: { code: 6, onnx: "INT32", bits: 32, field: "int32_data", kind: "int" },
  i64: { code: 7, onnx: "INT64", bits: 64, field: "int64_data", kind: "int" },
  string: { code: 8, onnx: "STRING", bits: 0, field: "string_data", kind: "string" },
  bool: { code: 9, onnx: "BOOL", bits: 8, field: "int32_data", kind: "bool" },
  f16: { code: 10, onnx: "FLOAT16", bits: 16, field: "int32_data", kind: "float" },
  f64: { code: 11, onnx: "DOUBLE", bits: 64, field: "double_data", kind: "float" },
  u32: { code: 12, onnx: "UINT32", bits: 32, field: "uint64_data", kind: "uint" },
  u64: { code: 13, onnx: "UINT64", bits: 64, field: "uint64_data", kind: "uint" },
  c64: { code: 14, onnx: "COMPLEX64", bits: 64, field: "float_data", kind: "complex" },
  c128: { code: 15, onnx: "COMPLEX128", bits: 128, field: "double_data", kind: "complex" },
  bf16: { code: 16, onnx: "BFLOAT16", bits: 16, field: "int32_data", kind: "float" },
  f8e4m3fn: { code: 17, onnx: "FLOAT8E4M3FN", bits: 8, field: "int32_data", kind: "float" },
  f8e4m3fnuz: { code: 18, onnx: "FLOAT8E4M3FNUZ", bits: 8, field: "int32_data", kind: "float" },
  f8e5m2: { code: 19, onnx: "FLOAT8E5M2", bits: 8, field: "int32_data", kind: "float" },
  f8e5m2fnuz: { code: 20, onnx: "FLOAT8E5M2FNUZ", bits: 8, field: "int32_data", kind: "float" },
  u4: { code: 21, onnx: "UINT4", bits: 4, field: "int32_data", kind: "uint" },
  i4: { code: 22, onnx: "INT4", bits: 4, field: "int32_data", kind: "int" },
  f4e2m1: { code: 23, onnx: "FLOAT4E2M1", bits: 4, field: "int32_data", kind: "float" },
  f8e8m0: { code: 24, onnx: "FLOAT8E8M0", bits: 8, field: "int32_data", kind: "float" },
  u2: { code: 25, onnx: "UINT2", bits: 2, field: "int32_data", kind: "uint" },
  i2: { code: 26, onnx: "INT2", bits: 2, field: "int32_data", kind: "int" },
  f6e2m3: { code: 27, onnx: "FLOAT6E2M3", bits: 6, field: "int32_data", kind: "float" },
  f6e3m2: { code: 28, onnx: "FLOAT6E3M2", bits: 6, field: "int32_data", kind: "float" },
} as const satisfies Record<string, DTypeRow>;

/** Short name of an ONNX element type. `undefined` also stands for codes newer than this table. */
export type OnnxDType = keyof typeof onnxDTypes;

const byCode = new Map<number, OnnxDType>((Object.keys(onnxDTypes) as OnnxDType[]).map((name) => [onnxDTypes[name].code, name]));

/** The element type of a TensorProto.DataType number; `undefined` for numbers that are not in the table. */
export function dtypeOfCode(code: number): OnnxDType {
  return byCode.get(code) ?? "undefined";
}

/** Elements of a tensor with these dims; a scalar (no dims) has one. Not finite or unsafe products are returned as they are. */
export function elementCount(dims: readonly number[]): number {
  return dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of packed little-endian storage: elements of 2, 4 and 6 bits follow each other without gaps, the last byte is padded. */
export function packedByteLength(dtype: OnnxDType, elements: number): number {
  const { bits } = onnxDTypes[dtype];
  return bits >= 8 ? elements * (bits / 8) : Math.ceil((elements * bits) / 8);
}
