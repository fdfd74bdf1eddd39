/** Convolutions, pools and interpolation over one to three spatial axes, with every form of padding; normalisations of images. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { count, number, row, type Draw, type Row, type Val } from "../draw.ts";
import { sliding, type Window } from "../window.ts";

/** A picture with these spatial extents: an existing value, or a new input. */
function picture(d: Draw, channels: number, extents: readonly number[]): Val {
  const fits = (v: Val): boolean =>
    v.dtype === "f32" && v.bound < 40 && v.shape[1] === channels && String(v.shape.slice(2)) === String(extents);
  return d.pick(fits, () => d.input("f32", [d.one([1, 1, 2, 3]), channels, ...extents]))!;
}
const largest = (kernel: readonly number[], channels: number): number => 4 * count(kernel) * channels;

const conv = row("Conv of any form", 4, (d) => {
  const w = sliding(d, d.one([1, 2, 2, 2, 3]));
  const group = d.one([1, 1, 2, 3, 8]);
  const inner = d.one([1, 1, 2, 4]);
  const out = group * d.one([1, 1, 2, 5, 16]);
  const x = picture(d, group * inner, w.extents);
  const shape = [out, inner, ...w.kernel];
  if (count(shape) > 3000) return undefined;
  const weights = d.chance(0.7) ? d.constant("f32", shape) : d.input("f32", shape);
  const bias = d.chance(0.5) ? [d.constant("f32", [out])] : [];
  const result = { shape: [x.shape[0]!, out, ...w.size], bound: x.bound * largest(w.kernel, inner) + 4 };
  const made = d.node("Conv", [x, weights, ...bias], [result], { ...w.attributes, group })?.[0];
  return made && d.chance(0.5)
    ? d.node(d.one(["Relu", "Sigmoid", "LeakyRelu", "HardSwish"]), [made], [{ shape: made.shape, bound: made.bound }])
    : made;
});

const convTranspose = row("ConvTranspose of any form", 2, (d) => {
  const rank = d.one([1, 2, 2, 3]);
  const axes = Array.from({ length: rank }, () => {
    const [extent, kernel, stride, dilation] = [d.one([1, 2, 3, 5]), d.one([1, 2, 3]), d.one([1, 2, 3]), d.one([1, 1, 2])];
    const reach = (kernel - 1) * dilation + 1;
    const [before, after] = [d.random.integer(0, Math.floor((reach - 1) / 2)), d.random.integer(0, Math.floor((reach - 1) / 2))];
    const more = d.chance(0.3) ? d.random.integer(0, Math.max(stride, dilation) - 1) : 0;
    return { extent, kernel, stride, dilation, before, after, more, size: stride * (extent - 1) + more + reach - before - after };
  });
  if (axes.some((a) => a.size < 1)) return undefined;
  const [group, inner, out] = [d.one([1, 1, 2]), d.one([1, 2, 4]), d.one([1, 2, 3])];
  const x = picture(
    d,
    group * inner,
    axes.map((a) => a.extent),
  );
  const kernel = axes.map((a) => a.kernel);
  const bias = d.chance(0.4) ? [d.constant("f32", [out * group])] : [];
  const result = { shape: [x.shape[0]!, out * group, ...axes.map((a) => a.size)], bound: x.bound * largest(kernel, inner) + 4 };
  return d.node("ConvTranspose", [x, d.constant("f32", [group * inner, out, ...kernel]), ...bias], [result], {
    group,
    kernel_shape: kernel,
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.before), ...axes.map((a) => a.after)],
    output_padding: axes.map((a) => a.more),
  });
});

interface Pool {
  readonly attributes?: (d: Draw) => Record<string, AttributeInput>;
  readonly exact?: true;
  readonly bound?: (x: Val, w: Window) => number;
}
const pools: Readonly<Record<string, Pool>> = {
  MaxPool: { exact: true, attributes: (d) => ({ storage_order: d.random.integer(0, 1) }) },
  AveragePool: { attributes: (d) => ({ count_include_pad: d.random.integer(0, 1) }) },
  LpPool: { attributes: (d) => ({ p: d.one([1, 2, 3]) }), bound: (x, w) => x.bound * count(w.kernel) },
};
const pooling = Object.entries(pools).map(([op, { attributes, exact, bound }]) =>
  row(`${op} of any form`, 2, (d) => {
    const w = sliding(d, d.one([1, 2, 2, 3]), { pool: true, ceil: d.chance(0.35) });
    const x = picture(d, d.one([1, 2, 3, 17]), w.extents);
    const shape = [x.shape[0]!, x.shape[1]!, ...w.size];
    const result = { shape, exact: exact === true && x.exact, bound: bound?.(x, w) ?? x.bound };
    const where = { dtype: "i64", shape, exact: true, bound: 3000 } as const;
    const results = op === "MaxPool" && x.exact && d.chance(0.3) ? [result, where] : [result];
    return d.node(op, [x], results, { ...w.attributes, ...attributes?.(d) });
  }),
);

const coordinates = ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric"] as const;

