/** Networks of quantised images and layers: what joins an integer product or convolution, and what bytes go through unchanged. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { count, row, type Draw, type Row, type Val } from "../draw.ts";
import { sliding } from "../window.ts";

/** Bytes, and what they stand for. */
interface Bytes {
  readonly v: Val;
  readonly scale: Val;
  readonly zero: Val;
}
const filled = (d: Draw, dtype: DType, shape: readonly number[], draw: () => number): Val =>
  d.constant(dtype, shape, Array.from({ length: count(shape) }, draw));
const range = (t: DType): readonly [number, number] => (t === "u8" ? [0, 255] : [-128, 127]);
const real = (shape: readonly number[]) => ({ dtype: "f32", shape, exact: true, bound: 500 }) as const;
const bytes = (dtype: DType, shape: readonly number[]) => ({ dtype, shape, exact: true, bound: 255 });
/** Powers of two: every sum is exact, and ties are ties everywhere. */
const powers = [0.5, 0.25, 1, 2] as const;

function parameters(d: Draw, t: DType, scales: readonly number[], channels = 0) {
  const shape = channels > 0 ? [channels] : d.chance(0.8) ? [] : [1];
  const [low, high] = d.one([range(t), [0, 0], t === "u8" ? [128, 128] : [-9, 9]] as const);
  return { scale: filled(d, "f32", shape, () => d.one(scales)), zero: filled(d, t, shape, () => d.random.integer(low, high)) };
}
function dequantised(d: Draw, { v, scale, zero }: Bytes, axis = 1): Val | undefined {
  return d.node("DequantizeLinear", [v, scale, zero], [real(v.shape)], scale.shape[0] === v.shape[axis] ? { axis } : {})?.[0];
}
function quantised(d: Draw, x: Val, scales: readonly number[] = [32, 64, 128], t: DType = d.one(["u8", "u8", "i8"])): Bytes | undefined {
  const p = parameters(d, t, scales);
  const v = d.node("QuantizeLinear", [x, p.scale, p.zero], [bytes(t, x.shape)])?.[0];
  return v && { v, ...p };
}
/** The same bytes with the same meaning in other places. */
function same(d: Draw, x: Bytes, f: (v: Val) => Val | undefined): Bytes | undefined {
  const a = dequantised(d, x);
  const b = a && f(a);
  const v = b && d.node("QuantizeLinear", [b, x.scale, x.zero], [bytes(x.v.dtype, b.shape)])?.[0];
  return v && { ...x, v };
}

type Block = (d: Draw, x: Bytes, earlier: readonly Bytes[]) => Bytes | undefined;

const activation = (d: Draw, x: Val): Val | undefined => {
  const form = d.one(["none", "Relu", "Relu", "Clip"] as const);
  if (form === "none") return x;
  const operands = form === "Clip" ? [x, d.constant("f32", [], [0]), d.constant("f32", [], [d.one([64, 4096])])] : [x];
  return d.node(form, operands, [real(x.shape)])?.[0];
};

/** A convolution with what ends it: bias, a sum with an earlier image, limits. */
const convolution: Block = (d, x, earlier) => {
  const [n, c, h, w] = x.v.shape as [number, number, number, number];
  const window = sliding(d, 2, { extents: [h, w] });
  const group = d.one([1, 1, 1, c, ...[2, 4].filter((g) => c % g === 0)]);
  const out = group * (group === c ? d.one([1, 1, 2]) : d.one([1, 3, 4, 8, 16].filter((e) => e * group <= 33)));
  const [t, shape] = [d.one<DType>(["i8", "i8", "u8"]), [out, c / group, ...window.kernel]];
  const weights: Bytes = {
    v: filled(d, t, shape, () => d.random.integer(...range(t))),
    ...parameters(d, t, powers, d.chance(0.5) ? out : 0),
  };
  const [a, b] = [dequantised(d, x), dequantised(d, weights, 0)];
  if (a === undefined || b === undefined) return undefined;
  const bias = d.chance(0.5) ? [filled(d, "f32", [out], () => d.random.integer(-400, 400))] : [];
  let y = d.node("Conv", [a, b, ...bias], [real([n, out, ...window.size])], { ...window.attributes, group })?.[0];
  const other = d.chance(0.3) ? earlier.find((e) => String(e.v.shape) === String(y?.shape)) : undefined;
  const side = other && dequantised(d, other);
  if (y !== undefined && side !== undefined) y = d.node("Add", d.chance(0.5) ? [y, side] : [side, y], [real(y.shape)])?.[0];
  const limited = y && activation(d, y);
  return limited && quantised(d, limited);
};

