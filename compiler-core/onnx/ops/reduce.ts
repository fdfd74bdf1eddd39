/** ONNX reductions, softmax and normalisations. */
import { productDim } from "../../graph/dims.ts";
import type { ValueId } from "../../graph/ir.ts";
import type { OpName } from "../../graph/ops/index.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

interface Axes {
  readonly axes: readonly number[] | undefined;
  readonly keepdims: boolean;
}

/** Axes come as an attribute, or (ReduceSum from 13, the others from 18) as operand 1; none means all, unless noop_with_empty_axes. */
function reduceOver(reduce: (c: BuildCall, x: ValueId, axes: Axes) => ValueId, noop: (c: BuildCall, x: ValueId) => ValueId): Builder {
  return (c) => {
    const axes = c.axes("axes", 1);
    const empty = axes === undefined || axes.length === 0;
    if (empty && c.flag("noop_with_empty_axes")) return noop(c, c.input(0));
    return reduce(c, c.input(0), { axes: empty ? undefined : axes, keepdims: c.flag("keepdims", true) });
  };
}
const same = (c: BuildCall, x: ValueId): ValueId => c.add("identity", [x]);
const plain = (op: OpName, noop = same): Builder => reduceOver((c, x, axes) => c.add(op, [x], { ...axes }), noop);
const sumOf = (c: BuildCall, x: ValueId, axes: Axes): ValueId => c.add("reduce-sum", [x], { ...axes });

/** log(sum(exp(x))), shifted by the largest finite element so that it cannot overflow. */
function logSumExp(c: BuildCall, x: ValueId, { axes, keepdims }: Axes): ValueId {
  const kept = { axes, keepdims: true };
  const largest = c.add("reduce-max", [x], kept);
  const shift = c.add("where", [c.add("is-inf", [largest]), c.scalar(c.dtype(0), 0), largest]);
  const sum = sumOf(c, c.add("exp", [c.add("sub", [x, shift])]), kept);
  const y = c.add("add", [c.add("log", [sum]), shift]);
  if (keepdims) return y;
  const rank = c.shapeOf(x)?.length ?? notCompiled("the rank of its operand is not known");
  const gone = axes?.map((a) => (a < 0 ? a + rank : a));
  return c.reshape(
    y,
    Array.from({ length: rank }, (_, axis) => ({ axis })).filter(({ axis }) => gone !== undefined && !gone.includes(axis)),
  );
}

/** Before opset 13 softmax joins all axes from `axis` on into one. */
function softmax(op: "softmax" | "log-softmax"): Builder {
  return (c) => {
    const x = c.input(0);
    if (c.opset >= 13) return c.add(op, [x], { axis: c.int("axis", -1) });
    const shape = c.shape(0) ?? notCompiled("the rank of its operand is not known");
    const given = c.int("axis", 1);
    const axis = given < 0 ? given + shape.length : given;
    if (axis === shape.length - 1) return c.add(op, [x], { axis: -1 });
    const [outer, inner] = [productDim(shape.slice(0, axis)), productDim(shape.slice(axis))];
    const flat = c.add("reshape", [x], { shape: typeof inner === "number" ? [-1, inner] : [outer, -1], allowZero: false });
    return c.reshape(
      c.add(op, [flat], { axis: 1 }),
      [...shape.keys()].map((i) =>
        typeof shape[i] === "number" ? (shape[i] as number) : i === 0 ? -1 : notCompiled("softmax over several axes of unknown extent"),
      ),
    );
  };
}

