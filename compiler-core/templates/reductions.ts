/** Reductions as data: what is accumulated, and what is made of the sum in the end. */
import * as x from "../tensor/build.ts";
import type { DType } from "../support/dtype.ts";
import type { Expr, ReduceOp } from "../tensor/ir.ts";
import { reduceIdentity } from "../tensor/semantics.ts";

export interface Reduction {
  readonly op: ReduceOp;
  readonly map?: (e: Expr) => Expr;
  /** `n` = number of elements combined. */
  readonly finish?: (e: Expr, n: number, dtype: DType) => Expr;
}

/** Where an accumulation of elements of this type starts: the identity of its operator. */
export const startOf = (r: Reduction, dtype: DType): Expr => x.constant(reduceIdentity(r.op, dtype), dtype);

const square = (e: Expr): Expr => x.mul(e, e);

export const reductions: Readonly<Record<string, Reduction>> = {
  "reduce-sum": { op: "add" },
  "reduce-mean": { op: "add", finish: (e, n, dtype) => x.div(e, x.constant(n, dtype)) },
  "reduce-max": { op: "max" },
  "reduce-min": { op: "min" },
  "reduce-prod": { op: "mul" },
  "reduce-sum-square": { op: "add", map: square },
  "reduce-l2": { op: "add", map: square, finish: (e) => x.unary("sqrt", e) },
};
