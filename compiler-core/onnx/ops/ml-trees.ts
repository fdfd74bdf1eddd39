/**
 * Tree ensembles of ai.onnx.ml: rows fall into leaves, the weights of their leaves are combined, scores transformed. Where ONNX is vague, as
 * ONNX Runtime does it.
 */
import type { ValueId } from "../../graph/ir.ts";
import { fromValues } from "../../graph/ndarray.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { forestByLists, forestByNodes, leavesOf, type Forest } from "./ml-forest.ts";
import {
  bestLabel,
  castTo,
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
  typeOf,
  type Transform,
} from "./ml-scores.ts";

type Aggregate = "SUM" | "AVERAGE" | "MIN" | "MAX";

/** Weights of all leaves in one table: beyond this they are not. */
const maxWeights = 2 ** 26;

/** What a target gets from a leaf that says nothing about it. */
const neutral: Readonly<Record<Aggregate, number>> = { SUM: 0, AVERAGE: 0, MIN: Infinity, MAX: -Infinity };

/** Rows by targets: the weights of the leaves of all trees, combined. */
function combined(c: BuildCall, x: ValueId, forest: Forest, targets: number, how: Aggregate): ValueId {
  const dtype = typeOf(c, x);
  if (forest.leaves.length * targets > maxWeights) notCompiled(`its ${forest.leaves.length} leaves have too many weights for one table`);
  const table = new Array<number>(forest.leaves.length * targets).fill(neutral[how]);
  forest.leaves.forEach((weights, leaf) => {
    for (const { target, value } of weights) {
      if (target < 0 || target >= targets) notCompiled(`a leaf has a weight for target ${target} of ${targets}`);
      const at = leaf * targets + target;
      const old = table[at]!;
      table[at] = how === "MIN" ? Math.min(old, value) : how === "MAX" ? Math.max(old, value) : old + value;
    }
  });
  const weights = c.context.graph.constant("", fromValues(dtype, [forest.leaves.length, targets], table));
  // Rows by trees by targets.
  const found = c.add("gather", [weights, leavesOf(c, x, forest)], { axis: 0 });
  const over = { axes: [1], keepdims: false };
  if (how === "SUM" || how === "AVERAGE") {
    const sum = c.add("reduce-sum", [found], over);
    return how === "SUM" ? sum : c.add("div", [sum, floatOf(c, sum, forest.roots.length)]);
  }
  const best = c.add(how === "MIN" ? "reduce-min" : "reduce-max", [found], over);
  return c.add("where", [c.add("is-inf", [best]), floatOf(c, best, 0), best]);
}

const based = (c: BuildCall, scores: ValueId, base: readonly number[]): ValueId =>
  base.length === 0 || base.every((b) => b === 0)
    ? scores
    : c.add("add", [scores, c.context.graph.constant("", fromValues(typeOf(c, scores), [base.length], base))]);

/** Floats as they are, everything else as f32. */
const features = (c: BuildCall): ValueId => rowsOf(c, c.dtype(0) === "f64" ? "f64" : "f32");

const baseValues = (c: BuildCall): readonly number[] => {
  const list = c.floats("base_values");
  if (list !== undefined && list.length > 0) return list;
  const nd = c.tensor("base_values_as_tensor");
  return nd === undefined ? [] : Array.from(nd.data as ArrayLike<number>, Number);
};

/** With one target no transform but probit is made. */
const regressed = (c: BuildCall, scores: ValueId, targets: number, transform: Transform): ValueId =>
  targets > 1 ? transformed(c, scores, transform) : transform === "PROBIT" ? probit(c, scores) : scores;

function regressor(c: BuildCall) {
  const targets = c.int("n_targets") ?? notCompiled("n_targets is missing");
  const how = c.text("aggregate_function", "SUM") as Aggregate;
  if (neutral[how] === undefined) notCompiled(`aggregate_function ${how} is not known`);
  const forest = forestByNodes(c, "target");
  // With one target only the first weight of a leaf counts.
  if (targets === 1 && forest.leaves.some((w) => w.length > 1)) notCompiled("a leaf has several weights for its one target");
  const base = baseValues(c);
  if (base.length > 0 && base.length !== targets) notCompiled(`${base.length} base values for ${targets} targets`);
  const scores = based(c, combined(c, features(c), forest, targets, how), base);
  return castTo(c, regressed(c, scores, targets, transformOf(c)), "f32");
}

const aggregates: readonly Aggregate[] = ["AVERAGE", "SUM", "MIN", "MAX"];
const numberedTransforms: readonly Transform[] = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];

