/** Reductions with every form of axes and element type, sums of products by equation, and normalisations. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { axisOf, count, like, number, row, solid, type Row, type Val } from "../draw.ts";

interface Reduction {
  readonly dtypes: readonly DType[];
  readonly bound: (b: number, n: number) => number;
  readonly exact?: true;
  readonly positive?: true;
}
const floats: readonly DType[] = ["f32", "f32", "f64"];
const numbers: readonly DType[] = ["f32", "f32", "i32", "i64"];
const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: { dtypes: numbers, exact: true, bound: (b, n) => b * n },
  ReduceMean: { dtypes: ["f32", "f64"], bound: (b) => b },
  ReduceMax: { dtypes: [...numbers, "i8", "u8"], exact: true, bound: (b) => b },
  ReduceMin: { dtypes: [...numbers, "i8", "u8"], exact: true, bound: (b) => b },
  ReduceProd: { dtypes: numbers, bound: (b, n) => Math.max(1, b) ** n },
  ReduceL1: { dtypes: numbers, exact: true, bound: (b, n) => b * n },
  ReduceL2: { dtypes: floats, bound: (b, n) => b * n },
  ReduceSumSquare: { dtypes: floats, bound: (b, n) => b * b * n },
  ReduceLogSum: { dtypes: floats, positive: true, bound: (b, n) => Math.log(1 + b * n) },
  ReduceLogSumExp: { dtypes: floats, bound: (b, n) => b + Math.log(n + 1) },
};

/** All axes by their absence, by an empty list, by name; none of them; single ones; counted from either end. */
const reduction = (op: string, { dtypes, bound, exact, positive }: Reduction): Row =>
  row(`${op} of any form`, 1, (d) => {
    const x = d.pick((v) => dtypes.includes(v.dtype) && solid(v) && v.bound < 100);
    if (x === undefined) return undefined;
    const from = positive ? d.node("Abs", [x], [like(x, x.shape)])?.[0] : x;
    const shifted =
      positive && from ? d.node("Add", [from, d.constant(x.dtype, [], [1])], [{ ...like(x, x.shape), bound: x.bound + 1 }])?.[0] : from;
    if (shifted === undefined) return undefined;
    const chosen = x.shape.map((_, i) => i).filter(() => d.chance(0.5));
    const noop = chosen.length === 0 && d.chance(0.4);
    const over = chosen.length > 0 ? chosen : noop ? [] : x.shape.map((_, i) => i);
    const keepdims = d.random.integer(0, 1);
    const shape = x.shape.flatMap((e, i) => (over.includes(i) ? (keepdims === 1 ? [1] : []) : [e]));
    const n = count(over.map((i) => x.shape[i]!));
    const written = chosen.map((a) => (d.chance(0.3) ? a - x.shape.length : a));
    const axes = chosen.length > 0 ? [d.ints(written)] : d.chance(0.5) ? [d.ints([])] : [];
    const result = { shape, exact: exact === true && x.exact && bound(x.bound, n) < 4096, bound: bound(shifted.bound, n) };
    const attributes = { ...(keepdims === 0 || d.chance(0.5) ? { keepdims } : {}), ...(noop ? { noop_with_empty_axes: 1 } : {}) };
    return d.node(op, [shifted, ...axes], [result], attributes);
  });

const extremum = row("ArgMax of any form", 1, (d) => {
  const x = d.pick((v) => solid(v) && v.exact && ["f32", "f64", "i32", "i8", "u8"].includes(v.dtype));
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const keepdims = d.random.integer(0, 1);
  const shape = x.shape.flatMap((e, i) => (i === axis ? (keepdims === 1 ? [1] : []) : [e]));
  const attributes = { axis: written, keepdims, ...(d.chance(0.4) ? { select_last_index: 1 } : {}) };
  return d.node(d.one(["ArgMax", "ArgMin"]), [x], [{ dtype: "i64", shape, exact: true, bound: x.shape[axis]! }], attributes);
});

/** Labels of each operand, some of them twice; what is kept, in any order, or as the rules without an arrow say. */
const einsum = row("Einsum of any equation", 3, (d) => {
  const labels = [..."abcde"].slice(0, d.random.integer(1, 5));
  const extents = new Map(labels.map((l) => [l, d.one([1, 2, 3, 4, 5, 8])]));
  const extentsOf = (text: readonly string[]): readonly number[] => text.map((l) => extents.get(l)!);
  const operands = Array.from({ length: d.one([1, 2, 2, 2, 3]) }, () =>
    Array.from({ length: d.random.integer(1, 3) }, () => d.one(labels)),
  );
  const all = operands.flat();
  const once = [...new Set(all)];
  const explicit = d.chance(0.8);
  const kept = explicit
    ? once.filter(() => d.chance(0.6)).sort(() => d.random.integer(-1, 1))
    : once.filter((l) => all.filter((m) => m === l).length === 1).sort();
  const values = operands.map((labelsOf) => {
    const shape = extentsOf(labelsOf);
    const fits = (v: Val): boolean => v.dtype === "f32" && v.bound <= 8 && String(v.shape) === String(shape);
    return d.pick(fits, () => (d.chance(0.5) ? d.input("f32", shape) : d.weights(shape, 2)))!;
  });
  const summed = count(extentsOf(once.filter((l) => !kept.includes(l))));
  const equation = operands.map((o) => o.join("")).join(",") + (explicit ? `->${kept.join("")}` : "");
  return d.node("Einsum", values, [{ shape: extentsOf(kept), bound: values.reduce((p, v) => p * Math.max(1, v.bound), summed) }], {
    equation,
  });
});

