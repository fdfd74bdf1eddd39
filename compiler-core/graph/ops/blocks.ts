/** DepthToSpace and SpaceToDepth: blocks of an image become channels, and back. */
import { shapeText } from "../dims.ts";
import { pick } from "../eval-movement.ts";
import type { Attrs, Dim } from "../ir.ts";
import { allocate, strides } from "../ndarray.ts";
import { intAttr, noFlops, refuse, stringAttr, type Inferred, type InferCall, type Op } from "./op.ts";

/** Where the parts of a channel number of the deep tensor stand: `DCR` block row, block column, channel; `CRD` channel, row, column. */
const blockOrders = ["DCR", "CRD"] as const;

const times = (d: Dim, n: number): Dim => (typeof d === "number" ? d * n : n === 1 ? d : `${d.includes("+") ? `(${d})` : d}*${n}`);
const over = (d: Dim, n: number): Dim | undefined => (typeof d !== "number" ? (n === 1 ? d : "?") : d % n === 0 ? d / n : undefined);

function inferBlocks(deeper: boolean) {
  return ({ inputs, attrs }: InferCall): Inferred => {
    const x = inputs[0]!;
    const b = intAttr(attrs, "block");
    const order = stringAttr(attrs, "order");
    if (b < 1 || !(blockOrders as readonly string[]).includes(order))
      return refuse("attribute", `blocks of ${b} in order ${order} are not known`);
    if (x.shape === undefined) return [x];
    if (x.shape.length !== 4) return refuse("shape", `${shapeText(x.shape)} is not a batch of images`);
    const [n, c, h, w] = x.shape as readonly [Dim, Dim, Dim, Dim];
    const shape = deeper ? [n, times(c, b * b), over(h, b), over(w, b)] : [n, over(c, b * b), times(h, b), times(w, b)];
    return shape.includes(undefined)
      ? refuse("shape", `${shapeText(x.shape)} does not divide into blocks of ${b}`)
      : [{ dtype: x.dtype, shape: shape as Dim[] }];
  };
}

/** The channel of the deep tensor that holds element (row, column) of the block of channel `c` of the wide one. */
export function deepChannel(attrs: Attrs, channels: number, c: number, row: number, column: number): number {
  const b = intAttr(attrs, "block");
  return stringAttr(attrs, "order") === "DCR" ? (row * b + column) * channels + c : (c * b + row) * b + column;
}

export const depthToSpace: Op = {
  what: "channels become blocks of pixels",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { block: { kind: "int" }, order: { kind: "string", default: "DCR", what: "DCR or CRD" } },
  traits: ["movement"],
  infer: inferBlocks(false),
  eval: ({ inputs, attrs, outputs, mode }) => {
    const x = inputs[0]!;
    const [b, steps] = [intAttr(attrs, "block"), strides(x.shape)];
    const channels = outputs[0]!.shape[1]!;
    const source = ([n, c, y, z]: readonly number[]): number =>
      n! * steps[0]! +
      deepChannel(attrs, channels, c!, y! % b, z! % b) * steps[1]! +
      Math.floor(y! / b) * steps[2]! +
      Math.floor(z! / b) * steps[3]!;
    return [pick(x, allocate(x.dtype, outputs[0]!.shape, mode), source)];
  },
  flops: noFlops,
};

export const spaceToDepth: Op = {
  what: "blocks of pixels become channels",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { block: { kind: "int" }, order: { kind: "string", default: "DCR", what: "DCR or CRD" } },
  traits: ["movement"],
  infer: inferBlocks(true),
  eval: ({ inputs, attrs, outputs, mode }) => {
    const x = inputs[0]!;
    const [b, steps, channels] = [intAttr(attrs, "block"), strides(x.shape), x.shape[1]!];
    const parts = (deep: number): readonly [number, number, number] =>
      stringAttr(attrs, "order") === "DCR"
        ? [deep % channels, Math.floor(deep / channels / b), Math.floor(deep / channels) % b]
        : [Math.floor(deep / b / b), Math.floor(deep / b) % b, deep % b];
    const source = ([n, deep, y, z]: readonly number[]): number => {
      const [c, row, column] = parts(deep!);
      return n! * steps[0]! + c * steps[1]! + (y! * b + row) * steps[2]! + (z! * b + column) * steps[3]!;
    };
    return [pick(x, allocate(x.dtype, outputs[0]!.shape, mode), source)];
  },
  flops: noFlops,
};