const sum: Block = (d, x, earlier) => {
  const other = [...earlier].reverse().find((e) => e !== x && String(e.v.shape) === String(x.v.shape));
  const [a, b] = [dequantised(d, x), other && dequantised(d, other)];
  const y = a && b && d.node(d.one(["Add", "Add", "Mul"]), [a, b], [real(x.v.shape)])?.[0];
  const limited = y && activation(d, y);
  return limited && quantised(d, limited, [2, 4, 8]);
};

const pooled: Block = (d, x) => {
  const [n, c, h, w] = x.v.shape as [number, number, number, number];
  const window = sliding(d, 2, { pool: true, extents: [h, w] });
  return same(d, x, (v) => d.node("MaxPool", [v], [real([n, c, ...window.size])], window.attributes)?.[0]);
};
const moved: Block = (d, x) => {
  const [n, c, h, w] = x.v.shape as [number, number, number, number];
  const form = d.one(["Resize", "Pad", "Transpose", "Slice"] as const);
  if (form === "Resize")
    return same(
      d,
      x,
      (v) =>
        d.node("Resize", [v, "", d.constant("f32", [4], [1, 1, 2, 2])], [real([n, c, 2 * h, 2 * w])], {
          mode: "nearest",
          coordinate_transformation_mode: "asymmetric",
          nearest_mode: "floor",
        })?.[0],
    );
  if (form === "Pad") return same(d, x, (v) => d.node("Pad", [v, d.ints([0, 0, 1, 0, 0, 0, 1, 2])], [real([n, c, h + 2, w + 2])])?.[0]);
  if (form === "Transpose") return same(d, x, (v) => d.node("Transpose", [v], [real([n, c, w, h])], { perm: [0, 1, 3, 2] })?.[0]);
  const from = d.random.integer(0, c - 1);
  return same(d, x, (v) => d.node("Slice", [v, d.ints([from]), d.ints([c]), d.ints([1])], [real([n, c - from, h, w])])?.[0]);
};
const joined: Block = (d, x, earlier) => {
  const other = earlier.find((e) => String(e.v.shape.slice(2)) === String(x.v.shape.slice(2)) && e.v.shape[0] === x.v.shape[0]);
  const [a, b] = [dequantised(d, x), other && dequantised(d, other)];
  const [n, c, h, w] = x.v.shape as [number, number, number, number];
  const y = a && b && d.node("Concat", [a, b], [real([n, c + b.shape[1]!, h, w])], { axis: 1 })?.[0];
  return y && quantised(d, y, [1, 2, 4]);
};

const start = (d: Draw, shape: readonly number[]): Bytes => {
  const t = d.one<DType>(["u8", "u8", "i8"]);
  return { v: d.input(t, shape, range(t)), ...parameters(d, t, powers) };
};

const network = row("network of quantised images", 5, (d) => {
  const side = d.one([1, 3, 5, 8, 9]);
  let x = start(d, [d.one([1, 1, 2]), d.one([1, 3, 4, 8, 16, 17]), side, d.one([side, 4, 7])]);
  const earlier = [x];
  for (let n = d.random.integer(1, 4); n > 0; n--) {
    const block = d.one([convolution, convolution, convolution, sum, pooled, moved, joined]);
    const next = count(x.v.shape) > 0 ? block(d, x, earlier) : undefined;
    if (next !== undefined) earlier.push((x = next));
  }
  return d.chance(0.7) ? dequantised(d, x) : x.v;
});

