/** Every element type: casts from each to each, whole numbers of every width, and movement of what cannot be computed with. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { isPacked, type DType } from "../../../compiler-core/support/dtype.ts";
import { like, number, row, type Draw, type Row, type Val } from "../draw.ts";

/** Codes of ONNX, the greatest whole number up to which all are exact, and the opset that brought it. */
const types: Readonly<Partial<Record<DType, readonly [code: number, largest: number, since?: number]>>> = {
  f32: [1, 4096],
  u8: [2, 255],
  i8: [3, 127],
  u16: [4, 4096],
  i16: [5, 4096],
  i32: [6, 4096],
  i64: [7, 4096],
  bool: [9, 1],
  f16: [10, 2048],
  f64: [11, 4096],
  u32: [12, 4096],
  u64: [13, 4096],
  bf16: [16, 128],
  f8e4m3fn: [17, 16],
  f8e4m3fnuz: [18, 16],
  f8e5m2: [19, 8],
  f8e5m2fnuz: [20, 8],
  u4: [21, 15],
  i4: [22, 7],
  f4e2m1: [23, 6, 23],
};
const known = Object.keys(types) as DType[];
const unsigned = (t: DType): boolean => t.startsWith("u");
const whole = (t: DType): boolean => unsigned(t) || t.startsWith("i");

function cast(d: Draw, x: Val, to: DType): Val | undefined {
  const made = d.node("Cast", [x], [{ dtype: to, shape: x.shape, exact: true, bound: to === "bool" ? 1 : x.bound }], { to: types[to]![0] });
  return made?.[0];
}

/** Moves that every type allows. */
function moved(d: Draw, x: Val): Val | undefined {
  const rank = x.shape.length;
  if (rank === 0 || d.chance(0.4)) return x;
  if (d.chance(0.4)) {
    const perm = x.shape.map((_, i) => rank - 1 - i);
    return d.node(
      "Transpose",
      [x],
      [
        like(
          x,
          perm.map((p) => x.shape[p]!),
        ),
      ],
      { perm },
    )?.[0];
  }
  if (d.chance(0.5))
    return d.node(
      "Concat",
      [x, x],
      [
        like(
          x,
          x.shape.map((e, i) => (i === 0 ? 2 * e : e)),
        ),
      ],
      { axis: 0 },
    )?.[0];
  return d.node("Reshape", [x, d.ints([-1])], [like(x, [x.shape.reduce((a, e) => a * e, 1)])])?.[0];
}

