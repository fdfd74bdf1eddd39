/** Tile: copies of a tensor side by side. */
import type { Dim } from "../ir.ts";
import { shapeText } from "../dims.ts";
import { pick } from "../eval-movement.ts";
import { allocate, strides } from "../ndarray.ts";
import { noFlops, optionalInts, refuse, type InferCall, type Inferred, type Op } from "./op.ts";

const times = (d: Dim, repeat: number | undefined): Dim =>
  repeat === undefined
    ? "?"
    : repeat === 1
      ? d
      : typeof d === "number"
        ? d * repeat
        : repeat === 0
          ? 0
          : `${d.includes("+") ? `(${d})` : d}*${repeat}`;

function inferTile({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const repeats = optionalInts(attrs, "repeats");
  if (x.shape === undefined) return [x];
  if (repeats !== undefined && (repeats.length !== x.shape.length || repeats.some((r) => r < 0)))
    return refuse("attribute", `repeats ${repeats.join(",")} do not fit ${shapeText(x.shape)}`);
  return [{ dtype: x.dtype, shape: x.shape.map((d, i) => times(d, repeats?.[i])) }];
}

export const tile: Op = {
  what: "copies of x side by side along each axis",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { repeats: { kind: "ints", optional: true } },
  traits: ["movement"],
  late: { repeats: 1 },
  infer: inferTile,
  eval: ({ inputs, outputs, mode }) => {
    const x = inputs[0]!;
    const steps = strides(x.shape);
    return [
      pick(x, allocate(x.dtype, outputs[0]!.shape, mode), (index) => index.reduce((at, i, a) => at + (i % x.shape[a]!) * steps[a]!, 0)),
    ];
  },
  flops: noFlops,
};
