/** What the classifiers and regressors of ai.onnx.ml have in common: operands as floats, labels, and transforms of scores. */
import type { ValueId } from "../../graph/ir.ts";
import { isFloat, type DType } from "../../support/dtype.ts";
import { notCompiled, type BuildCall } from "./build-call.ts";

export const transforms = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"] as const;
export type Transform = (typeof transforms)[number];

export function transformOf(c: BuildCall): Transform {
  const text = c.text("post_transform", "NONE");
  return transforms.find((t) => t === text) ?? notCompiled(`post_transform ${text} is not known`);
}

export const typeOf = (c: BuildCall, id: ValueId): DType => c.context.graph.type(id).dtype;
export const castTo = (c: BuildCall, id: ValueId, to: DType): ValueId => (typeOf(c, id) === to ? id : c.add("cast", [id], { to }));

/** Operand 0 as rows of f32: a vector is one row. */
export function rowsOf(c: BuildCall, to: DType = "f32"): ValueId {
  const shape = c.shape(0) ?? notCompiled("the rank of its operand is not known");
  const x = castTo(c, numeric(c, 0), to);
  if (shape.length === 1) return c.reshape(x, [1, { axis: 0 }]);
  return shape.length === 2 ? x : notCompiled(`an operand of rank ${shape.length} is not supported`);
}

/** Operand `i`, which must hold numbers. */
export function numeric(c: BuildCall, i: number): ValueId {
  if (c.dtype(i) === "string") notCompiled("elements of type string are not supported");
  return c.input(i);
}

export const floatOf = (c: BuildCall, like: ValueId, value: number): ValueId => c.scalar(typeOf(c, like), value);

/** Scores of several classes or targets, in rows. */
export function transformed(c: BuildCall, scores: ValueId, transform: Transform): ValueId {
  if (transform === "LOGISTIC") return c.add("sigmoid", [scores]);
  if (transform === "SOFTMAX") return c.add("softmax", [scores], { axis: -1 });
  if (transform === "SOFTMAX_ZERO") return softmaxZero(c, scores);
  return transform === "PROBIT" ? probit(c, scores) : scores;
}

/** As softmax over the elements that are not 0; the others are scaled like the rest, and stay next to 0. */
function softmaxZero(c: BuildCall, x: ValueId): ValueId {
  const least = floatOf(c, x, 1e-7);
  const most = c.add("reduce-max", [x], { axes: [-1], keepdims: true });
  const counted = c.add("greater", [c.add("abs", [x]), least]);
  const e = c.add("exp", [c.add("sub", [x, most])]);
  const scaled = c.add("mul", [x, c.add("exp", [c.add("neg", [most])])]);
  const sum = c.add("reduce-sum", [c.add("where", [counted, e, floatOf(c, x, 0)])], { axes: [-1], keepdims: true });
  return c.add("div", [c.add("where", [counted, e, scaled]), sum]);
}

/** Quantile of the normal distribution, with Winitzki's approximation of the inverse error function (2008), as ONNX Runtime has it. */
export function probit(c: BuildCall, p: ValueId): ValueId {
  const k = (value: number): ValueId => floatOf(c, p, value);
  const x = c.add("sub", [c.add("mul", [p, k(2)]), k(1)]);
  const log = c.add("log", [c.add("mul", [c.add("sub", [k(1), x]), c.add("add", [k(1), x])])]);
  const v = c.add("add", [c.add("mul", [log, k(0.5)]), k(2 / (3.14159 * 0.147))]);
  const root = c.add("sqrt", [c.add("sub", [c.add("mul", [v, v]), c.add("mul", [log, k(1 / 0.147)])])]);
  const size = c.add("sqrt", [c.add("sub", [root, v])]);
  const sign = c.add("where", [c.add("less", [x, k(0)]), k(-Math.SQRT2), k(Math.SQRT2)]);
  return c.add("mul", [sign, size]);
}

/** Both scores of two classes from that of the positive one: (first, second) in rows of two. */
export const pair = (c: BuildCall, first: ValueId, second: ValueId): ValueId => c.add("concat", [first, second], { axis: 1 });
export const negative = (c: BuildCall, x: ValueId): ValueId => c.add("neg", [x]);
export const complement = (c: BuildCall, x: ValueId): ValueId => c.add("sub", [floatOf(c, x, 1), x]);

/** Class labels, which must be numbers: a classifier that names its classes is left to those who have strings. */
export function labelsOf(c: BuildCall, attribute: string): readonly number[] {
  if ((c.strings("classlabels_strings") ?? []).length > 0) notCompiled("its labels are strings");
  return c.ints(attribute) ?? [];
}

/** The label at each position of the best score. */
export function bestLabel(c: BuildCall, scores: ValueId, labels: readonly number[]): ValueId {
  const best = c.add("arg-max", [scores], { axis: 1, keepdims: false });
  return labels.every((l, i) => l === i)
    ? best
    : c.add("gather", [c.constant("i64", [labels.length], labels.map(BigInt)), best], { axis: 0 });
}

/** `yes` where the condition (a column) holds, else `no`: labels in a row. */
export function chosenLabel(c: BuildCall, condition: ValueId, no: number, yes: number): ValueId {
  const labels = c.add("where", [condition, c.scalar("i64", BigInt(yes)), c.scalar("i64", BigInt(no))]);
  return c.reshape(labels, [{ axis: 0 }]);
}

export const isReal = (dtype: DType): boolean => isFloat(dtype);
