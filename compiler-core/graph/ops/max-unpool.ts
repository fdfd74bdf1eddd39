/** The inverse of max pooling: elements at their positions, zeros between. */
import { shapeAgrees, shapeText } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, type NdArray } from "../ndarray.ts";
import { windowAttrs, windowProblem } from "../window.ts";
import {
  computedTypes,
  elementCount,
  intsAttr,
  optionalInts,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
} from "./op.ts";

function infer({ inputs, attrs }: InferCall): Inferred {
  const [x, positions] = [inputs[0]!, inputs[1]!];
  if (!computedTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (positions.dtype !== "i64") return refuse("dtype", `positions are ${positions.dtype}`);
  const kernel = intsAttr(attrs, "kernel");
  const problem = windowProblem({ ...attrs, autoPad: "NOTSET" }, kernel.length, kernel);
  if (problem !== undefined) return refuse("attribute", problem);
  if (x.shape === undefined) return [x];
  if (x.shape.length !== kernel.length + 2) return refuse("shape", `${kernel.length} spatial axes for ${shapeText(x.shape)}`);
  if (!shapeAgrees(positions.shape, x.shape))
    return refuse("shape", `positions of ${shapeText(positions.shape)} for ${shapeText(x.shape)}`);
  const [strides, pads] = [optionalInts(attrs, "strides"), optionalInts(attrs, "pads")];
  const spatial = x.shape.slice(2).map((d, i): Dim => {
    const padding = (pads?.[i] ?? 0) + (pads?.[i + kernel.length] ?? 0);
    return typeof d === "number" ? Math.max(0, (d - 1) * (strides?.[i] ?? 1) + kernel[i]! - padding) : "?";
  });
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...spatial] }];
}

function evaluate({ inputs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, positions] = [inputs[0]!, inputs[1]!];
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  for (let i = 0; i < x.data.length; i++) {
    const at = Number(positions.data[i]);
    if (at >= 0 && at < out.data.length) out.data[at] = x.data[i]!;
  }
  return [out];
}

export const maxUnpool: Op = {
  what: "elements of x at their positions in the result, counted through the whole tensor, and zeros elsewhere",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: { kernel: { kind: "ints" }, strides: windowAttrs.strides, pads: windowAttrs.pads },
  traits: ["movement"],
  infer,
  eval: evaluate,
  flops: (c) => elementCount(c.inputs[0]!),
};
