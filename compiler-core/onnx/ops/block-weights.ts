/**
 * MatMulNBits of ONNX Runtime: a product with a weight of 2, 4 or 8 bits, N x K, that has a scale (and a zero point) for every block of K. Kernels
 * decode 4 bits: 2 bits are stored as 4, and 8 bits are two products, w - z = 16 (high(w) - high(z)) + (low(w) - low(z)).
 */
import type { Constant } from "../../graph/constants.ts";
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Unsigned numbers of so many bits, packed row by row: the first in the lowest bits, each row in bytes of its own. */
interface Packed {
  readonly bits: number;
  readonly rows: number;
  /** Bytes of a row. */
  readonly width: number;
  /** Numbers of a row that count. */
  readonly count: number;
  /** Where number `i` of a row is stored, if not in order. */
  readonly order?: readonly number[] | undefined;
}

function constantOf(c: BuildCall, i: number, what: string): Constant {
  const { graph } = c.context;
  const { constant } = graph.value(c.input(i));
  return constant === undefined ? notCompiled(`${what} is computed at run time`) : graph.constants.get(constant);
}

/** Four bits of each number from bit `from` on, two numbers a byte, the lower half first. */
function nibbles(bytes: Uint8Array, { bits, rows, width, count, order }: Packed, from: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((rows * count) / 2));
  const perByte = 8 / bits;
  const mask = Math.min(15, 2 ** bits - 1);
  for (let row = 0, to = 0; row < rows; row++)
    for (let i = 0; i < count; i++, to++) {
      const at = order === undefined ? i : order[i]!;
      const q = ((bytes[row * width + Math.floor(at / perByte)] ?? 0) >> (bits * (at % perByte) + from)) & mask;
      out[to >> 1]! |= q << (4 * (to & 1));
    }
  return out;
}

/** Elements of 4 bits of a constant of bytes: bits `from ...` of each of its numbers. */
function fourBits(c: BuildCall, i: number, what: string, p: Packed, from = 0): ValueId {
  const constant = constantOf(c, i, what);
  const { graph } = c.context;
  const bytes = constant.shape.reduce((a, d) => a * d, 1);
  if (constant.dtype !== "u8" || bytes !== p.rows * p.width) return notCompiled(`${what} are not ${p.rows} rows of ${p.width} bytes`);
  const asItIs = p.bits === 4 && p.count === 2 * p.width && p.order === undefined;
  const shape = [p.rows, p.count];
  return asItIs
    ? graph.lazyConstant(graph.value(c.input(i)).name, "u4", shape, () => constant.bytes(), constant.range)
    : graph.lazyConstant(graph.value(c.input(i)).name, "u4", shape, () => nibbles(constant.bytes(), p, from));
}

/**
 * The order of k in which blocks lie together, from the block of every k (g_idx); undefined: they do. Only for blocks that all have the same number
 * of steps.
 */
function blockOrder(c: BuildCall, k: number, block: number): readonly number[] | undefined {
  if (!c.has(4)) return undefined;
  const blockOf = c.known(4) ?? notCompiled("g_idx is computed at run time");
  const order = Array.from({ length: k }, (_, i) => i).sort((a, b) => blockOf[a]! - blockOf[b]! || a - b);
  if (order.some((from, at) => blockOf[from] !== Math.floor(at / block))) notCompiled("g_idx makes blocks of different lengths");
  return order.every((from, at) => from === at) ? undefined : order;
}

/** Sum over blocks of x times what the zero points, as floats, amount to: [..., K] x [blocks, N]. */
function ofFloatZeros(c: BuildCall, x: ValueId, scales: ValueId, [n, blocks, block, k]: readonly number[]): ValueId {
  const shape = c.shapeOf(x) ?? notCompiled("the rank of its operand is not known");
  const missing = blocks! * block! - k!;
  const pads = [...shape.map(() => 0), ...shape.map((_, axis) => (axis === shape.length - 1 ? missing : 0))];
  const whole = missing === 0 ? x : c.add("pad", [x], { mode: "constant", pads });
  const leading = shape.slice(0, -1).map((_, axis) => ({ axis }));
  const sums = c.add("reduce-sum", [c.reshape(whole, [...leading, blocks!, block!])], { axes: [shape.length], keepdims: false });
  const zeros = c.add("reshape", [c.input(3)], { shape: [n!, blocks!], allowZero: true });
  return c.add("matmul", [sums, c.add("transpose", [c.add("mul", [wide(c, zeros), wide(c, scales)])], { perm: [1, 0] })]);
}

const wide = (c: BuildCall, x: ValueId): ValueId => (c.context.graph.type(x).dtype === "f32" ? x : c.add("cast", [x], { to: "f32" }));

function matMulNBits(c: BuildCall): ValueId {
  const [k, n, block] = [c.int("K") ?? 0, c.int("N") ?? 0, c.int("block_size") ?? 0];
  const bits = c.int("bits", 4);
  if (![2, 4, 8].includes(bits)) notCompiled(`weights of ${bits} bits are not supported`);
  if (!(k > 0 && n > 0 && block >= 16 && (block & (block - 1)) === 0)) notCompiled("its extents K and N, or block_size, make no sense");
  const blocks = Math.ceil(k / block);
  const order = blockOrder(c, k, block);
  const packed: Packed = { bits, rows: n, width: (blocks * block * bits) / 8, count: k, order };
  const points: Packed = { bits, rows: n, width: Math.ceil((blocks * bits) / 8), count: blocks };
  const scales = c.add("reshape", [c.input(2)], { shape: [n, blocks], allowZero: true });
  const floatZeros = c.has(3) && c.dtype(3) !== "u8";
  const left = wide(c, c.input(0));
  const index = order && c.constant("i64", [k], order.map(BigInt));
  const x = index === undefined ? left : c.add("gather", [left, index], { axis: (c.shape(0)?.length ?? 1) - 1 });
  /** The product with bits `from ...` of the weight, times `factor`; without zero points, `zero` stands for 0. */
  const part = (from: number, factor: number, zero: number): ValueId => {
    const weight = fourBits(c, 1, "its weights", packed, from);
    const zeros = c.has(3) && !floatZeros ? [fourBits(c, 3, "its zero points", points, from)] : [];
    const attrs = { block, transB: true, zero: floatZeros ? 0 : zero, leftBits: c.int("accuracy_level", 0) === 4 ? 8 : 32 };
    const steps = factor === 1 ? scales : c.add("mul", [wide(c, scales), c.scalar("f32", factor)]);
    return c.add("matmul-blocks", [x, weight, steps, ...zeros], attrs);
  };
  const sums = bits === 8 ? c.add("add", [part(4, 16, 8), part(0, 1, 0)]) : part(0, 1, 2 ** (bits - 1));
  const product = floatZeros ? c.add("sub", [sums, ofFloatZeros(c, x, scales, [n, blocks, block, k])]) : sums;
  const full = c.has(5) ? c.add("add", [product, wide(c, c.input(5))]) : product;
  return c.dtype(0) === "f32" ? full : c.add("cast", [full], { to: c.dtype(0) });
}

export const blockWeightBuilders: Readonly<Record<string, Builder>> = { "com.microsoft.MatMulNBits": matMulNBits };
