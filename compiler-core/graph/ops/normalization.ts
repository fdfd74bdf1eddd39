/** Layer, RMS and (inference) batch normalisation. Composite: `decompose` gives the loops their form. */
import { roundFloat } from "../../tensor/rounding.ts";
import { broadcastShapes, normalAxis, shapeText } from "../dims.ts";
import { broadcastStrides, forRows } from "../eval-elementwise.ts";
import { allocate, count, type NdArray, type NumberArray } from "../ndarray.ts";
import { elementCount, floatAttr, floatTypes, intAttr, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";
import { normaliseAxis } from "./softmax.ts";

function inferNormalized({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  const other = inputs.find((t) => t !== null && t.dtype !== x.dtype);
  if (other) return refuse("dtype", `operands have different element types (${x.dtype}, ${other.dtype})`);
  if (x.shape === undefined) return [x];
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  for (const t of inputs.slice(1)) {
    if (!t?.shape) continue;
    const joined = broadcastShapes([x.shape, t.shape]);
    if (
      joined === undefined ||
      joined.length > x.shape.length ||
      joined.some((d, i) => typeof d === "number" && typeof x.shape![i] === "number" && d !== x.shape![i])
    ) {
      return refuse("shape", `a scale of ${shapeText(t.shape)} does not broadcast to ${shapeText(x.shape)}`);
    }
  }
  return [x];
}

/** Rows are all axes from `axis` on; scale and bias broadcast to x. Statistics are in double. */
function evaluate(centred: boolean, { inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const [x, scale, bias] = inputs as readonly [NdArray, NdArray | null | undefined, NdArray | null | undefined];
  const out = allocate(x.dtype, x.shape, mode);
  const n = count(x.shape.slice(normalAxis(intAttr(attrs, "axis"), x.shape.length)!));
  const epsilon = floatAttr(attrs, "epsilon");
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  for (let at = 0; n > 0 && at < from.length; at += n) {
    let sum = 0;
    if (centred) for (let i = 0; i < n; i++) sum += from[at + i]!;
    const mean = sum / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (from[at + i]! - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / n + epsilon);
    for (let i = 0; i < n; i++) to[at + i] = (from[at + i]! - mean) * inverse;
  }
  scaleAndShift(out, scale ?? undefined, bias ?? undefined, mode === "f64");
  return [out];
}

function scaleAndShift(out: NdArray, scale: NdArray | undefined, bias: NdArray | undefined, wide: boolean): void {
  const parts = [scale, bias].filter((t) => t !== undefined);
  const steps = parts.map((t) => broadcastStrides(t.shape, out.shape));
  const [s, b] = [scale && parts.indexOf(scale), bias && parts.lastIndexOf(bias)];
  const n = out.shape.at(-1) ?? 1;
  const data = out.data as NumberArray;
  forRows(out.shape, steps, (row, offsets) => {
    for (let j = 0; j < n; j++) {
      const i = row * n + j;
      let v: number = data[i]!;
      if (s !== undefined) v *= parts[s]!.data[offsets[s]! + j * (steps[s]!.at(-1) ?? 0)] as number;
      if (b !== undefined) v += parts[b]!.data[offsets[b]! + j * (steps[b]!.at(-1) ?? 0)] as number;
      data[i] = wide ? v : roundFloat(out.dtype, v);
    }
  });
}

const base = { outputs: [1, 1], traits: ["composite"], normalise: normaliseAxis, infer: inferNormalized } as const;
const axis = { kind: "int", default: -1, what: "first of the axes that are normalised together" } as const;

export const layerNorm: Op = {
  ...base,
  what: "(x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on",
  arity: [1, 3],
  attrs: { axis, epsilon: { kind: "float", default: 1e-5 } },
  eval: (call) => evaluate(true, call),
  flops: (c) => 8 * elementCount(c.inputs[0]!),
};

export const rmsNorm: Op = {
  ...base,
  what: "x / sqrt(mean of squares + epsilon) * scale over the axes from `axis` on",
  arity: [1, 2],
  attrs: { axis, epsilon: { kind: "float", default: 1e-5 } },
  eval: (call) => evaluate(false, call),
  flops: (c) => 5 * elementCount(c.inputs[0]!),
};

function inferBatchNorm({ inputs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (x.shape !== undefined && x.shape.length < 1) return refuse("shape", "the operand is a scalar");
  const other = inputs.find((t) => t!.dtype !== x.dtype);
  if (other) return refuse("dtype", `operands have different element types (${x.dtype}, ${other.dtype})`);
  const channels = x.shape === undefined ? undefined : x.shape.length < 2 ? 1 : x.shape[1];
  const bad = inputs
    .slice(1)
    .find(
      (t) =>
        t!.shape !== undefined &&
        (t!.shape.length !== 1 || (typeof channels === "number" && typeof t!.shape[0] === "number" && t!.shape[0] !== channels)),
    );
  return bad ? refuse("shape", `statistics of ${shapeText(bad.shape)} do not fit ${shapeText(x.shape)}`) : [x];
}

function evalBatchNorm({ inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const [x, scale, bias, mean, variance] = inputs.map((t) => t!) as [NdArray, NdArray, NdArray, NdArray, NdArray];
  const out = allocate(x.dtype, x.shape, mode);
  const channels = x.shape.length < 2 ? 1 : x.shape[1]!;
  const n = count(x.shape.slice(2));
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  for (let i = 0; i < from.length; i++) {
    const c = Math.floor(i / n) % channels;
    const v =
      ((from[i]! - Number(mean.data[c])) / Math.sqrt(Number(variance.data[c]) + floatAttr(attrs, "epsilon"))) * Number(scale.data[c]) +
      Number(bias.data[c]);
    to[i] = mode === "f64" ? v : roundFloat(x.dtype, v);
  }
  return [out];
}

export const batchNorm: Op = {
  what: "(x - mean) / sqrt(variance + epsilon) * scale + bias per channel (axis 1), with given statistics",
  arity: [5, 5],
  outputs: [1, 1],
  attrs: { epsilon: { kind: "float", default: 1e-5 } },
  traits: ["composite"],
  infer: inferBatchNorm,
  eval: evalBatchNorm,
  flops: (c) => 2 * elementCount(c.inputs[0]!),
};
