/** Reductions, softmax, normalisation and products. */
import type { Draw, Row, Val } from "../draw.ts";
import { broadcast, number, row } from "../draw.ts";

function reduction(op: string, bound: (b: number, n: number) => number, keepsExact: boolean): Row {
  return row(op, 2, (d) => {
    const x = d.float((v) => v.shape.length > 0 && !v.shape.includes(0) && v.bound < 200);
    if (x === undefined) return undefined;
    const axes = x.shape.map((_, i) => i).filter(() => d.chance(0.5));
    const all = axes.length === 0;
    const over = all ? x.shape.map((_, i) => i) : axes;
    const keepdims = d.random.integer(0, 1);
    const shape = x.shape.flatMap((e, i) => (over.includes(i) ? (keepdims === 1 ? [1] : []) : [e]));
    const n = over.reduce((p, i) => p * x.shape[i]!, 1);
    const written = axes.map((a) => (d.chance(0.3) ? a - x.shape.length : a));
    return d.node(op, all ? [x] : [x, d.ints(written)], [{ shape, exact: keepsExact && x.exact, bound: bound(x.bound, n) }], { keepdims });
  });
}

const softmax = row("Softmax", 3, (d) => {
  const x = d.float((v) => v.shape.length > 0 && !v.shape.includes(0) && v.bound < 50);
  if (x === undefined) return undefined;
  const axis = d.chance(0.6) ? -1 : d.random.integer(0, x.shape.length - 1);
  const op = d.one(["Softmax", "Softmax", "LogSoftmax"]);
  return d.node(op, [x], [{ shape: x.shape, bound: op === "Softmax" ? 1 : 2 * x.bound + 10 }], { axis });
});

const layerNorm = row("LayerNormalization", 2, (d) => {
  const x = d.float((v) => v.shape.length > 0 && v.shape.at(-1)! > 1 && !v.shape.includes(0) && v.exact);
  if (x === undefined) return undefined;
  const rows = [x.shape.at(-1)!];
  return d.node("LayerNormalization", [x, d.constant("f32", rows), d.constant("f32", rows)], [{ shape: x.shape, bound: 50 }], {
    axis: -1,
    epsilon: number(0.01),
  });
});

const matmul = row("MatMul", 5, (d) => {
  const a = d.float((v) => v.shape.length > 0 && v.bound < 40);
  if (a === undefined) return undefined;
  const k = a.shape.at(-1)!;
  // Without anything to sum, ONNX Runtime may leave the result as the memory was.
  if (k === 0) return undefined;
  const batch = a.shape.slice(0, -2).map((e) => (d.chance(0.3) ? 1 : e));
  const kept = batch.slice(d.random.integer(0, batch.length));
  const shapeB = d.chance(0.1) ? [k] : [...(d.chance(0.5) ? [] : kept), k, d.extent()];
  const fits = (v: Val): boolean =>
    v.dtype === "f32" &&
    v.bound < 40 &&
    (v.shape.length === 1 ? v.shape[0] === k : v.shape.at(-2) === k && broadcast(a.shape.slice(0, -2), v.shape.slice(0, -2)) !== undefined);
  const made = (): Val => (d.chance(0.5) ? d.constant("f32", shapeB) : d.input("f32", shapeB));
  const b = d.pick(fits, made) ?? made();
  const columns = b.shape.length === 1 ? [] : [b.shape.at(-1)!];
  const rows = a.shape.length === 1 ? [] : [a.shape.at(-2)!];
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))!, ...rows, ...columns];
  return d.node("MatMul", [a, b], [{ shape, bound: a.bound * b.bound * Math.max(1, k) }]);
});

const gemm = row("Gemm", 2, (d) => {
  const a = d.float((v) => v.shape.length === 2 && v.bound < 40);
  if (a === undefined) return undefined;
  const [transA, transB] = [d.random.integer(0, 1), d.random.integer(0, 1)];
  const [m, k] = transA === 1 ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const n = d.extent();
  const b = d.constant("f32", transB === 1 ? [n, k] : [k, n]);
  const c = d.chance(0.7) ? [d.constant("f32", d.one([[n], [1, n], [m, 1], [m, n], []]))] : [];
  // Without anything to sum, ONNX Runtime leaves beta out.
  const [alpha, beta] = [d.one([1, 1, 0.5]), k === 0 ? 1 : d.one([1, 1, 2])];
  return d.node("Gemm", [a, b, ...c], [{ shape: [m, n], bound: a.bound * 4 * k + 8 }], {
    transA,
    transB,
    alpha: number(alpha),
    beta: number(beta),
  });
});

