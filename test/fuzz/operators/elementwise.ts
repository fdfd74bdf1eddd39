/** Elementwise operators: of one operand, of two with broadcasting, comparisons, choices, casts. */
import type { DType } from "../../../compiler-core/support/dtype.ts";
import { isFloat } from "../../../compiler-core/support/dtype.ts";
import { broadcast, number, row, type Draw, type Row, type Val } from "../draw.ts";

/** `exact`: an exact operand gives an exact result. `bound`: of the result. `least`: adds abs(x) + 1 first, for a domain above 0. */
interface Unary {
  readonly attributes?: (d: Draw) => Record<string, ReturnType<typeof number>>;
  readonly exact?: boolean;
  readonly needsExact?: boolean;
  readonly bound?: (b: number) => number;
  readonly above?: boolean;
  readonly largest?: number;
}

const one = (): number => 1;
const same = (b: number): number => b;
const unaries: Readonly<Record<string, Unary>> = {
  Relu: { exact: true },
  Neg: { exact: true },
  Abs: { exact: true },
  Identity: { exact: true },
  Sigmoid: { bound: one },
  Tanh: { bound: one },
  Erf: { bound: one },
  Softsign: { bound: one },
  HardSigmoid: { bound: one },
  Exp: { largest: 8, bound: (b) => Math.exp(b) },
  Sqrt: { above: true },
  Log: { above: true },
  Reciprocal: { above: true, bound: one },
  Floor: { needsExact: true, exact: true, bound: (b) => b + 1 },
  Ceil: { needsExact: true, exact: true, bound: (b) => b + 1 },
  Round: { needsExact: true, exact: true, bound: (b) => b + 1 },
  Sign: { needsExact: true, exact: true, bound: one },
  Softplus: { bound: (b) => b + 1 },
  Elu: { largest: 8 },
  Selu: { largest: 8, bound: (b) => 2 * b },
  Celu: { largest: 8 },
  LeakyRelu: { attributes: () => ({ alpha: number(0.25) }) },
  ThresholdedRelu: { needsExact: true, exact: true, attributes: () => ({ alpha: number(0.5) }) },
  HardSwish: {},
  Mish: { largest: 20 },
  Gelu: { largest: 20 },
  Sin: { largest: 20, bound: one },
  Cos: { largest: 20, bound: one },
};

function unary(op: string, how: Unary): Row {
  return row(op, 1, (d) => {
    const x = d.float((v) => (how.needsExact !== true || v.exact) && v.bound <= (how.largest ?? 1e5));
    if (x === undefined) return undefined;
    const from = how.above === true ? positive(d, x) : x;
    if (from === undefined) return undefined;
    const bound = (how.bound ?? same)(from.bound);
    return d.node(op, [from], [{ shape: x.shape, exact: how.exact === true && from.exact, bound }], how.attributes?.(d) ?? {});
  });
}

/** abs(x) + 1. */
function positive(d: Draw, x: Val): Val | undefined {
  const abs = d.node("Abs", [x], [{ shape: x.shape, exact: x.exact, bound: x.bound }])?.[0];
  return abs && d.node("Add", [abs, d.constant(x.dtype, [], [1])], [{ shape: x.shape, exact: x.exact, bound: x.bound + 1 }])?.[0];
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a + b,
  Mul: (a, b) => a * b,
  Min: Math.max,
  Max: Math.max,
};
const numeric: readonly DType[] = ["f32", "i32", "i64"];

function binary(op: string, bound: (a: number, b: number) => number): Row {
  return row(op, 3, (d) => {
    const a = d.pick((v) => numeric.includes(v.dtype));
    if (a === undefined) return undefined;
    const b = d.partner(a);
    const exact = a.exact && b.exact && bound(a.bound, b.bound) < 4096;
    const operands = d.chance(0.5) ? [a, b] : [b, a];
    return d.node(op, operands, [{ dtype: a.dtype, shape: broadcast(a.shape, b.shape)!, exact, bound: bound(a.bound, b.bound) }]);
  });
}

const div = row("Div", 3, (d) => {
  const a = d.float();
  if (a === undefined) return undefined;
  const shape = a.shape.slice(d.random.integer(0, a.shape.length));
  const by = d.chance(0.5)
    ? d.constant(
        "f32",
        shape,
        Array.from({ length: shape.reduce((p, x) => p * x, 1) }, () => d.one([0.5, -2, 3, 8, 1.5])),
      )
    : positive(d, d.partner(a));
  return by && d.node("Div", [a, by], [{ shape: broadcast(a.shape, by.shape)!, bound: a.bound * 2 }]);
});

