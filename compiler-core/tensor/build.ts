/** Constructors of Tensor IR expressions: they compute the result type and check operand types, and nothing else (no folding). */
import type { DType } from "../support/dtype.ts";
import { bug } from "../messages.ts";
import type { BinaryOp, BufferId, CastRule, Expr, ReduceOp, UnaryOp, VarId, VType } from "./ir.ts";
import { indexType } from "./ir.ts";

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["eq", "ne", "lt", "le", "gt", "ge"]);

export const constant = (value: number | bigint | boolean, dtype: DType, lanes = 1): Expr => ({
  k: "const",
  type: { dtype, lanes },
  value,
});
/** An i64 index constant. */
export const index = (value: number): Expr => ({ k: "const", type: indexType, value });
export const variable = (id: VarId, type: VType = indexType): Expr => ({ k: "var", id, type });

/** Both operands have one type; comparisons give bool with the same lanes. */
export function binary(op: BinaryOp, a: Expr, b: Expr): Expr {
  if (a.type.dtype !== b.type.dtype || a.type.lanes !== b.type.lanes) bug(`${op} of ${typeText(a.type)} and ${typeText(b.type)}`);
  return { k: "binary", op, a, b, type: comparisons.has(op) ? { dtype: "bool", lanes: a.type.lanes } : a.type };
}
export const add = (a: Expr, b: Expr): Expr => binary("add", a, b);
export const sub = (a: Expr, b: Expr): Expr => binary("sub", a, b);
export const mul = (a: Expr, b: Expr): Expr => binary("mul", a, b);
export const div = (a: Expr, b: Expr): Expr => binary("div", a, b);

export const unary = (op: UnaryOp, a: Expr): Expr => ({
  k: "unary",
  op,
  a,
  type: op === "isnan" ? { dtype: "bool", lanes: a.type.lanes } : a.type,
});
export const fma = (a: Expr, b: Expr, c: Expr): Expr => ({ k: "fma", a, b, c, type: a.type });
export const cast = (a: Expr, dtype: DType, rule?: CastRule): Expr =>
  a.type.dtype === dtype ? a : { k: "cast", a, ...(rule === undefined ? {} : { rule }), type: { dtype, lanes: a.type.lanes } };

export function select(cond: Expr, a: Expr, b: Expr): Expr {
  if (cond.type.dtype !== "bool" || a.type.dtype !== b.type.dtype)
    bug(`select(${typeText(cond.type)}, ${typeText(a.type)}, ${typeText(b.type)})`);
  return { k: "select", cond, a, b, type: a.type };
}
export const load = (buffer: BufferId, at: readonly Expr[], dtype: DType, lanes = 1, count?: Expr): Expr => ({
  k: "load",
  buffer,
  index: at,
  type: { dtype, lanes },
  ...(count === undefined ? {} : { count }),
});
export const broadcast = (a: Expr, lanes: number): Expr =>
  a.type.lanes === lanes ? a : { k: "broadcast", a, type: { dtype: a.type.dtype, lanes } };
export const reduce = (op: ReduceOp, a: Expr): Expr => ({ k: "reduce", op, a, type: { dtype: a.type.dtype, lanes: 1 } });
export const ramp = (base: Expr, lanes: number): Expr => ({ k: "ramp", base, type: { dtype: base.type.dtype, lanes } });

/** `f32`, `f32x16`. */
export const typeText = (t: VType): string => (t.lanes === 1 ? t.dtype : `${t.dtype}x${t.lanes}`);
