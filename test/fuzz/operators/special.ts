/** Inputs with NaN, infinities and -0, and operators whose answer to them is the same everywhere. */
import { count, row, type Draw, type Row, type Val } from "../draw.ts";

const specials = [NaN, Infinity, -Infinity, -0, 3.4028234663852886e38] as const;
const add = (d: Draw, op: string, inputs: readonly (Val | string)[], shape: readonly number[], attributes = {}): Val | undefined =>
  d.node(op, inputs, [{ dtype: "f32", shape, bound: 1e4 }], attributes)?.[0];
/** A row whose results no other row takes. They are compared as they are; a choice loses the sign of 0 in ONNX Runtime, which no reciprocal shows here. */
const apart = (name: string, weight: number, make: (d: Draw) => unknown): Row =>
  row(name, weight, (d) => {
    const before = new Set(d.values);
    const made = make(d);
    for (const v of d.values.filter((x) => !before.has(x))) d.values.splice(d.values.indexOf(v), 1);
    return made;
  });
type Step = (d: Draw, x: Val) => Val | undefined;

const single: Step = (d, x) => add(d, d.one(["Neg", "Abs", "Exp", "Tanh", "Sigmoid", "Sqrt", "Identity", "Erf"]), [x], x.shape);
const pair: Step = (d, x) => add(d, d.one(["Add", "Mul", "Sub", "Div"]), [x, d.constant("f32", d.one([[], [x.shape.at(-1)!]]))], x.shape);
const moved: Step = (d, x) => {
  const perm = x.shape.map((_, i) => x.shape.length - 1 - i);
  const shape = perm.map((p) => x.shape[p]!);
  return add(d, "Transpose", [x], shape, { perm });
};
const joined: Step = (d, x) => add(d, "Concat", [x, x], [2 * x.shape[0]!, ...x.shape.slice(1)], { axis: 0 });
const tested: Step = (d, x) => {
  const is = d.node(d.one(["IsNaN", "IsInf"]), [x], [{ dtype: "bool", shape: x.shape, exact: true, bound: 1 }])?.[0];
  return is && add(d, "Where", [is, d.constant("f32", [], [2]), x], x.shape);
};
/** With a number that no function reaches by rounding. */
const compared: Step = (d, x) => {
  const less = d.node(
    d.one(["Less", "Greater", "LessOrEqual"]),
    [x, d.constant("f32", [], [0.7])],
    [{ dtype: "bool", shape: x.shape, exact: true, bound: 1 }],
  )?.[0];
  return less && add(d, "Where", [less, x, d.constant("f32", [], [-3])], x.shape);
};
const steps: readonly Step[] = [single, single, pair, pair, moved, joined, tested, compared];

const chain = apart("special numbers through elementwise operators", 3, (d) => {
  const shape = d.shape(1, 4);
  let x: Val | undefined = d.input("f32", shape);
  d.specialised(x, specials);
  for (let n = d.random.integer(1, 5); n > 0 && x !== undefined; n--) x = d.one(steps)(d, x) ?? x;
  d.only(x, 0);
  return x;
});

/** -inf hides an element; at least one of a row stays. */
const softmax = apart("softmax of hidden elements", 2, (d) => {
  const [m, n] = [d.one([1, 3, 16, 17]), d.one([1, 2, 15, 16, 17, 33, 63])];
  const x = d.input("f32", [m, n]);
  const mask = Array.from({ length: m * n }, (_, i) => (i % n === 0 || d.chance(0.5) ? 0 : -Infinity));
  const scores = add(d, "Add", [x, d.constant("f32", [m, n], mask)], [m, n]);
  const y = scores && add(d, d.one(["Softmax", "Softmax", "LogSoftmax"]), [scores], [m, n], { axis: -1 });
  const z = y && d.chance(0.5) ? add(d, "ReduceMax", [y, d.ints([-1])], [m, 1], { keepdims: 1 }) : y;
  d.only(z, 0);
  return z;
});

const extremes = apart("largest and smallest with infinities", 1, (d) => {
  const shape = d.shape(1, 3).map((e) => Math.max(1, e));
  const x = d.input("f32", shape);
  d.specialised(x, [Infinity, -Infinity]);
  const y = add(d, d.one(["ReduceMax", "ReduceMin"]), [x, d.ints([-1])], [...shape.slice(0, -1), 1], { keepdims: 1 });
  d.only(y, 0);
  return y;
});

/** A product whose operand holds infinities: a row with one is not a number or infinite, the others are as ever. */
const product = apart("products with infinities", 2, (d) => {
  const [m, k, n] = [d.one([1, 5, 16, 17]), d.one([1, 7, 16, 33]), d.one([1, 4, 16, 17])];
  const x = d.input("f32", [m, k]);
  d.specialised(x, [Infinity, -Infinity, NaN]);
  const weights = Array.from({ length: k * n }, () => d.one([-2, -1, -0.5, 0.5, 1, 2]));
  const y = add(d, "MatMul", [x, d.constant("f32", [k, n], weights)], [m, n]);
  d.only(y, 0);
  return count([m, n]) > 0 ? y : undefined;
});

export const specialRows: readonly Row[] = [chain, softmax, extremes, product];