const pow = row("Pow", 2, (d) => {
  const a = d.float((v) => v.bound <= 50);
  if (a === undefined) return undefined;
  const exponent = d.one([2, 3, 1, 0]);
  const shape = d.chance(0.3) ? a.shape : [];
  return d.node(
    "Pow",
    [a, d.constant("f32", shape, new Array<number>(shape.reduce((p, x) => p * x, 1)).fill(exponent))],
    [{ shape: a.shape, bound: Math.max(1, a.bound) ** exponent }],
  );
});

const clip = row("Clip", 2, (d) => {
  const x = d.float();
  if (x === undefined) return undefined;
  const low = d.chance(0.7) ? d.constant("f32", [], [d.one([0, -1, -2.5])]).name : "";
  const high = d.chance(0.7) ? d.constant("f32", [], [d.one([1, 6, 2.5])]).name : "";
  return d.node("Clip", [x, low, high], [{ shape: x.shape, exact: x.exact, bound: Math.max(x.bound, 6) }]);
});

const compare = row("compare", 3, (d) => {
  const a = d.pick((v) => (v.dtype === "f32" && v.exact) || v.dtype === "i32" || v.dtype === "i64");
  if (a === undefined) return undefined;
  const b = d.partner(a, (w) => w.exact);
  const op = d.one(["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"]);
  return d.node(op, [a, b], [{ dtype: "bool", shape: broadcast(a.shape, b.shape)!, exact: true }]);
});

const logic = row("logic", 2, (d) => {
  const a = d.pick((v) => v.dtype === "bool");
  if (a === undefined) return undefined;
  if (d.chance(0.3)) return d.node("Not", [a], [{ shape: a.shape, exact: true }]);
  const b = d.partner(a);
  return d.node(d.one(["And", "Or", "Xor"]), [a, b], [{ shape: broadcast(a.shape, b.shape)!, exact: true }]);
});

const where = row("Where", 3, (d) => {
  const c = d.pick((v) => v.dtype === "bool");
  const a = c && d.pick((v) => numeric.includes(v.dtype) && broadcast(v.shape, c.shape) !== undefined);
  if (c === undefined || a === undefined) return undefined;
  const shape = broadcast(a.shape, c.shape)!;
  const b = d.partner({ ...a, shape }, (w) => broadcast(w.shape, shape) !== undefined);
  return d.node(
    "Where",
    [c, a, b],
    [{ dtype: a.dtype, shape: broadcast(shape, b.shape)!, exact: a.exact && b.exact, bound: Math.max(a.bound, b.bound) }],
  );
});

const cast = row("Cast", 3, (d) => {
  const x = d.pick((v) => v.bound < 100 && (v.exact || v.dtype === "f32"));
  if (x === undefined) return undefined;
  const kinds: readonly DType[] = x.exact ? ["f32", "i32", "i64", "f64", "bool", "i8"] : ["f32", "f64"];
  const to = d.one(kinds);
  const codes: Readonly<Record<string, number>> = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, f64: 11 };
  const bound = to === "bool" ? 1 : x.bound;
  const made = d.node("Cast", [x], [{ dtype: to, shape: x.shape, exact: x.exact, bound }], { to: codes[to]! });
  // Few operators here take doubles and bytes: back at once, most of the time.
  if (made !== undefined && (to === "f64" || to === "i8") && d.chance(0.8))
    return d.node("Cast", [made[0]!], [{ dtype: "f32", shape: x.shape, exact: x.exact, bound }], { to: 1 });
  return made;
});

const prelu = row("PRelu", 1, (d) => {
  const x = d.float((v) => v.shape.length > 0);
  if (x === undefined) return undefined;
  const slope = d.constant("f32", d.chance(0.5) ? [x.shape.at(-1)!] : [1]);
  return d.node("PRelu", [x, slope], [{ shape: x.shape, bound: x.bound * 4 }]);
});

const mod = row("Mod", 1, (d) => {
  const x = d.pick((v) => v.dtype === "i32" || v.dtype === "i64" || (v.dtype === "f32" && v.exact));
  if (x === undefined) return undefined;
  const by = d.constant(x.dtype, [], [d.one([2, 3, 5, -3])]);
  const fmod = isFloat(x.dtype) || d.chance(0.3) ? 1 : 0;
  return d.node("Mod", [x, by], [{ dtype: x.dtype, shape: x.shape, exact: true, bound: 5 }], { fmod });
});

export const elementwiseRows: readonly Row[] = [
  ...Object.entries(unaries).map(([op, how]) => unary(op, how)),
  ...Object.entries(arithmetic).map(([op, bound]) => binary(op, bound)),
  div,
  pow,
  clip,
  compare,
  logic,
  where,
  cast,
  prelu,
  mod,
];
