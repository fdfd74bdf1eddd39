/**
 * Operators that are not compiled, because extents, a branch or a number of steps show only at run time, or because of strings. Each row comes
 * back to a value of known shape, so that compiled operators follow.
 */
import { GraphBuilder } from "../../../compiler-core/onnx/builder.ts";
import { count, row, solid, type Draw, type Result, type Row, type Val } from "../draw.ts";
import { halvingBody } from "./loop-body.ts";

/** Where a choice depends on the values, they have to be the same bit by bit. */
const certain = (d: Draw, most = 1e5): Val | undefined => d.float((v) => v.exact && solid(v) && v.bound < most);

/** The number of elements of a value of unknown extents, as one float. */
function size(d: Draw, name: string, most: number): Val | undefined {
  const n = d.node("Size", [name], [{ dtype: "i64", shape: [], exact: true, bound: most }]);
  return n && d.node("Cast", [n[0]!], [{ dtype: "f32", shape: [], exact: true, bound: most }], { to: 1 })?.[0];
}

/** The sum over the first axis, whose extent is unknown. */
function total(d: Draw, name: string, x: Val): unknown {
  const result: Result = { dtype: "f32", shape: [1, ...x.shape.slice(1)], exact: x.exact, bound: x.bound * x.shape[0]! };
  return d.node("ReduceSum", [name, d.ints([0])], [result], { keepdims: 1 });
}

const nonZero = row("NonZero", 1, (d) => {
  const x = certain(d);
  if (x === undefined) return undefined;
  const [at] = d.unknown("NonZero", [x], ["i64"]);
  if (d.chance(0.5)) return size(d, at!, count(x.shape) * x.shape.length);
  const [pairs] = d.unknown("Transpose", [at!], ["i64"], { perm: [1, 0] });
  const [found] = d.unknown("GatherND", [x, pairs!], ["f32"]);
  const bound = x.bound * count(x.shape);
  return d.node("ReduceSum", [found!], [{ dtype: "f32", shape: [], exact: bound < 4096, bound }], { keepdims: 0 });
});

const unique = row("Unique", 1, (d) => {
  const x = certain(d);
  if (x === undefined) return undefined;
  const inverse = { dtype: "i64", shape: [count(x.shape)], exact: true, bound: 3000 } as const;
  const outputs = [d.fresh(), d.fresh()];
  const [back] = d.node("Unique", [x], [inverse]) ?? [];
  if (back === undefined) return undefined;
  // The third result is the one of known extent; the node was made with it alone.
  const node = d.nodes.pop()!;
  d.nodes.push({ ...node, outputs: [...outputs, ...node.outputs] });
  d.declared.push({ name: back.name, dtype: "i64", shape: back.shape });
  if (d.chance(0.3)) d.hidden.push({ name: outputs[0]!, dtype: "f32" });
  return d.node("ReduceMax", [outputs[0]!], [{ dtype: "f32", shape: [], exact: true, bound: x.bound }], { keepdims: 0 });
});

const compress = row("Compress", 1, (d) => {
  const x = d.float((v) => solid(v) && count(v.shape) < 1000);
  if (x === undefined) return undefined;
  const fits = (v: Val): boolean => v.dtype === "bool" && v.shape.length === 1 && v.shape[0]! <= x.shape[0]!;
  const which = d.pick(fits, () => d.input("bool", [x.shape[0]!]))!;
  const [some] = d.unknown("Compress", [x, which], ["f32"], { axis: 0 });
  return total(d, some!, x);
});

const nonMaxSuppression = row("NonMaxSuppression", 1, (d) => {
  const n = d.random.integer(1, 6);
  const fits = (v: Val): boolean => v.dtype === "f32" && v.exact && String(v.shape) === String([1, n, 4]);
  const boxes = d.pick(fits, () => d.input("f32", [1, n, 4]))!;
  const scores = d.input("f32", [1, 1, n]);
  const limits = [d.constant("f32", [], [0.5]), d.constant("f32", [], [-1])];
  const [kept] = d.unknown("NonMaxSuppression", [boxes, scores, d.ints([3]), ...limits], ["i64"]);
  return size(d, kept!, 9);
});

