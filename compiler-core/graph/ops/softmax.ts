/** Softmax, its logarithm, and the largest element as 1 among zeros (hardmax), along one axis. Composite: `decompose` gives the loops their form. */
import { roundFloat } from "../../tensor/rounding.ts";
import { normalAxis, shapeText } from "../dims.ts";
import type { Attrs } from "../ir.ts";
import { allocate, count, type NdArray, type NumberArray } from "../ndarray.ts";
import { elementCount, floatTypes, intAttr, refuse, type EvalCall, type InferCall, type Inferred, type Op, type TensorType } from "./op.ts";

function infer({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (x.shape !== undefined && normalAxis(intAttr(attrs, "axis"), x.shape.length) === undefined) {
    return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  }
  return [x];
}

/** Counts the axis from the front once the rank is known. */
export const normaliseAxis = (inputs: readonly (TensorType | null)[], attrs: Attrs): Attrs => {
  const rank = inputs[0]?.shape?.length;
  const axis = rank === undefined ? undefined : normalAxis(intAttr(attrs, "axis"), rank);
  return axis === undefined || axis === attrs["axis"] ? attrs : { ...attrs, axis };
};

/** A row of only -inf gives NaN, as 0 / 0 does: ONNX defines no other value for Softmax. */
function evaluate(logarithm: boolean, { inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(x.dtype, x.shape, mode);
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
  const n = x.shape[axis]!;
  const step = count(x.shape.slice(axis + 1));
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  const round = mode === "f64" ? (v: number) => v : (v: number) => roundFloat(x.dtype, v);
  for (let outer = 0; outer < count(x.shape.slice(0, axis)); outer++) {
    for (let inner = 0; inner < step; inner++) {
      const at = outer * n * step + inner;
      let largest = -Infinity;
      for (let i = 0; i < n; i++) largest = Math.max(largest, from[at + i * step]!);
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.exp(from[at + i * step]! - largest);
      for (let i = 0; i < n; i++) {
        const d = from[at + i * step]! - largest;
        to[at + i * step] = round(logarithm ? d - Math.log(sum) : Math.exp(d) / sum);
      }
    }
  }
  return [out];
}

/** 1 at the first largest element of each row, else 0. */
function evalHardmax({ inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(x.dtype, x.shape, mode);
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
  const n = x.shape[axis]!;
  const step = count(x.shape.slice(axis + 1));
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  for (let row = 0; n > 0 && row < from.length / n; row++) {
    const at = Math.floor(row / step) * n * step + (row % step);
    let best = 0;
    for (let i = 1; i < n; i++) if (from[at + i * step]! > from[at + best * step]!) best = i;
    to[at + best * step] = 1;
  }
  return [out];
}

const row = (what: string, cost: number, evalRow: NonNullable<Op["eval"]>): Op => ({
  what,
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: -1 } },
  traits: ["composite"],
  infer,
  eval: evalRow,
  flops: (c) => cost * elementCount(c.inputs[0]!),
  normalise: normaliseAxis,
});
export const softmax = row("exp(x) divided by its sum along an axis", 14, (call) => evaluate(false, call));
export const logSoftmax = row("logarithm of softmax along an axis", 14, (call) => evaluate(true, call));
export const hardmax = row("1 for the first largest element along an axis, 0 for all others", 2, evalHardmax);
