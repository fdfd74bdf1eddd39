/** Data movement, indexing and interpolation at sizes that vectors, threads and loops may get wrong. */
import { numbers } from "../lower/cases.ts";
import { axes, constant, float, given, one, scalar, type CaseDType, type MathCase, type Operand } from "./math-cases.ts";

const elements = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);
let seed = 1000;
/** Whole numbers from `low` up to `high`, both included. */
const whole = (dtype: CaseDType, low: number, high: number, ...shape: number[]): Operand => ({
  dtype,
  shape,
  values: numbers(elements(shape), seed++).map((x) => Math.min(high, low + Math.floor(((x + 1) / 2) * (high - low + 1)))),
});
const ints = (...list: number[]): Operand => constant("i64", [list.length], ...list);
const floats = (...list: number[]): Operand => constant("f32", [list.length], ...list);
const sizes = [1, 15, 16, 17, 63, 1000, 4097] as const;
const dtypes: readonly CaseDType[] = ["f32", "f64", "i64", "i32", "u8", "i8", "bool"];

const pads = [
  ...["constant", "reflect", "edge", "wrap"].flatMap((mode) => [
    one(`${mode}, image`, "Pad", [given("f32", 2, 3, 9, 17), ints(0, 0, 2, 3, 0, 0, 1, 4)], { mode }, { opset: 19 }),
    one(`${mode}, one side`, "Pad", [given("i64", 5, 18), ints(3, 0, 0, 0)], { mode }, { opset: 19 }),
    one(`${mode}, all axes`, "Pad", [given("u8", 4, 3, 5), ints(1, 1, 2, 3, 2, 4)], { mode }, { opset: 19 }),
  ]),
  one("value and axes", "Pad", [given("f32", 3, 4, 70), ints(5, 1), scalar("f32", 2.5), axes(-1)], {}, { opset: 18 }),
  one("value at run time", "Pad", [given("f32", 3, 33), ints(1, 2, 3, 4), given("f32")], {}, { opset: 18 }),
  one("cut off", "Pad", [given("f32", 6, 40), ints(-1, -3, -2, 4)]),
  one("cut off and repeated", "Pad", [given("f32", 6, 40), ints(-1, 2, 3, -4)], { mode: "edge" }),
  one("bool", "Pad", [given("bool", 4, 21), ints(1, 1, 1, 1), scalar("bool", 1)]),
];

const copies = [
  ...sizes.flatMap((n) => [
    one(`${n} in a row`, "Tile", [given("f32", 3, n), ints(2, 3)]),
    one(`${n} joined`, "Concat", [given("f32", 2, n), given("f32", 2, 5), given("f32", 2, n)], { axis: 1 }),
    one(`${n} rows transposed`, "Transpose", [given("f32", n, 3, 5)], { perm: [2, 0, 1] }),
    one(`${n} columns backwards`, "Slice", [given("f32", 4, n), ints(-1), ints(-100000), axes(1), ints(-1)]),
    one(`${n} wide triangle`, "Trilu", [given("f32", 2, 18, n), scalar("i64", -2)], { upper: 0 }),
    one(`${n} running sums`, "CumSum", [whole("i32", -9, 9, 3, n), scalar("i64", 1)], { reverse: 1 }),
    one(`${n} columns of running sums`, "CumSum", [whole("i64", -9, 9, 5, n), scalar("i64", 0)], { exclusive: 1 }),
  ]),
  ...dtypes.flatMap((d) => [
    one(d, "Transpose", [given(d, 3, 17, 2)], { perm: [1, 2, 0] }),
    one(d, "Slice", [given(d, 9, 20), ints(1, 3), ints(8, 19), axes(0, 1), ints(3, 2)]),
    one(d, "Gather", [given(d, 9, 20), whole("i64", -9, 8, 4, 3)], { axis: 0 }),
    one(d, "Concat", [given(d, 3, 4), given(d, 3, 19)], { axis: -1 }),
  ]),
  one("a column", "Tile", [given("f32", 7, 1), ints(2, 100)]),
  one("nothing", "Tile", [given("f32", 2, 0), ints(2, 3)]),
  one("to more axes", "Expand", [given("f32", 3, 1), ints(2, 3, 18)]),
  one("uneven", "Split", [given("f32", 3, 10)], { axis: 1, num_outputs: 3 }, { opset: 18, outputs: 3 }),
  one("sizes", "Split", [given("f32", 7, 10), ints(1, 6)], { axis: 0 }, { outputs: 2 }),
  one("DCR", "DepthToSpace", [given("f32", 2, 12, 5, 9)], { blocksize: 2 }),
  one("CRD", "DepthToSpace", [given("f32", 1, 18, 4, 17)], { blocksize: 3, mode: "CRD" }),
  one("blocks", "SpaceToDepth", [given("f32", 2, 3, 6, 34)], { blocksize: 2 }),
  one("batch first", "ReverseSequence", [given("f32", 4, 9, 17), whole("i64", 1, 9, 4)], { batch_axis: 0, time_axis: 1 }),
  one("time first", "ReverseSequence", [given("f32", 9, 4), whole("i64", 1, 9, 4)], { batch_axis: 1, time_axis: 0 }),
  one("cut and padded", "CenterCropPad", [given("f32", 9, 20), ints(12, 7)]),
  one("axes", "CenterCropPad", [given("f32", 9, 5, 20), ints(4, 33)], { axes: [0, 2] }),
  one("diagonal", "EyeLike", [given("f32", 9, 20)], { k: 3 }),
  one("integers", "EyeLike", [given("f32", 20, 9)], { k: -2, dtype: 7 }),
];

