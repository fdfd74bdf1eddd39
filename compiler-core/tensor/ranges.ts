/** Interval arithmetic on index expressions: what verifying, simplifying and scheduling know about the size of things. */
import type { Expr, VarId } from "./ir.ts";

/** Both ends included. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
}
export type Ranges = Pick<ReadonlyMap<VarId, Range>, "get">;

const hull = (values: readonly number[]): Range => ({ lo: Math.min(...values), hi: Math.max(...values) });

/** The interval an i64 (or other integer) expression lies in, given those of its variables; undefined when nothing is known. */
export function rangeOf(e: Expr, vars: Ranges): Range | undefined {
  if (e.k === "const") return typeof e.value === "number" && Number.isSafeInteger(e.value) ? { lo: e.value, hi: e.value } : undefined;
  if (e.k === "var") return vars.get(e.id);
  if (e.k === "select") {
    const a = rangeOf(e.a, vars);
    const b = rangeOf(e.b, vars);
    return a === undefined || b === undefined ? undefined : hull([a.lo, a.hi, b.lo, b.hi]);
  }
  if (e.k !== "binary") return undefined;
  const a = rangeOf(e.a, vars);
  const b = rangeOf(e.b, vars);
  // Clamped: nothing need be known of what lies between the bounds.
  if (e.op === "max" && a === undefined && b !== undefined && e.a.k === "binary" && e.a.op === "min") {
    const top = rangeOf(e.a.b, vars) ?? rangeOf(e.a.a, vars);
    return top && { lo: b.lo, hi: Math.max(b.hi, top.hi) };
  }
  if (a === undefined || b === undefined) return undefined;
  switch (e.op) {
    case "add":
      return { lo: a.lo + b.lo, hi: a.hi + b.hi };
    case "sub":
      return { lo: a.lo - b.hi, hi: a.hi - b.lo };
    case "mul":
      return hull([a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi]);
    case "div":
      return b.lo > 0 ? hull([a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi].map(Math.trunc)) : undefined;
    case "mod":
      return b.lo <= 0 ? undefined : a.lo >= 0 && a.hi < b.lo ? a : { lo: 0, hi: b.hi - 1 };
    case "min":
      return { lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
    case "max":
      return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
    default:
      return undefined;
  }
}