/** A slice, a list or a mask whose length was counted. */
const counted = row("counted", 2, (d) => {
  const x = certain(d);
  if (x === undefined) return undefined;
  const [at] = d.unknown("NonZero", [x], ["i64"]);
  const [shape] = d.unknown("Shape", [at!], ["i64"], { start: 1 });
  const [n] = d.node("Squeeze", [shape!, d.ints([0])], [{ dtype: "i64", shape: [], exact: true, bound: count(x.shape) }])!;
  if (d.chance(0.5)) {
    const y = d.float(solid)!;
    const [some] = d.unknown("Slice", [y, d.ints([0]), shape!, d.ints([0])], ["f32"]);
    return total(d, some!, y);
  }
  const [list] = d.unknown("Range", [d.constant("i64", [], [0]), n!, d.constant("i64", [], [1])], ["i64"]);
  const bound = count(x.shape) ** 2;
  const sum = d.node("ReduceSum", [list!], [{ dtype: "i64", shape: [], exact: true, bound }], { keepdims: 0 });
  return sum && d.node("Cast", [sum[0]!], [{ dtype: "f32", shape: [], exact: bound < 4096, bound }], { to: 1 });
});

/** A number that is computed, for a condition or a count. */
const scalarOf = (d: Draw): Val | undefined => {
  const x = certain(d);
  return x && d.node("ReduceMax", [x], [{ shape: [], exact: true, bound: x.bound }], { keepdims: 0 })?.[0];
};

/** Both branches read values from outside, each its own way. */
const branch = row("If", 2, (d) => {
  const [x, m] = [d.float(), scalarOf(d)];
  if (x === undefined || m === undefined) return undefined;
  const c = d.node("Greater", [m, d.constant("f32", [], [d.one([-3, 0, 1.5, 3.75])])], [{ dtype: "bool", shape: [], exact: true }])![0]!;
  const fits = (v: Val): boolean => v.dtype === "f32" && String(v.shape) === String(x.shape);
  const y = d.pick(fits)!;
  const side = (ops: readonly string[], from: Val) => {
    const g = new GraphBuilder(`${d.fresh()}_branch`);
    const last = ops.reduce((v, op) => g.node(op, [v], d.fresh()), from.name);
    g.output(last, "f32", x.shape);
    return { kind: "graph", value: g.graph() } as const;
  };
  const attributes = { then_branch: side(["Neg", "Relu"], x), else_branch: side(d.chance(0.5) ? ["Abs"] : ["Relu", "Neg"], y) };
  const result = { dtype: "f32", shape: x.shape, exact: x.exact && y.exact, bound: Math.max(x.bound, y.bound) } as const;
  return stated(d, d.node("If", [c], [result], attributes, [x.name, y.name]));
});

/** acc = acc / 2 + x, as often as was counted. */
const loop = row("Loop", 1, (d) => {
  const [x, m] = [d.float((v) => v.bound < 1000), scalarOf(d)];
  if (x === undefined || m === undefined) return undefined;
  const trips = d.node("Cast", [m], [{ dtype: "i64", shape: [], exact: true, bound: m.bound }], { to: 7 })![0]!;
  const few = d.node("Min", [trips, d.constant("i64", [], [4])], [{ dtype: "i64", shape: [], exact: true, bound: m.bound }])![0]!;
  const { g, go, sum } = halvingBody(d, x);
  g.output(go, "bool", []);
  g.output(sum, "f32", x.shape);
  const attributes = { body: { kind: "graph", value: g.graph() } } as const;
  return stated(d, d.node("Loop", [few, "", x], [{ dtype: "f32", shape: x.shape, bound: 3 * x.bound }], attributes, [x.name]));
});