const positions = [
  one("columns", "Gather", [given("f32", 5, 70), whole("i32", -70, 69, 33)], { axis: 1 }),
  one("middle axis", "Gather", [given("f32", 4, 9, 20), whole("i64", -9, 8, 2, 3)], { axis: 1 }),
  one("scalar index", "Gather", [given("f32", 4, 9), whole("i64", 0, 3)], { axis: 0 }),
  one("rows", "GatherElements", [given("f32", 9, 33), whole("i64", -9, 8, 5, 33)], { axis: 0 }),
  one("columns", "GatherElements", [given("f32", 9, 33), whole("i32", -33, 32, 9, 70)], { axis: 1 }),
  one("slices", "GatherND", [given("f32", 4, 5, 33), whole("i64", -4, 3, 7, 1)]),
  one("elements", "GatherND", [given("f32", 4, 4, 4), whole("i64", -4, 3, 5, 6, 3)]),
  one("batches", "GatherND", [given("f32", 3, 5, 6, 17), whole("i64", -5, 4, 3, 4, 1)], { batch_dims: 1 }),
  ...["none", "add", "mul", "max", "min"].flatMap((reduction) => [
    // Without a reduction, an element that is written twice may have either value.
    one(
      reduction,
      "ScatterElements",
      [
        given("f32", 6, 33),
        reduction === "none"
          ? constant("i64", [2, 33], ...Array.from({ length: 66 }, (_, i) => (i < 33 ? 1 : -2)))
          : whole("i64", -6, 5, 9, 33),
        given("f32", reduction === "none" ? 2 : 9, 33),
      ],
      { axis: 0, reduction },
      { opset: 18 },
    ),
    one(
      reduction,
      "ScatterND",
      [
        given("f32", 6, 5, 17),
        reduction === "none" ? constant("i64", [3, 1], 4, 0, -1) : whole("i64", 0, 4, 9, 1),
        given("f32", reduction === "none" ? 3 : 9, 5, 17),
      ],
      { reduction },
      { opset: 18 },
    ),
  ]),
  one(
    "elements along the last axis",
    "ScatterElements",
    [given("i64", 4, 9), constant("i64", [4, 2], 0, 1, -1, 2, 3, 4, 5, 8), given("i64", 4, 2)],
    { axis: 1 },
  ),
  one("outside", "OneHot", [whole("i64", -12, 12, 4, 5), scalar("i64", 10), floats(-1, 3)], { axis: -1 }),
  one("first axis", "OneHot", [whole("i64", 0, 9, 17), scalar("i64", 10), constant("i64", [2], 0, 7)], { axis: 0 }),
  ...sizes.map((n) => one(`of ${n}`, "TopK", [given("f32", 3, n), ints(Math.min(n, 5))], {}, { outputs: 2 })),
  one("smallest, columns", "TopK", [given("f32", 40, 6), ints(7)], { axis: 0, largest: 0 }, { outputs: 2 }),
  one("many", "TopK", [given("f32", 3, 1000), ints(300)], {}, { outputs: 2 }),
  one("all, smallest", "TopK", [whole("i32", -50, 50, 2, 100), ints(100)], { largest: 0 }, { outputs: 2 }),
  one("many columns", "TopK", [given("f32", 90, 5), ints(33)], { axis: 0 }, { outputs: 2 }),
  one("ties", "TopK", [whole("i64", 0, 3, 4, 60), ints(20)], {}, { outputs: 2 }),
  one("rows", "Compress", [given("f32", 5, 18), constant("bool", [4], 1, 0, 1, 1)], { axis: 0 }),
  one("elements", "Compress", [given("f32", 2, 3), constant("bool", [6], 0, 1, 0, 0, 1, 1)]),
];

