/** Indexing, quantisation, pictures, doubles and half precision. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { count, like, number, row, solid, type Draw, type Row, type Val } from "../draw.ts";

const indices = (d: Draw, shape: readonly number[], extent: number): Val =>
  d.constant(
    "i64",
    shape,
    Array.from({ length: count(shape) }, () => d.random.integer(d.chance(0.2) ? -extent : 0, extent - 1)),
  );

const topK = row("TopK", 1, (d) => {
  const x = d.float((v) => solid(v) && v.exact);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const k = d.random.integer(1, x.shape[axis]!);
  const shape = x.shape.map((e, i) => (i === axis ? k : e));
  return d.node("TopK", [x, d.ints([k])], [like(x, shape), { dtype: "i64", shape, exact: true, bound: 100 }], {
    axis,
    largest: d.random.integer(0, 1),
  });
});

const gatherElements = row("GatherElements", 1, (d) => {
  const x = d.float(solid);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const shape = x.shape.map((e, i) => (i === axis ? d.random.integer(1, 4) : e));
  return d.node("GatherElements", [x, indices(d, shape, x.shape[axis]!)], [like(x, shape)], { axis });
});

const gatherNd = row("GatherND", 1, (d) => {
  const x = d.float(solid);
  if (x === undefined) return undefined;
  const n = d.random.integer(1, 3);
  const list = Array.from({ length: n }, () => d.random.integer(0, x.shape[0]! - 1));
  return d.node("GatherND", [x, d.constant("i64", [n, 1], list)], [like(x, [n, ...x.shape.slice(1)])]);
});

/** Each place once: the order of writing does not matter. */
const scatterNd = row("ScatterND", 1, (d) => {
  const x = d.float((v) => solid(v) && v.shape[0]! >= 2);
  if (x === undefined) return undefined;
  const updates = d.constant("f32", [2, ...x.shape.slice(1)]);
  if (count(updates.shape) > 500) return undefined;
  const at = d.constant("i64", [2, 1], [0, x.shape[0]! - 1]);
  return d.node("ScatterND", [x, at, updates], [{ ...like(x, x.shape), bound: Math.max(4, x.bound) }]);
});

const oneHot = row("OneHot", 1, (d) => {
  const x = d.pick((v) => v.dtype === "i64" && v.exact && v.shape.length > 0 && v.shape.length < 4);
  if (x === undefined) return undefined;
  const depth = d.random.integer(1, 6);
  const values = d.constant("f32", [2], [0, 1]);
  const at = d.constant("i64", [], [depth]);
  return d.node("OneHot", [x, at, values], [{ dtype: "f32", shape: [...x.shape, depth], exact: true }], { axis: -1 });
});

/** Quantised and back; exact operands only, as halves are rounded. */
const quantise = row("QuantizeLinear", 2, (d) => {
  const x = d.float((v) => v.exact && v.bound < 100);
  if (x === undefined) return undefined;
  const type: DType = d.one(["u8", "i8"]);
  const parameters = [d.constant("f32", [], [d.one([0.5, 0.25, 1])]), d.constant(type, [], [d.one([0, 3])])];
  const q = d.node("QuantizeLinear", [x, ...parameters], [{ dtype: type, shape: x.shape, exact: true, bound: 255 }]);
  return q && d.node("DequantizeLinear", [q[0]!, ...parameters], [{ dtype: "f32", shape: x.shape, exact: true, bound: 300 }]);
});

/** Without anything to sum, ONNX Runtime leaves the result as the memory was. */
const matmulInteger = row("MatMulInteger", 1, (d) => {
  const x = d.float((v) => v.exact && v.bound < 100 && v.shape.length === 2 && v.shape[1]! > 0);
  if (x === undefined) return undefined;
  const zero = d.constant("u8", [], [2]);
  const q = d.node("QuantizeLinear", [x, d.constant("f32", [], [0.5]), zero], [{ dtype: "u8", shape: x.shape, exact: true, bound: 255 }]);
  const w = d.constant(d.one(["i8", "u8"] as const), [x.shape[1]!, d.extent()]);
  const shape = [x.shape[0]!, w.shape[1]!];
  const made =
    q && d.node("MatMulInteger", [q[0]!, w, ...(d.chance(0.5) ? [zero] : [])], [{ dtype: "i32", shape, exact: true, bound: 9e4 }]);
  return made && d.node("Cast", [made[0]!], [{ dtype: "f32", shape, bound: 9e4 }], { to: 1 });
});

