/** Operators in the order in which a rewriting rule looks for them, with near misses; and products large enough for the packed kernels. */
import { count, like, number, row, solid, type Draw, type Result, type Row, type Val } from "../draw.ts";

type Step = (d: Draw, x: Val) => Val | undefined;
const add = (d: Draw, op: string, inputs: readonly (Val | string)[], result: Result, attributes = {}): Val | undefined =>
  d.node(op, inputs, [result], attributes)?.[0];
const floats = (d: Draw): Val | undefined => d.float((v) => solid(v) && v.bound <= 30 && v.shape.length >= 2);
const some = (d: Draw, shape: readonly number[]): Val => (d.chance(0.5) ? d.constant("f32", shape) : d.input("f32", shape));

const shuffle: Step = (d, x) => {
  const perm = x.shape.map((_, i) => i).sort(() => d.random.integer(-1, 1));
  const shape = perm.map((p) => x.shape[p]!);
  return add(d, "Transpose", [x], like(x, shape), { perm });
};
const exact =
  (op: string): Step =>
  (d, x) =>
    add(d, op, [x], like(x, x.shape));
const withNumber =
  (op: string, values: readonly number[]): Step =>
  (d, x) =>
    add(d, op, [x, d.constant("f32", d.chance(0.7) ? [] : [x.shape.at(-1)!])], {
      ...like(x, x.shape),
      exact: false,
      bound: 4 * x.bound + 4,
    }) ?? add(d, op, [x, d.constant("f32", [], [d.one(values)])], { ...like(x, x.shape), exact: false, bound: 4 * x.bound + 4 });
const plus: Step = (d, x) => add(d, "Add", [x, d.constant("f32", [], [d.one([0, 1, -0])])], { ...like(x, x.shape), bound: x.bound + 1 });
const times: Step = (d, x) => add(d, "Mul", [x, d.constant("f32", [], [d.one([1, 2, 0.5])])], { ...like(x, x.shape), bound: 2 * x.bound });
const clip: Step = (d, x) => {
  const [low, high] = [d.one([-9, -1, 0, 0.5]), d.one([0.25, 1, 6, 9])];
  return add(d, "Clip", [x, d.constant("f32", [], [low]), d.constant("f32", [], [high])], { ...like(x, x.shape), bound: 9 });
};
const least: Step = (d, x) =>
  add(d, d.one(["Min", "Max"]), [x, d.constant("f32", [], [d.one([-2, 0, 3])])], { ...like(x, x.shape), bound: 30 });
const cut: Step = (d, x) => {
  const axis = d.random.integer(0, x.shape.length - 1);
  const e = x.shape[axis]!;
  const step = d.one([1, 1, 2, -1]);
  const [low, high] = [d.random.integer(0, e - 1), d.random.integer(0, e)];
  const n = Math.max(0, Math.ceil((step > 0 ? high - low : low - high) / Math.abs(step)));
  if (n === 0) return undefined;
  // One before the first element is written below -extent.
  const end = step > 0 ? high : high === 0 ? -e - 1 + 1 : high;
  const shape = x.shape.map((v, i) => (i === axis ? n : v));
  return add(d, "Slice", [x, d.ints([low]), d.ints([end]), d.ints([axis]), d.ints([step])], like(x, shape));
};
const border: Step = (d, x) => {
  const pads = [...x.shape, ...x.shape].map(() => d.one([0, 0, 1, 2]));
  const shape = x.shape.map((e, i) => e + pads[i]! + pads[i + x.shape.length]!);
  return add(d, "Pad", [x, d.ints(pads), d.constant("f32", [], [d.one([0, 0, 1])])], like(x, shape));
};
const join: Step = (d, x) => {
  const axis = d.random.integer(0, x.shape.length - 1);
  const other = (e: number): Val =>
    some(
      d,
      x.shape.map((v, i) => (i === axis ? e : v)),
    );
  const parts = [x, ...Array.from({ length: d.random.integer(0, 2) }, () => (d.chance(0.3) ? x : other(d.one([0, 1, 3]))))];
  const shape = x.shape.map((v, i) => (i === axis ? parts.reduce((s, p) => s + p.shape[axis]!, 0) : v));
  return add(d, "Concat", parts, { ...like(x, shape), bound: Math.max(4, x.bound) }, { axis });
};
/** Split, and put together again: in order, or not. */
const apart: Step = (d, x) => {
  const axis = x.shape.findIndex((e) => e >= 2);
  if (axis < 0) return undefined;
  const sizes = d.chance(0.2) ? [x.shape[axis]!] : [1, x.shape[axis]! - 1];
  const shapes = sizes.map((s) => x.shape.map((e, i) => (i === axis ? s : e)));
  const parts = d.node(
    "Split",
    [x, d.ints(sizes)],
    shapes.map((s) => like(x, s)),
    { axis },
  );
  const order = parts && (d.chance(0.7) ? parts : [...parts].reverse());
  return order && add(d, "Concat", order, like(x, x.shape), { axis });
};
const narrow: Step = (d, x) => {
  const keepdims = d.random.integer(0, 1);
  const axis = d.random.integer(0, x.shape.length - 1);
  const shape = x.shape.flatMap((e, i) => (i === axis ? (keepdims === 1 ? [1] : []) : [e]));
  const result = { shape, exact: false, bound: x.bound * x.shape[axis]! };
  return shape.length < 2 ? undefined : add(d, d.one(["ReduceSum", "ReduceMax", "ReduceMean"]), [x, d.ints([axis])], result, { keepdims });
};
const grow: Step = (d, x) => {
  const shape = [d.random.integer(1, 2), ...x.shape];
  const wide = x.shape.length < 4 ? add(d, "Expand", [x, d.ints(shape)], like(x, shape)) : undefined;
  return wide && add(d, "Mul", [wide, x], { shape, exact: false, bound: x.bound ** 2 });
};