const argMax = row("ArgMax", 1, (d) => {
  const x = d.float((v) => v.exact && v.shape.length > 0 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const keepdims = d.random.integer(0, 1);
  const shape = x.shape.flatMap((e, i) => (i === axis ? (keepdims === 1 ? [1] : []) : [e]));
  return d.node(d.one(["ArgMax", "ArgMin"]), [x], [{ dtype: "i64", shape, exact: true, bound: x.shape[axis]! }], {
    axis,
    keepdims,
    select_last_index: d.random.integer(0, 1),
  });
});

const picture = (d: Draw): Val => {
  const fits = (v: Val): boolean =>
    v.dtype === "f32" && v.shape.length === 4 && v.bound < 40 && !v.shape.includes(0) && v.shape[2]! >= 3 && v.shape[3]! >= 3;
  return d.pick(fits, () => d.input("f32", [d.one([1, 2]), d.one([1, 3, 4, 8]), d.one([3, 5, 8]), d.one([4, 7, 9])]))!;
};

const conv = row("Conv", 2, (d) => {
  const x = picture(d);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const group = d.one([1, 1, c]);
  const m = group * d.one([1, 2, 3]);
  const [kh, kw] = [d.one([1, 3]), d.one([1, 3])];
  const [stride, pad] = [d.one([1, 1, 2]), d.one([0, 1])];
  const size = (e: number, k: number): number => Math.floor((e + 2 * pad - k) / stride) + 1;
  const weights = d.constant("f32", [m, c / group, kh, kw]);
  const bias = d.chance(0.5) ? [d.constant("f32", [m])] : [];
  const shape = [n, m, size(h, kh), size(w, kw)];
  return d.node("Conv", [x, weights, ...bias], [{ shape, bound: (x.bound * 4 * c * kh * kw) / group + 4 }], {
    group,
    kernel_shape: [kh, kw],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
});

const pool = row("pool", 2, (d) => {
  const x = picture(d);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  if (d.chance(0.2)) return d.node(d.one(["GlobalAveragePool", "GlobalMaxPool"]), [x], [{ shape: [n, c, 1, 1], bound: x.bound }]);
  const [k, stride] = [d.one([2, 3]), d.one([1, 2])];
  const size = (e: number): number => Math.floor((e - k) / stride) + 1;
  const op = d.one(["MaxPool", "AveragePool"]);
  return d.node(op, [x], [{ shape: [n, c, size(h), size(w)], exact: op === "MaxPool" && x.exact, bound: x.bound }], {
    kernel_shape: [k, k],
    strides: [stride, stride],
  });
});

const batchNorm = row("BatchNormalization", 1, (d) => {
  const x = d.float((v) => v.shape.length >= 2 && v.shape[1]! > 0);
  if (x === undefined) return undefined;
  const c = x.shape[1]!;
  const stats = [0, 1, 2].map(() => d.constant("f32", [c]));
  const variance = d.constant(
    "f32",
    [c],
    Array.from({ length: c }, () => d.one([0.5, 1, 4])),
  );
  return d.node("BatchNormalization", [x, ...stats, variance], [{ shape: x.shape, bound: 10 * x.bound + 40 }]);
});

export const contractionRows: readonly Row[] = [
  reduction("ReduceSum", (b, n) => b * n, true),
  reduction("ReduceMean", (b) => b, false),
  reduction("ReduceMax", (b) => b, true),
  reduction("ReduceMin", (b) => b, true),
  reduction("ReduceL2", (b, n) => b * n, false),
  reduction("ReduceL1", (b, n) => b * n, true),
  reduction("ReduceSumSquare", (b, n) => b * b * n, false),
  reduction("ReduceLogSumExp", (b, n) => b + Math.log(n + 1), false),
  softmax,
  layerNorm,
  matmul,
  gemm,
  argMax,
  conv,
  pool,
  batchNorm,
];
