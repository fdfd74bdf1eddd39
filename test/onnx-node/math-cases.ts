/** One-operator models at sizes that vectors, threads and loops may get wrong; ONNX Runtime says what is right. */
import type { AttributeInput, TensorInput } from "../../compiler-core/onnx/builder.ts";
import { modelBuilder, valueInfo } from "../../compiler-core/onnx/builder.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { numbers } from "../lower/cases.ts";

export type CaseDType = "f32" | "f64" | "i64" | "i32" | "u8" | "i8" | "bool";

export interface Operand {
  readonly dtype: CaseDType;
  readonly shape: readonly number[];
  /** Known at compile time. */
  readonly constant?: boolean;
  readonly values: readonly number[];
}

export interface MathCase {
  readonly name: string;
  readonly model: OnnxModel;
  /** Of the inputs that are no constants, in order. */
  readonly inputs: readonly Operand[];
  /** Largest difference allowed between integers: 0, or one step where the order of f32 operations decides. */
  readonly steps: number;
}

type Attributes = Readonly<Record<string, AttributeInput>>;
interface Options {
  readonly opset?: number;
  readonly domain?: string;
  /** Version of the domain's operators; default 1. */
  readonly version?: number;
  readonly outputs?: number;
  readonly steps?: number;
}

const elements = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);
const range: Readonly<Record<CaseDType, (x: number) => number>> = {
  f32: (x) => Math.fround(3 * x),
  f64: (x) => 3 * x,
  i64: (x) => Math.trunc(9 * x),
  i32: (x) => Math.trunc(9 * x),
  u8: (x) => Math.floor(128 + 128 * x),
  i8: (x) => Math.floor(128 * x),
  bool: (x) => (x > 0 ? 1 : 0),
};

let seed = 1;
export const given = (dtype: CaseDType, ...shape: number[]): Operand => ({
  dtype,
  shape,
  values: numbers(elements(shape), seed++).map(range[dtype]),
});
export const weight = (dtype: CaseDType, ...shape: number[]): Operand => ({ ...given(dtype, ...shape), constant: true });
export const constant = (dtype: CaseDType, shape: readonly number[], ...values: number[]): Operand => ({
  dtype,
  shape,
  constant: true,
  values,
});
export const scalar = (dtype: CaseDType, value: number): Operand => constant(dtype, [], value);

/** A node of one operator; an operand that is left out is null. */
export function one(
  name: string,
  op: string,
  operands: readonly (Operand | null)[],
  attributes: Attributes = {},
  options: Options = {},
): MathCase {
  const { opset = 18, domain = "", version = 1, outputs = 1, steps = 0 } = options;
  const m = modelBuilder({ opset, irVersion: 10, ...(domain === "" ? {} : { opsets: { [domain]: version } }) });
  const names = operands.map((o, i) => {
    if (o === null) return "";
    if (o.constant === true) return m.initializer(`w${i}`, o.dtype, o.shape, o.values as TensorInput);
    return m.input(`x${i}`, o.dtype, o.shape);
  });
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  m.multi(op, names, results, { attributes, domain });
  // Without a declared type: ONNX Runtime infers it.
  const built = m.build();
  const model = { ...built, graph: { ...built.graph, outputs: results.map((r) => valueInfo(r, undefined)) } };
  return {
    name: `${op}, ${name}`,
    model,
    inputs: operands.filter((o): o is Operand => o !== null && o.constant !== true),
    steps,
  };
}

const sizes = [1, 15, 16, 17, 63, 1000, 4097] as const;
export const float = (value: number): AttributeInput => ({ kind: "float", value });
export const axes = (...list: number[]): Operand => constant("i64", [list.length], ...list);
const ms = { domain: "com.microsoft" };

