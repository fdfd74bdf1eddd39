/**
 * Quantisation and what only moves or compares elements change places: bytes are moved instead of floats, and what is quantised is nearer to
 * the product that makes it. All of it is exact, because a scale above 0 keeps the order of the numbers.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Rule } from "../../../graph/rules.ts";
import { asScalar, dequantised, isByte, isConstantLike, type Quantised } from "./quantised.ts";

/** Operators of one tensor that give each element of it at most once, or the greatest of several. */
const movements: readonly OpName[] = [
  "reshape",
  "transpose",
  "squeeze",
  "unsqueeze",
  "flatten",
  "slice",
  "depth-to-space",
  "space-to-depth",
  "identity",
  "max-pool",
  "tile",
  "expand",
];

const movesOne = (node: Node): boolean => node.inputs.slice(1).every((v) => v === null) && node.outputs.length === 1;

function isPositive(e: GraphEditor, scale: ValueId): boolean {
  const data = e.constant(scale)?.data;
  return data !== undefined && Array.from(data as ArrayLike<number>).every((v) => Number(v) > 0);
}

/** Bytes with one scale, or with scales along an axis that a transpose takes elsewhere. */
function movable(e: GraphEditor, node: Node): (Quantised & { readonly to: number | undefined }) | undefined {
  const q = dequantised(e, e.producer(node.inputs[0]));
  if (q === undefined || !isByte(q.dtype) || (node.op === "max-pool" && !isPositive(e, q.scale))) return undefined;
  if (q.axis === undefined) return { ...q, to: undefined };
  if (node.op !== "transpose") return undefined;
  return { ...q, to: (node.attrs["perm"] as readonly number[]).indexOf(q.axis) };
}

/** move(dequantize(x)) = dequantize(move(x)). */
function sink(node: Node, e: GraphEditor): Patch | undefined {
  if (!movesOne(node)) return undefined;
  const q = movable(e, node);
  if (q === undefined) return undefined;
  const { node: from } = q;
  const p = e.patch(node, e.hasOneUse(from.outputs[0]!) ? [from, node] : [node]);
  const moved = p.add(node.op, [q.value], node.attrs);
  const attrs = q.to === undefined ? from.attrs : { ...from.attrs, axis: q.to };
  return p.done(p.add("dequantize-linear", [moved, ...from.inputs.slice(1)], attrs));
}

/** quantize(move(x)) = move(quantize(x)), for one scale. */
function hoist(node: Node, e: GraphEditor): Patch | undefined {
  const move = e.producer(node.inputs[0]);
  if (move === undefined || !movements.includes(move.op) || !movesOne(move) || !e.hasOneUse(node.inputs[0]!)) return undefined;
  if (!isByte(e.value(node.outputs[0]!).dtype) || node.attrs["block"] !== undefined) return undefined;
  const scale = e.staticShape(node.inputs[1]!);
  if (scale === undefined || scale.some((d) => d !== 1) || isConstantLike(e, move.inputs[0]!)) return undefined;
  if (move.op === "max-pool" && !isPositive(e, node.inputs[1]!)) return undefined;
  const [from, to] = [e.staticShape(move.inputs[0]!), e.staticShape(move.outputs[0]!)];
  // A slice may leave little: what it drops would be quantised, too.
  if (from === undefined || to === undefined || (move.op === "slice" && String(from) !== String(to))) return undefined;
  const p = e.patch(node, [move, node]);
  const bytes = p.add("quantize-linear", [move.inputs[0]!, ...node.inputs.slice(1)], node.attrs);
  return p.done(p.add(move.op, [bytes], move.attrs));
}

const sameNumbers = (e: GraphEditor, a: ValueId, b: ValueId): boolean => {
  if (a === b) return true;
  const [x, y] = [e.constant(a), e.constant(b)];
  return x !== undefined && y !== undefined && x.dtype === y.dtype && String(x.data) === String(y.data);
};

/** Are zero points the same? Absent is 0. */
function sameZero(e: GraphEditor, q: Quantised, zero: ValueId | null | undefined): boolean {
  const other = zero == null ? null : zero;
  if (q.zero === null && other === null) return true;
  const isNone = (v: ValueId | null): boolean => v === null || e.constant(v)?.data.every((x: number | bigint) => Number(x) === 0) === true;
  if (q.zero === null) return isNone(other);
  return other !== null && sameNumbers(e, q.zero, other);
}

/** quantize(dequantize(x)) with one scale and zero point is x: n * scale / scale rounds to n. */
function cancel(node: Node, e: GraphEditor): Patch | undefined {
  const q = dequantised(e, e.producer(node.inputs[0]));
  if (q === undefined || q.axis !== undefined || !isByte(q.dtype) || q.dtype !== e.value(node.outputs[0]!).dtype) return undefined;
  if (node.attrs["block"] !== undefined || !isPositive(e, q.scale)) return undefined;
  if (!sameNumbers(e, q.scale, node.inputs[1]!) || !sameZero(e, q, node.inputs[2])) return undefined;
  return e.canDrop(node.outputs[0]!, q.value)
    ? e.patch(node, e.hasOneUse(node.inputs[0]!) ? [q.node, node] : [node]).done(q.value)
    : undefined;
}