/** Steps of one kind after one another, and of kinds that rules move past each other. */
const families: Readonly<Record<string, readonly Step[]>> = {
  order: [shuffle, shuffle, exact("Relu"), exact("Neg"), times, join, cut, narrow],
  pieces: [cut, cut, join, apart, border],
  numbers: [clip, clip, exact("Relu"), exact("Abs"), exact("Neg"), plus, times, least],
  shapes: [shuffle, grow, exact("Identity"), cut],
  constants: [withNumber("Add", [0, 1]), withNumber("Mul", [1, 2]), withNumber("Sub", [0]), exact("Relu")],
};
const chains = Object.entries(families).map(([name, steps]) =>
  row(`chain of ${name}`, 4, (d) => {
    let x = floats(d);
    for (let n = d.random.integer(2, 5); n > 0 && x !== undefined; n--) x = x.bound < 100 && solid(x) ? (d.one(steps)(d, x) ?? x) : x;
    return x;
  }),
);

/** A convolution, then what may go into its weights: a normalisation, or numbers per channel. */
const folded = row("Conv and its neighbours", 3, (d) => {
  const [c, m, k] = [d.one([3, 8, 16]), d.one([4, 16, 17]), d.one([1, 3])];
  const x = d.input("f32", [1, c, d.one([5, 8]), d.one([7, 9])]);
  const shape = [1, m, x.shape[2]!, x.shape[3]!];
  const pad = (k - 1) / 2;
  const bound = 4 * 2 * c * k * k;
  const operands = [x, d.weights([m, c, k, k], 2), ...(d.chance(0.5) ? [d.constant("f32", [m])] : [])];
  let y = add(d, "Conv", operands, { shape, bound }, { pads: [pad, pad, pad, pad], kernel_shape: [k, k] });
  if (y === undefined) return undefined;
  if (d.chance(0.5)) {
    const [scale, shift, mean] = [0, 1, 2].map(() => d.constant("f32", [m]));
    const variance = d.constant("f32", [m], new Array<number>(m).fill(d.one([0.5, 4])));
    y = add(d, "BatchNormalization", [y, scale!, shift!, mean!, variance], { shape, bound: 6 * bound + 40 });
  } else {
    const perChannel = d.constant("f32", d.one([[m, 1, 1], [1, m, 1, 1], []]));
    y = add(d, d.one(["Mul", "Add"]), [y, perChannel], { shape, bound: 4 * bound + 4 });
  }
  return y && d.chance(0.6) ? add(d, d.one(["Relu", "Clip", "Sigmoid", "HardSwish"]), [y], { shape, bound: y.bound }) : y;
});

/** x (1 + tanh(0.8 (x + 0.044715 x^3))) / 2 and its kin, as exporters write them. */
const spelled = row("activations in pieces", 3, (d) => {
  const x = d.float((v) => solid(v) && v.bound <= 8);
  if (x === undefined) return undefined;
  const r = { dtype: "f32", shape: x.shape, bound: 600 } as const;
  const c = (v: number): Val => d.constant("f32", [], [v]);
  const step = (op: string, ...inputs: readonly Val[]): Val => add(d, op, inputs, r)!;
  const forms: readonly (() => Val)[] = [
    () => {
      const cube = d.chance(0.5) ? step("Pow", x, c(3)) : step("Mul", step("Mul", x, x), x);
      const inner = step("Mul", step("Add", x, step("Mul", cube, c(0.044715))), c(d.chance(0.8) ? 0.7978845608028654 : 0.8));
      const gate = step("Add", step("Tanh", inner), c(1));
      return d.chance(0.5) ? step("Mul", step("Mul", x, c(0.5)), gate) : step("Mul", c(0.5), step("Mul", x, gate));
    },
    () => step(d.one(["Mul", "Mul", "Add"]), x, step("Tanh", step("Softplus", x))),
    () => step("Div", d.chance(0.5) ? c(1) : x, step("Add", c(1), step("Exp", step("Neg", x)))),
    () => step("Mul", x, add(d, "HardSigmoid", [x], r, { alpha: number(1 / 6), beta: number(0.5) })!),
    () =>
      step(
        "Sub",
        x,
        step("Log", add(d, "ReduceSum", [step("Exp", x), d.ints([-1])], { ...r, shape: [...x.shape.slice(0, -1), 1] }, { keepdims: 1 })!),
      ),
    () => step("Where", d.constant("bool", d.one([[], [1]]), [d.random.integer(0, 1)]), x, step("Neg", x)),
    () => step(d.one(["Add", "Sub"]), x, step("Neg", x)),
  ];
  return d.one(forms)();
});

