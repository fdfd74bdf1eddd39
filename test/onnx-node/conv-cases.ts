/** Convolutions, pooling and image normalisation at sizes and attributes that tiles, edges and rounding rules may get wrong. */
import { constant, float, given, one, scalar, weight, type CaseDType, type MathCase, type Operand } from "./math-cases.ts";

const image = (...shape: number[]): Operand => given("f32", ...shape);
const kernel = (...shape: number[]): Operand => weight("f32", ...shape);

const sizes = [1, 2, 15, 16, 17, 33, 63];
const convolutions: readonly MathCase[] = [
  ...sizes.flatMap((n) => [
    one(`3x3 on ${n} columns`, "Conv", [image(1, 3, 5, n), kernel(7, 3, 3, 3), kernel(7)], { pads: [1, 1, 1, 1] }),
    one(`1x1 to ${n} channels`, "Conv", [image(2, 9, 4, 5), kernel(n, 9, 1, 1)]),
    one(`depthwise on ${n} columns`, "Conv", [image(2, 6, 5, n), kernel(6, 1, 3, 3), kernel(6)], { pads: [1, 1, 1, 1], group: 6 }),
    one(`1-D of ${n}`, "Conv", [image(2, 5, n), kernel(6, 5, 3)], { pads: [2, 1] }),
  ]),
  one("stride 2, asymmetric padding", "Conv", [image(1, 5, 11, 13), kernel(8, 5, 3, 3)], { pads: [0, 1, 2, 0], strides: [2, 2] }),
  one("stride 3, dilation 2", "Conv", [image(1, 4, 17, 19), kernel(6, 4, 2, 3)], {
    strides: [3, 2],
    dilations: [2, 3],
    pads: [3, 2, 1, 4],
  }),
  one("dilated 3x3", "Conv", [image(1, 4, 9, 20), kernel(5, 4, 3, 3)], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  one("two groups", "Conv", [image(2, 6, 7, 9), kernel(10, 3, 3, 3), kernel(10)], { group: 2 }),
  one("three groups of one tile", "Conv", [image(1, 9, 6, 6), kernel(51, 3, 1, 1)], { group: 3 }),
  one("depthwise, stride 2", "Conv", [image(1, 8, 14, 15), kernel(8, 1, 3, 3)], { group: 8, strides: [2, 2], pads: [1, 1, 1, 1] }),
  one("depthwise, 7x7, stride 3, dilation 2", "Conv", [image(1, 3, 30, 31), kernel(3, 1, 7, 7)], {
    group: 3,
    strides: [3, 3],
    dilations: [2, 2],
    pads: [6, 5, 6, 5],
  }),
  one("depthwise, two results each", "Conv", [image(2, 5, 9, 9), kernel(10, 1, 3, 3)], { group: 5 }),
  one("few rows", "Conv", [image(1, 5, 9, 21), kernel(2, 5, 3, 3), kernel(2)], { pads: [1, 1, 1, 1] }),
  one("one row, many products", "Conv", [image(1, 70, 8, 9), kernel(1, 70, 3, 3)]),
  one("long sums", "Conv", [image(1, 300, 5, 5), kernel(16, 300, 3, 3), kernel(16)], { pads: [1, 1, 1, 1] }),
  one("many columns", "Conv", [image(1, 3, 70, 71), kernel(5, 3, 3, 3)]),
  one("three axes", "Conv", [image(1, 3, 5, 6, 7), kernel(6, 3, 2, 3, 2), kernel(6)], { pads: [1, 0, 1, 0, 1, 0], strides: [1, 2, 1] }),
  one("three axes, depthwise", "Conv", [image(1, 3, 5, 6, 7), kernel(3, 1, 3, 3, 3)], { group: 3, pads: [1, 1, 1, 1, 1, 1] }),
  one("same, upper", "Conv", [image(1, 3, 8, 9), kernel(4, 3, 3, 2)], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  one("same, lower", "Conv", [image(1, 3, 8, 9), kernel(4, 3, 4, 2)], { auto_pad: "SAME_LOWER", strides: [3, 2] }),
  one("valid", "Conv", [image(1, 3, 8, 9), kernel(4, 3, 3, 3)], { auto_pad: "VALID" }),
  one("kernel at run time", "Conv", [image(1, 3, 8, 9), given("f32", 17, 3, 3, 3), given("f32", 17)]),
  one("no images", "Conv", [image(0, 3, 8, 9), kernel(4, 3, 3, 3)]),
];

const transposed: readonly MathCase[] = [
  one("stride 2", "ConvTranspose", [image(2, 5, 6, 7), kernel(5, 4, 3, 3), kernel(4)], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  one("2x2 without overlap", "ConvTranspose", [image(1, 8, 5, 9), kernel(8, 3, 2, 2)], { strides: [2, 2] }),
  one("stride 1", "ConvTranspose", [image(1, 3, 5, 18), kernel(3, 4, 3, 3)]),
  one("output padding", "ConvTranspose", [image(1, 3, 5, 6), kernel(3, 4, 3, 3)], {
    strides: [3, 2],
    output_padding: [2, 1],
    pads: [1, 0, 2, 1],
  }),
  one("output shape", "ConvTranspose", [image(1, 3, 5, 6), kernel(3, 4, 3, 3)], { strides: [2, 2], output_shape: [10, 12] }),
  one("groups and dilation", "ConvTranspose", [image(1, 6, 5, 6), kernel(6, 2, 3, 2)], { group: 3, dilations: [2, 3], strides: [2, 1] }),
  one("one axis", "ConvTranspose", [image(2, 3, 17), kernel(3, 5, 4)], { strides: [2], pads: [1, 1] }),
  one("three axes", "ConvTranspose", [image(1, 3, 3, 4, 5), kernel(3, 2, 2, 3, 2)], { strides: [2, 1, 2] }),
];

const quantised = (x: CaseDType, w: CaseDType, y: CaseDType, zeros: readonly [number, number, number], outputs = 9): MathCase =>
  one(
    `${x} ${w} ${y}`,
    "QLinearConv",
    [
      given(x, 1, 4, 7, 18),
      scalar("f32", 0.02),
      scalar(x, zeros[0]),
      weight(w, outputs, 4, 3, 3),
      scalar("f32", 0.03),
      scalar(w, zeros[1]),
      scalar("f32", 0.7),
      scalar(y, zeros[2]),
      weight("i32", outputs),
    ],
    { pads: [1, 1, 1, 1] },
    { steps: 1 },
  );
const integers: readonly MathCase[] = [
  quantised("u8", "i8", "u8", [128, 0, 120]),
  quantised("u8", "u8", "u8", [3, 200, 9]),
  quantised("i8", "i8", "i8", [-5, 0, 7]),
  one(
    "per channel, depthwise",
    "QLinearConv",
    [
      given("u8", 1, 4, 9, 9),
      scalar("f32", 0.02),
      scalar("u8", 100),
      weight("i8", 4, 1, 3, 3),
      constant("f32", [4], 0.01, 0.02, 0.03, 0.04),
      constant("i8", [4], 0, 0, 0, 0),
      scalar("f32", 0.1),
      scalar("u8", 120),
    ],
    { group: 4, strides: [2, 2] },
    { steps: 1 },
  ),
  one("zero points", "ConvInteger", [given("u8", 2, 3, 6, 17), weight("u8", 5, 3, 3, 3), scalar("u8", 7), scalar("u8", 100)], {
    pads: [1, 0, 1, 2],
  }),
  one("product of bytes", "ConvInteger", [given("u8", 2, 3, 6, 17), weight("u8", 5, 3, 3, 3), scalar("u8", 7), scalar("u8", 128)], {
    pads: [1, 0, 2, 1],
  }),
  one("product of bytes, kernel at run time", "ConvInteger", [
    given("u8", 1, 5, 7, 18),
    given("u8", 6, 5, 2, 3),
    scalar("u8", 3),
    scalar("u8", 99),
  ]),
  one("product of bytes, step 2", "ConvInteger", [given("u8", 1, 3, 19, 22), weight("i8", 9, 3, 3, 3)], {
    pads: [1, 1, 1, 1],
    strides: [2, 3],
    dilations: [2, 1],
  }),
  one("product of bytes, 1x1", "ConvInteger", [given("u8", 1, 17, 9, 8), weight("i8", 5, 17, 1, 1), scalar("u8", 200)]),
  one("product of bytes, one axis", "ConvInteger", [given("u8", 3, 4, 37), weight("i8", 7, 4, 5), scalar("u8", 11)], { pads: [2, 3] }),
  one("zero point of the run", "ConvInteger", [given("u8", 2, 3, 6, 17), weight("i8", 5, 3, 3, 3), given("u8")], {
    pads: [1, 0, 1, 2],
    strides: [2, 1],
  }),
  one("zero point of the run, unsigned kernel", "ConvInteger", [
    given("u8", 1, 4, 7, 9),
    weight("u8", 5, 4, 3, 3),
    given("u8"),
    scalar("u8", 100),
  ]),
  one(
    "unsigned kernel, depthwise",
    "ConvInteger",
    [given("u8", 1, 17, 9, 8), weight("u8", 17, 1, 3, 3), scalar("u8", 9), scalar("u8", 77)],
    {
      group: 17,
      pads: [1, 1, 1, 1],
    },
  ),
  one("unsigned kernel, 1x1", "ConvInteger", [given("u8", 1, 17, 9, 8), weight("u8", 21, 17, 1, 1), scalar("u8", 9), scalar("u8", 77)]),
  one("groups, stride", "ConvInteger", [given("u8", 1, 6, 9, 20), weight("u8", 4, 3, 3, 3), scalar("u8", 1)], {
    group: 2,
    strides: [2, 2],
  }),
];

const windows = sizes.flatMap((n) => [
  one(`3x3 on ${n} columns`, "MaxPool", [image(2, 3, 6, n)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  one(`2x2, stride 2 on ${n + 1} columns`, "MaxPool", [image(1, 3, 7, n + 1)], { kernel_shape: [2, 2], strides: [2, 2] }),
  one(`3x3, stride 2 on ${n + 1} columns`, "AveragePool", [image(1, 3, 7, n + 1)], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
]);
const pooling: readonly MathCase[] = [
  ...windows,
  ...[0, 1].flatMap((ceil_mode) =>
    [8, 9, 10, 11].flatMap((n) => [
      one(`${n}, ceil ${ceil_mode}`, "MaxPool", [image(1, 2, n, n + 1)], {
        kernel_shape: [3, 3],
        strides: [2, 3],
        ceil_mode,
        pads: [1, 0, 1, 1],
      }),
      one(`${n}, ceil ${ceil_mode}`, "AveragePool", [image(1, 2, n, n + 1)], {
        kernel_shape: [3, 2],
        strides: [3, 2],
        ceil_mode,
        pads: [1, 0, 1, 1],
      }),
      one(
        `${n}, ceil ${ceil_mode}, with padding`,
        "AveragePool",
        [image(1, 2, n, n + 1)],
        { kernel_shape: [3, 2], strides: [2, 2], ceil_mode, count_include_pad: 1, pads: [1, 1, 0, 1] },
        { opset: 19 },
      ),
    ]),
  ),
  one("positions", "MaxPool", [image(2, 3, 7, 9)], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 1, 1, 0] }, { outputs: 2 }),
  one("positions, columns first", "MaxPool", [image(2, 3, 7, 9)], { kernel_shape: [2, 2], storage_order: 1 }, { outputs: 2 }),
  one(
    "positions, dilated",
    "MaxPool",
    [image(1, 2, 9, 9)],
    { kernel_shape: [2, 3], dilations: [3, 2], pads: [1, 2, 1, 2] },
    { outputs: 2 },
  ),
  one("dilated", "MaxPool", [image(1, 2, 9, 20)], { kernel_shape: [3, 3], dilations: [2, 3], strides: [1, 2] }),
  one("large window", "MaxPool", [image(1, 2, 13, 20)], { kernel_shape: [9, 9], pads: [4, 4, 4, 4] }),
  one("bytes", "MaxPool", [given("u8", 1, 2, 9, 20)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  one("signed bytes", "MaxPool", [given("i8", 1, 2, 9, 20)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  one("double", "MaxPool", [given("f64", 1, 2, 9, 20)], { kernel_shape: [3, 3] }),
  one("one axis", "MaxPool", [image(1, 2, 33)], { kernel_shape: [5], strides: [3], pads: [2, 2] }),
  one("three axes", "MaxPool", [image(1, 2, 5, 6, 7)], { kernel_shape: [2, 3, 2], strides: [1, 2, 2] }),
  one("same, upper", "MaxPool", [image(1, 2, 8, 9)], { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_UPPER" }),
  one("same, lower", "AveragePool", [image(1, 2, 8, 9)], { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_LOWER" }),
  one("dilated", "AveragePool", [image(1, 2, 9, 20)], { kernel_shape: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2] }, { opset: 19 }),
  one("three axes", "AveragePool", [image(1, 2, 5, 6, 7)], { kernel_shape: [2, 3, 2], pads: [1, 1, 0, 1, 1, 1], count_include_pad: 1 }),
  one("p = 3", "LpPool", [image(1, 2, 7, 18)], { kernel_shape: [3, 2], p: 3, pads: [1, 0, 1, 1] }),
  one("p = 1", "LpPool", [image(1, 2, 7, 18)], { kernel_shape: [2, 2], p: 1, strides: [2, 2] }),
  one("p = 2", "LpPool", [image(1, 2, 33)], { kernel_shape: [3], p: 2 }),
  one("all", "GlobalAveragePool", [image(2, 5, 7, 9)]),
  one("all", "GlobalMaxPool", [image(2, 5, 3, 4, 5)]),
  one("p = 3", "GlobalLpPool", [image(2, 5, 7, 9)], { p: 3 }),
];

const positive = (n: number): Operand => ({ ...kernel(n), values: kernel(n).values.map((v) => Math.fround(Math.abs(v) + 0.1)) });
const normalisations: readonly MathCase[] = [
  one("image", "BatchNormalization", [image(2, 5, 6, 7), kernel(5), kernel(5), kernel(5), positive(5)]),
  one("rows", "BatchNormalization", [image(9, 17), kernel(17), kernel(17), kernel(17), positive(17)], { epsilon: float(0.01) }),
  one("image", "InstanceNormalization", [image(2, 5, 6, 7), kernel(5), kernel(5)]),
  one("one axis", "InstanceNormalization", [image(2, 5, 33), kernel(5), kernel(5)], { epsilon: float(0.01) }),
  one("groups", "GroupNormalization", [image(2, 6, 5, 7), kernel(6), kernel(6)], { num_groups: 3 }, { opset: 21 }),
  one("image", "MeanVarianceNormalization", [image(2, 5, 6, 7)]),
  one("p = 1", "LpNormalization", [image(3, 4, 17)], { p: 1, axis: 1 }),
  one("p = 2", "LpNormalization", [image(3, 4, 17)], { p: 2 }),
  one("five channels", "LRN", [image(2, 9, 5, 6)], { size: 5, alpha: float(0.5), bias: float(2) }),
  one("three channels, exponent", "LRN", [image(1, 7, 3, 17)], { size: 3, alpha: float(0.3), beta: float(0.6) }),
  one("more than all channels", "LRN", [image(1, 3, 4, 4)], { size: 9, beta: float(0.5) }),
  one("axis 1", "LayerNormalization", [image(3, 4, 5), kernel(4, 5), kernel(4, 5)], { axis: 1 }),
  one("axis 0, statistics", "LayerNormalization", [image(3, 4, 5), kernel(3, 4, 5)], { axis: 0 }, { outputs: 3 }),
];

const folding: readonly MathCase[] = [
  one("overlapping", "Col2Im", [image(2, 18, 20), constant("i64", [2], 6, 7), constant("i64", [2], 3, 3)], {}),
  one("strides and pads", "Col2Im", [image(1, 12, 9), constant("i64", [2], 5, 5), constant("i64", [2], 2, 3)], {
    strides: [2, 1],
    pads: [1, 0, 1, 0],
  }),
];

const deformed: readonly MathCase[] = [
  one("plain", "DeformConv", [image(2, 4, 7, 8), kernel(5, 4, 3, 3), image(2, 18, 7, 8)], { pads: [1, 1, 1, 1] }, { opset: 19 }),
  one(
    "groups, strides, dilations, mask",
    "DeformConv",
    [image(1, 6, 9, 11), kernel(4, 3, 2, 3), image(1, 24, 4, 4), kernel(4), image(1, 12, 4, 4)],
    { group: 2, offset_group: 2, strides: [2, 3], dilations: [2, 1], pads: [1, 0, 0, 1] },
    { opset: 19 },
  ),
];

export const convCases: readonly MathCase[] = [
  ...convolutions,
  ...transposed,
  ...integers,
  ...pooling,
  ...normalisations,
  ...folding,
  ...deformed,
];
