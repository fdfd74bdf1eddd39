/** ONNX reductions, softmax and normalisations. */
import { productDim } from "../../graph/dims.ts";
import type { ValueId } from "../../graph/ir.ts";
import type { OpName } from "../../graph/ops/index.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** A reduction with the axes of the ONNX node: attributes (ReduceSum until 12, the others until 17), else operand 1. */
type Reduce = (op: OpName, x: ValueId, keepdims?: boolean) => ValueId;

function reduceAs(make: (c: BuildCall, x: ValueId, reduce: Reduce) => ValueId): Builder {
  return (c) => {
    const axes = c.ints("axes");
    const operand = axes === undefined && c.has(1) ? [c.input(1)] : [];
    const noop = c.flag("noop_with_empty_axes") || undefined;
    const reduce: Reduce = (op, x, keepdims = c.flag("keepdims", true)) => c.add(op, [x, ...operand], { axes, keepdims, noop });
    return make(c, c.input(0), reduce);
  };
}
const plain = (op: OpName): Builder => reduceAs((_, x, reduce) => reduce(op, x));

/** log(sum(exp(x))), shifted by the largest finite element so that it cannot overflow. */
function logSumExp(c: BuildCall, x: ValueId, reduce: Reduce): ValueId {
  const largest = reduce("reduce-max", x, true);
  const shift = c.add("where", [c.add("is-inf", [largest]), c.scalar(c.dtype(0), 0), largest]);
  const sum = reduce("reduce-sum", c.add("exp", [c.add("sub", [x, shift])]), true);
  const y = c.add("add", [c.add("log", [sum]), shift]);
  // The axes have extent 1 now: a maximum only takes them away.
  return c.flag("keepdims", true) ? y : reduce("reduce-max", y, false);
}

/** Before opset 13 softmax joins all axes from `axis` on into one. */
function softmax(op: "softmax" | "log-softmax" | "hardmax"): Builder {
  return (c) => {
    const x = c.input(0);
    if (c.opset >= 13) return c.add(op, [x], { axis: c.int("axis", -1) });
    const shape = c.shape(0) ?? notCompiled("the rank of its operand is not known");
    const given = c.int("axis", 1);
    const axis = given < 0 ? given + shape.length : given;
    if (axis === shape.length - 1) return c.add(op, [x], { axis: -1 });
    const [outer, inner] = [productDim(shape.slice(0, axis)), productDim(shape.slice(axis))];
    const flat = c.add("reshape", [x], { shape: typeof inner === "number" ? [-1, inner] : [outer, -1], allowZero: false });
    const y = c.add(op, [flat], { axis: 1 });
    if (shape.slice(1).some((d) => typeof d !== "number")) return c.add("reshape", [y, c.add("shape", [x])], { allowZero: true });
    return c.reshape(
      y,
      shape.map((d) => (typeof d === "number" ? d : -1)),
    );
  };
}

const argExtreme =
  (op: "arg-max" | "arg-min"): Builder =>
  (c) =>
    c.add(op, [c.input(0)], { axis: c.int("axis", 0), keepdims: c.flag("keepdims", true), lastIndex: c.flag("select_last_index") });

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

export const reduceBuilders: Readonly<Record<string, Builder>> = {
  ReduceSum: plain("reduce-sum"),
  ReduceMean: plain("reduce-mean"),
  ReduceProd: plain("reduce-prod"),
  ReduceMax: plain("reduce-max"),
  ReduceMin: plain("reduce-min"),
  ReduceL2: plain("reduce-l2"),
  ReduceSumSquare: plain("reduce-sum-square"),
  ReduceL1: reduceAs((c, x, reduce) => reduce("reduce-sum", c.add("abs", [x]))),
  ReduceLogSum: reduceAs((c, x, reduce) => c.add("log", [reduce("reduce-sum", x)])),
  ReduceLogSumExp: reduceAs(logSumExp),
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("log-softmax"),
  Hardmax: softmax("hardmax"),
  ArgMax: argExtreme("arg-max"),
  ArgMin: argExtreme("arg-min"),
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  SimplifiedLayerNormalization: rmsNorm,
  "com.microsoft.SkipLayerNormalization": skipNorm("layer-norm"),
  "com.microsoft.SkipSimplifiedLayerNormalization": skipNorm("rms-norm"),
};
