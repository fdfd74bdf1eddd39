/** Linear forms of index expressions: c0 + c1*v1 + c2*v2 ..., the normal form that index algebra and dependence tests work on. */
import { index } from "./build.ts";
import type { Expr, VarId } from "./ir.ts";

export interface Linear {
  readonly constant: number;
  /** Terms by the key of their atom; coefficients are not 0. */
  readonly terms: ReadonlyMap<string, { readonly atom: Expr; readonly factor: number }>;
}

/** A text that is equal exactly for structurally equal expressions. */
export function exprKey(e: Expr): string {
  switch (e.k) {
    case "const":
      return `c${e.type.dtype}:${e.type.lanes}:${typeof e.value}:${Object.is(e.value, -0) ? "-0" : String(e.value)}`;
    case "var":
      return `v${e.id}`;
    case "binary":
      return `(${exprKey(e.a)} ${e.op} ${exprKey(e.b)})`;
    case "unary":
      return `${e.op}(${exprKey(e.a)})`;
    case "fma":
      return `fma(${exprKey(e.a)},${exprKey(e.b)},${exprKey(e.c)})`;
    case "cast":
      return `${e.type.dtype}${e.rule ?? ""}<${exprKey(e.a)}>`;
    case "select":
      return `sel(${exprKey(e.cond)},${exprKey(e.a)},${exprKey(e.b)})`;
    case "load":
      return `b${e.buffer}[${e.index.map(exprKey).join(",")}:${e.type.lanes}${e.count === undefined ? "" : `/${exprKey(e.count)}`}]`;
    case "broadcast":
      return `bc${e.type.lanes}(${exprKey(e.a)})`;
    case "reduce":
      return `red_${e.op}(${exprKey(e.a)})`;
    case "ramp":
      return `ramp${e.type.lanes}(${exprKey(e.base)})`;
  }
}

const none: Linear["terms"] = new Map();
export const linearConstant = (constant: number): Linear => ({ constant, terms: none });

export function linearAdd(a: Linear, b: Linear, factor = 1): Linear {
  const terms = new Map(a.terms);
  for (const [key, t] of b.terms) {
    const sum = (terms.get(key)?.factor ?? 0) + factor * t.factor;
    if (sum === 0) terms.delete(key);
    else terms.set(key, { atom: t.atom, factor: sum });
  }
  return { constant: a.constant + factor * b.constant, terms };
}

const scaled = (a: Linear, by: number): Linear => linearAdd(linearConstant(0), a, by);

/** The linear form of an i64 expression; what is not linear (div, mod, min, loads ...) becomes an atom. */
export function linearOf(e: Expr, lets?: { get(v: VarId): Linear | undefined }): Linear {
  if (e.k === "const" && typeof e.value === "number" && Number.isSafeInteger(e.value)) return linearConstant(e.value);
  if (e.k === "var") {
    const known = lets?.get(e.id);
    if (known !== undefined) return known;
  }
  if (e.k === "binary") {
    if (e.op === "add" || e.op === "sub") return linearAdd(linearOf(e.a, lets), linearOf(e.b, lets), e.op === "add" ? 1 : -1);
    if (e.op === "mul") {
      const a = linearOf(e.a, lets);
      const b = linearOf(e.b, lets);
      if (a.terms.size === 0) return scaled(b, a.constant);
      if (b.terms.size === 0) return scaled(a, b.constant);
    }
  }
  return { constant: 0, terms: new Map([[exprKey(e), { atom: e, factor: 1 }]]) };
}

/** The expression of a linear form: terms in the order of their first appearance, the constant last. */
export function linearExpr(l: Linear): Expr {
  const times = (atom: Expr, factor: number): Expr =>
    factor === 1 ? atom : { k: "binary", op: "mul", a: atom, b: index(factor), type: atom.type };
  let sum: Expr | undefined;
  for (const { atom, factor } of [...l.terms.values()].sort((x, y) => Number(y.factor > 0) - Number(x.factor > 0))) {
    if (sum === undefined) sum = times(atom, factor);
    else sum = { k: "binary", op: factor < 0 ? "sub" : "add", a: sum, b: times(atom, Math.abs(factor)), type: atom.type };
  }
  if (sum === undefined) return index(l.constant);
  if (l.constant === 0) return sum;
  return { k: "binary", op: l.constant < 0 ? "sub" : "add", a: sum, b: index(Math.abs(l.constant)), type: sum.type };
}

/** Equal for equal linear forms, whatever the order of their terms. */
export const linearKey = (l: Linear): string =>
  `${[...l.terms]
    .map(([k, t]) => `${t.factor}*${k}`)
    .sort()
    .join("+")}+${l.constant}`;

/** The coefficient of a variable, when the form is linear in it (it appears in no other atom); else undefined. */
export function coefficientOf(l: Linear, v: VarId): number | undefined {
  let factor = 0;
  for (const t of l.terms.values()) {
    if (t.atom.k === "var" && t.atom.id === v) factor = t.factor;
    else if (mentions(t.atom, v)) return undefined;
  }
  return factor;
}

export function mentions(e: Expr, v: VarId): boolean {
  return exprKey(e)
    .split(/[^A-Za-z0-9]/)
    .includes(`v${v}`);
}