/** From f32 through some types and back; below what each of them holds exactly. */
const chain = row("casts of all types", 5, (d) => {
  const x = d.float((v) => v.exact && v.bound <= 4096 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const list = known.filter((t) => types[t]![1] >= x.bound && (types[t]![2] ?? 1) <= d.opset);
  const steps = Array.from({ length: d.random.integer(1, 3) }, () => d.one(list.length > 0 ? list : (["i32"] as const)));
  // ONNX Runtime takes elements that share bytes for whole ones when it moves them or casts them to other types than f32.
  if (steps.some(isPacked)) d.alone = true;
  const needsAbs = steps.some(unsigned);
  let v: Val | undefined = needsAbs ? d.node("Abs", [x], [like(x, x.shape)])?.[0] : x;
  for (const to of steps) {
    const next: Val | undefined = v && cast(d, v, to);
    v = next && moved(d, next);
  }
  return v && cast(d, v, "f32");
});

interface Integer {
  readonly bound: (a: number, b: number) => number;
  /** Meaningless, or not defined, for numbers without a sign. */
  readonly signed?: true;
  readonly result?: DType;
  readonly single?: true;
  /** The right operand is one of these. */
  readonly by?: readonly number[];
  readonly attributes?: (d: Draw) => Record<string, string | number>;
  readonly types?: readonly DType[];
}
const unsignedTypes: readonly DType[] = ["u8", "u16", "u32", "u64"];
const operators: Readonly<Record<string, Integer>> = {
  Add: { bound: (a, b) => a + b },
  Sub: { bound: (a, b) => a + b, signed: true },
  Mul: { bound: (a, b) => a * b },
  Div: { bound: (a) => a, by: [1, 2, 3, 7] },
  Mod: { bound: (_, b) => b, by: [2, 3, 5] },
  Min: { bound: Math.max },
  Max: { bound: Math.max },
  Equal: { bound: () => 1, result: "bool" },
  Less: { bound: () => 1, result: "bool" },
  GreaterOrEqual: { bound: () => 1, result: "bool" },
  BitwiseAnd: { bound: Math.max },
  BitwiseOr: { bound: (a, b) => a + b },
  BitwiseXor: { bound: (a, b) => a + b },
  BitShift: { bound: (a) => 8 * a, by: [0, 1, 2, 3], attributes: (d) => ({ direction: d.one(["LEFT", "RIGHT"]) }), types: unsignedTypes },
  Neg: { bound: (a) => a, signed: true, single: true },
  Abs: { bound: (a) => a, single: true },
  Sign: { bound: () => 1, single: true },
  Relu: { bound: (a) => a, signed: true, single: true },
};

const integers = row("whole numbers of every width", 5, (d) => {
  const x = d.pick(
    (v) => v.exact && v.bound <= 100 && !v.shape.includes(0) && (v.dtype === "i32" || v.dtype === "i64" || v.dtype === "f32"),
  );
  const abs = x && d.node("Abs", [x], [like(x, x.shape)])?.[0];
  if (x === undefined || abs === undefined) return undefined;
  const [op, how] = d.one(Object.entries(operators));
  const t = d.one(
    (how.types ?? known.filter(whole)).filter((k) => types[k]![1] >= x.bound && types[k]![1] > 15 && !(how.signed && unsigned(k))),
  );
  const a = t && cast(d, unsigned(t) ? abs : x, t);
  if (a === undefined) return undefined;
  const shape = d.chance(0.5) ? [] : a.shape;
  const n = shape.reduce((p, e) => p * e, 1);
  const by = how.by?.filter((b) => b > 0 || op === "BitShift") ?? [1, 2, 3, 5];
  const other = d.constant(
    a.dtype,
    shape,
    Array.from({ length: n }, () => d.one(by)),
  );
  const bound = how.bound(a.bound, 5);
  const inputs = how.single ? [a] : d.chance(0.3) && how.by === undefined ? [other, a] : [a, other];
  const made = d.node(op, inputs, [{ dtype: how.result ?? t, shape: a.shape, exact: true, bound }], how.attributes?.(d) ?? {})?.[0];
  return made && d.chance(0.8) ? cast(d, made, "f32") : made;
});

/** Doubles and half precision in ordinary arithmetic; halves stay on their grid. */
const wideAndNarrow = row("other floats", 3, (d) => {
  const x = d.float((v) => v.exact && v.bound <= 8 && v.shape.length > 0 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const t = d.one<DType>(["f64", "f64", "f16", "bf16"]);
  const a = cast(d, x, t);
  const rough: readonly string[] = t === "f64" ? ["Exp", "Tanh", "Sigmoid", "Erf", "Sin"] : [];
  const op = d.one(["Add", "Mul", "Relu", "Abs", "Neg", "Max", "Clip", ...rough]);
  const bound = op === "Exp" ? 3000 : op === "Mul" ? x.bound ** 2 : 2 * x.bound;
  const limits = op === "Clip" ? [d.constant(t, [], [-1]), d.constant(t, [], [2.5])] : [];
  const second = ["Add", "Mul", "Max"].includes(op) ? [d.chance(0.5) ? d.constant(t, [], [1.5]) : a!] : [];
  const exact = !rough.includes(op) && bound <= 64;
  const y = a && d.node(op, [a, ...second, ...limits], [{ dtype: t, shape: x.shape, exact, bound }])?.[0];
  return y && d.node("Cast", [y], [{ dtype: "f32", shape: x.shape, exact, bound }], { to: 1 });
});

/** Numbers that are not numbers, and infinities. */
const special = row("special numbers", 1, (d) => {
  const x = d.float((v) => v.exact && v.shape.length > 0 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const n = x.shape.reduce((p, e) => p * e, 1);
  const odd = d.constant(
    "f32",
    x.shape,
    Array.from({ length: n }, () => d.one([0, 1, NaN, Infinity, -Infinity, -0])),
  );
  // Sums, products and extrema of such numbers are no question of operators: the bound keeps it from them.
  const y = d.node(d.one(["Add", "Mul", "Max", "Min"]), [x, odd], [{ shape: x.shape, bound: 9e4 }])?.[0];
  if (y === undefined) return undefined;
  if (d.chance(0.5)) return d.node("IsNaN", [y], [{ dtype: "bool", shape: x.shape, exact: true }]);
  if (d.chance(0.5))
    return d.node("IsInf", [y], [{ dtype: "bool", shape: x.shape, exact: true }], { detect_negative: d.random.integer(0, 1) });
  return d.node(d.one(["Relu", "Sigmoid", "Tanh", "Abs", "Exp", "LeakyRelu"]), [y], [{ shape: x.shape, bound: 9e4 }], {});
});

const functions = row("rarer functions", 3, (d) => {
  const x = d.float((v) => v.bound <= 8 && !v.shape.includes(0));
  if (x === undefined) return undefined;
  const small = d.node("Tanh", [x], [{ shape: x.shape, bound: 1 }])?.[0];
  if (small === undefined) return undefined;
  const half = d.node("Mul", [small, d.constant("f32", [], [0.5])], [{ shape: x.shape, bound: 0.5 }])![0]!;
  const op = d.one(["Asin", "Acos", "Atan", "Sinh", "Cosh", "Tan", "Asinh", "Atanh", "HardSigmoid", "Shrink"]);
  const attributes: Record<string, AttributeInput> = op === "Shrink" ? { lambd: number(0.3), bias: number(0.1) } : {};
  return d.node(op, [half], [{ shape: x.shape, bound: 4 }], attributes);
});

const several = row("several operands", 2, (d) => {
  const x = d.float((v) => v.bound <= 100);
  if (x === undefined) return undefined;
  const op = d.one(["Sum", "Mean", "Max", "Min"]);
  const more = Array.from({ length: d.random.integer(0, 3) }, () =>
    d.partner(x, (w) => w.shape.length <= x.shape.length && w.bound < 1000),
  ).filter((w) => w.shape.every((e, i) => e === 1 || e === x.shape[i + x.shape.length - w.shape.length]));
  return d.node(op, [x, ...more], [{ shape: x.shape, bound: more.reduce((s, w) => s + w.bound, x.bound) }]);
});

export const typeRows: readonly Row[] = [chain, integers, wideAndNarrow, special, functions, several];
