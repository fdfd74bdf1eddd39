/** Rules of `simplify` about reshape, transpose and expand. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { toNumbers } from "../../../graph/ndarray.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Rule } from "../../../graph/rules.ts";

const rule = (name: string, ops: readonly OpName[], rewrite: Rule["rewrite"]): Rule => ({ name: `simplify/${name}`, ops, rewrite });
const permOf = (node: Node): readonly number[] => node.attrs["perm"] as readonly number[];

/** The result has the operand's own shape. */
function sameShape(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const [from, to] = [e.staticShape(x), e.staticShape(node.outputs[0]!)];
  return from !== undefined && to !== undefined && String(from) === String(to) ? e.patch(node).done(x) : undefined;
}

function reshapeOfReshape(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  const shape = e.staticShape(node.outputs[0]!);
  if (inner?.op !== "reshape" || shape === undefined) return undefined;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(p.add("reshape", [inner.inputs[0]!], { shape, allowZero: true }));
}

/** An operand that holds a shape which has become constant. */
function shapeOperand(node: Node, e: GraphEditor): Patch | undefined {
  const shape = e.staticShape(node.outputs[0]!);
  if (node.inputs.length < 2 || shape === undefined || e.constant(node.inputs[1]) === undefined) return undefined;
  const p = e.patch(node);
  return p.done(p.add(node.op, [node.inputs[0]!], node.op === "reshape" ? { shape, allowZero: true } : { shape }));
}

function transposeIdentity(node: Node, e: GraphEditor): Patch | undefined {
  return permOf(node)?.every((p, i) => p === i) ? e.patch(node).done(node.inputs[0]!) : undefined;
}

function transposeOfTranspose(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  if (inner?.op !== "transpose" || permOf(node) === undefined) return undefined;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(p.add("transpose", [inner.inputs[0]!], { perm: permOf(node).map((i) => permOf(inner)[i]!) }));
}

/** Only axes of extent 1 move: the bytes stay where they are. */
function transposeIsReshape(node: Node, e: GraphEditor): Patch | undefined {
  const [from, shape] = [e.staticShape(node.inputs[0]!), e.staticShape(node.outputs[0]!)];
  if (from === undefined || shape === undefined || permOf(node) === undefined) return undefined;
  const moved = permOf(node).filter((p) => from[p] !== 1);
  if (moved.some((p, i) => i > 0 && p < moved[i - 1]!)) return undefined;
  const p = e.patch(node);
  return p.done(p.add("reshape", [node.inputs[0]!], { shape, allowZero: true }));
}

/** A transpose of the last two axes of B becomes the product's own flag: packing or the kernel reads B either way. */
function transposedB(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const inner = e.producer(b);
  if (inner?.op !== "transpose") return undefined;
  const perm = permOf(inner);
  const n = perm?.length ?? 0;
  const swaps = n >= 2 && perm.every((p, i) => p === (i < n - 2 ? i : i === n - 2 ? n - 1 : n - 2));
  if (!swaps || (e.value(a).shape?.length ?? 0) < 2) return undefined;
  const p = e.patch(node, e.hasOneUse(b) ? [inner, node] : [node]);
  return p.done(p.add("matmul", [a, inner.inputs[0]!], { ...node.attrs, transB: node.attrs["transB"] !== true }));
}

/** Combining along axes of extent 1 only takes the axes away. */
function reduceNothing(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const [from, shape] = [e.staticShape(x), e.staticShape(node.outputs[0]!)];
  const axes = node.attrs["axes"] as readonly number[] | undefined;
  if (from === undefined || shape === undefined || axes === undefined || axes.some((a) => from[a] !== 1)) return undefined;
  const p = e.patch(node);
  return p.done(p.add("reshape", [x], { shape, allowZero: true }));
}

/** One known index: a slice, with or without the axis. */
function gatherOne(node: Node, e: GraphEditor): Patch | undefined {
  const [x, indices] = node.inputs as readonly [ValueId, ValueId];
  const [from, shape] = [e.staticShape(x), e.staticShape(node.outputs[0]!)];
  const data = e.constant(indices, 1);
  const axis = node.attrs["axis"] as number;
  if (from === undefined || shape === undefined || data === undefined || data.data.length !== 1) return undefined;
  const raw = toNumbers(data)[0]!;
  const at = raw < 0 ? raw + from[axis]! : raw;
  if (at < 0 || at >= from[axis]!) return undefined;
  const p = e.patch(node);
  const cut = p.add("slice", [x], { starts: [at], ends: [at + 1], axes: [axis], steps: [1] });
  return p.done(String(p.value(cut).shape) === String(shape) ? cut : p.add("reshape", [cut], { shape, allowZero: true }));
}

export const viewRules: readonly Rule[] = [
  rule("shape-operand", ["reshape", "expand"], shapeOperand),
  rule("reshape-of-reshape", ["reshape"], reshapeOfReshape),
  rule("same-shape", ["reshape", "expand", "slice", "pad"], sameShapeUnlessStepped),
  rule("transpose-identity", ["transpose"], transposeIdentity),
  rule("transpose-of-transpose", ["transpose"], transposeOfTranspose),
  rule("transpose-is-reshape", ["transpose"], transposeIsReshape),
  rule("transposed-b", ["matmul"], transposedB),
  rule("reduce-nothing", ["reduce-sum", "reduce-mean", "reduce-max", "reduce-min", "reduce-prod"], reduceNothing),
  rule("gather-one", ["gather"], gatherOne),
];

/** A slice backwards keeps the shape but not the order; pads may cut one side and add to the other. */
function sameShapeUnlessStepped(node: Node, e: GraphEditor): Patch | undefined {
  if (node.op === "slice" && (node.inputs.length > 1 || (node.attrs["steps"] as readonly number[] | undefined)?.some((s) => s !== 1)))
    return undefined;
  if (node.op === "pad" && (node.attrs["pads"] as readonly number[] | undefined)?.every((p) => p === 0) !== true) return undefined;
  return sameShape(node, e);
}
