/** Layers of transformers in small, layers in a row, and parts of products. */
import type { Row, Val } from "../draw.ts";
import { contribAttentionRows } from "./contrib-attention.ts";
import { attention, sizes } from "./heads.ts";
import { active, add, either, inner, layered, linear, norm } from "./layers.ts";

/** An encoder's layer, with its norms before or behind, or left out. */
const layer = layered("layer of a transformer", 5, (d) => {
  const s = sizes(d);
  const start = d.input("f32", [s.batch, s.rows, s.hidden]);
  const before = d.chance(0.5);
  const normed = (x: Val): Val => (x.shape.at(-1)! > 1 ? norm(d, x) : x);
  const wrapped = (x: Val, f: (y: Val) => Val): Val => {
    const y = f(before ? normed(x) : x);
    const sum = d.chance(0.9) ? add(d, "Add", either(d, x, y), x.shape) : y;
    return before ? sum : normed(sum);
  };
  const middle = wrapped(start, (y) => attention(d, y, s));
  return d.chance(0.6) ? wrapped(middle, (y) => inner(d, y)) : middle;
});

/** Products one behind the other, with what reads whole rows between them. */
const perceptron = layered("layers in a row", 4, (d) => {
  const [m, k] = [d.one([1, 2, 8, 15, 16, 33, 63]), d.one([1, 5, 16, 17, 33])];
  let x: Val = d.input("f32", d.chance(0.3) ? [2, m, k] : [m, k]);
  for (let n = d.random.integer(1, 4); n > 0; n--) {
    const from = x;
    x = linear(d, x, d.one([1, 8, 15, 16, 17, 32, 33]));
    if (String(x.shape) === String(from.shape) && d.chance(0.6)) x = add(d, "Add", either(d, x, from), x.shape);
    const after = d.one(["none", "active", "active", "norm", "Softmax", "sum"] as const);
    if (after === "active") x = active(d, x);
    if (after === "norm" && x.shape.at(-1)! > 1) x = norm(d, x);
    if (after === "Softmax") x = add(d, d.one(["Softmax", "LogSoftmax"]), [x], x.shape, { axis: -1 });
    if (after === "sum" && n === 1)
      x = add(d, d.one(["ReduceSum", "ReduceMax", "ReduceMean"]), [x, d.ints([-1])], [...x.shape.slice(0, -1), 1], { keepdims: 1 });
  }
  return x;
});

/** Several products of one operand joined; or parts of a product, of which each goes on alone. */
const slices = layered("parts of products", 3, (d) => {
  const [m, k] = [d.one([1, 4, 15, 16, 33]), d.one([3, 16, 17])];
  const x = d.input("f32", d.chance(0.3) ? [2, m, k] : [m, k]);
  if (d.chance(0.5)) {
    const parts = Array.from({ length: d.random.integer(2, 3) }, () => {
      const y = linear(d, x, d.one([1, 8, 16, 17]));
      return d.chance(0.5) ? active(d, y) : y;
    });
    const all = d.chance(0.3) && parts.every((p) => p.shape.at(-1) === k) ? [...parts, x] : parts;
    const width = all.reduce((s, p) => s + p.shape.at(-1)!, 0);
    const y = add(d, "Concat", all, [...x.shape.slice(0, -1), width], { axis: -1 });
    return d.chance(0.6) ? linear(d, y, d.one([4, 16])) : y;
  }
  const n = d.one([9, 16, 33, 34]);
  const y = linear(d, x, n);
  const [a, b] = [d.random.integer(1, n - 2), 0];
  const cut = (from: number, to: number): Val =>
    add(d, "Slice", [y, d.ints([from]), d.ints([to]), d.ints([-1])], [...y.shape.slice(0, -1), to - from]);
  const [left, right] = [cut(b, a), cut(a, n)];
  const done = [
    d.chance(0.5) ? active(d, left) : linear(d, left, 8),
    d.chance(0.5) && right.shape.at(-1)! > 1 ? norm(d, right) : linear(d, right, 8),
  ];
  if (d.chance(0.5)) return done;
  return add(
    d,
    "Concat",
    d.chance(0.5) ? done : [...done].reverse(),
    [...y.shape.slice(0, -1), done[0]!.shape.at(-1)! + done[1]!.shape.at(-1)!],
    { axis: -1 },
  );
});

export const transformerRows: readonly Row[] = [layer, perceptron, slices, ...contribAttentionRows];
