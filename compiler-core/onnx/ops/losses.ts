/** ONNX losses: minus the logarithm that each target picks along axis 1, weighted by class, then summed or averaged. */
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** The loss of log-probabilities `x` with operands `target` and `weight` (positions of operands). */
function negativeLogLikelihood(c: BuildCall, x: ValueId, target: number, weight: number): ValueId {
  const { dtype } = c.context.graph.type(x);
  const reduction = c.text("reduction", "mean");
  const ignored = c.int("ignore_index");
  const given = c.input(target);
  const zero = c.scalar(dtype, 0);
  const skip = ignored === undefined ? undefined : c.add("equal", [given, c.scalar(c.dtype(target), ignored)]);
  const classes = skip === undefined ? given : c.add("where", [skip, c.scalar(c.dtype(target), 0), given]);
  const picked = c.add("gather-elements", [x, c.add("unsqueeze", [classes], { axes: [1] })], { axis: 1 });
  const loss = c.add("neg", [c.add("squeeze", [picked], { axes: [1] })]);
  const perClass = c.has(weight) ? c.add("gather", [c.input(weight), classes], { axis: 0 }) : undefined;
  const weights = skip === undefined ? perClass : c.add("where", [skip, zero, perClass ?? c.scalar(dtype, 1)]);
  const weighted = weights === undefined ? loss : c.add("mul", [loss, weights]);
  if (reduction === "none") return weighted;
  const all = { keepdims: false };
  if (reduction === "sum") return c.add("reduce-sum", [weighted], all);
  if (reduction !== "mean") return notCompiled(`a reduction called ${reduction} is not known`);
  if (weights === undefined) return c.add("reduce-mean", [weighted], all);
  return c.add("div", [c.add("reduce-sum", [weighted], all), c.add("reduce-sum", [weights], all)]);
}

function softmaxCrossEntropy(c: BuildCall) {
  const logProbabilities = c.add("log-softmax", [c.input(0)], { axis: 1 });
  return [negativeLogLikelihood(c, logProbabilities, 1, 2), logProbabilities];
}

export const lossBuilders: Readonly<Record<string, Builder>> = {
  NegativeLogLikelihoodLoss: (c) => negativeLogLikelihood(c, c.input(0), 1, 2),
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