/** Every mode with every way to find coordinates; by scales and by sizes, of some axes or all. */
const resize = row("Resize of any form", 3, (d) => {
  const rank = d.one([1, 2, 2, 3]);
  const mode = d.one(rank === 2 ? ["nearest", "linear", "cubic"] : ["nearest", "linear"]);
  const extents = Array.from({ length: rank }, () => d.one(mode === "cubic" ? [4, 5, 7] : [1, 2, 3, 5, 8]));
  const x = picture(d, d.one([1, 2, 3]), extents);
  const factors = extents.map(() => d.one([0.5, 1, 1.5, 2, 2.5, 3]));
  const size = extents.map((e, i) => Math.max(1, Math.floor(e * factors[i]!)));
  if (extents.some((e, i) => Math.floor(e * factors[i]!) < 1)) return undefined;
  const bySize = d.chance(0.5);
  const some = d.chance(0.4);
  const list = (values: readonly number[]): readonly number[] => (some ? values : [...(bySize ? x.shape.slice(0, 2) : [1, 1]), ...values]);
  const to = bySize ? d.ints(list(size)) : d.constant("f32", [list(factors).length], list(factors)).name;
  const attributes: Record<string, AttributeInput> = {
    mode,
    coordinate_transformation_mode: d.one(coordinates),
    ...(mode === "nearest" ? { nearest_mode: d.one(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]) } : {}),
    ...(mode === "cubic" && d.chance(0.5) ? { cubic_coeff_a: number(-0.5) } : {}),
    ...(mode === "cubic" && d.chance(0.3) ? { exclude_outside: 1 } : {}),
    ...(mode !== "nearest" && d.chance(0.25) ? { antialias: 1 } : {}),
    ...(some ? { axes: extents.map((_, i) => i + 2) } : {}),
  };
  const result = { shape: [...x.shape.slice(0, 2), ...size], exact: mode === "nearest" && x.exact, bound: 2 * x.bound };
  return d.node("Resize", bySize ? [x, "", "", to] : [x, "", to], [result], attributes);
});

/** Places off the grid of the picture, some of them outside. */
const gridSample = row("GridSample", 2, (d) => {
  const rank = d.one([2, 2, 3]);
  const mode = d.one(rank === 2 ? ["linear", "nearest", "cubic"] : ["linear", "nearest"]);
  const x = picture(
    d,
    d.one([1, 2, 3]),
    Array.from({ length: rank }, () => d.one([1, 2, 4, 5])),
  );
  const size = Array.from({ length: rank }, () => d.one([1, 2, 3, 5]));
  const shape = [x.shape[0]!, ...size, rank];
  const places = Array.from({ length: count(shape) }, () => d.random.integer(-13, 13) * 0.1037);
  const grid = mode !== "nearest" && d.chance(0.3) ? d.input("f32", shape) : d.constant("f32", shape, places);
  const attributes = { mode, padding_mode: d.one(["zeros", "border", "reflection"]), align_corners: d.random.integer(0, 1) };
  return d.node("GridSample", [x, grid], [{ shape: [x.shape[0]!, x.shape[1]!, ...size], bound: 4 * x.bound }], attributes);
});

const affineGrid = row("AffineGrid", 1, (d) => {
  const rank = d.one([2, 2, 3]);
  const [n, size] = [d.one([1, 2]), Array.from({ length: rank }, () => d.one([1, 2, 3, 5]))];
  const [theta, align] = [d.input("f32", [n, rank, rank + 1]), d.random.integer(0, 1)];
  if (align === 1 && size.includes(1)) d.alone = true;
  return d.node("AffineGrid", [theta, d.ints([n, 2, ...size])], [{ shape: [n, ...size, rank], bound: 20 }], {
    align_corners: align,
  });
});

const col2im = row("Col2Im", 1, (d) => {
  const w = sliding(d, d.one([1, 2, 2]));
  if ("auto_pad" in w.attributes) return undefined;
  const [n, c] = [d.one([1, 2]), d.one([1, 2, 3])];
  // Along one axis, ONNX Runtime leaves out blocks of dilated windows.
  if (w.extents.length === 1 && "dilations" in w.attributes) d.alone = true;
  const x = d.input("f32", [n, c * count(w.kernel), count(w.size)]);
  const { kernel_shape: _, ...attributes } = w.attributes;
  return d.node(
    "Col2Im",
    [x, d.ints(w.extents), d.ints(w.kernel)],
    [{ shape: [n, c, ...w.extents], bound: x.bound * count(w.kernel) }],
    attributes,
  );
});

const depthToSpace = row("DepthToSpace", 1, (d) => {
  const [n, b, c, h, w] = [d.one([1, 2]), d.one([1, 2, 3]), d.one([1, 2]), d.one([1, 2, 5]), d.one([1, 3, 4])];
  const mode = d.one(["DCR", "CRD"]);
  const x = d.chance(0.5) ? d.input("f32", [n, c * b * b, h, w]) : d.input("f32", [n, c, h * b, w * b]);
  const result = { exact: true, bound: x.bound };
  if (x.shape[1] === c * b * b && b > 1)
    return d.node("DepthToSpace", [x], [{ ...result, shape: [n, c, h * b, w * b] }], { blocksize: b, mode });
  return b > 1 ? d.node("SpaceToDepth", [x], [{ ...result, shape: [n, c * b * b, h, w] }], { blocksize: b }) : undefined;
});

export const pictureRows: readonly Row[] = [conv, convTranspose, ...pooling, resize, gridSample, affineGrid, col2im, depthToSpace];
