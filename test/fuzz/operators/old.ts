/** Operators as files of older opsets write them: with attributes in place of operands, and with other meanings. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { axisOf, count, formerRow as row, like, number, solid, type Draw, type Row, type Val } from "../draw.ts";
import { oldPictureRows } from "./old-pictures.ts";

const float = (d: Draw, most = 100): Val | undefined => d.float((v) => solid(v) && v.bound <= most);
type Attributes = Record<string, AttributeInput>;
const kept = (x: Val, over: readonly number[], keepdims: number): readonly number[] =>
  x.shape.flatMap((e, i) => (over.includes(i) ? (keepdims === 1 ? [1] : []) : [e]));

const plain: Readonly<Record<string, number>> = { Relu: 1, Neg: 1, Abs: 1, Sigmoid: 1, Tanh: 1, Softsign: 1, Identity: 1, Erf: 9, Sin: 7 };
const unary = Object.entries(plain).map(([op, since]) =>
  row(op, since, 25, (d) => {
    const x = float(d);
    return x && d.node(op, [x], [{ ...like(x, x.shape), exact: false, bound: Math.max(1, x.bound) }]);
  }),
);
const binary = ["Add", "Sub", "Mul", "Max", "Min"].map((op) =>
  row(op, op.startsWith("M") && op !== "Mul" ? 8 : 7, 25, (d) => {
    const x = float(d);
    if (x === undefined) return undefined;
    const y = d.constant("f32", x.shape.slice(d.random.integer(0, x.shape.length)));
    return d.node(op, [x, y], [{ shape: x.shape, bound: op === "Mul" ? 4 * x.bound : x.bound + 4 }]);
  }),
);

/** Axes are an attribute up to 17, of the sum up to 12; before 11 they are counted from the front. */
const reductions = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"].map(
  (op) =>
    row(op, 1, op === "ReduceSum" ? 13 : 18, (d) => {
      const x = float(d, 20);
      if (x === undefined) return undefined;
      const axes = x.shape.map((_, i) => i).filter(() => d.chance(0.5));
      const over = axes.length > 0 ? axes : x.shape.map((_, i) => i);
      const keepdims = d.random.integer(0, 1);
      const n = count(over.map((i) => x.shape[i]!));
      const written = axes.map((a) => (d.opset >= 11 && d.chance(0.3) ? a - x.shape.length : a));
      const bound = op === "ReduceSumSquare" ? x.bound ** 2 * n : x.bound * n + 10;
      return d.node(op, [x], [{ shape: kept(x, over, keepdims), bound }], { keepdims, ...(axes.length > 0 ? { axes: written } : {}) });
    }),
);

/** All axes from the given one on are one. */
const softmax = row(
  "Softmax",
  1,
  13,
  (d) => {
    const x = float(d, 20);
    if (x === undefined) return undefined;
    const axis = d.random.integer(d.opset >= 11 ? -x.shape.length : 0, x.shape.length - 1);
    const op = d.one(["Softmax", "LogSoftmax", ...(x.exact ? ["Hardmax"] : [])]);
    return d.node(op, [x], [{ shape: x.shape, bound: 2 * x.bound + 10 }], d.chance(0.2) && x.shape.length > 1 ? {} : { axis });
  },
  3,
);

const squeeze = row("Squeeze", 1, 13, (d) => {
  const x = d.pick((v) => v.shape.includes(1));
  if (x === undefined) return undefined;
  const ones = x.shape.flatMap((e, i) => (e === 1 ? [i] : []));
  const axes = d.chance(0.3) ? ones : [d.one(ones)];
  const how: Attributes = axes.length === ones.length && d.chance(0.5) ? {} : { axes };
  return d.node(
    "Squeeze",
    [x],
    [
      like(
        x,
        x.shape.filter((_, i) => !axes.includes(i)),
      ),
    ],
    how,
  );
});
const unsqueeze = row("Unsqueeze", 1, 13, (d) => {
  const x = d.pick((v) => v.shape.length < 4);
  if (x === undefined) return undefined;
  const axes = d.chance(0.3) ? [0, x.shape.length + 1] : [d.random.integer(0, x.shape.length)];
  const shape = [...x.shape];
  for (const a of axes) shape.splice(a, 0, 1);
  return d.node("Unsqueeze", [x], [like(x, shape)], { axes });
});

const slice = row(
  "Slice",
  1,
  10,
  (d) => {
    const x = d.pick(solid);
    if (x === undefined) return undefined;
    const axes = x.shape.map((_, i) => i).filter((i) => x.shape[i]! > 1 && d.chance(0.6));
    if (axes.length === 0) return undefined;
    const starts = axes.map((a) => d.random.integer(0, x.shape[a]! - 1));
    const ends = axes.map((a, i) => d.random.integer(starts[i]! + 1, x.shape[a]!));
    const written = ends.map((e, i) => (e === x.shape[axes[i]!] ? d.one([e, 9999]) : d.chance(0.4) ? e - x.shape[axes[i]!]! : e));
    const shape = x.shape.map((e, i) => (axes.includes(i) ? ends[axes.indexOf(i)]! - starts[axes.indexOf(i)]! : e));
    const how: Attributes = axes.every((a, i) => a === i) && d.chance(0.5) ? {} : { axes };
    return d.node("Slice", [x], [like(x, shape)], { starts, ends: written, ...how });
  },
  2,
);

