/** TopK: the largest or smallest elements along an axis, with their positions. */
import { normalAxis, shapeText } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, count, type NdArray } from "../ndarray.ts";
import { boolAttr, elementCount, intAttr, numberTypes, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";
import { normaliseAxis } from "./softmax.ts";

function inferTopK({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!numberTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} have no order`);
  if (x.shape === undefined) return [x, { dtype: "i64", shape: undefined }];
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  const k = attrs["k"] as number | undefined;
  const extent = x.shape[axis]!;
  if (k !== undefined && (k < 0 || (typeof extent === "number" && k > extent)))
    return refuse("value", `the first ${k} of ${extent} elements`);
  const shape = x.shape.map((d, i): Dim => (i === axis ? (k ?? "?") : d));
  return [
    { dtype: x.dtype, shape },
    { dtype: "i64", shape },
  ];
}

/** Sorted; of equal elements the one that comes first (ONNX TopK-11). */
function evalTopK({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const [axis, largest] = [intAttr(attrs, "axis"), boolAttr(attrs, "largest")];
  const [values, indices] = outputs.map((t) => allocate(t.dtype, t.shape, mode)) as [NdArray, NdArray];
  const [n, k, step] = [x.shape[axis]!, values.shape[axis]!, count(x.shape.slice(axis + 1))];
  for (let row = 0; row < count(x.shape.slice(0, axis)) * step; row++) {
    const [outer, inner] = [Math.floor(row / step), row % step];
    const at = (i: number): number | bigint => x.data[(outer * n + i) * step + inner]!;
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => {
      const [a, b] = [at(i), at(j)];
      return a === b ? i - j : a > b === largest ? -1 : a < b === largest ? 1 : 0;
    });
    for (let i = 0; i < k; i++) {
      const to = (outer * k + i) * step + inner;
      values.data[to] = at(order[i]!);
      indices.data[to] = BigInt(order[i]!);
    }
  }
  return [values, indices];
}

export const topK: Op = {
  what: "the k largest (or smallest) elements along an axis, in order, and their positions",
  arity: [1, 2],
  outputs: [2, 2],
  attrs: {
    k: { kind: "int", optional: true },
    axis: { kind: "int", default: -1 },
    largest: { kind: "bool", default: true },
  },
  traits: [],
  late: { k: 1 },
  infer: inferTopK,
  eval: evalTopK,
  flops: (c) => elementCount(c.inputs[0]!),
  normalise: normaliseAxis,
};
