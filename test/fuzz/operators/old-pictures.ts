/** Interpolation, pools and convolutions as files of older opsets write them. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { count, formerRow as row, number, solid, type Draw, type Row, type Val } from "../draw.ts";
import { sliding } from "../window.ts";

type Attributes = Record<string, AttributeInput>;
const floats = (value: readonly number[]): AttributeInput => ({ kind: "floats", value });

/** A picture of two spatial axes, or a new input. */
const picture = (d: Draw, extents: readonly number[]): Val =>
  d.pick(
    (v) => v.dtype === "f32" && v.bound < 40 && v.shape.length === 4 && String(v.shape.slice(2)) === String(extents),
    () => d.input("f32", [d.one([1, 2]), d.one([1, 3]), ...extents]),
  )!;

const upsample = row(
  "Upsample",
  7,
  11,
  (d) => {
    const x = picture(d, [d.one([1, 2, 3]), d.one([1, 4])]);
    const scales = [1, 1, d.one([1, 2, 2.5, 1.5]), d.one([1, 2, 3])];
    const shape = x.shape.map((e, i) => Math.floor(e * scales[i]!));
    const mode = d.one(["nearest", "linear"]);
    const result = { shape, bound: x.bound };
    if (d.opset >= 10) return d.node("Resize", [x, d.constant("f32", [4], scales)], [result], { mode });
    if (d.opset === 9) return d.node("Upsample", [x, d.constant("f32", [4], scales)], [result], { mode });
    return d.node("Upsample", [x], [result], { mode, scales: floats(scales) });
  },
  3,
);

const resize = row("Resize", 11, 18, (d) => {
  const x = picture(d, [d.one([1, 2, 3, 5]), d.one([1, 4, 7])]);
  const mode = d.one(["nearest", "linear", "cubic"]);
  const scales = [1, 1, d.one([0.5, 1, 2, 2.5]), d.one([1, 2, 3])];
  const shape = x.shape.map((e, i) => Math.floor(e * scales[i]!));
  if (shape.includes(0)) return undefined;
  const coordinates = d.one([
    "half_pixel",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    ...(d.opset < 13 ? ["tf_half_pixel_for_nn"] : []),
  ]);
  const nearest: Attributes =
    mode === "nearest" ? { nearest_mode: d.one(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]) } : {};
  const roi = d.constant("f32", [0], []);
  const operands = d.chance(0.5)
    ? [roi, d.constant("f32", [4], scales)]
    : [d.opset < 13 ? roi : "", d.opset < 13 ? d.constant("f32", [0], []) : "", d.ints(shape)];
  return d.node("Resize", [x, ...operands], [{ shape, bound: 2 * x.bound }], {
    mode,
    coordinate_transformation_mode: coordinates,
    ...nearest,
  });
});

const pool = row("pools", 8, 25, (d) => {
  const op = d.one(["MaxPool", "AveragePool", ...(d.opset >= 11 ? ["LpPool"] : [])]);
  const w = sliding(d, 2, { pool: true, ceil: d.opset >= 10 && op !== "LpPool" && d.chance(0.3) });
  if ("dilations" in w.attributes && (d.opset < 10 || (op !== "MaxPool" && d.opset < 19))) return undefined;
  const x = picture(d, w.extents);
  const include: Attributes = op === "AveragePool" ? { count_include_pad: d.random.integer(0, 1) } : {};
  return d.node(op, [x], [{ shape: [...x.shape.slice(0, 2), ...w.size], bound: 9 * x.bound }], { ...w.attributes, ...include });
});

const conv = row("Conv", 1, 25, (d) => {
  const w = sliding(d, 2);
  const x = picture(d, w.extents);
  const c = x.shape[1]!;
  const result = { shape: [x.shape[0]!, 2, ...w.size], bound: 4 * x.bound * c * count(w.kernel) };
  return d.node("Conv", [x, d.constant("f32", [2, c, ...w.kernel])], [result], w.attributes);
});

const batchNorm = row("BatchNormalization", 7, 25, (d) => {
  const x = d.float((v) => solid(v) && v.shape.length >= 2 && v.bound < 100);
  if (x === undefined) return undefined;
  const c = [x.shape[1]!];
  const parameters = [
    d.constant("f32", c),
    d.constant("f32", c),
    d.constant("f32", c),
    d.constant("f32", c, new Array<number>(c[0]!).fill(2)),
  ];
  return d.node("BatchNormalization", [x, ...parameters], [{ shape: x.shape, bound: 8 * x.bound + 40 }], { epsilon: number(0.01) });
});

export const oldPictureRows: readonly Row[] = [upsample, resize, pool, conv, batchNorm];