/** MatMulNBits: weights of 2, 4 or 8 bits, N x K, with a scale and a zero point for each block of K. */
const nibbles = (
  rows: readonly number[],
  k: number,
  n: number,
  block: number,
  more: { readonly zeros?: true | "float"; readonly bias?: true; readonly bits?: 2 | 8; readonly mixed?: true } = {},
): MathCase => {
  const blocks = Math.ceil(k / block);
  const bits = more.bits ?? 4;
  /** Block of every k: neighbours belong to different blocks. */
  const blockOf: Operand = { dtype: "i32", shape: [k], constant: true, values: Array.from({ length: k }, (_, i) => i % blocks) };
  const zeros = more.zeros === "float" ? weight("f32", n, blocks) : weight("u8", n * Math.ceil((blocks * bits) / 8));
  const operands = [
    given("f32", ...rows, k),
    weight("u8", n, blocks, (block * bits) / 8),
    weight("f32", n * blocks),
    more.zeros === undefined ? null : zeros,
    more.mixed === undefined ? null : blockOf,
    more.bias === undefined ? null : weight("f32", n),
  ];
  while (operands.at(-1) === null) operands.pop();
  const told = Object.values(more).filter((v) => v !== true);
  const name = `${rows.join()} x ${k} x ${n}, blocks of ${block}, ${[...Object.keys(more), ...told].join()}`;
  return one(name, "MatMulNBits", operands, { K: k, N: n, bits, block_size: block }, ms);
};
const decoded = [
  nibbles([1], 64, 33, 32),
  nibbles([2, 3], 160, 17, 64, { zeros: true, bias: true }),
  nibbles([70], 128, 40, 128, { zeros: true }),
  nibbles([3], 100, 20, 32, { bias: true }),
  nibbles([5], 80, 18, 16, { zeros: true }),
  nibbles([4], 100, 18, 16),
  nibbles([3], 100, 19, 32, { zeros: true, bits: 2 }),
  nibbles([2, 2], 96, 18, 32, { zeros: true, bits: 8 }),
  nibbles([1], 100, 33, 32, { bits: 8 }),
  nibbles([3], 80, 18, 32, { zeros: "float" }),
  nibbles([3], 96, 18, 32, { mixed: true }),
];

