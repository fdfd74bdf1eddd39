/** Rules that make one expression simpler without changing its value: constants, identities, index algebra. */
import { constant, index } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { exprKey, linearExpr, linearOf } from "../../tensor/linear.ts";
import { rangeOf, type Ranges } from "../../tensor/ranges.ts";
import { mapExpr } from "../../tensor/rewrite.ts";
import { evalBinary, evalCast, evalUnary, type Scalar } from "../../tensor/semantics.ts";

const isConst = (e: Expr): e is Extract<Expr, { k: "const" }> => e.k === "const";
const isNumber = (e: Expr, v: number): boolean => isConst(e) && Object.is(Number(e.value), v) && typeof e.value !== "boolean";
const isIndex = (e: Expr): boolean => e.type.dtype === "i64" && e.type.lanes === 1;

/** Operators on constants are done now, with the meaning they would have at run time. */
function fold(e: Expr): Expr {
  const make = (value: Scalar): Expr => constant(value, e.type.dtype, e.type.lanes);
  if (e.k === "binary" && isConst(e.a) && isConst(e.b)) return make(evalBinary(e.op, e.a.type.dtype, e.a.value, e.b.value, "native"));
  if (e.k === "unary" && isConst(e.a)) return make(evalUnary(e.op, e.a.type.dtype, e.a.value, "native"));
  if (e.k === "cast" && isConst(e.a)) return make(evalCast(e.a.type.dtype, e.type.dtype, e.a.value, "native", e.rule));
  if (e.k === "cast" && e.a.type.dtype === e.type.dtype) return e.a;
  if (e.k === "select" && isConst(e.cond)) return e.cond.value === true ? e.a : e.b;
  if (e.k === "select" && exprKey(e.a) === exprKey(e.b)) return e.a;
  if (e.k === "broadcast" && isConst(e.a)) return make(e.a.value);
  return e;
}

/** x*1, x/1 hold for all floats; x+0 does not (-0), so floats keep it. Integers are handled as linear forms. */
function floatIdentity(e: Expr): Expr {
  if (e.k !== "binary") return e;
  if ((e.op === "mul" || e.op === "div") && isNumber(e.b, 1)) return e.a;
  if (e.op === "mul" && isNumber(e.a, 1)) return e.b;
  if (e.op === "sub" && isNumber(e.b, 0)) return e.a;
  if (e.op === "add" && isNumber(e.b, -0)) return e.a;
  return e;
}

/** Sums of products in their normal form; div, mod, min and max by what is known of their operands. */
function indexAlgebra(e: Expr, ranges: Ranges): Expr {
  if (!isIndex(e) || e.k !== "binary") return e;
  if (e.op === "add" || e.op === "sub" || e.op === "mul") {
    const simple = linearExpr(linearOf(e));
    return size(simple) < size(e) ? simple : e;
  }
  const a = rangeOf(e.a, ranges);
  const b = rangeOf(e.b, ranges);
  const difference = linearOf({ k: "binary", op: "sub", a: e.a, b: e.b, type: e.type });
  const gap = difference.terms.size === 0 ? { lo: difference.constant, hi: difference.constant } : rangeOf(linearExpr(difference), ranges);
  if (e.op === "min" || e.op === "max") {
    const [below, above] = e.op === "min" ? [e.a, e.b] : [e.b, e.a];
    if (gap !== undefined && gap.hi <= 0) return below;
    if (gap !== undefined && gap.lo >= 0) return above;
    if (a !== undefined && b !== undefined && a.hi <= b.lo) return below;
    if (a !== undefined && b !== undefined && b.hi <= a.lo) return above;
    return e;
  }
  if (b === undefined || b.lo !== b.hi || b.lo <= 0) return e;
  const d = b.lo;
  if (e.op === "div" && d === 1) return e.a;
  if (e.op === "mod" && d === 1) return index(0);
  if (a === undefined || a.lo < 0) return e;
  if (a.hi < d) return e.op === "div" ? index(0) : e.op === "mod" ? e.a : e;
  return e.op === "div" || e.op === "mod" ? divided(e, d, ranges) : e;
}

/** (q*d + r) div d = q, mod d = r, when 0 <= r < d. */
function divided(e: Extract<Expr, { k: "binary" }>, d: number, ranges: Ranges): Expr {
  const l = linearOf(e.a);
  const quotient = {
    constant: Math.floor(l.constant / d),
    terms: new Map([...l.terms].filter(([, t]) => t.factor % d === 0).map(([k, t]) => [k, { atom: t.atom, factor: t.factor / d }])),
  };
  if (quotient.terms.size === 0 && quotient.constant === 0) return e;
  const rest = { constant: l.constant - quotient.constant * d, terms: new Map([...l.terms].filter(([, t]) => t.factor % d !== 0)) };
  const remainder = linearExpr(rest);
  const range = rangeOf(remainder, ranges);
  if (range === undefined || range.lo < 0 || range.hi >= d) return e;
  return e.op === "div" ? linearExpr(quotient) : remainder;
}

function compareKnown(e: Expr, ranges: Ranges): Expr {
  if (e.k !== "binary" || e.type.dtype !== "bool" || e.type.lanes !== 1 || !isIndex(e.a)) return e;
  const d = rangeOf(linearExpr(linearOf({ k: "binary", op: "sub", a: e.a, b: e.b, type: e.a.type })), ranges);
  if (d === undefined) return e;
  const answers: Partial<Record<typeof e.op, boolean | undefined>> = {
    lt: d.hi < 0 ? true : d.lo >= 0 ? false : undefined,
    le: d.hi <= 0 ? true : d.lo > 0 ? false : undefined,
    gt: d.lo > 0 ? true : d.hi <= 0 ? false : undefined,
    ge: d.lo >= 0 ? true : d.hi < 0 ? false : undefined,
    eq: d.lo === 0 && d.hi === 0 ? true : d.lo > 0 || d.hi < 0 ? false : undefined,
    ne: d.lo > 0 || d.hi < 0 ? true : d.lo === 0 && d.hi === 0 ? false : undefined,
  };
  const answer = answers[e.op];
  return answer === undefined ? e : constant(answer, "bool");
}

/** Number of nodes. */
function size(e: Expr): number {
  let n = 0;
  mapExpr(e, (x) => {
    n++;
    return x;
  });
  return n;
}

/** The expression in its simplest form known; the same object when it is already. */
export function simplifyExpr(e: Expr, ranges: Ranges): Expr {
  return mapExpr(e, (x) => {
    const folded = fold(x);
    if (folded !== x) return folded;
    const known = compareKnown(indexAlgebra(x, ranges), ranges);
    return x.type.dtype === "f32" || x.type.dtype === "f64" ? floatIdentity(known) : known;
  });
}
