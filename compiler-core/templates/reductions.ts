/** Reductions as data: what is accumulated, from which start, and what is made of the sum in the end. */
import * as x from "../tensor/build.ts";
import type { DType } from "../support/dtype.ts";
import type { Expr, ReduceOp } from "../tensor/ir.ts";

export interface Reduction {
  readonly op: ReduceOp;
  /** Start value: the identity of `op`. */
  readonly start: number;
  readonly map?: (e: Expr) => Expr;
  /** `n` = number of elements combined. */
  readonly finish?: (e: Expr, n: number, dtype: DType) => Expr;
}

const square = (e: Expr): Expr => x.mul(e, e);

export const reductions: Readonly<Record<string, Reduction>> = {
  "reduce-sum": { op: "add", start: 0 },
  "reduce-mean": { op: "add", start: 0, finish: (e, n, dtype) => x.div(e, x.constant(n, dtype)) },
  "reduce-max": { op: "max", start: -Infinity },
  "reduce-min": { op: "min", start: Infinity },
  "reduce-prod": { op: "mul", start: 1 },
  "reduce-sum-square": { op: "add", start: 0, map: square },
  "reduce-l2": { op: "add", start: 0, map: square, finish: (e) => x.unary("sqrt", e) },
};
