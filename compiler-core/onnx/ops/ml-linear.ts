/** Linear models and support vectors of ai.onnx.ml: products, and what follows from scores. */
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import {
  bestLabel,
  chosenLabel,
  complement,
  floatOf,
  labelsOf,
  negative,
  pair,
  probit,
  rowsOf,
  transformed,
  transformOf,
} from "./ml-scores.ts";

/** Rows times `count` rows of coefficients, plus a number for each. */
function products(c: BuildCall, x: ValueId, coefficients: readonly number[], count: number, intercepts: readonly number[]): ValueId {
  if (count < 1 || coefficients.length % count !== 0) notCompiled(`${coefficients.length} coefficients for ${count} results`);
  const weights = c.constant("f32", [count, coefficients.length / count], coefficients);
  const product = c.add("matmul", [x, weights], { transB: true });
  if (intercepts.length === 0) return product;
  if (intercepts.length !== count) notCompiled(`${intercepts.length} intercepts for ${count} results`);
  return c.add("add", [product, c.constant("f32", [count], intercepts)]);
}

const coefficientsOf = (c: BuildCall): readonly number[] => c.floats("coefficients") ?? notCompiled("its coefficients are missing");

function regressor(c: BuildCall) {
  const targets = c.int("targets", 1);
  const scores = products(c, rowsOf(c), coefficientsOf(c), targets, c.floats("intercepts") ?? []);
  const transform = transformOf(c);
  return targets > 1 ? transformed(c, scores, transform) : transform === "PROBIT" ? probit(c, scores) : scores;
}

function classifier(c: BuildCall) {
  const labels = labelsOf(c, "classlabels_ints");
  const intercepts = c.floats("intercepts") ?? notCompiled("its intercepts are missing");
  const scores = products(c, rowsOf(c), coefficientsOf(c), intercepts.length, intercepts);
  const transform = transformOf(c);
  if (intercepts.length > 1) {
    if (labels.length < intercepts.length) notCompiled(`${labels.length} labels for ${intercepts.length} classes`);
    return [bestLabel(c, scores, labels.slice(0, intercepts.length)), transformed(c, scores, transform)];
  }
  const [no, yes] = labels.length === 2 ? [labels[0]!, labels[1]!] : [0, 1];
  const label = chosenLabel(c, c.add("greater", [scores, floatOf(c, scores, 0)]), no, yes);
  if (labels.length !== 2) return [label, transform === "PROBIT" ? probit(c, scores) : scores];
  if (transform === "PROBIT") notCompiled("the probit of a score that stands for two classes is not supported");
  return transform === "LOGISTIC"
    ? [label, pair(c, c.add("sigmoid", [negative(c, scores)]), c.add("sigmoid", [scores]))]
    : [label, pair(c, complement(c, scores), scores)];
}

/** The kernel of a support vector machine between rows and support vectors, from their dot products: gamma, coef0 and degree. */
function kernelOf(c: BuildCall, x: ValueId, vectors: readonly number[], count: number): ValueId {
  const [gamma = 0, offset = 0, degree = 0] = c.floats("kernel_params") ?? [];
  const kind = c.text("kernel_type", "LINEAR");
  const dots = products(c, x, vectors, count, []);
  const k = (value: number): ValueId => floatOf(c, dots, value);
  const scaled = (): ValueId => c.add("add", [c.add("mul", [dots, k(gamma)]), k(offset)]);
  if (kind === "LINEAR") return dots;
  if (kind === "POLY") return c.add("pow", [scaled(), k(degree)]);
  if (kind === "SIGMOID") return c.add("tanh", [scaled()]);
  if (kind !== "RBF") return notCompiled(`kernel_type ${kind} is not known`);
  // Differences first: the squares of a difference do not cancel.
  const width = vectors.length / count;
  const rows = c.reshape(x, [{ axis: 0 }, 1, { axis: 1 }]);
  const apart = c.add("sub", [rows, c.constant("f32", [count, width], vectors)]);
  const distance = c.add("reduce-sum", [c.add("mul", [apart, apart])], { axes: [2], keepdims: false });
  return c.add("exp", [c.add("mul", [distance, k(-gamma)])]);
}

function svmRegressor(c: BuildCall) {
  const count = c.int("n_supports", 0);
  const [rho = 0] = c.floats("rho") ?? [];
  const x = rowsOf(c);
  const scores = count > 0
    ? products(c, kernelOf(c, x, c.floats("support_vectors") ?? [], count), coefficientsOf(c), 1, [rho])
    : products(c, x, coefficientsOf(c), 1, [rho]); // prettier-ignore
  if (!c.flag("one_class")) return scores;
  return c.add("where", [c.add("greater", [scores, floatOf(c, scores, 0)]), floatOf(c, scores, 1), floatOf(c, scores, -1)]);
}

export const mlLinearBuilders: Readonly<Record<string, Builder>> = {
  "ai.onnx.ml.LinearRegressor": regressor,
  "ai.onnx.ml.LinearClassifier": classifier,
  "ai.onnx.ml.SVMRegressor": svmRegressor,
};
