/** Reshape and expand: the canonical forms of everything that only changes how a shape is read. */
import { broadcastShapes, isStatic, productDim, shapeText } from "../dims.ts";
import type { Attrs, Dim, Shape } from "../ir.ts";
import { mapElements } from "../eval-elementwise.ts";
import { reshaped } from "../ndarray.ts";
import { boolAttr, noFlops, refuse, type InferCall, type Inferred, type Op, type TensorType } from "./op.ts";

/** The target, once it is known: the attribute that takes the place of operand 1. */
const target = ({ attrs }: InferCall): readonly Dim[] | undefined => attrs["shape"] as readonly Dim[] | undefined;

/** Unknown extents, one for each element of a shape operand whose values are not known. */
function unknownShape({ inputs }: InferCall): Shape | undefined {
  const rank = inputs[1]?.shape?.[0];
  return typeof rank === "number" ? Array.from({ length: rank }, () => "?") : undefined;
}

/** Replaces 0 (copy the extent, unless `allowzero`) and -1 (what remains); or a sentence that says why not. */
function resolveReshape(from: Shape | undefined, to: readonly Dim[], allowZero: boolean): Shape | string {
  if (to.some((d) => typeof d === "number" && (d < -1 || !Number.isInteger(d)))) return `shape ${to.join("x")} has a negative extent`;
  if (to.filter((d) => d === -1).length > 1) return `shape ${to.join("x")} has more than one -1`;
  const copied = to.map((d, i) => (d === 0 && !allowZero ? (from === undefined ? "?" : (from[i] ?? -2)) : d));
  if (copied.includes(-2)) return `shape ${to.join("x")} copies an axis that ${shapeText(from)} does not have`;
  const hole = copied.indexOf(-1);
  if (hole >= 0) return fillHole(from, copied, hole);
  if (isStatic(from) && isStatic(copied) && productDim(from) !== productDim(copied))
    return `${shapeText(from)} does not have as many elements as ${shapeText(copied)}`;
  return copied;
}

function fillHole(from: Shape | undefined, to: readonly Dim[], hole: number): Shape | string {
  const rest = to.filter((_, i) => i !== hole);
  const remaining = from === undefined ? undefined : quotient(from, rest);
  if (typeof remaining === "string" && remaining.startsWith("!")) return `${shapeText(from)} does not divide into ${shapeText(to)}`;
  return to.map((d, i) => (i === hole ? (remaining ?? "?") : d));
}

/** from / by, cancelling equal symbolic extents; "!" when it does not divide, undefined when it cannot be said. */
function quotient(from: Shape, by: Shape): Dim | undefined {
  const left = [...from];
  let divisor = 1;
  for (const d of by) {
    const i = left.indexOf(d);
    if (i >= 0) left.splice(i, 1);
    else if (typeof d === "number") divisor *= d;
    else return undefined;
  }
  const number = left.filter((d): d is number => typeof d === "number").reduce((a, d) => a * d, 1);
  const names = left.filter((d) => typeof d !== "number");
  if (divisor === 0) return names.length === 0 && number !== 0 ? "!" : 0;
  if (number % divisor !== 0) return names.length === 0 ? "!" : undefined;
  return productDim([...names, number / divisor]);
}

function inferReshape(call: InferCall): Inferred {
  const x = call.inputs[0]!;
  const to = target(call);
  if (to === undefined)
    return call.inputs.length < 2
      ? refuse("attribute", "neither a shape attribute nor a shape operand")
      : [{ dtype: x.dtype, shape: unknownShape(call) }];
  const shape = resolveReshape(x.shape, to, boolAttr(call.attrs, "allowZero"));
  return typeof shape === "string" ? refuse("shape", shape) : [{ dtype: x.dtype, shape }];
}

/** With one operand left, the attribute holds the extents themselves. */
const normaliseReshape = (inputs: readonly (TensorType | null)[], attrs: Attrs): Attrs => {
  const to = attrs["shape"] as readonly Dim[] | undefined;
  const from = inputs[0]?.shape;
  if (to === undefined || from === undefined) return attrs;
  const shape = resolveReshape(from, to, boolAttr(attrs, "allowZero"));
  const exact = isStatic(from) && typeof shape !== "string" && !shape.includes("?");
  return exact && (shape.some((d, i) => d !== to[i]) || attrs["allowZero"] !== true) ? { ...attrs, shape, allowZero: true } : attrs;
};

export const reshape: Op = {
  what: "the same elements under another shape (also Flatten, Squeeze, Unsqueeze)",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: {
    shape: { kind: "dims", optional: true, what: "extents; -1: what remains; 0: the operand's, unless allowZero. Absent: operand 1" },
    allowZero: { kind: "bool", default: false },
  },
  traits: ["view"],
  late: { shape: 1 },
  infer: inferReshape,
  eval: ({ inputs, outputs }) => [reshaped(inputs[0]!, outputs[0]!.shape)],
  flops: noFlops,
  bytes: noFlops,
  normalise: normaliseReshape,
};

/** The rank of the result is the larger of the two. */
function unknownExpand(call: InferCall): Shape | undefined {
  const [from, to] = [call.inputs[0]?.shape, unknownShape(call)];
  return from === undefined || to === undefined ? undefined : Array.from({ length: Math.max(from.length, to.length) }, () => "?");
}

function inferExpand(call: InferCall): Inferred {
  const x = call.inputs[0]!;
  const to = target(call);
  if (to === undefined)
    return call.inputs.length < 2
      ? refuse("attribute", "neither a shape attribute nor a shape operand")
      : [{ dtype: x.dtype, shape: unknownExpand(call) }];
  if (to.some((d) => typeof d === "number" && d < 0)) return refuse("value", `shape ${to.join("x")} has a negative extent`);
  if (x.shape === undefined) return [x];
  const shape = broadcastShapes([x.shape, to]);
  return shape === undefined
    ? refuse("shape", `${shapeText(x.shape)} does not broadcast with ${shapeText(to)}`)
    : [{ dtype: x.dtype, shape }];
}

export const expand: Op = {
  what: "x broadcast to a shape",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { shape: { kind: "dims", optional: true, what: "absent: operand 1" } },
  traits: ["movement"],
  late: { shape: 1 },
  infer: inferExpand,
  eval: ({ inputs, outputs, mode }) => [mapElements((o) => o[0]!, [inputs[0]!], outputs[0]!.shape, outputs[0]!.dtype, mode)],
  flops: noFlops,
};
