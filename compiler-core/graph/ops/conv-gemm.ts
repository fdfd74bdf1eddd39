/** Convolution in the form its native kernel computes: the kernel as one matrix per group. Made by `decompose`. */
import { evalConvolution } from "../eval-conv.ts";
import { isStatic, shapeText } from "../dims.ts";
import { allocate, type NdArray } from "../ndarray.ts";
import { slideDims, windowAttrs, windowOf, windowProblem } from "../window.ts";
import {
  elementCount,
  intsAttr,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

function infer({ inputs, attrs }: InferCall): Inferred {
  const [x, w, bias] = inputs as readonly [TensorType, TensorType, TensorType | null | undefined];
  const other = inputs.find((t) => t !== null && t.dtype !== "f32");
  if (other) return refuse("dtype", `elements of type ${other.dtype} are not supported here`);
  if (x.shape === undefined || !isStatic(w.shape)) return [{ dtype: "f32", shape: undefined }];
  const kernel = intsAttr(attrs, "kernel");
  const problem = windowProblem(attrs, kernel.length, kernel);
  if (problem !== undefined) return refuse("attribute", problem);
  const [groups, rows, k] = w.shape as readonly [number, number, number];
  const taps = kernel.reduce((a, b) => a * b, 1);
  if (w.shape.length !== 3 || x.shape.length !== kernel.length + 2 || x.shape[1] !== (groups * k) / taps)
    return refuse("shape", `matrices of ${shapeText(w.shape)} are not a kernel for ${shapeText(x.shape)}`);
  if (bias?.shape !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== groups * rows))
    return refuse("shape", `a bias of ${shapeText(bias.shape)}`);
  return [{ dtype: "f32", shape: [x.shape[0]!, groups * rows, ...slideDims(attrs, x.shape.slice(2), kernel)] }];
}

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, w, bias] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const [groups, rows] = w.shape as readonly [number, number];
  evalConvolution(x, w, bias, out, {
    batch: x.shape[0]!,
    groups,
    inputs: x.shape[1]! / groups,
    outputs: rows,
    axes: windowOf(attrs, x.shape.slice(2), intsAttr(attrs, "kernel")),
  });
  return [out];
}

export const convGemm: Op = {
  what: "convolution whose kernel is a matrix [outputs, channels x taps] for each group, plus a bias per output channel",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { kernel: { kind: "ints", what: "taps along the spatial axes" }, ...windowAttrs },
  traits: ["matmul"],
  infer,
  eval: evaluate,
  flops: (c: CostCall) => 2 * elementCount(c.outputs[0]!) * (c.inputs[1]!.shape[2] ?? 0),
};
