/** GatherElements and GatherND: elements and slices of a tensor at positions that are data. */
import { agrees, normalAxis, shapeText } from "../dims.ts";
import { clamped, pick } from "../eval-movement.ts";
import type { Dim, Shape } from "../ir.ts";
import { allocate, count, strides, type NdArray } from "../ndarray.ts";
import {
  byteCount,
  intAttr,
  integerTypes,
  noFlops,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";
import { normaliseAxis } from "./softmax.ts";

/** Indices have places of their own in x: along the other axes none may lie behind its end. A sentence, or undefined when they fit. */
export function outsideOf(x: Shape, indices: Shape, axis: number): string | undefined {
  const wrong = indices.some((d, i) => {
    const extent = x[i]!;
    return typeof d === "number" && typeof extent === "number" && (i === axis ? d > 0 && extent === 0 : d > extent);
  });
  return wrong ? `indices ${shapeText(indices)} reach outside of ${shapeText(x)}` : undefined;
}

function inferGatherElements({ inputs, attrs }: InferCall): Inferred {
  const [x, indices] = inputs as readonly [TensorType, TensorType];
  if (!integerTypes.includes(indices.dtype)) return refuse("dtype", `indices are ${indices.dtype}`);
  if (x.shape === undefined || indices.shape === undefined) return [{ dtype: x.dtype, shape: indices.shape }];
  if (x.shape.length !== indices.shape.length || normalAxis(intAttr(attrs, "axis"), x.shape.length) === undefined)
    return refuse("shape", `indices ${shapeText(indices.shape)} do not fit ${shapeText(x.shape)} along axis ${intAttr(attrs, "axis")}`);
  const problem = outsideOf(x.shape, indices.shape, normalAxis(intAttr(attrs, "axis"), x.shape.length)!);
  if (problem !== undefined) return refuse("shape", problem);
  return [{ dtype: x.dtype, shape: indices.shape }];
}

export const gatherElements: Op = {
  what: "the element of x at the index's own place, moved along an axis to the position it holds",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 0 } },
  traits: ["movement"],
  infer: inferGatherElements,
  eval: ({ inputs, attrs, outputs, mode }) => {
    const [x, indices] = inputs as readonly [NdArray, NdArray];
    const axis = intAttr(attrs, "axis");
    const steps = strides(x.shape);
    let n = 0;
    return [
      pick(x, allocate(x.dtype, outputs[0]!.shape, mode), (index) => {
        const at = clamped(Number(indices.data[n++]), x.shape[axis]!);
        return index.reduce((sum, i, a) => sum + (a === axis ? at : i) * steps[a]!, 0);
      }),
    ];
  },
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!) + byteCount(c.inputs[1]!),
  normalise: normaliseAxis,
};

/** How the operands of GatherND and ScatterND fit: batch axes, then one tuple of positions per slice. */
export interface NdPlan {
  /** Axes of the slices that tuples name. */
  readonly depth: number;
  /** Extents of one slice. */
  readonly slice: readonly number[];
}

export const ndPlan = (x: readonly number[], indices: readonly number[], batch: number): NdPlan => ({
  depth: indices.at(-1) ?? 0,
  slice: x.slice(batch + (indices.at(-1) ?? 0)),
});

function inferGatherNd({ inputs, attrs }: InferCall): Inferred {
  const [x, indices] = inputs as readonly [TensorType, TensorType];
  const batch = intAttr(attrs, "batchDims");
  if (!integerTypes.includes(indices.dtype)) return refuse("dtype", `indices are ${indices.dtype}`);
  const depth = indices.shape?.at(-1);
  if (x.shape === undefined || indices.shape === undefined || typeof depth !== "number") return [{ dtype: x.dtype, shape: undefined }];
  if (batch < 0 || batch >= indices.shape.length || batch + depth > x.shape.length)
    return refuse("shape", `indices ${shapeText(indices.shape)} with ${batch} batch axes do not fit ${shapeText(x.shape)}`);
  const batches: Dim[] = [];
  for (let i = 0; i < batch; i++) {
    const [d, other] = [x.shape[i]!, indices.shape[i]!];
    if (!agrees(d, other)) return refuse("shape", `the batch axes of ${shapeText(x.shape)} and ${shapeText(indices.shape)} differ`);
    batches.push(typeof d === "number" ? d : other);
  }
  if (x.shape.slice(batch, batch + depth).includes(0) && !indices.shape.includes(0))
    return refuse("shape", `there is nothing in ${shapeText(x.shape)} to gather`);
  return [{ dtype: x.dtype, shape: [...batches, ...indices.shape.slice(batch, -1), ...x.shape.slice(batch + depth)] }];
}

/** Positions outside of the tensor are clamped, as the generated code does. */
function evalGatherNd({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, indices] = inputs as readonly [NdArray, NdArray];
  const batch = intAttr(attrs, "batchDims");
  const { depth, slice } = ndPlan(x.shape, indices.shape, batch);
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const steps = strides(x.shape);
  const size = count(slice);
  const tuples = count(indices.shape.slice(0, -1));
  const perBatch = tuples / Math.max(1, count(indices.shape.slice(0, batch)));
  const batchStep = count(x.shape.slice(batch));
  for (let t = 0; t < tuples; t++) {
    let from = Math.floor(t / perBatch) * batchStep;
    for (let d = 0; d < depth; d++) from += clamped(Number(indices.data[t * depth + d]), x.shape[batch + d]!) * steps[batch + d]!;
    for (let j = 0; j < size; j++) out.data[t * size + j] = x.data[from + j]!;
  }
  return [out];
}

export const gatherNd: Op = {
  what: "slices of x, each at the position that a tuple of indices holds",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: { batchDims: { kind: "int", default: 0 } },
  traits: ["movement"],
  infer: inferGatherNd,
  eval: evalGatherNd,
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!) + byteCount(c.inputs[1]!),
};
