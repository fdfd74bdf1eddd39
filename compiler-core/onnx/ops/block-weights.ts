/** MatMulNBits of ONNX Runtime: a product with a weight of 4 bits, N x K, that has a scale (and a zero point) for every block of K. */
import type { Constant } from "../../graph/constants.ts";
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Without zero points, 8 stands for 0. */
const middle = 8;

function constantOf(c: BuildCall, i: number, what: string): Constant {
  const { graph } = c.context;
  const { constant } = graph.value(c.input(i));
  return constant === undefined ? notCompiled(`${what} is computed at run time`) : graph.constants.get(constant);
}

/** Rows of `width` bytes cut to the nibbles that count, as packed elements of 4 bits: two a byte, the lower half first. */
function nibbles(bytes: Uint8Array, rows: number, width: number, count: number): Uint8Array {
  if (count === 2 * width) return bytes;
  const out = new Uint8Array(Math.ceil((rows * count) / 2));
  for (let row = 0, to = 0; row < rows; row++)
    for (let i = 0; i < count; i++, to++) {
      const q = ((bytes[row * width + (i >> 1)] ?? 0) >> (4 * (i & 1))) & 15;
      out[to >> 1]! |= q << (4 * (to & 1));
    }
  return out;
}

/** Packed elements of a constant of bytes. */
function packed(c: BuildCall, i: number, what: string, rows: number, width: number, count: number): ValueId {
  const constant = constantOf(c, i, what);
  const { graph } = c.context;
  const bytes = constant.shape.reduce((a, d) => a * d, 1);
  if (constant.dtype !== "u8" || bytes !== rows * width) return notCompiled(`${what} are not ${rows} rows of ${width} bytes`);
  const range = count === 2 * width ? constant.range : undefined;
  return graph.lazyConstant(graph.value(c.input(i)).name, "u4", [rows, count], () => nibbles(constant.bytes(), rows, width, count), range);
}

function matMulNBits(c: BuildCall): ValueId {
  const [k, n, block] = [c.int("K") ?? 0, c.int("N") ?? 0, c.int("block_size") ?? 0];
  const bits = c.int("bits", 4);
  if (bits !== 4) notCompiled(`weights of ${bits} bits are not supported`);
  if (!(k > 0 && n > 0 && block >= 16 && (block & (block - 1)) === 0)) notCompiled("its extents K and N, or block_size, make no sense");
  if (c.has(4)) notCompiled("weights in an order of their own (g_idx) are not supported");
  const blocks = Math.ceil(k / block);
  const weight = packed(c, 1, "its weights", n, (blocks * block) / 2, k);
  const scales = c.add("reshape", [c.input(2)], { shape: [n, blocks], allowZero: true });
  const zeros = c.has(3) ? [packed(c, 3, "its zero points", n, Math.ceil(blocks / 2), blocks)] : [];
  const dtype = c.dtype(0);
  const wide = (x: ValueId, from: string): ValueId => (from === "f32" ? x : c.add("cast", [x], { to: "f32" }));
  const attrs = { block, transB: true, zero: middle, leftBits: c.int("accuracy_level", 0) === 4 ? 8 : 32 };
  const product = c.add("matmul-blocks", [wide(c.input(0), dtype), weight, scales, ...zeros], attrs);
  const full = c.has(5) ? c.add("add", [product, wide(c.input(5), c.dtype(5))]) : product;
  return dtype === "f32" ? full : c.add("cast", [full], { to: dtype });
}

export const blockWeightBuilders: Readonly<Record<string, Builder>> = { "com.microsoft.MatMulNBits": matMulNBits };
