/** Halves: casts around operators whose results are rounded to 16 bits, chains of them, and inputs and outputs of that type. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { count, row, type Draw, type Row, type Val } from "../draw.ts";

const codes = { f16: 10, bf16: 16 } as const;
type Half = keyof typeof codes;
/** Relative to the largest element: several roundings one behind the other, each of which may fall the other way. */
const slack: Readonly<Record<Half, number>> = { f16: 4e-3, bf16: 3e-2 };

const add = (
  d: Draw,
  t: DType,
  op: string,
  inputs: readonly (Val | string)[],
  shape: readonly number[],
  attributes = {},
): Val | undefined => d.node(op, inputs, [{ dtype: t, shape, bound: 16 }], attributes)?.[0];
const fitted = (d: Draw, t: Half, shape: readonly number[], summands: number): Val => {
  // Powers of two times small whole numbers: they are what both types hold.
  const most = 2 ** -Math.ceil(Math.log2(Math.sqrt(summands)));
  return d.constant(
    t,
    shape,
    Array.from({ length: count(shape) }, () => (d.random.integer(-8, 8) / 4) * most),
  );
};

type Step = (d: Draw, t: Half, x: Val) => Val | undefined;
const linear: Step = (d, t, x) => {
  const [k, n] = [x.shape.at(-1)!, d.one([1, 8, 15, 16, 17, 33])];
  const shape = [...x.shape.slice(0, -1), n];
  const y = add(d, t, "MatMul", [x, fitted(d, t, [k, n], k)], shape);
  return y && d.chance(0.6) ? add(d, t, "Add", [y, fitted(d, t, [n], 4)], shape) : y;
};
const single: Step = (d, t, x) => add(d, t, d.one(["Relu", "Sigmoid", "Tanh", "Neg", "Abs", "HardSwish", "Softplus"]), [x], x.shape);
const softmax: Step = (d, t, x) => add(d, t, "Softmax", [x], x.shape, { axis: -1 });
const pair: Step = (d, t, x) =>
  add(d, t, d.one(["Add", "Mul", "Sub", "Max"]), [x, fitted(d, t, d.one([[], [x.shape.at(-1)!], x.shape]), 4)], x.shape);
const turned: Step = (d, t, x) => {
  const perm = x.shape.map((_, i) => x.shape.length - 1 - i);
  return add(
    d,
    t,
    "Transpose",
    [x],
    perm.map((p) => x.shape[p]!),
    { perm },
  );
};
const reduced: Step = (d, t, x) =>
  add(d, t, d.one(["ReduceMean", "ReduceMax", "ReduceSum"]), [x, d.ints([-1])], [...x.shape.slice(0, -1), 1], { keepdims: 1 });
const joined: Step = (d, t, x) => add(d, t, "Concat", [x, x], [...x.shape.slice(0, -1), 2 * x.shape.at(-1)!], { axis: -1 });
const steps: readonly Step[] = [linear, linear, linear, single, softmax, pair, turned, reduced, joined];

const chain = row("chain of halves", 4, (d) => {
  const t = d.one<Half>(["f16", "f16", "bf16"]);
  const shape = [...(d.chance(0.3) ? [2] : []), d.one([1, 3, 15, 16, 17]), d.one([1, 8, 16, 17, 33, 63])];
  // The binding takes no halves as inputs: they are made of floats on their grid.
  let x = add(d, t, "Cast", [d.input("f32", shape)], shape, { to: codes[t] });
  for (let n = d.random.integer(1, 5); n > 0 && x !== undefined; n--) x = d.one(steps)(d, t, x) ?? x;
  const y = x && add(d, "f32", "Cast", [x], x.shape, { to: 1 });
  for (const v of d.values.filter((w) => w.dtype === t)) d.values.splice(d.values.indexOf(v), 1);
  d.only(y, slack[t]);
  return y;
});

/** Products of halves as attention has them. */
const attention = row("attention of halves", 2, (d) => {
  const t = d.one<Half>(["f16", "bf16"]);
  const [heads, m, s, k] = [d.one([1, 2, 3]), d.one([1, 5, 16, 17]), d.one([2, 15, 16, 33]), d.one([4, 8, 16, 17])];
  const half = (shape: readonly number[]): Val | undefined => add(d, t, "Cast", [d.input("f32", shape)], shape, { to: codes[t] });
  const [q, keys, v] = [half([1, heads, m, k]), half([1, heads, k, s]), half([1, heads, s, k])];
  const scaled = q && add(d, t, "Mul", [q, d.constant(t, [], [0.125])], q.shape);
  const scores = scaled && keys && add(d, t, "MatMul", [scaled, keys], [1, heads, m, s]);
  const weights = scores && softmax(d, t, scores);
  const read = weights && v && add(d, t, "MatMul", [weights, v], [1, heads, m, k]);
  const y = read && add(d, "f32", "Cast", [read], read.shape, { to: 1 });
  for (const w of d.values.filter((x) => x.dtype === t)) d.values.splice(d.values.indexOf(w), 1);
  d.only(y, slack[t]);
  return y;
});

export const smallFloatRows: readonly Row[] = [chain, attention];
