/** Quantised products and convolutions with parameters per tensor and per channel, dynamic quantisation, and chains of QDQ around floats. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { count, like, row, solid, type Draw, type Row, type Val } from "../draw.ts";
import { sliding } from "../window.ts";

const bytes: readonly DType[] = ["u8", "i8"];
/** Powers of two keep products exact; the others make roundings that are no ties. */
const scaleValues = [0.5, 0.25, 1, 2, 0.1, 0.037];

const filled = (d: Draw, dtype: DType, shape: readonly number[], draw: () => number): Val =>
  d.constant(dtype, shape, Array.from({ length: count(shape) }, draw));
const byte = (d: Draw, dtype: DType, shape: readonly number[]): Val =>
  d.chance(0.5)
    ? filled(d, dtype, shape, () => (dtype === "u8" ? d.random.integer(0, 255) : d.random.integer(-128, 127)))
    : d.input(dtype, shape);
/** An existing value of that type and shape, or bytes. */
const operand = (d: Draw, dtype: DType, shape: readonly number[]): Val =>
  d.pick(
    (v) => v.dtype === dtype && String(v.shape) === String(shape),
    () => d.input(dtype, shape, dtype === "u8" ? [0, 255] : [-128, 127]),
  )!;

interface Parameters {
  readonly scale: Val;
  readonly zero: Val;
}
const parameters = (d: Draw, dtype: DType, shape: readonly number[] = [], scales = scaleValues): Parameters => ({
  scale: filled(d, "f32", shape, () => d.one(scales)),
  zero: filled(d, dtype, shape, () => (dtype === "u8" ? d.random.integer(0, 200) : d.random.integer(-9, 9))),
});
const quantised = (dtype: DType, shape: readonly number[]) => ({ dtype, shape, exact: true, bound: 255 });
/** Back to floats, so that other operators follow. */
function real(d: Draw, q: Val | undefined): unknown {
  if (q === undefined || d.chance(0.2)) return q;
  const { scale, zero } = parameters(d, q.dtype, [], [0.5, 0.25]);
  return d.node("DequantizeLinear", [q, scale, zero], [{ dtype: "f32", shape: q.shape, exact: true, bound: 230 }]);
}

/** The shapes of a product: rows, columns, batches that broadcast. */
function product(d: Draw) {
  const [m, k, n] = [d.extent(), d.one([1, 2, 3, 4, 5, 16, 17, 33]), d.extent()];
  const batch = d.chance(0.3) ? [d.one([1, 2, 3])] : [];
  const batchB = d.chance(0.5) ? [] : batch;
  return { a: [...batch, m, k], b: [...batchB, k, n], y: [...batch, m, n], m, n, flat: batchB.length === 0 };
}

const matmulInteger = row("MatMulInteger of any type", 2, (d) => {
  const { a, b, y, n, flat } = product(d);
  const [ta, tb] = [d.one(bytes), d.one(bytes)];
  const zeros = [parameters(d, ta).zero, parameters(d, tb, flat && d.chance(0.4) ? [n] : []).zero].slice(0, d.random.integer(0, 2));
  return d.node("MatMulInteger", [operand(d, ta, a), byte(d, tb, b), ...zeros], [{ dtype: "i32", shape: y, exact: true, bound: 9e4 }]);
});

/** Those that ONNX Runtime has. */
const pairs = [
  ["u8", "u8"],
  ["u8", "i8"],
  ["i8", "i8"],
] as const;

const qlinearMatMul = row("QLinearMatMul", 3, (d) => {
  const { a, b, y, n, flat } = product(d);
  const [ta, tb] = d.one(pairs);
  const pa = parameters(d, ta);
  const pb = parameters(d, tb, flat && d.chance(0.4) ? [n] : []);
  const py = parameters(d, ta, [], [8, 37.5, 100]);
  const inputs = [operand(d, ta, a), pa.scale, pa.zero, byte(d, tb, b), pb.scale, pb.zero, py.scale, py.zero];
  return real(d, d.node("QLinearMatMul", inputs, [quantised(ta, y)])?.[0]);
});

/** A convolution of bytes: with kernels of every form, the zero point of the kernel per channel only where it may be. */
function convolution(d: Draw) {
  const w = sliding(d, d.one([1, 2, 2]));
  const [batch, group] = [d.one([1, 2]), d.one([1, 1, 2, 3])];
  const channels = group * d.one([1, 2, 4]);
  const out = group * d.one([1, 2, 5]);
  return { w, group, out, x: [batch, channels, ...w.extents], k: [out, channels / group, ...w.kernel], y: [batch, out, ...w.size] };
}

const convInteger = row("ConvInteger", 2, (d) => {
  const { w, group, x, k, y } = convolution(d);
  const zeros = [parameters(d, "u8").zero, parameters(d, "u8").zero].slice(0, d.random.integer(0, 2));
  const result = { dtype: "i32", shape: y, exact: true, bound: 9e4 } as const;
  return d.node("ConvInteger", [operand(d, "u8", x), byte(d, "u8", k), ...zeros], [result], { ...w.attributes, group });
});

