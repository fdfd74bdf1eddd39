/**
 * Every elementwise ONNX operator with the element types it takes and values that break naive code. Held against ONNX Runtime (the evaluator)
 * and against the evaluator (generated code).
 */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { integerRange, roundFloat } from "../../compiler-core/tensor/rounding.ts";

export type Value = number | bigint;
/** Which pairs of operands: all, a divisor that does not trap elsewhere, a shift below the width, a power that does not overflow. */
export type Domain = "all" | "divide" | "shift" | "power";

export interface ElementwiseCase {
  readonly op: string;
  readonly name: string;
  readonly types: readonly DType[];
  /** `c` is a condition, `a` and `b` have the case's type, `lo` and `hi` are constants of one element. */
  readonly operands: readonly ("a" | "b" | "c" | "lo" | "hi")[];
  readonly attributes: Readonly<Record<string, AttributeInput>>;
  readonly domain: Domain;
}

const real: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const signed: readonly DType[] = ["i8", "i16", "i32", "i64"];
const unsigned: readonly DType[] = ["u8", "u16", "u32", "u64"];
const integer = [...signed, ...unsigned];
const number = [...real, ...integer];

type Rest = Partial<Pick<ElementwiseCase, "attributes" | "domain" | "name">>;
const row = (op: string, types: readonly DType[], operands: ElementwiseCase["operands"], rest: Rest = {}): ElementwiseCase => ({
  op,
  name: op,
  types,
  operands,
  attributes: {},
  domain: "all",
  ...rest,
});
const unary = (ops: string, types: readonly DType[]): ElementwiseCase[] => ops.split(" ").map((op) => row(op, types, ["a"]));
const binary = (ops: string, types: readonly DType[], domain: Domain = "all"): ElementwiseCase[] =>
  ops.split(" ").map((op) => row(op, types, ["a", "b"], { domain }));

export const elementwiseCases: readonly ElementwiseCase[] = [
  ...unary("Abs Sign Identity", number),
  ...unary("Neg", [...real, ...signed]),
  ...unary("Relu", [...real, ...signed]),
  ...unary("Exp Log Sqrt Reciprocal Tanh Erf Sigmoid Softplus Softsign Floor Ceil Round Mish HardSwish Elu Selu Celu", real),
  ...unary("Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh LeakyRelu HardSigmoid ThresholdedRelu Shrink Gelu IsNaN IsInf", real),
  row("Gelu", real, ["a"], { name: "Gelu tanh", attributes: { approximate: "tanh" } }),
  row("Swish", real, ["a"], { name: "Swish 0.5", attributes: { alpha: { kind: "float", value: 0.5 } } }),
  row("IsInf", real, ["a"], { name: "IsInf negative", attributes: { detect_positive: 0 } }),
  row("Shrink", real, ["a"], {
    name: "Shrink soft",
    attributes: { lambd: { kind: "float", value: 1.5 }, bias: { kind: "float", value: 1.5 } },
  }),
  ...unary("BitwiseNot", integer),
  ...unary("Not", ["bool"]),
  ...binary("Add Sub Mul Min Max Equal Less LessOrEqual Greater GreaterOrEqual", number),
  ...binary("Sum Mean", real),
  ...binary("PRelu", [...real, "i32", "i64", "u32", "u64"]),
  ...binary("Div", number, "divide"),
  ...binary("Mod", integer, "divide"),
  row("Mod", number, ["a", "b"], { name: "Mod fmod", attributes: { fmod: 1 }, domain: "divide" }),
  ...binary("Pow", [...real, "i32", "i64"], "power"),
  ...binary("BitwiseAnd BitwiseOr BitwiseXor", integer),
  row("BitShift", unsigned, ["a", "b"], { name: "BitShift left", attributes: { direction: "LEFT" }, domain: "shift" }),
  row("BitShift", unsigned, ["a", "b"], { name: "BitShift right", attributes: { direction: "RIGHT" }, domain: "shift" }),
  ...binary("And Or Xor Equal", ["bool"]),
  row("Where", [...number, "bool"], ["c", "a", "b"]),
  row("Clip", number, ["a", "lo", "hi"]),
];

const floats = [
  NaN,
  Infinity,
  -Infinity,
  -0,
  0,
  0.3,
  0.5,
  1.5,
  2.5,
  -2.5,
  1,
  -1,
  -0.7,
  3,
  -6,
  20,
  88.5,
  300.7,
  -70000.25,
  3e9,
  0.1,
  6e-39,
  65504,
];

/** Values of a type. */
export function samples(dtype: DType): readonly Value[] {
  if (dtype === "bool") return [0, 1];
  if (isFloat(dtype)) return floats.map((x) => roundFloat(dtype, x));
  const { lowest, highest } = integerRange(dtype);
  const all = [0n, 1n, 2n, 3n, 7n, 8n, 31n, -1n, -7n, lowest, lowest + 1n, highest, highest - 1n, highest / 3n];
  return [...new Set(all)].filter((v) => v >= lowest && v <= highest).map((v) => (dtype.endsWith("64") ? v : Number(v)));
}

/** All pairs of samples that lie in the domain. */
export function pairs(dtype: DType, domain: Domain): { readonly a: readonly Value[]; readonly b: readonly Value[] } {
  const list = samples(dtype);
  const inside = (a: Value, b: Value): boolean => isFloat(dtype) || dtype === "bool" || allowed(dtype, domain, BigInt(a), BigInt(b));
  const kept = list.flatMap((a) => list.filter((b) => inside(a, b)).map((b) => [a, b] as const));
  return { a: kept.map(([a]) => a), b: kept.map(([, b]) => b) };
}

function allowed(dtype: DType, domain: Domain, a: bigint, b: bigint): boolean {
  const { lowest } = integerRange(dtype);
  if (domain === "divide") return b !== 0n && !(a === lowest && b === -1n);
  if (domain === "shift") return b < BigInt(dtype.slice(1));
  return domain !== "power" || (b >= 0n && b <= 7n && a >= -8n && a <= 8n);
}

/** Bounds of Clip. */
export const bounds = (dtype: DType): readonly [Value, Value] => (dtype.endsWith("64") && !isFloat(dtype) ? [1n, 7n] : [1, 7]);