const wide = (v: Val): boolean => v.dtype === "f32" && solid(v) && v.exact && v.bound <= 20;
const epsilon = number(0.01);

const layerNorm = row("LayerNormalization of any axis", 2, (d) => {
  const x = d.float((v) => wide(v) && v.shape.at(-1)! > 1);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const rows = x.shape.slice(axis);
  const bias = d.chance(0.6) ? [d.constant("f32", rows)] : [];
  const kept = x.shape.map((e, i) => (i < axis ? e : 1));
  const statistics = d.chance(0.1) ? [1, 2].map(() => ({ shape: kept, bound: 20 })) : [];
  return d.node("LayerNormalization", [x, d.constant("f32", rows), ...bias], [{ shape: x.shape, bound: 80 }, ...statistics], {
    axis: written,
    epsilon,
  });
});

const rmsNorm = row(
  "RMSNormalization",
  2,
  (d) => {
    const x = d.float(wide);
    if (x === undefined) return undefined;
    const [axis, written] = axisOf(d, x.shape.length);
    const scale = d.constant("f32", d.chance(0.8) ? x.shape.slice(axis) : [x.shape.at(-1)!]);
    return d.node("RMSNormalization", [x, scale], [{ shape: x.shape, bound: 80 }], { axis: written, epsilon });
  },
  23,
);

const groupNorm = row("GroupNormalization", 2, (d) => {
  const fits = (v: Val): boolean => wide(v) && v.shape.length >= 3;
  const x = d.pick(fits, () => d.input("f32", [d.one([1, 2]), d.one([4, 6]), d.one([1, 3, 5]), d.one([2, 7])]))!;
  if (!fits(x)) return undefined;
  const c = x.shape[1]!;
  const [scale, bias] = [d.constant("f32", [c]), d.constant("f32", [c])];
  const result = { shape: x.shape, bound: 80 };
  if (d.chance(0.4)) return d.node("InstanceNormalization", [x, scale, bias], [result], { epsilon });
  const groups = d.one([1, 2, 3, c].filter((g) => c % g === 0));
  return d.node("GroupNormalization", [x, scale, bias], [result], { num_groups: groups, epsilon });
});

/** Constant rows have no deviation: nothing to divide by. */
const others = row("other normalisations", 2, (d) => {
  const x = d.float((v) => wide(v) && v.shape.length >= 2 && v.shape.length <= 4);
  if (x === undefined) return undefined;
  const forms: readonly (() => readonly [string, Record<string, AttributeInput>])[] = [
    () => ["LpNormalization", { axis: d.random.integer(0, x.shape.length - 1), p: d.one([1, 2]) }],
    () => ["Hardmax", { axis: d.random.integer(0, x.shape.length - 1) }],
    () => ["Softmax", { axis: d.random.integer(-x.shape.length, x.shape.length - 1) }],
    () => ["LogSoftmax", { axis: d.random.integer(-x.shape.length, x.shape.length - 1) }],
    () => [
      "LRN",
      { size: d.one([1, 3, 5]), ...(d.chance(0.5) ? { alpha: number(0.5), beta: number(d.one([0.5, 0.75, 0.8])), bias: number(2) } : {}) },
    ],
  ];
  const [op, attributes] = d.one(forms.slice(0, x.shape.length === 4 ? 5 : 4))();
  return d.node(op, [x], [{ shape: x.shape, exact: op === "Hardmax", bound: op === "LogSoftmax" ? 60 : Math.max(1, x.bound) }], attributes);
});

const batchNorm = row("BatchNormalization in training", 1, (d) => {
  const x = d.float((v) => wide(v) && v.shape.length >= 2 && v.shape[0]! * count(v.shape.slice(2)) > 3);
  if (x === undefined) return undefined;
  const c = [x.shape[1]!];
  const parameters = [0, 1, 2, 3].map(() => d.constant("f32", c));
  const results = [
    { shape: x.shape, bound: 200 },
    { shape: c, bound: 20 },
    { shape: c, bound: 100 },
  ];
  return d.node("BatchNormalization", [x, ...parameters], results, { training_mode: 1, epsilon, momentum: number(0.5) });
});

export const statisticsRows: readonly Row[] = [
  ...Object.entries(reductions).map(([op, how]) => reduction(op, how)),
  extremum,
  einsum,
  layerNorm,
  rmsNorm,
  groupNorm,
  others,
  batchNorm,
];
