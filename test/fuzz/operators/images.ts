/** Networks of images in small: what stands between convolutions, so that one layout of images goes through all of it, or does not. */
import { count, number, row, type Draw, type Result, type Row, type Val } from "../draw.ts";
import { sliding } from "../window.ts";

/** Answers to inputs of four at most stay about so large: weights are scaled by what they add up. */
const usual = 16;
type Block = (d: Draw, x: Val, earlier: readonly Val[]) => Val | undefined;
const widths = [1, 3, 4, 8, 15, 16, 17, 24, 32, 33] as const;

const add = (d: Draw, op: string, inputs: readonly (Val | string)[], shape: readonly number[], attributes = {}): Val | undefined =>
  d.node(op, inputs, [{ shape, bound: usual } satisfies Result], attributes)?.[0];
const image = (v: Val): readonly [number, number, number, number] => v.shape as never;

/** Numbers that keep sums of so many products small. */
const fitted = (d: Draw, shape: readonly number[], summands: number): Val => {
  const most = 2 / Math.sqrt(summands);
  return d.constant(
    "f32",
    shape,
    Array.from({ length: count(shape) }, () => (d.random.integer(-8, 8) * most) / 8),
  );
};
const perChannel = (d: Draw, c: number): Val => d.constant("f32", [c]);

interface Kernel {
  readonly k: number;
  readonly out: number;
  readonly group: number;
  readonly stride?: number;
  readonly dilation?: number;
}

function convolve(d: Draw, x: Val, { k, out, group, stride = 1, dilation = 1 }: Kernel): Val | undefined {
  const [n, c, h, w] = image(x);
  const reach = (k - 1) * dilation + 1;
  const same = d.chance(0.75) || reach > Math.min(h, w);
  const auto = same && dilation === 1 && d.chance(0.2);
  const before = same ? (reach - 1) >> 1 : 0;
  const after = same ? reach - 1 - before : 0;
  const size = (e: number): number => (auto ? Math.ceil(e / stride) : Math.floor((e + before + after - reach) / stride) + 1);
  const shape = [n, out, size(h), size(w)];
  if (shape.some((e) => e < 1)) return undefined;
  const weights = [out, c / group, k, k];
  const operands = [x, fitted(d, weights, (c / group) * k * k), ...(d.chance(0.6) ? [perChannel(d, out)] : [])];
  return add(d, "Conv", operands, shape, {
    kernel_shape: [k, k],
    group,
    ...(stride > 1 ? { strides: [stride, stride] } : {}),
    ...(dilation > 1 ? { dilations: [dilation, dilation] } : {}),
    ...(auto ? { auto_pad: d.one(["SAME_UPPER", "SAME_LOWER"]) } : { pads: [before, before, after, after] }),
  });
}

const full: Block = (d, x) =>
  convolve(d, x, { k: d.one([3, 3, 3, 1, 5]), out: d.one(widths), group: 1, stride: d.one([1, 1, 1, 2]), dilation: d.one([1, 1, 1, 2]) });
const point: Block = (d, x) => convolve(d, x, { k: 1, out: d.one(widths), group: 1, stride: d.one([1, 1, 1, 2]) });
const depthwise: Block = (d, x) =>
  convolve(d, x, { k: d.one([3, 3, 5]), out: x.shape[1]! * d.one([1, 1, 1, 2]), group: x.shape[1]!, stride: d.one([1, 1, 2]) });
const grouped: Block = (d, x) => {
  const groups = [2, 3, 4, 8].filter((g) => x.shape[1]! % g === 0);
  if (groups.length === 0) return undefined;
  const group = d.one(groups);
  return convolve(d, x, { k: d.one([1, 3]), out: group * d.one([1, 2, 5, 8]), group });
};

const normalised: Block = (d, x) => {
  const c = x.shape[1]!;
  const variance = Array.from({ length: c }, () => d.one([0.5, 1, 4]));
  const operands = [x, ...[0, 1, 2].map(() => perChannel(d, c)), d.constant("f32", [c], variance)];
  return add(d, "BatchNormalization", operands, x.shape);
};

