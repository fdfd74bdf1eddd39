/** One representative size for each operator that models spend time in, and for those that were slow once. Models are made when they are timed. */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import { axes, constant, one, scalar, weight, type CaseDType, type MathCase } from "./math-cases.ts";

export interface SpeedCase {
  readonly op: string;
  readonly size: string;
  readonly make: () => MathCase;
  /** Why it is more than five times slower than ONNX Runtime, where it is. */
  readonly slowBecause?: string;
}

const ms = { domain: "com.microsoft" };
type Attributes = Readonly<Record<string, AttributeInput>>;

/** An input whose values the benchmark makes up: none are stored. */
const input = (dtype: CaseDType, ...shape: number[]) => ({ dtype, shape, values: [] as readonly number[] });
const times = (shape: readonly number[]): string => shape.join("x");

/** One operand and attributes. */
const unary = (op: string, dtype: CaseDType, shape: readonly number[], attributes: Attributes = {}, note = ""): SpeedCase => ({
  op,
  size: `${dtype} ${times(shape)}${note === "" ? "" : `, ${note}`}`,
  make: () => one(op, op, [input(dtype, ...shape)], attributes),
});

const movement: readonly SpeedCase[] = [
  unary("Transpose", "f32", [1, 64, 112, 112], { perm: [0, 2, 3, 1] }, "NCHW to NHWC"),
  unary("Transpose", "f32", [1, 112, 112, 64], { perm: [0, 3, 1, 2] }, "NHWC to NCHW"),
  unary("Transpose", "f32", [1024, 1024], { perm: [1, 0] }),
  unary("Transpose", "u8", [1024, 1024], { perm: [1, 0] }),
  unary("Transpose", "f32", [1, 128, 12, 64], { perm: [0, 2, 1, 3] }, "heads"),
  { op: "Gather", size: "f32 4096x256, 512 rows", make: () => one("rows", "Gather", [input("f32", 4096, 256), input("i64", 512)]) },
  {
    op: "Gather",
    size: "f32 256x1024, 512 columns",
    make: () => one("columns", "Gather", [input("f32", 256, 1024), input("i64", 512)], { axis: 1 }),
  },
  {
    op: "GatherElements",
    size: "f32 256x1024",
    make: () => one("columns", "GatherElements", [input("f32", 256, 1024), input("i64", 256, 1024)], { axis: 1 }),
  },
  {
    op: "ScatterElements",
    size: "f32 256x1024",
    make: () => one("columns", "ScatterElements", [input("f32", 256, 1024), input("i64", 256, 512), input("f32", 256, 512)], { axis: 1 }),
  },
  {
    op: "Concat",
    size: "f32 2 of 1x64x56x56",
    make: () => one("two", "Concat", [input("f32", 1, 64, 56, 56), input("f32", 1, 64, 56, 56)], { axis: 1 }),
  },
  {
    op: "Pad",
    size: "f32 1x64x112x112 by 3",
    make: () => one("image", "Pad", [input("f32", 1, 64, 112, 112), axes(0, 0, 3, 3, 0, 0, 3, 3)]),
  },
  {
    op: "Slice",
    size: "f32 1x64x112x112, every other",
    make: () => one("image", "Slice", [input("f32", 1, 64, 112, 112), axes(0, 0), axes(112, 112), axes(2, 3), axes(2, 2)]),
  },
  { op: "Expand", size: "f32 256x1 to 256x1024", make: () => one("rows", "Expand", [input("f32", 256, 1), axes(256, 1024)]) },
  { op: "Tile", size: "f32 64x128, 4x4", make: () => one("both", "Tile", [input("f32", 64, 128), axes(4, 4)]) },
  unary("DepthToSpace", "f32", [1, 64, 56, 56], { blocksize: 2 }),
  { op: "TopK", size: "f32 64x1000, 5", make: () => one("few", "TopK", [input("f32", 64, 1000), axes(5)], {}, { outputs: 2 }) },
  { op: "TopK", size: "f32 64x1000, 100", make: () => one("many", "TopK", [input("f32", 64, 1000), axes(100)], {}, { outputs: 2 }) },
  {
    op: "Resize",
    size: "f32 1x64x56x56 twice, nearest",
    make: () =>
      one("nearest", "Resize", [input("f32", 1, 64, 56, 56), null, constant("f32", [4], 1, 1, 2, 2)], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
  },
  {
    op: "Resize",
    size: "f32 1x64x56x56 twice, linear",
    make: () => one("linear", "Resize", [input("f32", 1, 64, 56, 56), null, constant("f32", [4], 1, 1, 2, 2)], { mode: "linear" }),
  },
  {
    op: "GridSample",
    size: "f32 1x16x64x64",
    make: () => one("linear", "GridSample", [input("f32", 1, 16, 64, 64), input("f32", 1, 64, 64, 2)], {}, { opset: 16 }),
  },
];

const products: readonly SpeedCase[] = [
  { op: "MatMul", size: "f32 128x256x512", make: () => one("f32", "MatMul", [input("f32", 128, 256), input("f32", 256, 512)]) },
  { op: "MatMul", size: "f64 128x256x512", make: () => one("f64", "MatMul", [input("f64", 128, 256), input("f64", 256, 512)]) },
  { op: "MatMul", size: "i32 128x256x512", make: () => one("i32", "MatMul", [input("i32", 128, 256), input("i32", 256, 512)]) },
  {
    op: "Gemm",
    size: "f32 128x256x512, B transposed",
    make: () => one("f32", "Gemm", [input("f32", 128, 256), weight("f32", 512, 256), weight("f32", 512)], { transB: 1 }),
  },
  {
    op: "MatMulInteger",
    size: "u8 128x256x512, i8 weights",
    make: () => one("packed", "MatMulInteger", [input("u8", 128, 256), weight("i8", 256, 512), scalar("u8", 130), scalar("i8", 0)]),
  },
  {
    op: "MatMulInteger",
    size: "u8 128x256x512, i8 at run time",
    make: () => one("late", "MatMulInteger", [input("u8", 128, 256), input("i8", 256, 512), scalar("u8", 130), scalar("i8", 3)]),
  },
  {
    op: "MatMulInteger",
    size: "u8 128x256x512, u8 weights",
    make: () => one("unsigned", "MatMulInteger", [input("u8", 128, 256), weight("u8", 256, 512), scalar("u8", 130), scalar("u8", 128)]),
  },
  {
    op: "MatMulInteger",
    size: "u8 128x256x512, u8 at run time",
    make: () => one("unsigned late", "MatMulInteger", [input("u8", 128, 256), input("u8", 256, 512), scalar("u8", 130), scalar("u8", 128)]),
  },
  {
    op: "QLinearMatMul",
    size: "u8 128x256x512, i8 weights",
    make: () =>
      one("packed", "QLinearMatMul", [
        input("u8", 128, 256),
        scalar("f32", 0.02),
        scalar("u8", 128),
        weight("i8", 256, 512),
        scalar("f32", 0.01),
        scalar("i8", 0),
        scalar("f32", 0.1),
        scalar("u8", 128),
      ]),
  },
  {
    op: "Einsum",
    size: "f32 bhid,bhjd->bhij 1x12x128x64",
    make: () =>
      one("scores", "Einsum", [input("f32", 1, 12, 128, 64), input("f32", 1, 12, 128, 64)], {
        equation: { kind: "string", value: "bhid,bhjd->bhij" },
      }),
  },
];

const windows: readonly SpeedCase[] = [
  {
    op: "Conv",
    size: "f32 1x64x56x56, 64 of 3x3",
    make: () => one("3x3", "Conv", [input("f32", 1, 64, 56, 56), weight("f32", 64, 64, 3, 3)], { pads: [1, 1, 1, 1] }),
  },
  {
    op: "Conv",
    size: "f32 1x64x56x56, 256 of 1x1",
    make: () => one("1x1", "Conv", [input("f32", 1, 64, 56, 56), weight("f32", 256, 64, 1, 1)]),
  },
  {
    op: "Conv",
    size: "f32 1x96x56x56, depthwise 3x3",
    make: () => one("depthwise", "Conv", [input("f32", 1, 96, 56, 56), weight("f32", 96, 1, 3, 3)], { group: 96, pads: [1, 1, 1, 1] }),
  },
  {
    op: "Conv",
    size: "f32 1x96x56x56, depthwise 3x3 step 2",
    make: () =>
      one("depthwise 2", "Conv", [input("f32", 1, 96, 56, 56), weight("f32", 96, 1, 3, 3)], {
        group: 96,
        pads: [1, 1, 1, 1],
        strides: [2, 2],
      }),
  },
  {
    op: "ConvTranspose",
    size: "f32 1x64x28x28, 32 of 2x2 step 2",
    make: () => one("up", "ConvTranspose", [input("f32", 1, 64, 28, 28), weight("f32", 64, 32, 2, 2)], { strides: [2, 2] }),
  },
  {
    op: "ConvInteger",
    size: "u8 1x32x28x28, 64 u8 of 3x3",
    make: () =>
      one("u8", "ConvInteger", [input("u8", 1, 32, 28, 28), weight("u8", 64, 32, 3, 3), scalar("u8", 128)], { pads: [1, 1, 1, 1] }),
  },
  {
    op: "QLinearConv",
    size: "u8 1x32x28x28, 64 i8 of 3x3",
    make: () =>
      one(
        "i8",
        "QLinearConv",
        [
          input("u8", 1, 32, 28, 28),
          scalar("f32", 0.02),
          scalar("u8", 128),
          weight("i8", 64, 32, 3, 3),
          scalar("f32", 0.01),
          scalar("i8", 0),
          scalar("f32", 0.1),
          scalar("u8", 128),
        ],
        { pads: [1, 1, 1, 1] },
      ),
  },
  {
    op: "QLinearConv",
    size: "u8 1x96x28x28, depthwise u8 3x3",
    make: () =>
      one(
        "u8",
        "QLinearConv",
        [
          input("u8", 1, 96, 28, 28),
          scalar("f32", 0.02),
          scalar("u8", 128),
          weight("u8", 96, 1, 3, 3),
          scalar("f32", 0.01),
          scalar("u8", 128),
          scalar("f32", 0.1),
          scalar("u8", 128),
        ],
        { group: 96, pads: [1, 1, 1, 1] },
      ),
  },
  unary("MaxPool", "f32", [1, 64, 112, 112], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, "3x3 step 2"),
  unary("AveragePool", "f32", [1, 64, 56, 56], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, "3x3"),
  unary("MaxPool", "u8", [1, 64, 112, 112], { kernel_shape: [2, 2], strides: [2, 2] }, "2x2 step 2"),
  unary("LpPool", "f32", [1, 64, 56, 56], { kernel_shape: [3, 3] }, "3x3"),
  unary("GlobalAveragePool", "f32", [1, 512, 14, 14]),
  unary("LRN", "f32", [1, 64, 56, 56], { size: 5 }),
  {
    op: "InstanceNormalization",
    size: "f32 1x64x56x56",
    make: () => one("image", "InstanceNormalization", [input("f32", 1, 64, 56, 56), weight("f32", 64), weight("f32", 64)]),
  },
  {
    op: "BatchNormalization",
    size: "f32 1x64x56x56",
    make: () =>
      one("image", "BatchNormalization", [
        input("f32", 1, 64, 56, 56),
        weight("f32", 64),
        weight("f32", 64),
        weight("f32", 64),
        constant("f32", [64], ...Array.from({ length: 64 }, () => 1)),
      ]),
  },
];

const rows: readonly SpeedCase[] = [
  unary("Softmax", "f32", [12, 128, 128], { axis: -1 }),
  unary("Softmax", "f32", [64, 1000], { axis: -1 }),
  unary("LogSoftmax", "f32", [64, 1000], { axis: -1 }),
  {
    op: "LayerNormalization",
    size: "f32 128x768",
    make: () => one("rows", "LayerNormalization", [input("f32", 128, 768), weight("f32", 768), weight("f32", 768)], { axis: -1 }),
  },
  {
    op: "SkipLayerNormalization",
    size: "f32 1x128x768",
    make: () =>
      one(
        "rows",
        "SkipLayerNormalization",
        [input("f32", 1, 128, 768), input("f32", 1, 128, 768), weight("f32", 768), weight("f32", 768)],
        {},
        ms,
      ),
  },
  { op: "ReduceSum", size: "f32 256x1024, rows", make: () => one("rows", "ReduceSum", [input("f32", 256, 1024), axes(1)]) },
  { op: "ReduceMax", size: "f32 256x1024, columns", make: () => one("columns", "ReduceMax", [input("f32", 256, 1024), axes(0)]) },
  { op: "ReduceMean", size: "f32 1x512x14x14, image", make: () => one("image", "ReduceMean", [input("f32", 1, 512, 14, 14), axes(2, 3)]) },
  unary("ArgMax", "f32", [256, 1024], { axis: 1 }),
  { op: "CumSum", size: "f32 256x1024, rows", make: () => one("rows", "CumSum", [input("f32", 256, 1024), axes(1)]) },
  {
    op: "DynamicQuantizeLinear",
    size: "f32 128x768",
    make: () => one("rows", "DynamicQuantizeLinear", [input("f32", 128, 768)], {}, { outputs: 3 }),
  },
  {
    op: "QuantizeLinear",
    size: "f32 128x768",
    make: () => one("rows", "QuantizeLinear", [input("f32", 128, 768), scalar("f32", 0.02), scalar("u8", 128)]),
  },
  {
    op: "DequantizeLinear",
    size: "u8 128x768",
    make: () => one("rows", "DequantizeLinear", [input("u8", 128, 768), scalar("f32", 0.02), scalar("u8", 128)]),
  },
];

const pair = (op: string, dtype: CaseDType): SpeedCase => ({
  op,
  size: `${dtype} 256x1024`,
  make: () => one(dtype, op, [input(dtype, 256, 1024), input(dtype, 256, 1024)]),
});
const elements: readonly SpeedCase[] = [
  ...["Add", "Mul", "Div", "Pow", "Max"].map((op) => pair(op, "f32")),
  pair("Max", "i8"),
  pair("Add", "f64"),
  pair("Div", "i32"),
  pair("Mod", "i32"),
  pair("Equal", "i64"),
  ...["Exp", "Log", "Tanh", "Sigmoid", "Erf", "Gelu", "Sqrt", "Sin", "HardSwish", "Softplus", "Elu"].map((op) =>
    op === "Gelu" || op === "HardSwish"
      ? { op, size: "f32 256x1024", make: () => one("f32", op, [input("f32", 256, 1024)], {}, { opset: 20 }) }
      : unary(op, "f32", [256, 1024]),
  ),
  unary("Exp", "f64", [256, 1024]),
  unary("Cast", "f32", [256, 1024], { to: 7 }, "to i64"),
  unary("Cast", "u8", [256, 1024], { to: 1 }, "to f32"),
  {
    op: "Where",
    size: "f32 256x1024",
    make: () => one("f32", "Where", [input("bool", 256, 1024), input("f32", 256, 1024), input("f32", 256, 1024)]),
  },
  { op: "Clip", size: "f32 256x1024", make: () => one("f32", "Clip", [input("f32", 256, 1024), scalar("f32", 0), scalar("f32", 6)]) },
];

/** Input size, hidden size, gates: weights of one direction. */
const recurrent = (op: string, steps: number, batch: number, hidden: number, gates: number): SpeedCase => ({
  op,
  size: `f32 ${steps} steps, batch ${batch}, ${hidden} wide`,
  make: () =>
    one(
      `batch ${batch}`,
      op,
      [
        input("f32", steps, batch, hidden),
        weight("f32", 1, gates * hidden, hidden),
        weight("f32", 1, gates * hidden, hidden),
        weight("f32", 1, 2 * gates * hidden),
      ],
      { hidden_size: hidden },
      { outputs: 2 },
    ),
});
const sequences: readonly SpeedCase[] = [
  recurrent("LSTM", 32, 1, 128, 4),
  recurrent("LSTM", 32, 16, 128, 4),
  recurrent("GRU", 32, 1, 128, 3),
  recurrent("GRU", 32, 16, 128, 3),
  recurrent("RNN", 32, 16, 128, 1),
];

export const speedCases: readonly SpeedCase[] = [...products, ...windows, ...rows, ...movement, ...elements, ...sequences];
