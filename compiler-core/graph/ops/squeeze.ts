/** Squeeze, Unsqueeze and Flatten while the axes or the rank are not known; then they are reshapes. */
import { normalAxis, productDim, shapeText } from "../dims.ts";
import type { Dim, Shape } from "../ir.ts";
import { reshaped } from "../ndarray.ts";
import { intAttr, noFlops, optionalInts, refuse, type InferCall, type Inferred, type Op } from "./op.ts";

function squeezed(shape: Shape, axes: readonly number[] | undefined): Shape | string {
  if (axes === undefined) return shape.some((d) => typeof d === "string") ? "" : shape.filter((d) => d !== 1);
  const drop = axes.map((a) => normalAxis(a, shape.length));
  if (drop.includes(undefined)) return `axes ${axes.join(",")} are not axes of ${shapeText(shape)}`;
  const wrong = drop.find((a) => typeof shape[a!] === "number" && shape[a!] !== 1);
  return wrong === undefined ? shape.filter((_, i) => !drop.includes(i)) : `axis ${wrong} has extent ${shape[wrong]}, not 1`;
}

function inferSqueeze({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (x.shape === undefined || inputs[1] != null) {
    const dropped = inputs[1]?.shape?.[0];
    const shape =
      x.shape && typeof dropped === "number" ? Array.from({ length: Math.max(0, x.shape.length - dropped) }, () => "?") : undefined;
    return [{ dtype: x.dtype, shape }];
  }
  const shape = squeezed(x.shape, optionalInts(attrs, "axes"));
  if (typeof shape !== "string") return [{ dtype: x.dtype, shape }];
  return shape === "" ? [{ dtype: x.dtype, shape: undefined }] : refuse("attribute", shape);
}

export const squeeze: Op = {
  what: "x without axes of extent 1; becomes a reshape",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { axes: { kind: "ints", optional: true, what: "absent: all of extent 1" } },
  traits: ["composite"],
  late: { axes: 1 },
  infer: inferSqueeze,
  eval: ({ inputs, outputs }) => [reshaped(inputs[0]!, outputs[0]!.shape)],
  flops: noFlops,
  bytes: noFlops,
};

function inferUnsqueeze({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const axes = optionalInts(attrs, "axes");
  if (axes === undefined) {
    const added = inputs[1]?.shape?.[0];
    const shape = x.shape && typeof added === "number" ? Array.from({ length: x.shape.length + added }, () => "?") : undefined;
    return [{ dtype: x.dtype, shape }];
  }
  if (x.shape === undefined) return [x];
  const rank = x.shape.length + axes.length;
  const places = axes.map((a) => normalAxis(a, rank));
  if (places.includes(undefined) || new Set(places).size !== axes.length)
    return refuse("attribute", `axes ${axes.join(",")} cannot be added to ${shapeText(x.shape)}`);
  const kept = [...x.shape];
  return [{ dtype: x.dtype, shape: Array.from({ length: rank }, (_, i): Dim => (places.includes(i) ? 1 : kept.shift()!)) }];
}

export const unsqueeze: Op = {
  what: "x with new axes of extent 1; becomes a reshape",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { axes: { kind: "ints", optional: true } },
  traits: ["composite"],
  late: { axes: 1 },
  infer: inferUnsqueeze,
  eval: ({ inputs, outputs }) => [reshaped(inputs[0]!, outputs[0]!.shape)],
  flops: noFlops,
  bytes: noFlops,
};

export const flatten: Op = {
  what: "x as a matrix: the axes before `axis`, and the others; becomes a reshape",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 1 } },
  traits: ["composite"],
  infer: ({ inputs, attrs }) => {
    const x = inputs[0]!;
    if (x.shape === undefined) return [{ dtype: x.dtype, shape: ["?", "?"] }];
    const axis = intAttr(attrs, "axis") === x.shape.length ? x.shape.length : normalAxis(intAttr(attrs, "axis"), x.shape.length);
    return axis === undefined && x.shape.length > 0
      ? refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`)
      : [{ dtype: x.dtype, shape: [productDim(x.shape.slice(0, axis ?? 0)), productDim(x.shape.slice(axis ?? 0))] }];
  },
  eval: ({ inputs, outputs }) => [reshaped(inputs[0]!, outputs[0]!.shape)],
  flops: noFlops,
  bytes: noFlops,
};
