/** ai.onnx.ml operators that prepare features: scaling, normalising, encoding, choosing and joining columns. */
import type { ValueId } from "../../graph/ir.ts";
import { fromValues } from "../../graph/ndarray.ts";
import type { DType } from "../../support/dtype.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { castTo, floatOf, isReal, numeric, typeOf } from "./ml-scores.ts";

const listOf = (c: BuildCall, dtype: DType, values: readonly number[]): ValueId => {
  const list = values.map((v) => (dtype === "i64" ? BigInt(v) : v));
  return values.length === 1 ? c.scalar(dtype, list[0]!) : c.constant(dtype, [values.length], list);
};

/** (x - offset) * scale, in f32. */
function scaler(c: BuildCall) {
  const x = castTo(c, numeric(c, 0), "f32");
  const [offset, scale] = [c.floats("offset") ?? [], c.floats("scale") ?? []];
  if (offset.length === 0 || scale.length === 0) notCompiled("its offset or scale is missing");
  return c.add("mul", [c.add("sub", [x, listOf(c, "f32", offset)]), listOf(c, "f32", scale)]);
}

/** Rows by their largest element, the sum of magnitudes or the length; rows of zeros stay. */
function normalizer(c: BuildCall) {
  const x = castTo(c, numeric(c, 0), "f32");
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  if (rank !== 1 && rank !== 2) notCompiled(`an operand of rank ${rank} is not supported`);
  const over = { axes: [rank - 1], keepdims: true };
  const kind = c.text("norm", "MAX");
  const norm = (): ValueId => {
    if (kind === "MAX") return c.add("reduce-max", [x], over);
    if (kind === "L1") return c.add("reduce-sum", [c.add("abs", [x])], over);
    return kind === "L2" ? c.add("sqrt", [c.add("reduce-sum", [c.add("mul", [x, x])], over)]) : notCompiled(`norm ${kind} is not known`);
  };
  const by = norm();
  const zero = floatOf(c, x, 0);
  const quotient = c.add("div", [x, c.add("where", [c.add("equal", [by, zero]), floatOf(c, x, 1), by])]);
  // The root of a sum of squares keeps the signs of its operands; so do we.
  return quotient;
}

function binarizer(c: BuildCall) {
  const x = numeric(c, 0);
  const over = c.add("greater", [x, floatOf(c, x, c.float("threshold", 0))]);
  return c.add("cast", [over], { to: typeOf(c, x) });
}

/** One value, or one for each column, in the place of a marker; NaN is a marker, too. */
function imputer(c: BuildCall) {
  const x = numeric(c, 0);
  const real = isReal(typeOf(c, x));
  const values =
    (real ? c.floats("imputed_value_floats") : c.ints("imputed_value_int64s")) ?? notCompiled("its imputed values are missing");
  const marker = real ? c.float("replaced_value_float", 0) : c.int("replaced_value_int64", 0);
  const found = real && Number.isNaN(marker) ? c.add("is-nan", [x]) : c.add("equal", [x, floatOf(c, x, real ? marker : Number(marker))]);
  return c.add("where", [found, listOf(c, typeOf(c, x), values), x]);
}

/** A new last axis with a one where the element is the category. */
function oneHotEncoder(c: BuildCall) {
  const x = castTo(c, numeric(c, 0), "i64");
  const categories = c.ints("cats_int64s") ?? notCompiled("its categories are strings");
  // Otherwise a value that is no category stops the run.
  if (!c.flag("zeros", true)) notCompiled("it refuses values that are no categories");
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const column = c.reshape(x, [...Array.from({ length: rank }, (_, axis) => ({ axis })), 1]);
  return castTo(c, c.add("equal", [column, c.constant("i64", [categories.length], categories.map(BigInt))]), "f32");
}

/** Columns at positions; a vector is one row. */
function arrayFeatureExtractor(c: BuildCall) {
  const x = numeric(c, 0);
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const at = c.add("reshape", [c.input(1)], { shape: [-1], allowZero: true });
  const rows = rank === 1 ? c.reshape(x, [1, { axis: 0 }]) : x;
  return c.add("gather", [rows, at], { axis: -1 });
}