const einsum = row("Einsum", 1, (d) => {
  const x = d.float((v) => solid(v) && v.shape.length === 3 && v.bound < 40);
  if (x === undefined) return undefined;
  const [a, b, c] = x.shape as [number, number, number];
  const n = d.one([1, 3, 5]);
  const [equation, shapeB, shape] = d.one([
    ["abc,acn->abn", [a, c, n], [a, b, n]],
    ["abc,cn->nab", [c, n], [n, a, b]],
    ["abc,abc->ac", [a, b, c], [a, c]],
    ["abc,b->abc", [b], [a, b, c]],
  ] as const);
  return d.node("Einsum", [x, d.constant("f32", shapeB)], [{ shape, bound: x.bound * 4 * Math.max(b, c) }], { equation });
});

/** In another precision and back; values stay on the grid, so that rounding does not come in. */
const precise = row("other precision", 3, (d) => {
  const x = d.float((v) => v.exact && v.bound <= 8);
  if (x === undefined) return undefined;
  const [type, code] = d.one([
    ["f64", 11],
    ["f16", 10],
  ] as const);
  const wide = d.node("Cast", [x], [{ dtype: type, shape: x.shape, exact: true, bound: x.bound }], { to: code });
  const op = d.one(["Add", "Mul", "Sub"]);
  const y =
    wide &&
    d.node(
      op,
      [wide[0]!, d.chance(0.5) ? wide[0]! : d.constant(type, [], [0.5])],
      [{ dtype: type, shape: x.shape, exact: true, bound: x.bound ** 2 + 8 }],
    );
  return y && d.node("Cast", [y[0]!], [{ dtype: "f32", shape: x.shape, exact: true, bound: x.bound ** 2 + 8 }], { to: 1 });
});

const picture = (d: Draw): Val =>
  d.pick(
    (v) => v.dtype === "f32" && v.shape.length === 4 && v.bound < 40 && solid(v),
    () => d.input("f32", [1, d.one([2, 4]), d.one([3, 4]), d.one([4, 5])]),
  )!;

const resize = row("Resize", 1, (d) => {
  const x = picture(d);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const how = d.one<Readonly<Record<string, string>>>([
    { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    { mode: "linear", coordinate_transformation_mode: "half_pixel" },
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
  ]);
  const size = [n, c, h * 2, w * 2];
  return d.node("Resize", [x, "", "", d.ints(size)], [{ shape: size, exact: how["mode"] === "nearest" && x.exact, bound: x.bound }], how);
});

const instanceNorm = row("InstanceNormalization", 1, (d) => {
  const x = d.float((v) => v.shape.length >= 3 && solid(v) && v.exact);
  if (x === undefined) return undefined;
  const c = [x.shape[1]!];
  return d.node("InstanceNormalization", [x, d.constant("f32", c), d.constant("f32", c)], [{ shape: x.shape, bound: 100 }], {
    epsilon: number(0.01),
  });
});

const convTranspose = row("ConvTranspose", 1, (d) => {
  const x = picture(d);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const m = d.one([1, 3]);
  const [k, stride] = [d.one([2, 3]), d.one([1, 2])];
  const size = (e: number): number => (e - 1) * stride + k;
  const shape = [n, m, size(h), size(w)];
  return d.node("ConvTranspose", [x, d.constant("f32", [c, m, k, k])], [{ shape, bound: x.bound * 4 * c * k * k }], {
    strides: [stride, stride],
    kernel_shape: [k, k],
  });
});

const bits = row("bits", 1, (d) => {
  const x = d.pick((v) => v.dtype === "i32" || v.dtype === "i64");
  if (x === undefined) return undefined;
  return d.node(
    d.one(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]),
    [x, d.partner(x, (w) => w.shape.length === 0)],
    [{ dtype: x.dtype, shape: x.shape, exact: true, bound: 4096 }],
  );
});

export const moreRows: readonly Row[] = [
  topK,
  gatherElements,
  gatherNd,
  scatterNd,
  oneHot,
  quantise,
  matmulInteger,
  einsum,
  precise,
  resize,
  instanceNorm,
  convTranspose,
  bits,
];