/** Scores, a mask, softmax, and their product with the values: what attention is before anybody names it. */
const attention = row("attention in pieces", 3, (d) => {
  const [heads, queries, keys, width] = [d.one([1, 2, 3]), d.one([1, 4, 16, 17]), d.one([3, 8, 17]), d.one([4, 8, 16])];
  const [q, k, v] = [queries, keys, keys].map((n) => d.input("f32", [1, heads, n, width])) as [Val, Val, Val];
  const shape = [1, heads, queries, keys];
  const turned = add(d, "Transpose", [k], { shape: [1, heads, width, keys], bound: 4 }, { perm: [0, 1, 3, 2] })!;
  const scores = add(d, "MatMul", [q, turned], { shape, bound: 16 * width })!;
  const scaled = add(d, d.one(["Div", "Mul"]), [scores, d.constant("f32", [], [0.25])], { shape, bound: 64 * width })!;
  const masked = d.chance(0.5)
    ? add(d, "Add", [scaled, some(d, d.one([[keys], [queries, keys], [1, 1, queries, keys]]))], { shape, bound: 64 * width })!
    : scaled;
  const weights = add(d, "Softmax", [masked], { shape, bound: 1 }, { axis: -1 })!;
  return add(d, "MatMul", [weights, v], { shape: [1, heads, queries, width], bound: 4 });
});

/** Products with a bias and what follows them; with a transposed or a packed operand. */
const large = row("large products", 4, (d) => {
  const [m, k, n] = [d.one([1, 4, 7, 33]), d.one([16, 31, 64]), d.one([8, 17, 40, 64])];
  if (k * n > 3000 || m * n > 3000) return undefined;
  if (d.chance(0.5)) {
    const [ta, tb] = [d.one(["u8", "i8"] as const), d.one(["u8", "i8"] as const)];
    const range = (t: "u8" | "i8"): readonly [number, number] => (t === "u8" ? [0, 255] : [-128, 127]);
    const b = d.chance(0.6)
      ? d.constant(
          tb,
          [k, n],
          Array.from({ length: k * n }, () => d.random.integer(...range(tb))),
        )
      : d.input(tb, [k, n], range(tb));
    const zeros = [d.constant(ta, [], [d.random.integer(0, 99)]), d.constant(tb, d.one([[], [n]]))].slice(0, d.random.integer(0, 2));
    const batch = d.chance(0.3) ? [2] : [];
    return add(d, "MatMulInteger", [d.input(ta, [...batch, m, k], range(ta)), b, ...zeros], {
      dtype: "i32",
      shape: [...batch, m, n],
      exact: true,
      bound: 9e4,
    });
  }
  const a = d.pick(
    (v) => v.dtype === "f32" && String(v.shape) === String([m, k]) && v.bound < 40,
    () => d.input("f32", [m, k]),
  )!;
  const b = d.chance(0.3) ? shuffle(d, some(d, [k, k])) : some(d, [k, n]);
  const y = b && add(d, "MatMul", [a, b], { shape: [m, b.shape[1]!], bound: a.bound * 4 * k });
  const z = y && d.chance(0.7) ? add(d, "Add", [y, some(d, [b!.shape[1]!])], { shape: y.shape, bound: y.bound + 4 }) : y;
  return z && add(d, d.one(["Relu", "Sigmoid", "Tanh", "Gelu"]), [z], { shape: z.shape, bound: z.bound });
});

/** A matrix with rows and columns beyond a block. */
const turned = row("large transposes", 2, (d) => {
  const shape = d.one([
    [40, 33],
    [64, 40],
    [2, 33, 37],
    [33, 2, 35],
  ]);
  const x = some(d, shape);
  const y = count(shape) <= 3000 ? shuffle(d, x) : undefined;
  return y && d.chance(0.5) ? add(d, "Add", [y, d.constant("f32", [y.shape.at(-1)!])], { shape: y.shape, bound: 8 }) : y;
});

export const chainRows: readonly Row[] = [...chains, folded, spelled, attention, large, turned];