/** Rows of all operands side by side, each as wide as `inputdimensions` says. */
function featureVectorizer(c: BuildCall) {
  const widths = c.ints("inputdimensions") ?? notCompiled("its inputdimensions are missing");
  const parts = Array.from({ length: c.inputCount }, (_, i) => {
    const shape = c.shape(i) ?? notCompiled("the rank of its operands is not known");
    const x = castTo(c, numeric(c, i), "f32");
    // Axes behind the first are one row.
    const rows = shape.length === 1 ? c.reshape(x, [1, { axis: 0 }]) : shape.length === 2 ? x : c.add("flatten", [x], { axis: 1 });
    const [have, want] = [c.shapeOf(rows)?.at(-1), widths[i] ?? notCompiled("its inputdimensions are too few")];
    if (have === want) return rows;
    if (typeof have !== "number") return notCompiled("the width of an operand is not known");
    // Wider operands are cut, narrower ones end in zeros.
    return have > want
      ? c.add("slice", [rows], { starts: [0], ends: [want], axes: [1], steps: [1] })
      : c.add("pad", [rows], { pads: [0, 0, 0, want - have] });
  });
  return parts.length === 1 ? c.add("identity", [parts[0]!]) : c.add("concat", parts, { axis: 1 });
}

/** Keys and values of a table of numbers, by the attributes of opsets 1 to 4. */
function tableOf(c: BuildCall): {
  readonly keys: readonly number[];
  readonly values: readonly number[];
  readonly dtype: DType;
  readonly otherwise: number;
} {
  const tensor = (name: string): { list: readonly number[]; dtype: DType } | undefined => {
    const nd = c.tensor(name);
    return nd && { list: Array.from(nd.data as ArrayLike<number>, Number), dtype: nd.dtype };
  };
  const words = (name: string): void => {
    if ((c.strings(name) ?? []).length > 0) notCompiled("it maps strings");
  };
  words("keys_strings");
  words("values_strings");
  words("classes_strings");
  const keys = c.ints("keys_int64s") ?? c.floats("keys_floats") ?? tensor("keys_tensor")?.list ?? notCompiled("its keys are missing");
  const [ints, floats, list] = [c.ints("values_int64s"), c.floats("values_floats"), tensor("values_tensor")];
  const dtype = ints !== undefined ? "i64" : floats !== undefined ? "f32" : (list?.dtype ?? notCompiled("its values are missing"));
  const given = tensor("default_tensor")?.list[0];
  const otherwise = given ?? (dtype === "i64" ? c.int("default_int64", -1) : c.float("default_float", 0));
  return { keys, values: ints ?? floats ?? list!.list, dtype, otherwise };
}

/** Elements compared with every key at once: tables beyond this are not. */
const maxKeys = 4096;

/** The value of the first key that is equal to the element; NaN is equal to NaN since opset 4. */
function labelEncoder(c: BuildCall) {
  const x = numeric(c, 0);
  const { keys, values, dtype, otherwise } = tableOf(c);
  if (keys.length !== values.length || keys.length === 0) notCompiled("its keys and values do not match");
  if (keys.length > maxKeys) notCompiled(`it has more than ${maxKeys} keys`);
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const from = typeOf(c, x);
  const column = c.reshape(x, [...Array.from({ length: rank }, (_, axis) => ({ axis })), 1]);
  const table = c.context.graph.constant(
    "",
    fromValues(
      from,
      [keys.length],
      keys.map((k) => (from === "i64" ? BigInt(k) : k)),
    ),
  );
  const equal = c.add("equal", [column, table]);
  const nan = keys.map((k) => (c.opset >= 4 && Number.isNaN(k) ? 1 : 0));
  const matches = nan.includes(1)
    ? c.add("or", [equal, c.add("and", [c.add("is-nan", [column]), c.constant("bool", [keys.length], nan)])])
    : equal;
  // One more column that always matches, behind all others: the default.
  const counted = castTo(c, matches, "i32");
  const at = c.add("arg-max", [counted], { axis: -1, keepdims: false });
  const some = c.add("reduce-max", [counted], { axes: [-1], keepdims: false });
  const place = c.add("where", [castTo(c, some, "bool"), at, c.scalar("i64", BigInt(keys.length))]);
  const results = [...values, otherwise].map((v) => (dtype === "i64" ? BigInt(v) : v));
  return c.add("gather", [c.constant(dtype, [results.length], results), place], { axis: 0 });
}

export const mlFeatureBuilders: Readonly<Record<string, Builder>> = {
  "ai.onnx.ml.Scaler": scaler,
  "ai.onnx.ml.Normalizer": normalizer,
  "ai.onnx.ml.Binarizer": binarizer,
  "ai.onnx.ml.Imputer": imputer,
  "ai.onnx.ml.OneHotEncoder": oneHotEncoder,
  "ai.onnx.ml.ArrayFeatureExtractor": arrayFeatureExtractor,
  "ai.onnx.ml.FeatureVectorizer": featureVectorizer,
  "ai.onnx.ml.LabelEncoder": labelEncoder,
};