const reductions = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare"].flatMap((kind) => [
  one("middle axis", `Reduce${kind}`, [given("f32", 3, 5, 33), axes(1)]),
  one("first axes", `Reduce${kind}`, [given("f32", 3, 5, 130), axes(0, 1)], { keepdims: 0 }),
  one("first and last axis", `Reduce${kind}`, [given("f32", 3, 7, 18), axes(0, -1)]),
]);
const wide = sizes.flatMap((n) => [
  one(`${n} in a row`, "ReduceSum", [given("f32", 3, n), axes(1)], { keepdims: 0 }),
  one(`${n} columns`, "ReduceMax", [given("f32", 3, n), axes(0)], { keepdims: 0 }),
  one(`${n} in a row`, "ArgMax", [given("f32", 2, n)], { axis: -1 }),
  one(`${n} columns`, "ArgMin", [given("i32", 4, n)], { axis: 0, select_last_index: 1, keepdims: 0 }),
  one(`${n} in a row`, "Softmax", [given("f32", 3, n)], { axis: -1 }),
  one(`${n} columns`, "MatMulInteger", [given("u8", 5, 19), given("i8", 19, n), scalar("u8", 130), scalar("i8", -3)]),
]);
const reductionsOfTypes = [
  one("int64", "ReduceSum", [given("i64", 4, 9), axes(0)]),
  one("int32 mean", "ReduceMean", [given("i32", 4, 9), axes(1)]),
  one("int32 root", "ReduceL2", [given("i32", 4, 9), axes(1)]),
  one("double", "ReduceMean", [given("f64", 4, 9, 5), axes(1)]),
  one("uint8", "ReduceMax", [given("u8", 4, 33), axes(0)]),
  one("int8", "ReduceMin", [given("i8", 4, 33), axes(1)]),
  one("bool", "ReduceMax", [given("bool", 4, 33), axes(1)], {}, { opset: 20 }),
  one("nothing", "ReduceSum", [given("f32", 3, 0, 5), axes(1)]),
  one("product of nothing", "ReduceProd", [given("f32", 3, 0, 5), axes(1)]),
  one("all", "ReduceSum", [given("f32", 5, 7, 11)], { keepdims: 0 }, { opset: 13 }),
  one("no axes", "ReduceSumSquare", [given("f32", 5, 7), axes()], { noop_with_empty_axes: 1 }),
  one("axes as attribute", "ReduceMean", [given("f32", 2, 3, 4, 5)], { axes: [2, 3] }, { opset: 13 }),
];
const rows = [
  one("old, two axes", "Softmax", [given("f32", 2, 3, 17)], { axis: 1 }, { opset: 11 }),
  one("axis 1 of 4", "Softmax", [given("f32", 2, 19, 3, 5)], { axis: 1 }),
  one("axis 1 of 4", "LogSoftmax", [given("f32", 2, 19, 3, 5)], { axis: 1 }),
  one("axis 1 of 3", "Hardmax", [given("f32", 2, 19, 5)], { axis: 1 }),
  one("double", "Softmax", [given("f64", 3, 20)]),
  one("middle axis", "ArgMax", [given("f32", 3, 8, 21)], { axis: 1 }),
  one("of bytes", "ArgMax", [given("u8", 3, 200)], { axis: 1 }),
];
const products = [
  one("vector and vector", "MatMul", [given("f32", 33), given("f32", 33)]),
  one("vector and batch", "MatMul", [given("f32", 7), given("f32", 3, 7, 18)]),
  one("batch and vector", "MatMul", [given("f32", 2, 3, 7), given("f32", 7)]),
  one("batches broadcast", "MatMul", [given("f32", 2, 1, 5, 8), given("f32", 3, 8, 6)]),
  one("double", "MatMul", [given("f64", 6, 9), given("f64", 9, 19)]),
  one("double, batch", "MatMul", [given("f64", 2, 6, 9), given("f64", 1, 9, 19)]),
  one("int32", "MatMul", [given("i32", 6, 9), given("i32", 9, 19)]),
  one("int64", "MatMul", [given("i64", 3, 9), given("i64", 9, 5)]),
  one("double, all transposed", "Gemm", [given("f64", 5, 4), given("f64", 7, 5), given("f64", 7)], {
    transA: 1,
    transB: 1,
    alpha: float(0.5),
  }),
  one("a column added", "Gemm", [given("f32", 5, 4), given("f32", 4, 7), given("f32", 5, 1)], { beta: float(2) }),
  one("batches behind rows", "FusedMatMul", [given("f32", 5, 3, 4), given("f32", 3, 4, 7)], { transBatchA: 1 }, ms),
  one("alpha", "FusedMatMul", [given("f32", 2, 5, 4), given("f32", 2, 7, 4)], { transB: 1, alpha: float(0.25) }, ms),
];
const equations = [
  one("transpose", "Einsum", [given("f32", 3, 5)], { equation: "ij->ji" }),
  one("trace", "Einsum", [given("f32", 6, 6)], { equation: "ii->" }),
  one("diagonal of batches", "Einsum", [given("f32", 3, 5, 5)], { equation: "...ii->...i" }),
  one("attention", "Einsum", [given("f32", 2, 5, 3, 8), given("f32", 2, 7, 3, 8)], { equation: "bqhd,bkhd->bhqk" }),
  one("bilinear", "Einsum", [given("f32", 4, 5), given("f32", 6, 5, 7), given("f32", 4, 7)], { equation: "bi,oij,bj->bo" }),
  one("outer", "Einsum", [given("f32", 5), given("f32", 17)], { equation: "i,j" }),
  one("int32 sum", "Einsum", [given("i32", 3, 5), given("i32", 5)], { equation: "ij,j->i" }),
  one("ellipses", "Einsum", [given("f32", 2, 3, 4), given("f32", 2, 4, 6)], { equation: "...ij,...jk->...ik" }),
];
const determinants = [1, 2, 3, 4].map((n) => one(`${n} x ${n}`, "Det", [given("f32", 3, 2, n, n)]));
const scales = (n: number): Operand => constant("f32", [n], ...numbers(n, 77).map((x) => Math.fround(0.02 + 0.01 * x)));
const integers = [
  one("vectors", "MatMulInteger", [given("u8", 17), given("u8", 17), scalar("u8", 3), scalar("u8", 200)]),
  one("per row and column", "MatMulInteger", [given("i8", 9, 20), given("i8", 20, 33), null, weight("i8", 33)]),
  one("batch", "MatMulInteger", [given("u8", 2, 9, 20), given("i8", 20, 33), scalar("u8", 7)]),
  one("packed", "MatMulInteger", [given("u8", 61, 30), weight("i8", 30, 33), scalar("u8", 7)]),
  one("packed, both zero points", "MatMulInteger", [given("u8", 5, 30), weight("i8", 30, 33), given("u8"), weight("i8", 33)]),
  one("packed, signed", "MatMulInteger", [given("i8", 2, 3, 30), weight("i8", 30, 33), scalar("i8", 7), scalar("i8", -2)]),
  one("packed, one row", "MatMulInteger", [given("i8", 1, 30), weight("i8", 30, 600)]),
  one("one row", "MatMulInteger", [given("u8", 1, 70), given("i8", 70, 600)]),
  one("packed, unsigned, middle zero point", "MatMulInteger", [
    given("u8", 9, 30),
    weight("u8", 30, 70),
    scalar("u8", 7),
    scalar("u8", 128),
  ]),
  one("packed, unsigned, no zero point", "MatMulInteger", [given("u8", 9, 30), weight("u8", 30, 33)]),
  one("packed, unsigned, per column", "MatMulInteger", [given("u8", 61, 31), weight("u8", 31, 33), given("u8"), weight("u8", 33)]),
  one("packed at run time, columns shared out", "MatMulInteger", [
    given("u8", 59, 30),
    given("u8", 30, 601),
    scalar("u8", 9),
    scalar("u8", 3),
  ]),
  one("packed at run time, unsigned", "MatMulInteger", [given("u8", 2, 5, 33), given("u8", 33, 64), given("u8"), given("u8")]),
  one("packed at run time, zero points", "MatMulInteger", [given("i8", 4, 65), given("i8", 65, 33), scalar("i8", -4), given("i8", 33)]),
  one("per column", "QLinearMatMul", [
    given("u8", 5, 24),
    scalar("f32", 0.02),
    scalar("u8", 118),
    weight("i8", 24, 40),
    scales(40),
    constant("i8", [40], ...new Array<number>(40).fill(0)),
    scalar("f32", 0.4),
    scalar("u8", 120),
  ]),
  one("per tensor", "QuantizeLinear", [given("f32", 4, 33), scalar("f32", 0.021), scalar("u8", 131)], {}, { opset: 19 }),
  one(
    "per channel",
    "QuantizeLinear",
    [given("f32", 2, 5, 18), scales(5), constant("i8", [5], 0, -3, 5, 100, -128)],
    { axis: 1 },
    { opset: 19 },
  ),
  one(
    "per channel",
    "DequantizeLinear",
    [given("u8", 2, 5, 18), scales(5), constant("u8", [5], 0, 3, 5, 100, 128)],
    { axis: 1 },
    { opset: 19 },
  ),
  one("int32", "DequantizeLinear", [given("i32", 2, 18), scalar("f32", 0.013)], {}, { opset: 19 }),
  one(
    "blocks of rows",
    "DequantizeLinear",
    [given("u8", 12, 18), weight("f32", 4, 18), weight("u8", 4, 18)],
    { axis: 0, block_size: 3 },
    { opset: 21 },
  ),
  one(
    "blocks of columns",
    "QuantizeLinear",
    [given("f32", 3, 32), constant("f32", [3, 2], 0.02, 0.03, 0.025, 0.04, 0.01, 0.05), weight("u8", 3, 2)],
    { axis: 1, block_size: 16 },
    { opset: 21 },
  ),
  one(
    "ragged blocks",
    "DequantizeLinear",
    [given("i8", 3, 20), constant("f32", [3, 2], 0.02, 0.03, 0.025, 0.04, 0.01, 0.05)],
    { axis: 1, block_size: 16 },
    { opset: 21 },
  ),
  one("random", "DynamicQuantizeLinear", [given("f32", 7, 19)], {}, { outputs: 3, opset: 18 }),
  one("zeros", "DynamicQuantizeLinear", [{ dtype: "f32", shape: [5], values: [0, 0, 0, 0, 0] }], {}, { outputs: 3 }),
];
const q = (dtype: "u8" | "i8", scale: number, zero: number, ...shape: number[]): readonly Operand[] => [
  given(dtype, ...shape),
  scalar("f32", scale),
  scalar(dtype, zero),
];
const result = (dtype: "u8" | "i8", scale: number, zero: number): readonly Operand[] => [scalar("f32", scale), scalar(dtype, zero)];
const near = { ...ms, steps: 1 };
const quantised = [
  one("bytes", "QLinearAdd", [...q("u8", 0.02, 120, 3, 37), ...q("u8", 0.03, 8, 3, 37), ...result("u8", 0.05, 100)], {}, near),
  one("broadcast", "QLinearMul", [...q("i8", 0.02, 3, 3, 37), ...q("i8", 0.03, -8, 37), ...result("i8", 0.05, 10)], {}, near),
  one("bytes", "QLinearSigmoid", [...q("u8", 0.05, 128, 4, 19), ...result("u8", 1 / 256, 0)], {}, near),
  one("bytes", "QLinearLeakyRelu", [...q("i8", 0.05, 0, 4, 19), ...result("i8", 0.04, -20)], { alpha: float(0.1) }, near),
  one("images", "QLinearGlobalAveragePool", [...q("u8", 0.05, 12, 2, 5, 6, 7), ...result("u8", 0.03, 9)], {}, near),
  one(
    "images",
    "QLinearAveragePool",
    [...q("u8", 0.05, 12, 2, 3, 9, 8), ...result("u8", 0.03, 9)],
    { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] },
    near,
  ),
  one("rows", "QLinearSoftmax", [...q("u8", 0.05, 12, 3, 20), ...result("u8", 1 / 256, 0)], { axis: -1, opset: 13 }, near),
  one("two", "QLinearConcat", [...result("u8", 0.03, 9), ...q("u8", 0.05, 12, 2, 5), ...q("u8", 0.02, 120, 2, 7)], { axis: 1 }, near),
  one(
    "bias, transposed",
    "QGemm",
    [
      ...q("u8", 0.02, 120, 5, 20),
      weight("i8", 18, 20),
      scales(18),
      constant("i8", [18], ...new Array<number>(18).fill(0)),
      weight("i32", 18),
      ...result("u8", 0.3, 9),
    ],
    { transB: 1 },
    near,
  ),
  one(
    "floats",
    "QGemm",
    [...q("i8", 0.02, -3, 20, 5), weight("i8", 20, 18), scalar("f32", 0.03), scalar("i8", 4)],
    { transA: 1, alpha: float(0.5) },
    near,
  ),
  one(
    "rows",
    "QLinearWhere",
    [given("bool", 4, 19), ...q("u8", 0.05, 12, 4, 19), ...q("u8", 0.02, 120, 19), ...result("u8", 0.04, 9)],
    {},
    near,
  ),
  one(
    "bias",
    "DynamicQuantizeMatMul",
    [given("f32", 5, 20), weight("i8", 20, 18), scalar("f32", 0.02), scalar("i8", 4), given("f32", 18)],
    {},
    near,
  ),
  one(
    "zero points",
    "MatMulIntegerToFloat",
    [given("u8", 5, 20), weight("i8", 20, 18), scalar("f32", 0.03), scalar("f32", 0.02), scalar("u8", 99), scalar("i8", 4)],
    {},
    near,
  ),
];
const labels = (most: number, ...shape: number[]): Operand => ({
  dtype: "i64",
  shape,
  values: numbers(elements(shape), seed++).map((x) => Math.floor(((x + 1) / 2) * most)),
});
const losses = [
  one("mean", "NegativeLogLikelihoodLoss", [given("f32", 3, 5, 6), labels(5, 3, 6), given("f32", 5)], { ignore_index: 2 }),
  one("both", "SoftmaxCrossEntropyLoss", [given("f32", 9, 5), labels(5, 9)], { reduction: "sum" }, { outputs: 2 }),
];

/** Blocks of rows, columns and terms, and what is left of them. */
const doubles = [
  one("doubles, 5 rows of 70", "MatMul", [given("f64", 5, 19), given("f64", 19, 70)]),
  one("doubles, one column", "MatMul", [given("f64", 7, 3), given("f64", 3, 1)]),
  one("doubles, batches", "MatMul", [given("f64", 2, 3, 9, 130), given("f64", 2, 1, 130, 65)]),
  one("doubles, few rows", "MatMul", [given("f64", 3, 8), given("f64", 8, 600)]),
];

export const mathCases: readonly MathCase[] = [
  ...reductions,
  ...wide,
  ...reductionsOfTypes,
  ...rows,
  ...products,
  ...decoded,
  ...equations,
  ...determinants,
  ...integers,
  ...quantised,
  ...losses,
  ...doubles,
];

/** Names of element types in ONNX Runtime's binding. */
export const runtimeTypes: Readonly<Record<CaseDType, string>> & Readonly<Partial<Record<DType, string>>> = {
  f32: "float32",
  f64: "float64",
  i64: "int64",
  i32: "int32",
  u8: "uint8",
  i8: "int8",
  bool: "bool",
};