const single = ["Relu", "Relu", "HardSwish", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "HardSigmoid", "Softplus", "Mish"] as const;
/** In one node, or spelled out. */
const activation: Block = (d, x) => {
  if (d.chance(0.4)) return add(d, d.one(single), [x], x.shape);
  if (d.chance(0.4)) return add(d, "Clip", [x, d.constant("f32", [], [0]), d.constant("f32", [], [6])], x.shape);
  if (d.chance(0.3)) return add(d, "PRelu", [x, d.constant("f32", d.chance(0.7) ? [x.shape[1]!, 1, 1] : [1])], x.shape);
  const gate = d.chance(0.6)
    ? add(d, "Sigmoid", [x], x.shape)
    : d.node("HardSigmoid", [x], [{ shape: x.shape, bound: 1 }], { alpha: number(1 / 6), beta: number(0.5) })?.[0];
  return gate && add(d, "Mul", d.chance(0.5) ? [x, gate] : [gate, x], x.shape);
};

/** A sum with what came before, by way of a product of one tap where the channels differ. */
const residual: Block = (d, x, earlier) => {
  const [n, c, h, w] = image(x);
  const fits = earlier.filter((v) => v !== x && v.shape[0] === n && v.shape[2] === h && v.shape[3] === w);
  if (fits.length === 0) return undefined;
  const other = d.one(fits);
  const side = other.shape[1] === c ? other : convolve(d, other, { k: 1, out: c, group: 1 });
  return side && String(side.shape) === String(x.shape)
    ? add(d, d.one(["Add", "Add", "Mul", "Sub"]), d.chance(0.5) ? [x, side] : [side, x], x.shape)
    : undefined;
};

const joined: Block = (d, x, earlier) => {
  const [n, , h, w] = image(x);
  const fits = earlier.filter((v) => v.shape[0] === n && v.shape[2] === h && v.shape[3] === w);
  const parts = [x, ...Array.from({ length: d.random.integer(1, 2) }, () => d.one(fits.length > 0 ? fits : [x]))];
  const order = d.chance(0.5) ? parts : [...parts].reverse();
  return add(d, "Concat", order, [n, order.reduce((s, p) => s + p.shape[1]!, 0), h, w], { axis: d.chance(0.8) ? 1 : -3 });
};

const pooled: Block = (d, x) => {
  const [n, c, h, w] = image(x);
  if (d.chance(0.2)) return add(d, d.one(["GlobalAveragePool", "GlobalMaxPool"]), [x], [n, c, 1, 1]);
  const window = sliding(d, 2, { pool: true, ceil: d.chance(0.2), extents: [h, w] });
  const op = d.one(["MaxPool", "AveragePool"]);
  const more = op === "AveragePool" ? { count_include_pad: d.random.integer(0, 1) } : {};
  return add(d, op, [x], [n, c, ...window.size], { ...window.attributes, ...more });
};

const padded: Block = (d, x) => {
  const pads = [0, 0, d.one([0, 1, 2]), d.one([0, 1]), 0, d.one([0, 0, 0, 1]), d.one([0, 1]), d.one([0, 1, 3])];
  const shape = x.shape.map((e, i) => e + pads[i]! + pads[i + 4]!);
  return add(d, "Pad", [x, d.ints(pads), d.constant("f32", [], [d.one([0, 0, 0, 1.5])])], shape);
};

const resized: Block = (d, x) => {
  const [n, c, h, w] = image(x);
  const [by, mode] = [d.one([2, 2, 3]), d.one(["nearest", "nearest", "linear"])];
  const how =
    mode === "nearest"
      ? { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }
      : { coordinate_transformation_mode: "half_pixel" };
  return add(d, "Resize", [x, "", d.constant("f32", [4], [1, 1, by, by])], [n, c, h * by, w * by], { mode, ...how });
};

/** Squeeze and excite: means of the planes, two products of one tap, a factor for each plane. */
const excited: Block = (d, x) => {
  const [n, c] = image(x);
  const means = d.chance(0.5)
    ? add(d, "GlobalAveragePool", [x], [n, c, 1, 1])
    : add(d, "ReduceMean", [x, d.ints([2, 3])], [n, c, 1, 1], { keepdims: 1 });
  const inner = means && convolve(d, means, { k: 1, out: d.one([1, 4, 8]), group: 1 });
  const active = inner && add(d, "Relu", [inner], inner.shape);
  const outer = active && convolve(d, active, { k: 1, out: c, group: 1 });
  const gate = outer && add(d, d.one(["Sigmoid", "HardSigmoid"]), [outer], outer.shape);
  return gate && add(d, "Mul", [x, gate], x.shape);
};

