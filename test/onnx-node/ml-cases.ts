/** Operators of ai.onnx.ml on random attributes; ONNX Runtime says what is right. */
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";
import { numbers } from "../lower/cases.ts";
import { constant, float, given, one, type MathCase, type Operand } from "./math-cases.ts";

type Attributes = Readonly<Record<string, AttributeInput>>;
const ml = { domain: "ai.onnx.ml" } as const;
const floats = (...value: number[]): AttributeInput => ({ kind: "floats", value: value.map(Math.fround) });
const random = (n: number, seed: number): number[] => numbers(n, seed).map(Math.fround);

/** Whole trees of a depth, some ways cut short; every leaf has a weight for each of `targets`. */
interface Grown {
  readonly nodes: readonly {
    readonly tree: number;
    readonly id: number;
    readonly mode: string;
    readonly feature: number;
    readonly value: number;
    readonly yes: number;
    readonly no: number;
  }[];
  readonly weights: readonly { readonly tree: number; readonly id: number; readonly target: number; readonly value: number }[];
}

function grown(
  trees: number,
  depth: number,
  features: number,
  targets: readonly number[],
  modes: readonly string[],
  seed: number,
  positive = false,
): Grown {
  const nodes: Grown["nodes"][number][] = [];
  const weights: Grown["weights"][number][] = [];
  const draw = numbers(trees * 2 ** (depth + 3) * (targets.length + 4), seed);
  let next = 0;
  const unit = (): number => (draw[next++ % draw.length]! + 1) / 2;
  for (let tree = 0; tree < trees; tree++) {
    let ids = 0;
    const grow = (level: number): number => {
      const id = ids++;
      const leaf = level === depth || (level > 0 && unit() < 0.2);
      if (leaf) {
        nodes.push({ tree, id, mode: "LEAF", feature: 0, value: 0, yes: 0, no: 0 });
        for (const target of targets) weights.push({ tree, id, target, value: Math.fround(positive ? unit() / trees : 2 * unit() - 1) });
        return id;
      }
      const at = nodes.length;
      nodes.push({ tree, id, mode: "", feature: 0, value: 0, yes: 0, no: 0 });
      const mode = modes[Math.floor(unit() * modes.length) % modes.length]!;
      const feature = Math.floor(unit() * features) % features;
      const value = Math.fround(mode.endsWith("EQ") && mode !== "BRANCH_LEQ" ? Math.round(4 * unit() - 2) : 4 * unit() - 2);
      const yes = grow(level + 1);
      nodes[at] = { tree, id, mode, feature, value, yes, no: grow(level + 1) };
      return id;
    };
    grow(0);
  }
  return { nodes, weights };
}

const forest = ({ nodes, weights }: Grown, kind: "class" | "target", more: Attributes): Attributes => ({
  nodes_treeids: nodes.map((n) => n.tree),
  nodes_nodeids: nodes.map((n) => n.id),
  nodes_featureids: nodes.map((n) => n.feature),
  nodes_values: floats(...nodes.map((n) => n.value)),
  nodes_modes: nodes.map((n) => n.mode),
  nodes_truenodeids: nodes.map((n) => n.yes),
  nodes_falsenodeids: nodes.map((n) => n.no),
  nodes_missing_value_tracks_true: nodes.map((n) => (n.id % 3 === 1 ? 1 : 0)),
  [`${kind}_treeids`]: weights.map((w) => w.tree),
  [`${kind}_nodeids`]: weights.map((w) => w.id),
  [`${kind}_ids`]: weights.map((w) => w.target),
  [`${kind}_weights`]: floats(...weights.map((w) => w.value)),
  ...more,
});

const leq = ["BRANCH_LEQ"];
const all = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
const regressor = (name: string, x: Operand, g: Grown, targets: number, more: Attributes = {}): MathCase =>
  one(name, "TreeEnsembleRegressor", [x], forest(g, "target", { n_targets: targets, ...more }), { ...ml, version: 3 });
const classifier = (name: string, x: Operand, g: Grown, classes: number, more: Attributes = {}): MathCase =>
  one(
    name,
    "TreeEnsembleClassifier",
    [x],
    forest(g, "class", {
      classlabels_int64s: Array.from({ length: classes }, (_, i) =>
        classes === 2 && new Set(g.weights.map((w) => w.target)).size === 2 ? i : 2 * i - 1,
      ),
      ...more,
    }),
    { ...ml, version: 3, outputs: 2 },
  );
