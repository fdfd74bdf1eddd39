/**
 * Element types of results that the file does not declare, of operators that are not compiled: what other nodes read as numbers must be what
 * ONNX Runtime makes. By operator set documentation.
 */
import { isFloat, type DType } from "../support/dtype.ts";
import { dtypeOfCode } from "./dtype.ts";
import type { OnnxNode } from "./model.ts";
import { asDType } from "./ops/build-call.ts";

/** Operands' types by position; undefined for those left out. */
type Types = readonly (DType | undefined)[];
type Rule = (node: OnnxNode, types: Types, output: number) => DType | undefined;

const always =
  (...list: readonly DType[]): Rule =>
  (_node, _types, output) =>
    list[Math.min(output, list.length - 1)];
const operand =
  (i: number, otherwise?: DType): Rule =>
  (_node, types) =>
    types[i] ?? otherwise;
const first =
  (i: number, ...others: readonly DType[]): Rule =>
  (_node, types, output) =>
    output === 0 ? types[i] : (others[output - 1] ?? others.at(-1));
/** The type that an INT attribute names. */
const named =
  (attribute: string, otherwise: Rule): Rule =>
  (node, types, output) => {
    const a = node.attributes.find((x) => x.name === attribute);
    return a?.kind === "int" ? asDType(dtypeOfCode(Number(a.value))) : otherwise(node, types, output);
  };
const has = (node: OnnxNode, prefix: string): boolean =>
  node.attributes.some((a) => a.name.startsWith(prefix) && "value" in a && lengthOf(a.value) > 0);
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 1);
const classifier: Rule = (node, _types, output) => (output === 0 ? (has(node, "classlabels_strings") ? "string" : "i64") : "f32");
const labels: Rule = (node) => {
  if (has(node, "values_strings")) return "string";
  if (has(node, "values_floats")) return "f32";
  if (has(node, "values_int64s")) return "i64";
  const tensor = node.attributes.find((a) => a.name === "values_tensor");
  return tensor?.kind === "tensor" ? asDType(tensor.value.dtype) : undefined;
};

const many = (names: string, rule: Rule): Record<string, Rule> => Object.fromEntries(names.split(" ").map((name) => [name, rule]));

const rules: Readonly<Record<string, Rule>> = {
  ...many("Shape Size NonZero ArgMax ArgMin NonMaxSuppression SequenceLength MaxRoiPool.1", always("i64")),
  ...many("Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN IsInf RegexFullMatch OptionalHasElement", always("bool")),
  ...many("ConvInteger MatMulInteger", always("i32")),
  ...many("StringNormalizer StringConcat Tokenizer", always("string")),
  StringSplit: always("string", "i64"),
  ...many("TopK MaxPool", first(0, "i64")),
  Unique: first(0, "i64"),
  ...many("GatherND GatherElements Gather Compress Reshape Expand Tile Slice Pad Trilu", operand(0)),
  Where: operand(1),
  OneHot: operand(2),
  ...many("CastLike BitCast", operand(1)),
  Cast: named("to", operand(0)),
  ...many("RandomNormal RandomUniform", named("dtype", always("f32"))),
  ...many("RandomNormalLike RandomUniformLike Bernoulli EyeLike", named("dtype", operand(0))),
  Multinomial: named("dtype", always("i32")),
  SequenceEmpty: named("dtype", always("f32")),
  ImageDecoder: always("u8"),
  QuantizeLinear: named("output_dtype", operand(2, "u8")),
  DequantizeLinear: operand(1),
  DynamicQuantizeLinear: always("u8", "f32", "u8"),
  ...many("QLinearConv QLinearMatMul", operand(7, "u8")),
  ...many(
    "QLinearAdd QLinearMul QLinearLeakyRelu QLinearSigmoid QLinearAveragePool QLinearGlobalAveragePool QLinearSoftmax QGemm",
    operand(0),
  ),
  ...many("QLinearConcat QLinearWhere", operand(1)),
  ...many("DynamicQuantizeMatMul MatMulIntegerToFloat QAttention DynamicQuantizeLSTM", always("f32")),
  ...many("GreedySearch BeamSearch Sampling", always("i32")),
  EmbedLayerNormalization: (_node, types, output) => (output === 1 ? "i32" : types[2]),
  ...many(
    "TfIdfVectorizer Scaler Normalizer OneHotEncoder FeatureVectorizer LinearRegressor TreeEnsembleRegressor SVMRegressor",
    always("f32"),
  ),
  ...many("TreeEnsembleClassifier LinearClassifier SVMClassifier", classifier),
  LabelEncoder: labels,
  CategoryMapper: (_node, types) => (types[0] === "string" ? "i64" : "string"),
  ...many("ArrayFeatureExtractor Binarizer Imputer TreeEnsemble", operand(0)),
};

/** The type of result `output`; floats win over other operands where no rule knows. */
export function resultType(node: OnnxNode, types: Types, output: number): DType {
  const rule = Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
  const given = types.filter((t) => t !== undefined);
  return rule?.(node, types, output) ?? given.find(isFloat) ?? given[0] ?? "f32";
}
