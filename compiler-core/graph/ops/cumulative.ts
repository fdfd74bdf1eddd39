/** Running sums and products along an axis. */
import { normalAxis, shapeText } from "../dims.ts";
import type { Attrs } from "../ir.ts";
import { allocate, count, writeScalar, type NdArray, type Scalar } from "../ndarray.ts";
import type { BinaryOp } from "../../tensor/ir.ts";
import { evalBinary } from "../../tensor/semantics.ts";
import {
  boolAttr,
  elementCount,
  intAttr,
  numberTypes,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

function infer({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!numberTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} cannot be added up`);
  if (attrs["axis"] === undefined || x.shape === undefined) return [x];
  return normalAxis(intAttr(attrs, "axis"), x.shape.length) === undefined
    ? refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`)
    : [x];
}

function normalise(inputs: readonly (TensorType | null)[], attrs: Attrs): Attrs {
  const rank = inputs[0]?.shape?.length;
  if (rank === undefined || attrs["axis"] === undefined) return attrs;
  const axis = normalAxis(intAttr(attrs, "axis"), rank);
  return axis === undefined || axis === attrs["axis"] ? attrs : { ...attrs, axis };
}

function evaluate(op: BinaryOp, neutral: number, { inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const axis = intAttr(attrs, "axis");
  const out = allocate(x.dtype, x.shape, mode);
  const [n, step] = [x.shape[axis]!, count(x.shape.slice(axis + 1))];
  const [exclusive, reverse] = [boolAttr(attrs, "exclusive"), boolAttr(attrs, "reverse")];
  for (let row = 0; row < (n === 0 ? 0 : x.data.length / n); row++) {
    const start = Math.floor(row / step) * n * step + (row % step);
    let running: Scalar | boolean = neutral;
    for (let i = 0; i < n; i++) {
      const at = start + (reverse ? n - 1 - i : i) * step;
      const next: Scalar | boolean = evalBinary(op, x.dtype, running, x.data[at]!, mode);
      writeScalar(out, at, (exclusive ? running : next) as Scalar);
      running = next;
    }
  }
  return [out];
}

const row = (what: string, op: BinaryOp, neutral: number): Op => ({
  what,
  arity: [1, 2],
  outputs: [1, 1],
  attrs: {
    axis: { kind: "int", optional: true },
    exclusive: { kind: "bool", default: false, what: "without the element itself" },
    reverse: { kind: "bool", default: false, what: "from the end" },
  },
  traits: [],
  late: { axis: 1 },
  infer,
  eval: (call) => evaluate(op, neutral, call),
  flops: (c) => elementCount(c.outputs[0]!),
  normalise,
});

export const cumSum = row("running sums along an axis", "add", 0);
export const cumProd = row("running products along an axis", "mul", 1);