const withNaN = (o: Operand): Operand => ({ ...o, values: o.values.map((v, i) => (i % 5 === 2 ? NaN : v)) });
const transforms = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"];
const aggregates = ["SUM", "AVERAGE", "MIN", "MAX"];

const trees = [
  regressor("one target", given("f32", 33, 6), grown(7, 4, 6, [0], leq, 1), 1),
  regressor("one tree, one row", given("f32", 1, 6), grown(1, 3, 6, [0], leq, 2), 1, { base_values: floats(0.25) }),
  regressor("all modes, missing features", withNaN(given("f32", 40, 5)), grown(9, 5, 5, [0], all, 3), 1),
  ...aggregates.map((how, i) =>
    regressor(how, given("f32", 19, 4), grown(5, 4, 4, [0, 1, 2], all, 4 + i), 3, {
      aggregate_function: how,
      base_values: floats(0.5, -1, 2),
    }),
  ),
  ...aggregates.map((how, i) =>
    regressor(`${how}, one target`, given("f32", 19, 4), grown(5, 4, 4, [0], leq, 8 + i), 1, { aggregate_function: how }),
  ),
  ...transforms.map((how, i) => regressor(how, given("f32", 5, 4), grown(3, 3, 4, [0, 1], leq, 12 + i), 2, { post_transform: how })),
  ...transforms.map((how, i) =>
    classifier(`3 classes, ${how}`, given("f32", 21, 5), grown(6, 4, 5, [0, 1, 2], all, 20 + i), 3, { post_transform: how }),
  ),
  classifier("3 classes, base", given("f32", 21, 5), grown(6, 4, 5, [0, 1, 2], leq, 24), 3, { base_values: floats(0.5, -1, 0.25) }),
  classifier("4 classes, one without a score", given("f32", 21, 5), grown(6, 4, 5, [0, 1, 3], leq, 25), 4),
  ...transforms.flatMap((how, i) => [
    classifier(`2 classes, both, ${how}`, given("f32", 21, 5), grown(6, 4, 5, [0, 1], leq, 30 + i), 2, { post_transform: how }),
    classifier(`2 classes, the second, ${how}`, given("f32", 21, 5), grown(6, 4, 5, [1], leq, 40 + i), 2, { post_transform: how }),
    classifier(`2 classes, the first, ${how}`, given("f32", 21, 5), grown(6, 4, 5, [0], leq, 50 + i), 2, { post_transform: how }),
  ]),
  classifier("2 classes, probabilities of both", given("f32", 21, 5), grown(6, 4, 5, [0, 1], leq, 60, true), 2),
  classifier("2 classes, probabilities of the first", given("f32", 21, 5), grown(6, 4, 5, [0], leq, 61, true), 2),
  classifier("2 classes, probabilities of the second", given("f32", 21, 5), grown(6, 4, 5, [1], leq, 62, true), 2),
  classifier("doubles", given("f64", 9, 5), grown(6, 4, 5, [0, 1, 2], leq, 63), 3),
  classifier("whole numbers of 32 bits", given("i32", 9, 5), grown(6, 4, 5, [0, 1, 2], all, 64), 3),
];

