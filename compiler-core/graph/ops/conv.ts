/** Convolution over one to three spatial axes, with groups. */
import { evalConvolution } from "../eval-conv.ts";
import { shapeText } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, type NdArray } from "../ndarray.ts";
import type { DType } from "../../support/dtype.ts";
import { isFloat } from "../../support/dtype.ts";
import { roundFloat } from "../../tensor/rounding.ts";
import { slideDims, windowAttrs, windowOf, windowProblem } from "../window.ts";
import {
  elementCount,
  floatTypes,
  intAttr,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

const accepted: readonly DType[] = [...floatTypes, "i32"];

/** Refuses what no convolution can be; undefined when all is well or not known yet. */
export function convProblem([x, w, bias]: readonly (TensorType | null | undefined)[], groups: number): string | undefined {
  const [xs, ws] = [x?.shape, w?.shape];
  if (xs === undefined || ws === undefined) return undefined;
  if (xs.length < 3 || ws.length !== xs.length) return `${shapeText(ws)} is not a kernel for ${shapeText(xs)}`;
  const [channels, perGroup, outputs] = [xs[1], ws[1], ws[0]];
  if (groups < 1 || (typeof outputs === "number" && outputs % groups !== 0)) return `${groups} groups do not divide the kernel`;
  if (typeof channels === "number" && typeof perGroup === "number" && channels !== perGroup * groups)
    return `${channels} channels for a kernel of ${perGroup} in ${groups} groups`;
  const b = bias?.shape;
  return b !== undefined && (b.length !== 1 || (typeof b[0] === "number" && typeof outputs === "number" && b[0] !== outputs))
    ? `a bias of ${shapeText(b)} for ${outputs} channels`
    : undefined;
}

function infer({ inputs, attrs }: InferCall): Inferred {
  const [x, w] = inputs as readonly [TensorType, TensorType];
  if (!accepted.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  const other = inputs.find((t) => t !== null && t.dtype !== x.dtype);
  if (other) return refuse("dtype", `operands have different element types (${x.dtype}, ${other.dtype})`);
  const problem = convProblem(inputs, intAttr(attrs, "group"));
  if (problem !== undefined) return refuse("shape", problem);
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const window = windowProblem(attrs, rank - 2);
  if (window !== undefined) return refuse("attribute", window);
  const unknown: readonly Dim[] = new Array<Dim>(rank).fill("?");
  const [xs, ws] = [x.shape ?? unknown, w.shape ?? unknown];
  return [{ dtype: x.dtype, shape: [xs[0]!, ws[0]!, ...slideDims(attrs, xs.slice(2), ws.slice(2))] }];
}

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, w, bias] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const groups = intAttr(attrs, "group");
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  evalConvolution(x, w, bias, out, {
    batch: x.shape[0]!,
    groups,
    inputs: w.shape[1]!,
    outputs: w.shape[0]! / groups,
    axes: windowOf(attrs, x.shape.slice(2), w.shape.slice(2)),
  });
  if (mode === "native" && isFloat(out.dtype) && out.dtype !== "f32")
    for (let i = 0; i < out.data.length; i++) out.data[i] = roundFloat(out.dtype, Number(out.data[i]));
  return [out];
}

const convFlops = (c: CostCall): number => {
  const w = c.inputs[1]!;
  return (2 * elementCount(c.outputs[0]!) * elementCount(w)) / (w.shape[0] || 1);
};

export const conv: Op = {
  what: "convolution of [batch, channels, spatial axes ...] with a kernel [outputs, channels / group, ...], plus a bias per output channel",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { ...windowAttrs, group: { kind: "int", default: 1 } },
  traits: ["matmul"],
  infer,
  eval: evaluate,
  flops: convFlops,
};