/** With its statistics asked for, it is written out; they are f32 for 16-bit floats (stash_type). */
function layerNorm(c: BuildCall) {
  const [axis, epsilon] = [c.int("axis", -1), c.float("epsilon", 1e-5)];
  if (c.outputCount <= 1) return c.add("layer-norm", c.operands(3), { axis, epsilon });
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const first = axis < 0 ? axis + rank : axis;
  const over = { axes: Array.from({ length: rank - first }, (_, i) => first + i), keepdims: true };
  const dtype = c.dtype(0);
  const wide = dtype === "f64" ? "f64" : "f32";
  const x = dtype === wide ? c.input(0) : c.add("cast", [c.input(0)], { to: wide });
  const mean = c.add("reduce-mean", [x], over);
  const d = c.add("sub", [x, mean]);
  const variance = c.add("reduce-mean", [c.add("mul", [d, d])], over);
  const inverse = c.add("reciprocal", [c.add("sqrt", [c.add("add", [variance, c.scalar(wide, epsilon)])])]);
  const normalized = c.add("mul", [d, inverse]);
  const scaled = c.add("mul", [dtype === wide ? normalized : c.add("cast", [normalized], { to: dtype }), c.input(1)]);
  return [c.has(2) ? c.add("add", [scaled, c.input(2)]) : scaled, mean, inverse];
}

/** com.microsoft: layer (or RMS) normalisation of a sum, which is the fourth result; the statistics between are for training. */
const skipNorm =
  (op: "layer-norm" | "rms-norm"): Builder =>
  (c) => {
    if (c.context.node.outputs.slice(1, 3).some((name) => name !== "")) notCompiled("its mean and deviation are used");
    const bias = op === "layer-norm" ? 4 : 3;
    const plain = c.add("add", [c.input(0), c.input(1)]);
    const sum = c.has(bias) ? c.add("add", [plain, c.input(bias)]) : plain;
    const scale = op === "layer-norm" && c.has(3) ? [c.input(2), c.input(3)] : [c.input(2)];
    return [c.add(op, [sum, ...scale], { axis: -1, epsilon: c.float("epsilon", 1e-12) }), sum, sum, sum];
  };

function rmsNorm(c: BuildCall) {
  if (c.outputCount > 1) notCompiled("its deviation is used");
  return c.add("rms-norm", c.operands(2), { axis: c.int("axis", -1), epsilon: c.float("epsilon", 1e-5) });
}

function batchNorm(c: BuildCall) {
  if (c.flag("training_mode") || c.outputCount > 1) notCompiled("batch normalisation in training mode is not supported");
  if (c.int("spatial", 1) === 0) notCompiled("statistics per element are not supported");
  return c.add(
    "batch-norm",
    [0, 1, 2, 3, 4].map((i) => c.input(i)),
    { epsilon: c.float("epsilon", 1e-5) },
  );
}

const globalPool =
  (op: OpName): Builder =>
  (c) => {
    const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
    return c.add(op, [c.input(0)], { axes: Array.from({ length: rank - 2 }, (_, i) => i + 2), keepdims: true });
  };

export const reduceBuilders: Readonly<Record<string, Builder>> = {
  ReduceSum: plain("reduce-sum"),
  ReduceMean: plain("reduce-mean"),
  ReduceProd: plain("reduce-prod"),
  ReduceMax: plain("reduce-max"),
  ReduceMin: plain("reduce-min"),
  ReduceL2: plain("reduce-l2", (c, x) => c.add("abs", [x])),
  ReduceSumSquare: plain("reduce-sum-square", (c, x) => c.add("mul", [x, x])),
  ReduceL1: reduceOver(
    (c, x, axes) => sumOf(c, c.add("abs", [x]), axes),
    (c, x) => c.add("abs", [x]),
  ),
  ReduceLogSum: reduceOver(
    (c, x, axes) => c.add("log", [sumOf(c, x, axes)]),
    (c, x) => c.add("log", [x]),
  ),
  ReduceLogSumExp: reduceOver(logSumExp, same),
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("log-softmax"),
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  SimplifiedLayerNormalization: rmsNorm,
  "com.microsoft.SkipLayerNormalization": skipNorm("layer-norm"),
  "com.microsoft.SkipSimplifiedLayerNormalization": skipNorm("rms-norm"),
  BatchNormalization: batchNorm,
  GlobalAveragePool: globalPool("reduce-mean"),
  GlobalMaxPool: globalPool("reduce-max"),
};