const scales = (...s: number[]): readonly (Operand | null)[] => [null, floats(...s)];
const toSizes = (...s: number[]): readonly (Operand | null)[] => [null, null, ints(...s)];
const coordinates = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"];
const resizes = [
  ...coordinates.flatMap((c) => [
    ...["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].map((nearest_mode) =>
      one(
        `nearest, ${c}, ${nearest_mode}`,
        "Resize",
        [given("f32", 1, 2, 7, 9), ...toSizes(1, 2, 5, 20)],
        { coordinate_transformation_mode: c, nearest_mode },
        { opset: 19 },
      ),
    ),
    one(
      `linear, ${c}, up`,
      "Resize",
      [given("f32", 2, 3, 7, 9), ...scales(1, 1, 2, 2.5)],
      { coordinate_transformation_mode: c, mode: "linear" },
      { opset: 19 },
    ),
    one(
      `linear, ${c}, down`,
      "Resize",
      [given("f32", 1, 3, 20, 31), ...toSizes(1, 3, 9, 17)],
      { coordinate_transformation_mode: c, mode: "linear" },
      { opset: 19 },
    ),
    one(
      `cubic, ${c}`,
      "Resize",
      [given("f32", 1, 2, 7, 9), ...toSizes(1, 2, 11, 20)],
      { coordinate_transformation_mode: c, mode: "cubic" },
      { opset: 19 },
    ),
    one(
      `cubic, ${c}, outside excluded`,
      "Resize",
      [given("f32", 1, 2, 7, 9), ...toSizes(1, 2, 11, 5)],
      { coordinate_transformation_mode: c, mode: "cubic", exclude_outside: 1, cubic_coeff_a: float(-0.5) },
      { opset: 19 },
    ),
  ]),
  ...["linear", "cubic"].flatMap((mode) => [
    one(`${mode}, antialias`, "Resize", [given("f32", 1, 2, 20, 33), ...toSizes(1, 2, 7, 9)], { mode, antialias: 1 }, { opset: 19 }),
    one(
      `${mode}, antialias, outside excluded`,
      "Resize",
      [given("f32", 1, 2, 20, 33), ...toSizes(1, 2, 3, 40)],
      { mode, antialias: 1, exclude_outside: 1 },
      { opset: 19 },
    ),
  ]),
  one("three axes", "Resize", [given("f32", 1, 2, 5, 7, 9), ...scales(1, 1, 2, 2, 2)], { mode: "linear" }, { opset: 19 }),
  one(
    "crop",
    "Resize",
    [given("f32", 1, 1, 9, 9), floats(0, 0, 0.3, -0.2, 1, 1, 0.9, 1.2), null, ints(1, 1, 5, 7)],
    { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize", extrapolation_value: float(7) },
    { opset: 19 },
  ),
  one("bytes", "Resize", [given("u8", 1, 3, 9, 17), ...scales(1, 1, 2, 2)], { mode: "nearest" }, { opset: 19 }),
  one("old", "Upsample", [given("f32", 1, 3, 9, 17), floats(1, 1, 2, 3)], { mode: "linear" }, { opset: 9 }),
  one("old, nearest", "Upsample", [given("f32", 1, 3, 9, 17), floats(1, 1, 2, 3)], {}, { opset: 9 }),
];

const grids = [0, 1].flatMap((align_corners) =>
  ["zeros", "border", "reflection"].flatMap((padding_mode) => [
    ...["bilinear", "nearest", "bicubic"].map((mode) =>
      one(
        `${mode}, ${padding_mode}, ${align_corners}`,
        "GridSample",
        [given("f32", 2, 3, 7, 9), given("f32", 2, 5, 17, 2)],
        { mode, padding_mode, align_corners },
        { opset: 16 },
      ),
    ),
    one(
      `volume, ${padding_mode}, ${align_corners}`,
      "GridSample",
      [given("f32", 1, 2, 4, 5, 6), given("f32", 1, 3, 4, 5, 3)],
      { mode: "linear", padding_mode, align_corners },
      { opset: 20 },
    ),
  ]),
);

const signals = [
  one("real", "DFT", [given("f32", 2, 20, 1)], { axis: 1, onesided: 1 }, { opset: 17 }),
  one("longer", "DFT", [given("f32", 2, 20, 3, 2), scalar("i64", 24)], { axis: 1 }, { opset: 17 }),
  one("inverse", "DFT", [given("f32", 3, 17, 2)], { axis: 1, inverse: 1 }, { opset: 17 }),
  one("frames", "STFT", [given("f32", 2, 100, 1), scalar("i64", 10), given("f32", 24)], {}, { opset: 17 }),
];

export const movementCases: readonly MathCase[] = [...pads, ...copies, ...positions, ...resizes, ...grids, ...signals];