function ensemble(c: BuildCall) {
  const targets = c.int("n_targets") ?? notCompiled("n_targets is missing");
  const how = aggregates[c.int("aggregate_function", 1)] ?? notCompiled("its aggregate_function is not known");
  const transform = numberedTransforms[c.int("post_transform", 0)] ?? notCompiled("its post_transform is not known");
  if (!["f32", "f64"].includes(c.dtype(0))) notCompiled(`features of type ${c.dtype(0)} are not supported`);
  return regressed(c, combined(c, rowsOf(c, c.dtype(0)), forestByLists(c), targets, how), targets, transform);
}

/** Does a class get a weight on every way through the forest, on none, or does that depend on the row? */
function isScored({ nodes, leaves, roots }: Forest, target: number): boolean | undefined {
  const has = leaves.map((w) => w.some((x) => x.target === target));
  if (!has.includes(true)) return false;
  const always = roots.some((root) => {
    const open = [root];
    for (let p = open.pop(); p !== undefined; p = open.pop()) {
      if (p.leaf && !has[p.at]) return false;
      const node = p.leaf ? undefined : nodes[p.at];
      if (node !== undefined) open.push(node.yes, node.no);
    }
    return true;
  });
  return always ? true : undefined;
}

function classifier(c: BuildCall) {
  const labels = labelsOf(c, "classlabels_int64s");
  const forest = forestByNodes(c, "class");
  const transform = transformOf(c);
  if (labels.length < 2) notCompiled(`a classifier of ${labels.length} classes`);
  const scores = combined(c, features(c), forest, labels.length, "SUM");
  const base = baseValues(c);
  const scored = labels.map((_, i) => isScored(forest, i) ?? notCompiled("which classes get a score depends on the row"));
  if (labels.length > 2) return manyClasses(c, scores, scored, labels, base, transform);
  return base.length === 0
    ? twoClasses(c, scores, scored, labels, forest, transform)
    : notCompiled("base values of two classes are not supported");
}

function manyClasses(
  c: BuildCall,
  scores: ValueId,
  scored: readonly boolean[],
  labels: readonly number[],
  base: readonly number[],
  transform: Transform,
): readonly ValueId[] {
  const sums = based(c, scores, base.length === 0 ? [] : labels.map((_, i) => base[i] ?? 0));
  // What has no score is not chosen.
  const hidden = labels.map((_, i) => (scored[i]! || i < base.length ? 0 : -Infinity));
  const label = bestLabel(c, based(c, sums, hidden), labels);
  return [label, castTo(c, transformed(c, sums, transform), "f32")];
}

/** A class alone decides for both: by 0.5 where all weights are probabilities, by its sign otherwise. */
function twoClasses(
  c: BuildCall,
  scores: ValueId,
  [, second]: readonly boolean[],
  labels: readonly number[],
  forest: Forest,
  transform: Transform,
): readonly ValueId[] {
  const weights = forest.leaves.flat();
  const alone = new Set(weights.map((w) => w.target)).size === 1;
  // Scores of both are taken for those of 0 and 1, whatever the labels are.
  if (!alone && labels.join() !== "0,1") notCompiled("two classes with scores of their own, which are not 0 and 1");
  const positive = weights.every((w) => w.value >= 0);
  const column = (i: number): ValueId => c.add("slice", [scores], { starts: [i], ends: [i + 1], axes: [1], steps: [1] });
  const decisive = column(second === true ? 1 : 0);
  const limit = floatOf(c, scores, alone && positive ? 0.5 : 0);
  const label = chosenLabel(c, c.add("greater", [decisive, limit]), labels[0]!, labels[1]!);
  if (second === true) return [label, castTo(c, transformed(c, scores, transform), "f32")];
  if (transform === "PROBIT") notCompiled("the probit of a score that stands for two classes is not supported");
  if (positive || !alone) return [label, castTo(c, pair(c, complement(c, decisive), decisive), "f32")];
  const both = transform === "LOGISTIC"
    ? pair(c, c.add("sigmoid", [negative(c, decisive)]), c.add("sigmoid", [decisive]))
    : pair(c, negative(c, decisive), decisive); // prettier-ignore
  return [label, castTo(c, both, "f32")];
}

export const mlTreeBuilders: Readonly<Record<string, Builder>> = {
  "ai.onnx.ml.TreeEnsembleRegressor": regressor,
  "ai.onnx.ml.TreeEnsembleClassifier": classifier,
  "ai.onnx.ml.TreeEnsemble": ensemble,
};