/** concat(dequantize(a), dequantize(b) ...) of one scale and zero point is the dequantised concat(a, b ...). */
function concat(node: Node, e: GraphEditor): Patch | undefined {
  const parts = node.inputs.map((v) => dequantised(e, e.producer(v)));
  const [first] = parts;
  if (first === undefined || parts.length < 2 || !isByte(first.dtype)) return undefined;
  const same = (q: Quantised | undefined): boolean =>
    q !== undefined &&
    q.axis === undefined &&
    q.dtype === first.dtype &&
    sameNumbers(e, q.scale, first.scale) &&
    (q.zero === null ? first.zero === null : sameZero(e, first, q.zero)) &&
    q.node.attrs["to"] === first.node.attrs["to"];
  if (!parts.every(same)) return undefined;
  const p = e.patch(node, [...new Set([...parts.map((q) => q!.node), node])]);
  const joined = p.add(
    "concat",
    parts.map((q) => q!.value),
    node.attrs,
  );
  return p.done(p.add("dequantize-linear", [joined, ...first.node.inputs.slice(1)], first.node.attrs));
}

/** Zeros around an image, or its nearest elements: the bytes of both are known. */
const surrounding: readonly OpName[] = ["pad", "resize"];

/** The operator on bytes: what it puts around them is the zero point. Undefined: it computes elements, or puts something else around. */
function onBytes(node: Node): ((p: PatchBuilder, bytes: ValueId, zero: ValueId | null) => ValueId) | undefined {
  if (node.outputs.length !== 1 || node.inputs.slice(1).some((v) => v !== null)) return undefined;
  if (node.op === "resize") {
    const copies = node.attrs["mode"] === "nearest" && node.attrs["coordinates"] !== "tf_crop_and_resize";
    return copies ? (p, bytes) => p.add("resize", [bytes], node.attrs) : undefined;
  }
  if (node.attrs["mode"] !== "constant") return (p, bytes) => p.add("pad", [bytes], node.attrs);
  if (Number(node.attrs["value"] ?? 0) !== 0) return undefined;
  return (p, bytes, zero) => p.add("pad", zero === null ? [bytes] : [bytes, null, asScalar(p, zero)], { ...node.attrs, value: 0 });
}

/** surround(dequantize(x)) = dequantize(surround(x)), with the zero point around. */
function surroundBytes(node: Node, e: GraphEditor): Patch | undefined {
  const q = dequantised(e, e.producer(node.inputs[0]));
  const write = onBytes(node);
  if (q === undefined || write === undefined || q.axis !== undefined || !isByte(q.dtype)) return undefined;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [q.node, node] : [node]);
  return p.done(p.add("dequantize-linear", [write(p, q.value, q.zero), ...q.node.inputs.slice(1)], q.node.attrs));
}

/** Rows of a quantised table are looked up as bytes. */
function gatherBytes(node: Node, e: GraphEditor): Patch | undefined {
  const q = dequantised(e, e.producer(node.inputs[0]));
  if (q === undefined || q.axis !== undefined || !isByte(q.dtype) || isConstantLike(e, node.inputs[1]!)) return undefined;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [q.node, node] : [node]);
  const rows = p.add("gather", [q.value, node.inputs[1]!], node.attrs);
  return p.done(p.add("dequantize-linear", [rows, ...q.node.inputs.slice(1)], q.node.attrs));
}

/** quantize(concat(a, b ...)) = concat(quantize(a), quantize(b) ...): each part is quantised where it is made. */
function quantizeParts(node: Node, e: GraphEditor): Patch | undefined {
  const joined = e.producer(node.inputs[0]);
  const scale = e.staticShape(node.inputs[1]!);
  if (joined?.op !== "concat" || !e.hasOneUse(node.inputs[0]!) || node.attrs["block"] !== undefined) return undefined;
  if (scale === undefined || scale.some((d) => d !== 1) || !isByte(e.value(node.outputs[0]!).dtype)) return undefined;
  if (joined.inputs.some((v) => v === null || isConstantLike(e, v))) return undefined;
  const p = e.patch(node, [joined, node]);
  const parts = joined.inputs.map((v) => p.add("quantize-linear", [v, ...node.inputs.slice(1)], node.attrs));
  return p.done(p.add("concat", parts, joined.attrs));
}

export const movementRules: readonly Rule[] = [
  { name: "low-precision/cancel", ops: ["quantize-linear"], rewrite: cancel },
  { name: "low-precision/dequantize-later", ops: movements, rewrite: sink },
  { name: "low-precision/dequantize-later", ops: ["concat"], rewrite: concat },
  { name: "low-precision/dequantize-later", ops: surrounding, rewrite: surroundBytes },
  { name: "low-precision/dequantize-later", ops: ["gather"], rewrite: gatherBytes },
  { name: "low-precision/quantize-earlier", ops: ["quantize-linear"], rewrite: hoist },
  { name: "low-precision/quantize-earlier", ops: ["quantize-linear"], rewrite: quantizeParts },
];