const ints = (...list: number[]): readonly number[] => list;
const wholes = (dtype: "i64" | "f32", values: readonly number[], ...shape: number[]): Operand => ({ dtype, shape, values });
const features = [
  one("columns", "Scaler", [given("f32", 7, 5)], { offset: floats(1, 2, 3, 4, 5), scale: floats(0.5, 1, 2, -1, 0.1) }, ml),
  one("one number", "Scaler", [given("i64", 7, 5)], { offset: floats(1), scale: floats(0.5) }, ml),
  one("doubles", "Scaler", [given("f64", 3, 2)], { offset: floats(1, 3), scale: floats(0.5, 4) }, ml),
  ...["MAX", "L1", "L2"].flatMap((norm) => [
    one(`${norm} of rows`, "Normalizer", [given("f32", 6, 9)], { norm }, ml),
    one(`${norm} of zeros`, "Normalizer", [wholes("f32", [0, 0, 0, 0, 3, -4], 2, 3)], { norm }, ml),
    one(`${norm} of a vector`, "Normalizer", [given("i64", 9)], { norm }, ml),
  ]),
  one("threshold", "Binarizer", [given("f32", 3, 19)], { threshold: float(0.25) }, ml),
  one(
    "NaN by columns",
    "Imputer",
    [withNaN(given("f32", 6, 4))],
    { imputed_value_floats: floats(1, 2, 3, 4), replaced_value_float: float(NaN) },
    ml,
  ),
  one("one whole number", "Imputer", [given("i64", 6, 4)], { imputed_value_int64s: ints(77), replaced_value_int64: 3 }, ml),
  one("whole numbers", "OneHotEncoder", [given("i64", 3, 5)], { cats_int64s: ints(-3, 0, 2, 5) }, ml),
  one("floats", "OneHotEncoder", [given("f32", 9)], { cats_int64s: ints(-2, -1, 0, 1, 2) }, ml),
  one("columns", "ArrayFeatureExtractor", [given("f32", 5, 7), wholes("i64", [6, 0, 3], 3)], {}, ml),
  one("a vector", "ArrayFeatureExtractor", [given("i64", 7), constant("i64", [1, 2], 6, 0)], {}, ml),
  one("wider and narrower", "FeatureVectorizer", [given("f32", 4, 3), given("f32", 4, 2)], { inputdimensions: ints(2, 4) }, ml),
  one("a higher rank", "FeatureVectorizer", [given("f32", 4, 1, 3), given("f32", 4, 2, 2)], { inputdimensions: ints(3, 4) }, ml),
  one("two", "FeatureVectorizer", [given("f32", 4, 3), given("f32", 4, 2)], { inputdimensions: ints(3, 2) }, ml),
  one(
    "int64 to float",
    "LabelEncoder",
    [given("i64", 4, 6)],
    { keys_int64s: ints(0, 1, -2, 5), values_floats: floats(0.5, 1.5, 2.5, -1), default_float: float(9) },
    { ...ml, version: 2 },
  ),
  one(
    "float to int64",
    "LabelEncoder",
    [wholes("f32", [1, NaN, 2.5, 7], 4)],
    { keys_floats: floats(1, NaN, 2.5), values_int64s: ints(10, 11, 12) },
    { ...ml, version: 2 },
  ),
  one(
    "the same key twice",
    "LabelEncoder",
    [wholes("i64", [3, 4], 2)],
    { keys_int64s: ints(3, 3), values_int64s: ints(1, 2) },
    { ...ml, version: 2 },
  ),
];

const linear = [
  one(
    "two targets",
    "LinearRegressor",
    [given("f32", 5, 4)],
    { targets: 2, coefficients: floats(...random(8, 70)), intercepts: floats(0.5, -1) },
    ml,
  ),
  one("one target", "LinearRegressor", [given("f32", 5, 4)], { coefficients: floats(...random(4, 71)) }, ml),
  ...transforms.map((how, i) =>
    one(
      `3 classes, ${how}`,
      "LinearClassifier",
      [given("f32", 9, 4)],
      {
        coefficients: floats(...random(12, 72 + i)),
        intercepts: floats(0.1, 0.2, -0.3),
        classlabels_ints: ints(5, 7, 9),
        post_transform: how,
      },
      { ...ml, outputs: 2 },
    ),
  ),
  ...["NONE", "LOGISTIC"].map((how, i) =>
    one(
      `2 classes, ${how}`,
      "LinearClassifier",
      [given("f64", 9, 4)],
      { coefficients: floats(...random(4, 76 + i)), intercepts: floats(0.1), classlabels_ints: ints(5, 7), post_transform: how },
      { ...ml, outputs: 2 },
    ),
  ),
  ...["LINEAR", "POLY", "RBF", "SIGMOID"].map((kernel_type, i) =>
    one(
      kernel_type,
      "SVMRegressor",
      [given("f32", 9, 4)],
      {
        kernel_type,
        kernel_params: floats(0.3, 2, 3),
        n_supports: 5,
        support_vectors: floats(...random(20, 78 + i)),
        coefficients: floats(...random(5, 82 + i)),
        rho: floats(0.5),
      },
      ml,
    ),
  ),
  one(
    "one class, no vectors",
    "SVMRegressor",
    [given("f32", 9, 4)],
    {
      coefficients: floats(...random(4, 90)),
      rho: floats(0.1),
      one_class: 1,
      n_supports: 0,
      kernel_type: "LINEAR",
      kernel_params: floats(0, 0, 0),
    },
    ml,
  ),
];

export const mlCases: readonly MathCase[] = [...trees, ...features, ...linear];
