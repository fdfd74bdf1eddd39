/** Activations and normalisations in pieces, as exporters write them: what `recognise` looks for, and near misses of it. */
import { row, type Draw, type Result, type Row, type Val } from "../draw.ts";

const scalar = (d: Draw, value: number): Val => d.constant("f32", d.chance(0.3) ? [1] : [], [value]);
const step = (d: Draw, op: string, inputs: readonly (Val | string)[], result: Result, attributes = {}): Val =>
  d.node(op, inputs, [result], attributes)![0]!;
const either = (d: Draw, a: Val, b: Val): readonly Val[] => (d.chance(0.5) ? [a, b] : [b, a]);
const operand = (d: Draw): Val | undefined => d.float((v) => v.shape.length > 0 && !v.shape.includes(0) && v.bound <= 30);

const gelu = row("gelu in pieces", 2, (d) => {
  const x = operand(d);
  if (x === undefined) return undefined;
  const r = { shape: x.shape, bound: x.bound };
  const u = d.chance(0.5) ? step(d, "Div", [x, scalar(d, Math.SQRT2)], r) : step(d, "Mul", either(d, x, scalar(d, Math.SQRT1_2)), r);
  const sum = step(d, "Add", either(d, step(d, "Erf", [u], { ...r, bound: 1 }), scalar(d, d.chance(0.9) ? 1 : 2)), { ...r, bound: 3 });
  if (d.chance(0.5)) return step(d, "Mul", either(d, step(d, "Mul", either(d, x, sum), r), scalar(d, 0.5)), r);
  return step(d, "Mul", either(d, step(d, "Mul", either(d, x, scalar(d, 0.5)), r), sum), r);
});

const gate = row("gate in pieces", 2, (d) => {
  const x = operand(d);
  if (x === undefined) return undefined;
  const r = { shape: x.shape, bound: x.bound };
  if (d.chance(0.5)) {
    const u = d.chance(0.5) ? x : step(d, "Mul", either(d, x, scalar(d, 1.702)), { ...r, bound: 2 * x.bound });
    return step(d, "Mul", either(d, x, step(d, "Sigmoid", [u], { ...r, bound: 1 })), r);
  }
  const six = step(
    d,
    "Clip",
    [step(d, "Add", either(d, x, scalar(d, 3)), { ...r, bound: x.bound + 3 }), d.constant("f32", [], [0]), d.constant("f32", [], [6])],
    { ...r, bound: 6 },
  );
  return step(d, "Div", [step(d, "Mul", either(d, x, six), { ...r, bound: 6 * x.bound }), scalar(d, 6)], r);
});

const softmax = row("softmax in pieces", 2, (d) => {
  const x = operand(d);
  if (x === undefined || x.bound > 10) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const kept = { shape: x.shape.map((e, i) => (i === axis ? 1 : e)), bound: x.bound };
  const r = { shape: x.shape, bound: x.bound };
  const max = d.chance(0.5) ? step(d, "ReduceMax", [x, d.ints([axis])], kept, { keepdims: 1 }) : undefined;
  const e = step(d, "Exp", [max === undefined ? x : step(d, "Sub", [x, max], { ...r, bound: 2 * x.bound })], {
    ...r,
    bound: Math.exp(x.bound),
  });
  const sum = step(d, "ReduceSum", [e, d.ints([axis])], { ...kept, bound: 1e4 }, { keepdims: 1 });
  return step(d, "Div", [e, sum], { ...r, bound: 1 });
});

const norm = row("norm in pieces", 2, (d) => {
  const x = operand(d);
  if (x === undefined || !x.exact || x.shape.at(-1) === 1) return undefined;
  const r = { shape: x.shape, bound: x.bound };
  const kept = { shape: x.shape.map((e, i) => (i === x.shape.length - 1 ? 1 : e)), bound: x.bound ** 2 };
  const centred = d.chance(0.6)
    ? step(d, "Sub", [x, step(d, "ReduceMean", [x, d.ints([-1])], kept, { keepdims: 1 })], { ...r, bound: 2 * x.bound })
    : x;
  const square = d.chance(0.5)
    ? step(d, "Pow", [centred, d.constant("f32", [], [2])], { ...r, bound: 4 * x.bound ** 2 })
    : step(d, "Mul", [centred, centred], { ...r, bound: 4 * x.bound ** 2 });
  const variance = step(d, "ReduceMean", [square, d.ints([-1])], kept, { keepdims: 1 });
  const root = step(d, "Sqrt", [step(d, "Add", [variance, scalar(d, 0.01)], kept)], kept);
  const n = d.chance(0.5)
    ? step(d, "Div", [centred, root], { ...r, bound: 10 * x.bound })
    : step(d, "Mul", either(d, centred, step(d, "Reciprocal", [root], { ...kept, bound: 10 })), { ...r, bound: 10 * x.bound });
  const rows = d.constant("f32", d.chance(0.8) ? [x.shape.at(-1)!] : [1, x.shape.at(-1)!]);
  if (rows.shape.length > x.shape.length) return n;
  const scaled = step(d, "Mul", either(d, n, rows), { ...r, bound: 40 * x.bound });
  return d.chance(0.5)
    ? step(d, "Add", either(d, scaled, d.constant("f32", [x.shape.at(-1)!])), { ...r, bound: 40 * x.bound + 4 })
    : scaled;
});

export const patternRows: readonly Row[] = [gelu, gate, softmax, norm];