/** What rounds near a tie may be one step off: the bytes themselves are the answer, and nothing reads them. */
const inexact = row("quantised layers with any scale", 4, (d) => {
  const [m, k] = [d.one([1, 4, 15, 16, 17, 33]), d.one([4, 16, 17, 64])];
  const x = start(d, d.chance(0.3) ? [2, m, k] : [m, k]);
  const t = d.one<DType>(["i8", "u8"]);
  const n = d.one([1, 15, 16, 17, 33]);
  const scales = [0.0137, 0.021, 0.0091] as const;
  const weights: Bytes = {
    v: filled(d, t, [k, n], () => d.random.integer(...range(t))),
    ...parameters(d, t, scales, d.chance(0.5) ? n : 0),
  };
  const [a, b] = [dequantised(d, { ...x, ...parameters(d, x.v.dtype, scales) }, 9), dequantised(d, weights, 1)];
  const shape = [...x.v.shape.slice(0, -1), n];
  let y = a && b && d.node("MatMul", [a, b], [real(shape)])?.[0];
  if (y !== undefined && d.chance(0.6))
    y = d.node("Add", [y, filled(d, "f32", [n], () => d.random.integer(-90, 90) / 17)], [real(shape)])?.[0];
  const form = d.one(["none", "Relu", "Sigmoid", "silu", "HardSwish", "Softmax", "Tanh", "Gelu"] as const);
  if (y !== undefined && form === "silu") {
    const gate = d.node("Sigmoid", [y], [real(shape)])?.[0];
    y = gate && d.node("Mul", [y, gate], [real(shape)])?.[0];
  } else if (y !== undefined && form !== "none" && !(form === "Gelu" && d.opset < 20)) y = d.node(form, [y], [real(shape)])?.[0];
  const small = form === "Sigmoid" || form === "Softmax" || form === "Tanh";
  const q = y && quantised(d, y, small ? [0.0039, 0.0078] : [0.37, 0.11]);
  d.only(q?.v, 1);
  return q;
});

/** QLinearConv, QLinearMatMul and the operators on bytes of ONNX Runtime's own domain, one behind the other. */
const qlinear = row("QLinear operators in a row", 3, (d) => {
  const t = d.one<DType>(["u8", "i8"]);
  let x: Bytes = { v: d.input(t, [1, d.one([1, 3, 8]), d.one([3, 5, 8]), d.one([4, 7])], range(t)), ...parameters(d, t, powers) };
  x = { ...x, scale: d.constant("f32", [], [1]), zero: filled(d, t, [], () => d.random.integer(0, 9)) };
  for (let i = d.random.integer(1, 3); i > 0; i--) {
    const [n, c, h, w] = x.v.shape as [number, number, number, number];
    const window = sliding(d, 2, { extents: [h, w] });
    const group = d.one([1, 1, c]);
    const out = group * d.one([1, 2, 4]);
    const weights = filled(d, "i8", [out, c / group, ...window.kernel], () => d.random.integer(-128, 127));
    const per = d.chance(0.5) ? [out] : [];
    const [ws, wz] = [filled(d, "f32", per, () => d.one(powers)), filled(d, "i8", per, () => 0)];
    const [ys, yz] = [d.constant("f32", [], [d.one([32, 64, 128])]), filled(d, t, [], () => d.random.integer(0, 100))];
    const bias = d.chance(0.5) ? [filled(d, "i32", [out], () => d.random.integer(-900, 900))] : [];
    const operands = [x.v, x.scale, x.zero, weights, ws, wz, ys, yz, ...bias];
    const v = d.node("QLinearConv", operands, [bytes(t, [n, out, ...window.size])], { ...window.attributes, group })?.[0];
    if (v === undefined || v.shape.includes(0)) return x.v;
    x = { v, scale: ys, zero: yz };
  }
  return d.chance(0.5) ? dequantised(d, x) : x.v;
});

export const quantisedNetworkRows: readonly Row[] = [network, inexact, qlinear];
