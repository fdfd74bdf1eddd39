/**
 * Products with a constant weight of 4 bits that is dequantised block by block along the sum: they keep the weight as it is, so that it is never
 * in memory as floats.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import { i4Block } from "../../../kernels/gemm-i4.ts";
import type { Rule } from "../../../graph/rules.ts";
import { asF32, isConstantLike } from "./quantised.ts";

interface BlockWeight {
  /** From the product's operand back to the dequantisation. */
  readonly nodes: readonly Node[];
  readonly transposed: boolean;
}

/** The dequantisation behind an operand, through casts between floats and a transpose. */
function weightBehind(e: GraphEditor, id: ValueId): BlockWeight | undefined {
  const nodes: Node[] = [];
  let transposed = false;
  for (let node = e.producer(id); node !== undefined; node = e.producer(node.inputs[0])) {
    nodes.unshift(node);
    if (node.op === "dequantize-linear") return { nodes, transposed };
    if (node.op === "transpose" && String(node.attrs["perm"]) === "1,0") transposed = !transposed;
    else if (node.op !== "cast" || !isFloat(e, node.inputs[0]!) || !isFloat(e, node.outputs[0]!)) return undefined;
  }
  return undefined;
}

const isFloat = (e: GraphEditor, id: ValueId): boolean => ["f32", "f16", "bf16"].includes(e.value(id).dtype);

function rewrite(node: Node, e: GraphEditor): Patch | undefined {
  const [left, right] = node.inputs as readonly [ValueId, ValueId];
  const found = weightBehind(e, right);
  const [from] = found?.nodes ?? [];
  if (found === undefined || from === undefined || from.attrs["block"] === undefined || node.attrs["transA"] === true) return undefined;
  const [weight, scales, zeros] = from.inputs as readonly [ValueId, ValueId, (ValueId | null)?];
  const { dtype } = e.value(weight);
  const shape = e.staticShape(weight);
  if ((dtype !== "u4" && dtype !== "i4") || shape?.length !== 2 || !isFloat(e, left) || !isFloat(e, scales)) return undefined;
  const parts = [weight, scales, ...(zeros == null ? [] : [zeros])];
  if (!parts.every((v) => isConstantLike(e, v)) || (e.value(left).shape?.length ?? 0) < 1) return undefined;
  if (node.op === "gemm" && (node.attrs["alpha"] !== 1 || (node.inputs[2] != null && node.attrs["beta"] !== 1))) return undefined;
  // Steps of the sum lie along the second axis where the weight, as it is stored, is N x K.
  const transB = (node.attrs["transB"] === true) !== found.transposed;
  const axis = (intAttr(from.attrs, "axis") + 2) % 2;
  const block = intAttr(from.attrs, "block");
  const [k, n] = transB ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!];
  const wanted = transB ? [n, Math.ceil(k / block)] : [Math.ceil(k / block), n];
  if (axis !== (transB ? 1 : 0) || String(e.staticShape(scales)) !== String(wanted)) return undefined;
  const out = e.value(node.outputs[0]!).dtype;
  const covers = found.nodes.every((m) => e.hasOneUse(m.outputs[0]!)) ? found.nodes : [];
  const p = e.patch(node, [...covers, node]);
  const product = p.add("matmul-blocks", [asF32(p, left), weight, scales, ...(zeros == null ? [] : [zeros])], { block, transB });
  const summand = node.op === "gemm" ? node.inputs[2] : undefined;
  const full = summand == null ? product : p.add("add", [product, asF32(p, summand)]);
  return p.done(out === "f32" ? full : p.add("cast", [full], { to: out }), `${dtype} in blocks of ${block}`);
}

/** Why a weight with scales for blocks is multiplied as floats; undefined: there is none. */
export function blocksAsFloats(node: Node, e: GraphEditor): string | undefined {
  const from = weightBehind(e, node.inputs[1]!)?.nodes[0];
  if (from?.attrs["block"] === undefined) return undefined;
  return `kernels decode weights of 4 bits with blocks along the sum; this one is ${e.value(from.inputs[0]!).dtype}, or its blocks lie otherwise`;
}

/** Blocks that the kernels do not decode, because they are shorter than theirs: every one is filled up, with steps where the operand is 0. */
function fillBlocks(node: Node, e: GraphEditor): Patch | undefined {
  const [left, weight, ...parameters] = node.inputs as readonly [ValueId, ValueId, ...(ValueId | null)[]];
  const block = intAttr(node.attrs, "block");
  const [x, w] = [e.staticShape(left), e.staticShape(weight)];
  const transB = node.attrs["transB"] === true;
  if (x === undefined || w === undefined || block >= i4Block || i4Block % block !== 0 || !isConstantLike(e, weight)) return undefined;
  const p = e.patch(node);
  const k = x.at(-1)!;
  const blocks = Math.ceil(k / block);
  /** The axis of k in blocks, each filled up, and one axis again. */
  const filled = (v: ValueId, shape: readonly number[], axis: number): ValueId => {
    const pad = (from: ValueId, rank: number, at: number, by: number): ValueId => {
      const pads = Array.from({ length: 2 * rank }, (_, i) => (i === rank + at ? by : 0));
      return by === 0 ? from : p.add("pad", [from], { mode: "constant", pads });
    };
    const around = (middle: readonly number[]): readonly number[] => [...shape.slice(0, axis), ...middle, ...shape.slice(axis + 1)];
    const whole = pad(v, shape.length, axis, blocks * block - k);
    const apart = p.add("reshape", [whole], { shape: around([blocks, block]), allowZero: true });
    const full = pad(apart, shape.length + 1, axis + 1, i4Block - block);
    return p.add("reshape", [full], { shape: around([blocks * i4Block]), allowZero: true });
  };
  const operands = [filled(left, x, x.length - 1), filled(weight, w, transB ? 1 : 0), ...parameters];
  return p.done(p.add("matmul-blocks", operands, { ...node.attrs, block: i4Block }), `blocks of ${block} filled up to ${i4Block}`);
}

export const blockRules: readonly Rule[] = [
  { name: "low-precision/blocks", ops: ["matmul", "gemm"], rewrite },
  { name: "low-precision/short-blocks", ops: ["matmul-blocks"], rewrite: fillBlocks },
];
