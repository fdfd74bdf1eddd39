/** Where the largest or smallest element along an axis is; of equals the first, or the last if asked for. NaN is never greater or less. */
import type { DType } from "../../support/dtype.ts";
import { normalAxis, shapeText } from "../dims.ts";
import { reader, writer } from "../eval-elementwise.ts";
import { allocate, count, type NdArray } from "../ndarray.ts";
import type { Scalar } from "../../tensor/semantics.ts";
import {
  boolAttr,
  computedTypes,
  dtypeAttr,
  elementCount,
  intAttr,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
} from "./op.ts";
import { normaliseAxis } from "./softmax.ts";

const positions: readonly DType[] = ["i64", "i32"];

function infer({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const dtype = dtypeAttr(attrs, "to");
  if (!computedTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (!positions.includes(dtype)) return refuse("attribute", `positions are i64 or i32, not ${dtype}`);
  if (x.shape === undefined) return [{ dtype, shape: undefined }];
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  if (x.shape[axis] === 0) return refuse("shape", `axis ${axis} of ${shapeText(x.shape)} has no elements`);
  const keep = boolAttr(attrs, "keepdims");
  return [{ dtype, shape: keep ? x.shape.map((d, i) => (i === axis ? 1 : d)) : x.shape.filter((_, i) => i !== axis) }];
}

function evaluate(beats: (a: Scalar, b: Scalar) => boolean, { inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
  const n = x.shape[axis]!;
  const step = count(x.shape.slice(axis + 1));
  const last = boolAttr(attrs, "lastIndex");
  const [read, write] = [reader(x), writer(out)];
  for (let i = 0; i < out.data.length; i++) {
    const at = Math.floor(i / step) * n * step + (i % step);
    let found = 0;
    for (let j = 1; j < n; j++) {
      const [candidate, best] = [read(at + j * step), read(at + found * step)];
      if (beats(candidate, best) || (last && candidate === best)) found = j;
    }
    write(i, found);
  }
  return [out];
}

const row = (what: string, beats: (a: Scalar, b: Scalar) => boolean): Op => ({
  what: `position of the ${what} element along an axis`,
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {
    axis: { kind: "int", default: 0 },
    keepdims: { kind: "bool", default: true },
    lastIndex: { kind: "bool", default: false, what: "of equal elements the last" },
    to: { kind: "dtype", default: "i64" },
  },
  traits: [],
  infer,
  eval: (call) => evaluate(beats, call),
  flops: (c) => elementCount(c.inputs[0]!),
  normalise: normaliseAxis,
});
export const argMax = row("largest", (a, b) => a > b);
export const argMin = row("smallest", (a, b) => a < b);
