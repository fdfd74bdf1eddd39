/** Operators whose elements depend on where they stand: one-hot, triangles, identity matrices, reversed sequences. */
import { normalAxis, shapeAgrees, shapeText } from "../dims.ts";
import { eachIndex, pick } from "../eval-movement.ts";
import { allocate, strides, writeScalar, type NdArray } from "../ndarray.ts";
import {
  boolAttr,
  dtypeAttr,
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

function inferOneHot({ inputs, attrs }: InferCall): Inferred {
  const [indices, values] = inputs as readonly [TensorType, TensorType];
  const depth = attrs["depth"];
  if (!shapeAgrees(values.shape, [2])) return refuse("shape", `${shapeText(values.shape)} are not two values`);
  if (indices.shape === undefined) return [{ dtype: values.dtype, shape: undefined }];
  const rank = indices.shape.length + 1;
  const axis = normalAxis(intAttr(attrs, "axis"), rank);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${rank}`);
  if (typeof depth === "number" && depth < 0) return refuse("value", "a negative depth");
  const extent = typeof depth === "number" ? Math.trunc(depth) : "?";
  return [{ dtype: values.dtype, shape: [...indices.shape.slice(0, axis), extent, ...indices.shape.slice(axis)] }];
}

/** Indices outside of [-depth, depth) give no hot element (ONNX OneHot-11). */
function evalOneHot({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [indices, values] = inputs as readonly [NdArray, NdArray];
  const out = allocate(values.dtype, outputs[0]!.shape, mode);
  const axis = normalAxis(intAttr(attrs, "axis"), out.shape.length)!;
  const depth = out.shape[axis]!;
  const steps = strides(indices.shape);
  eachIndex(out.shape, (index, at) => {
    let from = 0;
    for (let a = 0; a < index.length; a++) if (a !== axis) from += index[a]! * steps[a < axis ? a : a - 1]!;
    const hot = Math.trunc(Number(indices.data[from]));
    writeScalar(out, at, values.data[(hot < 0 ? hot + depth : hot) === index[axis] ? 1 : 0]!);
  });
  return [out];
}

export const oneHot: Op = {
  what: "along a new axis, `on` where the index is and `off` elsewhere; operand 1 holds off and on",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { depth: { kind: "number", optional: true }, axis: { kind: "int", default: -1 } },
  traits: ["movement"],
  late: { depth: 2 },
  infer: inferOneHot,
  eval: evalOneHot,
  flops: noFlops,
};

/** Is the element of row i and column j kept? */
export const isKept = (upper: boolean, k: number, i: number, j: number): boolean => (upper ? j - i >= k : j - i <= k);

export const trilu: Op = {
  what: "a triangle of every matrix of x, zeros elsewhere",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { k: { kind: "int", optional: true, what: "the diagonal it begins at; absent: 0" }, upper: { kind: "bool", default: true } },
  traits: ["movement"],
  late: { k: 1 },
  infer: ({ inputs }) => {
    const x = inputs[0]!;
    return x.shape !== undefined && x.shape.length < 2 ? refuse("shape", `${shapeText(x.shape)} is not a matrix`) : [x];
  },
  eval: ({ inputs, attrs, mode }) => {
    const x = inputs[0]!;
    const out = allocate(x.dtype, x.shape, mode);
    const k = Number(attrs["k"] ?? 0);
    eachIndex(x.shape, (index, at) => {
      if (isKept(boolAttr(attrs, "upper"), k, index.at(-2)!, index.at(-1)!)) out.data[at] = x.data[at]!;
    });
    return [out];
  },
  flops: noFlops,
};

export const eyeLike: Op = {
  what: "ones on a diagonal, zeros elsewhere, in the shape of x",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { k: { kind: "int", default: 0 }, dtype: { kind: "dtype" } },
  traits: ["movement"],
  infer: ({ inputs, attrs }) => {
    const { shape } = inputs[0]!;
    return shape !== undefined && shape.length !== 2
      ? refuse("shape", `${shapeText(shape)} is not a matrix`)
      : [{ dtype: dtypeAttr(attrs, "dtype"), shape }];
  },
  eval: ({ attrs, outputs, mode }) => {
    const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
    eachIndex(out.shape, ([i, j], at) => writeScalar(out, at, j! - i! === intAttr(attrs, "k") ? 1 : 0));
    return [out];
  },
  flops: noFlops,
};

export const reverseSequence: Op = {
  what: "the first elements of each sequence in reverse order: as many as operand 1 says for the batch",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: { batchAxis: { kind: "int", default: 1 }, timeAxis: { kind: "int", default: 0 } },
  traits: ["movement"],
  infer: ({ inputs, attrs }) => {
    const [x, lengths] = inputs as readonly [TensorType, TensorType];
    const axes = [intAttr(attrs, "batchAxis"), intAttr(attrs, "timeAxis")].sort();
    if (!integerTypes.includes(lengths.dtype)) return refuse("dtype", `lengths are ${lengths.dtype}`);
    const wrong = axes.join() !== "0,1" || (x.shape !== undefined && x.shape.length < 2) || (lengths.shape?.length ?? 1) !== 1;
    if (wrong) return refuse("attribute", "batch and time must be the first two axes, lengths a vector");
    const batch = x.shape?.[intAttr(attrs, "batchAxis")] ?? "?";
    return shapeAgrees(lengths.shape, [batch]) ? [x] : refuse("shape", `${shapeText(lengths.shape)} lengths for a batch of ${batch}`);
  },
  eval: ({ inputs, attrs, mode }) => {
    const [x, lengths] = inputs as readonly [NdArray, NdArray];
    const [batch, time] = [intAttr(attrs, "batchAxis"), intAttr(attrs, "timeAxis")];
    const steps = strides(x.shape);
    return [
      pick(x, allocate(x.dtype, x.shape, mode), (index) => {
        const length = Math.min(Number(lengths.data[index[batch]!]), x.shape[time]!);
        const t = index[time]!;
        return index.reduce((sum, i, a) => sum + (a === time && t < length ? length - 1 - t : i) * steps[a]!, 0);
      }),
    ];
  },
  flops: noFlops,
};