/** The file states the types of the results, as exporters do where inference ends. */
function stated(d: Draw, made: readonly Val[] | undefined): unknown {
  if (d.chance(0.7)) d.declared.push(...(made ?? []).map(({ name, dtype, shape }) => ({ name, dtype, shape })));
  return made;
}

const text = row("text", 2, (d) => {
  const x = d.pick((v) => (v.dtype === "f32" || v.dtype === "i64") && v.exact && count(v.shape) < 200);
  if (x === undefined) return undefined;
  const [words] = d.unknown("Cast", [x], ["string"], { to: 8 });
  return d.node("Cast", [words!], [{ dtype: x.dtype, shape: x.shape, exact: true, bound: x.bound }], { to: x.dtype === "f32" ? 1 : 7 });
});

const detector = row("MaxUnpool", 1, (d) => {
  const fits = (v: Val): boolean =>
    v.dtype === "f32" && v.exact && v.shape.length === 4 && v.shape[2]! >= 2 && v.shape[3]! >= 2 && solid(v);
  const x = d.pick(fits, () => d.input("f32", [1, 2, 4, 6]))!;
  if (!fits(x) || x.shape[2]! % 2 === 1 || x.shape[3]! % 2 === 1) return undefined;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const small = [n, c, h / 2, w / 2];
  const how = { kernel_shape: [2, 2], strides: [2, 2] };
  const pooled = d.node(
    "MaxPool",
    [x],
    [
      { shape: small, exact: true, bound: x.bound },
      { dtype: "i64", shape: small, exact: true },
    ],
    how,
  );
  return pooled && stated(d, d.node("MaxUnpool", [...pooled], [{ dtype: "f32", shape: x.shape, exact: true, bound: x.bound }], how));
});

const atPosition = row("SequenceAt", 1, (d) => {
  const [x, m] = [d.float(), scalarOf(d)];
  if (x === undefined || m === undefined) return undefined;
  const y = d.pick((v) => v.dtype === "f32" && String(v.shape) === String(x.shape))!;
  const c = d.node("Greater", [m, d.constant("f32", [], [d.one([0, 3])])], [{ dtype: "bool", shape: [], exact: true }])![0]!;
  const at = d.node("Cast", [c], [{ dtype: "i64", shape: [], exact: true }], { to: 7 })![0]!;
  const list = d.fresh();
  d.nodes.push({ op: "SequenceConstruct", inputs: [x.name, y.name], outputs: [list], attributes: {} });
  const result = { dtype: "f32", shape: x.shape, exact: x.exact && y.exact, bound: Math.max(x.bound, y.bound) } as const;
  return stated(d, d.node("SequenceAt", [list, at], [result]));
});

/** k, or a shape, computed from values. */
const lateNumbers = row("late numbers", 1, (d) => {
  const [x, m] = [certain(d), scalarOf(d)];
  if (x === undefined || m === undefined) return undefined;
  const k = d.node("Clip", [m, d.constant("f32", [], [1]), d.constant("f32", [], [1])], [{ shape: [], exact: true }])![0]!;
  const list = d.node("Cast", [k], [{ dtype: "i64", shape: [], exact: true }], { to: 7 })![0]!;
  const one = d.node("Reshape", [list, d.ints([1])], [{ dtype: "i64", shape: [1], exact: true }])![0]!;
  const axis = d.random.integer(0, x.shape.length - 1);
  const [top] = d.unknown("TopK", [x, one], ["f32", "i64"], { axis });
  const kept = x.shape.map((e, i) => (i === axis ? 1 : e));
  return d.node("ReduceSum", [top!, d.ints([axis])], [{ dtype: "f32", shape: kept, exact: true, bound: x.bound }], { keepdims: 1 });
});

export const holeRows: readonly Row[] = [
  nonZero,
  unique,
  compress,
  nonMaxSuppression,
  counted,
  branch,
  loop,
  text,
  detector,
  atPosition,
  lateNumbers,
];
