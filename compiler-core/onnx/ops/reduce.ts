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

function layerNorm(c: BuildCall) {
  if (c.outputCount > 1) notCompiled("its mean and deviation are used");
  return c.add("layer-norm", c.operands(3), { axis: c.int("axis", -1), epsilon: c.float("epsilon", 1e-5) });
}

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
  BatchNormalization: batchNorm,
  GlobalAveragePool: globalPool("reduce-mean"),
  GlobalMaxPool: globalPool("reduce-max"),
};