const qlinearConv = row("QLinearConv", 3, (d) => {
  const { w, group, out, x, k, y } = convolution(d);
  const [ta, tb] = d.one(pairs);
  const px = parameters(d, ta);
  const perChannel = d.chance(0.5) ? [out] : [];
  const pw = parameters(d, tb, perChannel);
  // Kernels of several scales share one zero point.
  const zeroOfKernel = perChannel.length > 0 ? d.constant(tb, perChannel, new Array<number>(out).fill(tb === "i8" ? 0 : 7)) : pw.zero;
  const py = parameters(d, ta, [], [8, 37.5, 100]);
  const bias = d.chance(0.5) ? [filled(d, "i32", [out], () => d.random.integer(-500, 500))] : [];
  const inputs = [operand(d, ta, x), px.scale, px.zero, byte(d, tb, k), pw.scale, zeroOfKernel, py.scale, py.zero, ...bias];
  return real(d, d.node("QLinearConv", inputs, [quantised(ta, y)], { ...w.attributes, group })?.[0]);
});

/** Per tensor, per axis, in blocks; of 8, 16 and 4 bits. */
const roundTrip = row("QDQ of any form", 3, (d) => {
  const x = d.float((v) => solid(v) && v.exact && v.bound < 100);
  if (x === undefined) return undefined;
  const dtype = d.one<DType>(["u8", "i8", "u16", "i16", "i4", "u4"]);
  const axis = d.random.integer(0, x.shape.length - 1);
  const extent = x.shape[axis]!;
  const form = d.one(["tensor", "axis", "blocks"] as const);
  const block = form === "blocks" ? d.one([1, 2, 4].filter((b) => extent % b === 0)) : 0;
  // ONNX Runtime writes elements of 4 bits past the end of their buffer, into other values.
  if (dtype.endsWith("4")) d.alone = true;
  const shape = { tensor: [], axis: [extent], blocks: x.shape.map((e, i) => (i === axis ? e / block : e)) }[form];
  const [scale, zero] = [filled(d, "f32", shape, () => d.one([0.5, 0.25, 1, 2])), filled(d, dtype, shape, () => d.random.integer(0, 5))];
  const operands = d.chance(0.75) || !bytes.includes(dtype) ? [scale, zero] : [scale];
  const attributes = { axis, ...(block > 0 ? { block_size: block } : {}) };
  const type = operands.length === 2 ? dtype : "u8";
  const q = d.node("QuantizeLinear", [x, ...operands], [{ dtype: type, shape: x.shape, exact: true, bound: 255 }], attributes)?.[0];
  return q && d.node("DequantizeLinear", [q, ...operands], [{ dtype: "f32", shape: x.shape, exact: true, bound: 600 }], attributes);
});

/** DQ, an operator of floats, Q: what a compiler may do in integers. */
const around = row("QDQ around an operator", 3, (d) => {
  const [m, k, n] = [d.extent(), d.one([1, 4, 16, 17]), d.extent()];
  const [ta, tb] = [d.one(bytes), d.one(bytes)];
  const [pa, pb] = [parameters(d, ta, [], [0.5, 0.25]), parameters(d, tb, d.chance(0.5) ? [n] : [], [0.5, 0.25])];
  const a = d.node(
    "DequantizeLinear",
    [operand(d, ta, [m, k]), pa.scale, pa.zero],
    [{ dtype: "f32", shape: [m, k], exact: true, bound: 230 }],
  )?.[0];
  const b = d.node(
    "DequantizeLinear",
    [byte(d, tb, [k, n]), pb.scale, pb.zero],
    [{ dtype: "f32", shape: [k, n], exact: true, bound: 230 }],
    {
      axis: 1,
    },
  )?.[0];
  if (a === undefined || b === undefined) return undefined;
  const y = d.node("MatMul", [a, b], [{ shape: [m, n], exact: true, bound: 9e4 }])?.[0];
  const z = y && d.chance(0.5) ? d.node("Relu", [y], [like(y, y.shape)])?.[0] : y;
  const py = parameters(d, ta, [], [64, 128]);
  return z && real(d, d.node("QuantizeLinear", [z, py.scale, py.zero], [quantised(ta, z.shape)])?.[0]);
});

const powers = [0.5, 0.25, 1, 2];
const dequantise = (d: Draw, q: Val, p: Parameters, axis: number): Val | undefined =>
  d.node("DequantizeLinear", [q, p.scale, p.zero], [{ dtype: "f32", shape: q.shape, exact: true, bound: 500 }], { axis })?.[0];

