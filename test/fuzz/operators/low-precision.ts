/** Weights of 4 bits with a scale for each block, dynamic quantisation around a product, and attention on bytes. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { count, row, solid, type Draw, type Row, type Val } from "../draw.ts";

const filled = (d: Draw, dtype: DType, shape: readonly number[], draw: () => number): Val =>
  d.constant(dtype, shape, Array.from({ length: count(shape) }, draw));
/** Powers of two: products stay exact. */
const steps = [0.25, 0.125, 0.5] as const;

/** Something exact with rows, short ones of any length and now and then long ones. */
function rows(d: Draw): Val | undefined {
  if (d.chance(0.5)) return d.input("f32", [...(d.chance(0.2) ? [2] : []), d.one([1, 2, 5, 17]), d.one([32, 48, 64, 80, 96])]);
  return d.float((v) => solid(v) && v.exact && v.bound < 50 && v.shape.length > 1);
}

const nibbleWeights = row("MatMulNBits", 3, (d) => {
  const x = rows(d);
  const k = x?.shape.at(-1);
  if (x === undefined || k === undefined) return undefined;
  const [n, block] = [d.one([1, 3, 16, 17, 33]), d.one([16, 32, 32, 64, 128])];
  const blocks = Math.ceil(k / block);
  const byte = (): number => d.random.integer(0, 255);
  const inputs: (Val | string)[] = [x, filled(d, "u8", [n, blocks, block / 2], byte), filled(d, "f32", [n * blocks], () => d.one(steps))];
  const [zeros, bias] = [d.chance(0.5), d.chance(0.4)];
  if (zeros || bias) inputs.push(zeros ? filled(d, "u8", [n * Math.ceil(blocks / 2)], byte) : "");
  if (bias)
    inputs.push(
      "",
      filled(d, "f32", [n], () => d.random.integer(-20, 20)),
    );
  const result = { shape: [...x.shape.slice(0, -1), n], exact: true, bound: x.bound * 7.5 * k + 20 };
  return d.node("com.microsoft.MatMulNBits", inputs, [result], { K: k, N: n, bits: 4, block_size: block });
});

/** ONNX Runtime makes a product with rounded operands of some of these: those are not asked of it. */
const blockWeights = row(
  "MatMul with weights in blocks",
  3,
  (d) => {
    const x = rows(d);
    const k = x?.shape.at(-1);
    if (x === undefined || k === undefined) return undefined;
    const [n, dtype, inRows] = [d.one([1, 3, 16, 17, 33]), d.one<DType>(["u4", "i4"]), d.chance(0.5)];
    const block = d.one([2, 8, 12, 24, 32, 64].filter((b) => k % b === 0));
    if (block === undefined) return undefined;
    if (block >= 16 && (block & (block - 1)) === 0) d.alone = true;
    const [low, high] = dtype === "u4" ? [0, 15] : [-8, 7];
    const extents = (along: number): number[] => (inRows ? [n, along] : [along, n]);
    const nibble = (): number => d.random.integer(low, high);
    const parameters = [filled(d, "f32", extents(k / block), () => d.one(steps)), filled(d, dtype, extents(k / block), nibble)];
    const real = d.node(
      "DequantizeLinear",
      [filled(d, dtype, extents(k), nibble), ...parameters.slice(0, d.chance(0.7) ? 2 : 1)],
      [{ dtype: "f32", shape: extents(k), exact: true, bound: 8 }],
      { axis: inRows ? 1 : 0, block_size: block },
    )?.[0];
    const right = real && inRows ? d.node("Transpose", [real], [{ shape: [k, n], exact: true, bound: 8 }], { perm: [1, 0] })?.[0] : real;
    return right && d.node("MatMul", [x, right], [{ shape: [...x.shape.slice(0, -1), n], exact: true, bound: x.bound * 8 * k }]);
  },
  21,
);