/** Channels in other places: halves, a shuffle of groups, every second pixel, blocks of pixels. */
const moved: Block = (d, x) => {
  const [n, c, h, w] = image(x);
  const form = d.one(["halves", "shuffle", "focus", "blocks", "turned"] as const);
  if (form === "halves" && c > 1) {
    const [a, b] = [c >> 1, c - (c >> 1)];
    const parts = d.node(
      "Split",
      [x, d.ints([a, b])],
      [a, b].map((e) => ({ shape: [n, e, h, w], bound: usual })),
      { axis: 1 },
    );
    return parts && d.one(parts);
  }
  if (form === "shuffle" && c % 2 === 0) {
    const apart = add(d, "Reshape", [x, d.ints([n, 2, c / 2, h, w])], [n, 2, c / 2, h, w]);
    const turned = apart && add(d, "Transpose", [apart], [n, c / 2, 2, h, w], { perm: [0, 2, 1, 3, 4] });
    return turned && add(d, "Reshape", [turned, d.ints([n, c, h, w])], x.shape);
  }
  if (form === "focus") {
    const shape = [n, c, Math.ceil(h / 2), w];
    const even = add(d, "Slice", [x, d.ints([0]), d.ints([h]), d.ints([2]), d.ints([2])], shape);
    return even;
  }
  if (form === "blocks" && c % 4 === 0)
    return add(d, "DepthToSpace", [x], [n, c / 4, 2 * h, 2 * w], { blocksize: 2, mode: d.one(["DCR", "CRD"]) });
  return add(d, "Transpose", [x], [n, c, w, h], { perm: [0, 1, 3, 2] });
};

/** Nodes around that a file with channels last has. */
const turnedAround: Block = (d, x) => {
  const [n, c, h, w] = image(x);
  const last = add(d, "Transpose", [x], [n, h, w, c], { perm: [0, 2, 3, 1] });
  const sum = last && add(d, d.one(["Add", "Mul"]), [last, d.constant("f32", d.chance(0.6) ? [c] : [])], last.shape);
  return sum && add(d, "Transpose", [sum], x.shape, { perm: [0, 3, 1, 2] });
};

const constants: Block = (d, x) =>
  add(d, d.one(["Add", "Mul"]), [x, d.constant("f32", d.one([[x.shape[1]!, 1, 1], [1, x.shape[1]!, 1, 1], [], [x.shape[3]!]]))], x.shape);

/** After a convolution, and otherwise. */
const lottery: readonly Block[] = [
  ...[full, full, full, full, point, point, depthwise, depthwise, grouped],
  ...[residual, residual, joined, pooled, padded, resized, excited, moved, turnedAround, constants, normalised],
];
const behind: readonly Block[] = [activation, activation, normalised, constants];

const network = (name: string, weight: number, blocks: readonly Block[]): Row =>
  row(name, weight, (d) => {
    const side = d.one([1, 3, 5, 7, 8, 9, 12, 13]);
    let x: Val = d.input("f32", [d.one([1, 1, 2]), d.one(widths.slice(0, 7)), side, d.chance(0.6) ? side : d.one([1, 4, 6, 10])]);
    const earlier = [x];
    for (let n = d.random.integer(2, 6); n > 0; n--) {
      const next = d.one(blocks)(d, x, earlier);
      if (next === undefined || next.shape.length !== 4) continue;
      x = (d.chance(0.5) ? d.one(behind)(d, next, earlier) : undefined) ?? next;
      earlier.push(next, x);
    }
    if (d.chance(0.75)) return x;
    const means = add(d, "GlobalAveragePool", [x], [x.shape[0]!, x.shape[1]!, 1, 1]);
    const flat = means && add(d, "Flatten", [means], [x.shape[0]!, x.shape[1]!], { axis: 1 });
    return (
      flat && add(d, "Gemm", [flat, fitted(d, [5, x.shape[1]!], x.shape[1]!), d.constant("f32", [5])], [x.shape[0]!, 5], { transB: 1 })
    );
  });

export const imageRows: readonly Row[] = [
  network("network of images", 5, lottery),
  network("convolutions with residuals", 3, [full, full, residual, depthwise, point]),
];