/** One layer on bytes, large enough to be packed: product, bias, activation, quantisation; powers of two keep every sum exact. */
function layer(d: Draw, x: Val, zeroX: Parameters): readonly [Val, Parameters] | undefined {
  const [m, k] = x.shape as readonly [number, number];
  const [tb, n] = [d.one(bytes), d.one([16, 17, 33, 64])];
  const gemm = d.chance(0.3);
  const columns = gemm ? 0 : 1;
  const shape = gemm ? [n, k] : [k, n];
  const pw = parameters(d, tb, d.chance(0.5) ? [n] : [], powers);
  const [a, b] = [dequantise(d, x, zeroX, 1), dequantise(d, byte(d, tb, shape), pw, columns)];
  if (a === undefined || b === undefined) return undefined;
  const real = { shape: [m, n], exact: true, bound: 1e6 };
  const bias = filled(d, "f32", d.chance(0.8) ? [n] : [], () => d.random.integer(-400, 400));
  const product = gemm ? d.node("Gemm", [a, b, bias], [real], { transB: 1 })?.[0] : d.node("MatMul", [a, b], [real])?.[0];
  const sum = product && !gemm && d.chance(0.7) ? d.node("Add", d.chance(0.5) ? [product, bias] : [bias, product], [real])?.[0] : product;
  const active = sum && d.chance(0.5) ? d.node("Relu", [sum], [real])?.[0] : sum;
  const limited =
    active && d.chance(0.2) ? d.node("Clip", [active, d.constant("f32", [], [-64]), d.constant("f32", [], [4096])], [real])?.[0] : active;
  const ty = d.one(bytes);
  const py = parameters(d, ty, [], [64, 128, 256]);
  const y = limited && d.node("QuantizeLinear", [limited, py.scale, py.zero], [quantised(ty, [m, n])])?.[0];
  return y && [y, py];
}

/** Layers in a row, with what only moves elements in between. */
const layers = row("QDQ layers", 4, (d) => {
  const [m, k] = [d.extent(), d.one([16, 17, 33])];
  const ta = d.one(bytes);
  let at: readonly [Val, Parameters] | undefined = [operand(d, ta, [m, k]), parameters(d, ta, [], powers)];
  for (let i = d.one([1, 1, 2, 3]); i > 0 && at !== undefined; i--) {
    at = layer(d, ...at);
    if (at === undefined || i === 1 || d.chance(0.6)) continue;
    const [y, py] = at;
    const real = dequantise(d, y, py, 0);
    const [rows, columns] = y.shape as readonly [number, number];
    const moved = real && d.node("Transpose", [real], [like(real, [columns, rows])], { perm: [1, 0] })?.[0];
    const back = moved && d.node("QuantizeLinear", [moved, py.scale, py.zero], [quantised(y.dtype, [columns, rows])])?.[0];
    at = back && [back, py];
  }
  return at && dequantise(d, ...at, 0);
});

/** A convolution between dequantisation and quantisation, with a kernel per channel. */
const convolved = row("QDQ around a convolution", 2, (d) => {
  const { w, group, out, x, k, y } = convolution(d);
  const [ta, tb] = [d.one(bytes), d.one(bytes)];
  const [px, pw] = [parameters(d, ta, [], powers), parameters(d, tb, d.chance(0.5) ? [out] : [], powers)];
  const [image, kernel] = [dequantise(d, operand(d, ta, x), px, 1), dequantise(d, byte(d, tb, k), pw, 0)];
  if (image === undefined || kernel === undefined) return undefined;
  const bias = d.chance(0.5) ? [filled(d, "f32", [out], () => d.random.integer(-50, 50))] : [];
  const real = { shape: y, exact: true, bound: 1e6 };
  const sum = d.node("Conv", [image, kernel, ...bias], [real], { ...w.attributes, group })?.[0];
  const active = sum && d.chance(0.5) ? d.node("Relu", [sum], [real])?.[0] : sum;
  const py = parameters(d, ta, [], [64, 128]);
  const q = active && d.node("QuantizeLinear", [active, py.scale, py.zero], [quantised(ta, y)])?.[0];
  return q && dequantise(d, q, py, 1);
});

const dynamic = row("DynamicQuantizeLinear", 1, (d) => {
  const x = d.float((v) => solid(v) && v.exact && v.bound < 100);
  if (x === undefined) return undefined;
  const scalar = { dtype: "f32", shape: [], bound: 1, exact: true } as const;
  const results = [quantised("u8", x.shape), scalar, { ...scalar, dtype: "u8", bound: 255 }] as const;
  const [q, scale, zero] = d.node("DynamicQuantizeLinear", [x], results) ?? [];
  return q && d.node("DequantizeLinear", [q, scale!, zero!], [{ dtype: "f32", shape: x.shape, bound: x.bound + 1 }]);
});

export const quantisedRows: readonly Row[] = [
  matmulInteger,
  qlinearMatMul,
  convInteger,
  qlinearConv,
  roundTrip,
  around,
  layers,
  convolved,
  dynamic,
];