/** What dynamic quantisers write: DynamicQuantizeLinear, MatMulInteger, Cast, Mul by both scales, Add. */
const dynamicProduct = row("MatMulInteger behind DynamicQuantizeLinear", 3, (d) => {
  const x = rows(d);
  const k = x?.shape.at(-1);
  if (x === undefined || k === undefined) return undefined;
  const [n, dtype] = [d.one([1, 5, 16, 33]), d.one<DType>(["u8", "i8"])];
  const one = { dtype: "f32", shape: [], bound: 1 } as const;
  const results = [{ dtype: "u8", shape: x.shape, bound: 255 }, one, { ...one, dtype: "u8", bound: 255 }] as const;
  const [q, scale, zero] = d.node("DynamicQuantizeLinear", [x], results) ?? [];
  if (q === undefined || scale === undefined || zero === undefined) return undefined;
  const byte = (): number => (dtype === "u8" ? d.random.integer(0, 255) : d.random.integer(-128, 127));
  const zeroOfWeight = filled(d, dtype, [], () => d.random.integer(0, 9));
  const shape = [...x.shape.slice(0, -1), n];
  const sums = d.node("MatMulInteger", [q, filled(d, dtype, [k, n], byte), zero, zeroOfWeight], [{ dtype: "i32", shape, bound: 9e4 }])?.[0];
  const real = sums && d.node("Cast", [sums], [{ dtype: "f32", shape, bound: 9e4 }], { to: 1 })?.[0];
  const scales = d.node(
    "Mul",
    [scale, filled(d, "f32", d.chance(0.5) ? [n] : [], () => d.one(steps) / 64)],
    [{ dtype: "f32", shape: [n], bound: 1 }],
  )?.[0];
  const product = real && scales && d.node("Mul", [real, scales], [{ dtype: "f32", shape, bound: 9e4 }])?.[0];
  if (product === undefined || d.chance(0.3)) return product;
  return d.node("Add", [product, filled(d, "f32", [n], () => d.random.integer(-9, 9))], [{ dtype: "f32", shape, bound: 9e4 }]);
});

/**
 * Dequantised queries, keys and values. Scores are whole numbers times 16, so that a softmax is 1 / n at n places and 0 elsewhere: its bytes do not
 * depend on how it was computed.
 */
const attention = row("attention on bytes", 3, (d) => {
  const [batch, m, s, k, n] = [d.one([[], [2], [1, 3]]), d.one([1, 5, 19]), d.one([2, 16, 37]), d.one([3, 8, 17]), d.one([4, 16, 19])];
  const inRows = d.chance(0.5);
  const tensor = (shape: readonly number[], scale: number): Val | undefined => {
    const dtype = d.one<DType>(["u8", "i8"]);
    const zero = dtype === "u8" ? d.one([128, 128, 0, 120]) : d.one([0, 0, 3]);
    const parameters = [d.constant("f32", [], [scale]), d.constant(dtype, [], [zero])];
    const bytes = d.input(dtype, [...batch, ...shape], dtype === "u8" ? [100, 150] : [-25, 25]);
    return d.node(
      "DequantizeLinear",
      [bytes, ...parameters],
      [{ dtype: "f32", shape: [...batch, ...shape], exact: true, bound: 160 * scale }],
    )?.[0];
  };
  const [q, keys, v] = [tensor([m, k], 4), tensor(inRows ? [s, k] : [k, s], 4), tensor([s, n], 0.25)];
  if (q === undefined || keys === undefined || v === undefined) return undefined;
  const perm = [...batch.map((_, i) => i), batch.length + 1, batch.length];
  const right = inRows ? d.node("Transpose", [keys], [{ shape: [...batch, k, s], exact: true, bound: 640 }], { perm })?.[0] : keys;
  const shape = [...batch, m, s];
  const scores = right && d.node("MatMul", [q, right], [{ shape, exact: true, bound: 9e4 }])?.[0];
  const weights = scores && d.node("Softmax", [scores], [{ shape, bound: 1 }], { axis: -1 })?.[0];
  const step = [d.constant("f32", [], [1 / 240]), d.constant("u8", [], [d.one([0, 0, 9])])];
  const rounded = weights && d.node("QuantizeLinear", [weights, ...step], [{ dtype: "u8", shape, bound: 255 }])?.[0];
  const real =
    rounded && d.chance(0.7) ? d.node("DequantizeLinear", [rounded, ...step], [{ dtype: "f32", shape, bound: 1.1 }])?.[0] : weights;
  return real && d.node("MatMul", [real, v], [{ shape: [...batch, m, n], bound: 50 }]);
});

export const lowPrecisionRows: readonly Row[] = [nibbleWeights, blockWeights, dynamicProduct, attention];