const pad = row(
  "Pad",
  2,
  11,
  (d) => {
    const x = float(d);
    if (x === undefined) return undefined;
    const mode = d.one(["constant", "reflect", "edge"]);
    const pads = [...x.shape, ...x.shape].map((e) =>
      mode === "constant" && e > 2 && d.chance(0.2) ? -1 : d.random.integer(0, mode === "reflect" ? Math.min(2, e - 1) : 2),
    );
    const shape = x.shape.map((e, i) => e + pads[i]! + pads[i + x.shape.length]!);
    const value: Attributes = mode === "constant" && d.chance(0.5) ? { value: number(d.one([1, -2])) } : {};
    return d.node("Pad", [x], [{ ...like(x, shape), bound: Math.max(2, x.bound) }], { pads, mode, ...value });
  },
  2,
);

const clip = row("Clip", 6, 11, (d) => {
  const x = float(d);
  const limits: Attributes = { ...(d.chance(0.7) ? { min: number(-1.5) } : {}), ...(d.chance(0.7) ? { max: number(2) } : {}) };
  return x && d.node("Clip", [x], [{ ...like(x, x.shape), bound: Math.max(2, x.bound) }], limits);
});

const split = row("Split", 2, 13, (d) => {
  const x = d.pick((v) => v.shape.some((e) => e >= 2));
  if (x === undefined) return undefined;
  const axis = x.shape.findIndex((e) => e >= 2);
  const extent = x.shape[axis]!;
  const first = d.random.integer(1, extent - 1);
  const even = extent % 2 === 0 && d.chance(0.5);
  const sizes = even ? [extent / 2, extent / 2] : [first, extent - first];
  const results = sizes.map((s) =>
    like(
      x,
      x.shape.map((e, i) => (i === axis ? s : e)),
    ),
  );
  return d.node("Split", [x], results, { axis, ...(even ? {} : { split: sizes }) });
});

const topK = row("TopK", 1, 10, (d) => {
  const x = d.float((v) => solid(v) && v.exact);
  if (x === undefined) return undefined;
  const axis = d.random.integer(0, x.shape.length - 1);
  const k = d.random.integer(1, x.shape[axis]!);
  const shape = x.shape.map((e, i) => (i === axis ? k : e));
  return d.node("TopK", [x], [like(x, shape), { dtype: "i64", shape, exact: true, bound: 100 }], { axis, k });
});

const argMax = row("ArgMax", 1, 12, (d) => {
  const x = d.float((v) => solid(v) && v.exact);
  if (x === undefined) return undefined;
  const [axis, written] = axisOf(d, x.shape.length);
  const keepdims = d.random.integer(0, 1);
  const how = { axis: d.opset >= 11 ? written : axis, keepdims };
  return d.node(d.one(["ArgMax", "ArgMin"]), [x], [{ dtype: "i64", shape: kept(x, [axis], keepdims), exact: true, bound: 100 }], how);
});

const others = row(
  "others",
  1,
  25,
  (d) => {
    const x = float(d);
    if (x === undefined) return undefined;
    const perm = x.shape.map((_, i) => x.shape.length - 1 - i);
    const flat = [count(x.shape.slice(0, 1)), count(x.shape.slice(1))];
    const forms: readonly (() => unknown)[] = [
      () =>
        d.node(
          "Transpose",
          [x],
          [
            like(
              x,
              perm.map((p) => x.shape[p]!),
            ),
          ],
          d.chance(0.5) ? { perm } : {},
        ),
      () => d.node("Flatten", [x], [like(x, flat)]),
      () => d.opset >= 5 && d.node("Reshape", [x, d.ints([0, -1].slice(0, x.shape.length))], [like(x, flat.slice(0, x.shape.length))]),
      () =>
        d.node(
          "Concat",
          [x, x],
          [
            like(
              x,
              x.shape.map((e, i) => (i === 0 ? 2 * e : e)),
            ),
          ],
          { axis: 0 },
        ),
      () => d.opset < 12 && d.node("Dropout", [x], [like(x, x.shape)], { ratio: number(0.25) }),
      () => d.node("Gather", [x, d.constant("i64", [2], [0, x.shape[0]! - 1])], [like(x, [2, ...x.shape.slice(1)])]),
      () => d.opset < 14 && d.node("Cast", [x], [like(x, x.shape)], { to: 1 }),
    ];
    return d.one(forms)();
  },
  6,
);

const matrix = row(
  "Gemm",
  7,
  25,
  (d) => {
    const x = d.float((v) => solid(v) && v.shape.length === 2 && v.bound < 40);
    if (x === undefined) return undefined;
    const [m, k] = x.shape as [number, number];
    const n = d.one([1, 3, 8, 17]);
    const result = { shape: [m, n], bound: 5 * x.bound * k + 8 };
    if (d.chance(0.3)) return d.node("MatMul", [x, d.constant("f32", [k, n])], [result]);
    return d.node("Gemm", [x, d.constant("f32", [n, k]), d.constant("f32", d.one([[n], [1, n], [m, 1], [m, n]]))], [result], { transB: 1 });
  },
  3,
);

const scatter = row("Scatter", 9, 16, (d) => {
  const x = d.float((v) => solid(v) && v.shape.length === 2 && v.shape[0]! > 1);
  if (x === undefined) return undefined;
  const op = d.opset >= 11 ? "ScatterElements" : "Scatter";
  const at = d.constant(
    "i64",
    [1, x.shape[1]!],
    x.shape.slice(1).flatMap((e) => Array.from({ length: e }, (_, i) => i % x.shape[0]!)),
  );
  return d.node(op, [x, at, d.constant("f32", at.shape)], [{ ...like(x, x.shape), bound: Math.max(4, x.bound) }], { axis: 0 });
});

export const oldRows: readonly Row[] = [
  ...unary,
  ...binary,
  ...reductions,
  softmax,
  squeeze,
  unsqueeze,
  slice,
  pad,
  clip,
  split,
  topK,
  argMax,
  others,
  matrix,
  scatter,
  ...oldPictureRows,
];
