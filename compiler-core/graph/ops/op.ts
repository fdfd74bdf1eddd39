/** What the registry knows about an operator: one row each. Interpretations (lowering, printing ...) live in tables of their own. */
import { bug } from "../../messages.ts";
import { dtypeBytes, type DType } from "../../support/dtype.ts";
import type { Expr } from "../../tensor/ir.ts";
import type { Attrs, AttrValue, Shape } from "../ir.ts";
import type { Mode, NdArray } from "../ndarray.ts";

/** The type of a value, without its identity. */
export interface TensorType {
  readonly dtype: DType;
  /** Undefined: not even the rank is known. */
  readonly shape: Shape | undefined;
}

/** Why an operator cannot be used like this. The code is stable; the reason is a sentence for people. */
export interface Refusal {
  readonly refused: "arity" | "attribute" | "dtype" | "shape" | "value";
  readonly reason: string;
}
export type Inferred = readonly TensorType[] | Refusal;
export const isRefusal = (x: Inferred): x is Refusal => "refused" in x;
export const refuse = (refused: Refusal["refused"], reason: string): Refusal => ({ refused, reason });

/** What inference may look at. */
export interface InferCall {
  /** An absent optional operand is null. */
  readonly inputs: readonly (TensorType | null)[];
  readonly attrs: Attrs;
  /** The data of operand `i` if it is known at compile time and small. */
  readonly known: (i: number) => NdArray | undefined;
  /** Number of outputs the node has. */
  readonly outputs: number;
}

/** What evaluation gets: operands in the representation of `mode`, and the types the outputs must have. */
export interface EvalCall {
  readonly inputs: readonly (NdArray | null)[];
  readonly attrs: Attrs;
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly number[] }[];
  readonly mode: Mode;
}

export type StaticType = { readonly dtype: DType; readonly shape: readonly number[] };
export interface CostCall {
  readonly inputs: readonly (StaticType | null)[];
  readonly outputs: readonly StaticType[];
  readonly attrs: Attrs;
}

/**
 * elementwise: every element of the output depends on one element of each operand, after broadcasting. reduction: combines elements along
 * `axes`. view: the same bytes under another shape. movement: copies elements to other places. matmul: a contraction. composite: has a
 * decomposition into others. commutative: the two operands may be exchanged. shape: looks at shapes only. opaque: not compiled.
 */
export type Trait = "elementwise" | "reduction" | "view" | "movement" | "matmul" | "composite" | "commutative" | "shape" | "opaque";

/** `number`: of any element type (bigint for large 64-bit integers); `numbers`: a list of them. */
export type AttrKind = "int" | "float" | "bool" | "string" | "dtype" | "ints" | "dims" | "strings" | "number" | "numbers" | "any";
/** An attribute without default must be present, unless `optional`. */
export interface AttrSpec {
  readonly kind: AttrKind;
  readonly default?: AttrValue;
  readonly optional?: boolean;
  readonly what?: string;
}

export interface Op {
  /** One sentence for `fusionscope ops` and docs/ops.md. */
  readonly what: string;
  /** Least and most operands. */
  readonly arity: readonly [number, number];
  readonly outputs: readonly [number, number];
  readonly attrs: Readonly<Record<string, AttrSpec>>;
  readonly traits: readonly Trait[];
  /**
   * Operands that must be known at compile time: the attribute (marked `optional`) that takes the operand's place, and its position. While one
   * is still a tensor, `infer` sees the operand and no attribute, and answers with unknown extents ("?"); `eval` always sees the attribute.
   */
  readonly late?: Readonly<Record<string, number>>;
  /** Types of the outputs, or the reason why there are none. Operand counts and attribute kinds have been checked before. */
  readonly infer: (call: InferCall) => Inferred;
  /** Reference evaluation; absent for opaque. */
  readonly eval?: (call: EvalCall) => readonly NdArray[];
  /** Floating-point (or integer) operations; movement counts 0. */
  readonly flops: (call: CostCall) => number;
  /** Bytes read and written when nothing is cached. Default: all operands and outputs once. */
  readonly bytes?: (call: CostCall) => number;
  /** Attributes in canonical form (axes counted from the front and sorted ...), once the operand types are known. */
  readonly normalise?: (inputs: readonly (TensorType | null)[], attrs: Attrs) => Attrs;
  /** Elementwise operators: the value of one element. The operands' Tensor IR types are their dtypes (any lanes). */
  readonly scalar?: (args: readonly Expr[], attrs: Attrs, out: DType) => Expr;
}

/** Typed readers of attributes: the schema has been checked, so a wrong kind is a bug of ours. */
export const intAttr = (attrs: Attrs, name: string): number =>
  typeof attrs[name] === "number" ? attrs[name] : bug(`attribute ${name} is not an int`);
export const floatAttr = intAttr;
export const boolAttr = (attrs: Attrs, name: string): boolean => attrs[name] === true;
export const stringAttr = (attrs: Attrs, name: string): string =>
  typeof attrs[name] === "string" ? attrs[name] : bug(`attribute ${name} is not text`);
export const dtypeAttr = (attrs: Attrs, name: string): DType => stringAttr(attrs, name) as DType;
export const intsAttr = (attrs: Attrs, name: string): readonly number[] =>
  Array.isArray(attrs[name]) ? (attrs[name] as readonly number[]) : bug(`attribute ${name} is not a list`);
export const optionalInts = (attrs: Attrs, name: string): readonly number[] | undefined =>
  attrs[name] === undefined ? undefined : intsAttr(attrs, name);

export const elementCount = (t: { readonly shape: readonly number[] }): number => t.shape.reduce((a, d) => a * d, 1);
export const byteCount = (t: StaticType | null): number => (t === null ? 0 : dtypeBytes(t.dtype, elementCount(t)));
export const defaultBytes = (c: CostCall): number => [...c.inputs, ...c.outputs].reduce((sum, t) => sum + byteCount(t), 0);
export const noFlops = (): number => 0;

export const floatTypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
export const integerTypes: readonly DType[] = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"];
export const numberTypes: readonly DType[] = [...floatTypes, ...integerTypes];
export const computedTypes: readonly DType[] = [...numberTypes, "bool"];
export const float8Types: readonly DType[] = ["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f8e8m0"];
/** What can be stored, moved, chosen and cast: also types without arithmetic of their own. */
export const storedTypes: readonly DType[] = [
  ...computedTypes,
  ...float8Types,
  ...(["f6e2m3", "f6e3m2", "f4e2m1", "i4", "u4", "i2", "u2"] as const),
];
