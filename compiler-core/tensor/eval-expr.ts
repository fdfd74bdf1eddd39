/** Values of Tensor IR expressions: scalars, or one array element per lane. */
import type { Elements } from "../graph/ndarray.ts";
import { isFloat, type DType } from "../support/dtype.ts";
import type { BufferId, Expr, ReduceOp, Ref } from "./ir.ts";
import { normalInteger } from "./rounding.ts";
import { evalBinary, evalCast, evalFma, evalUnary, type EvalMode, type Scalar } from "./semantics.ts";

export type Value = Scalar | readonly Scalar[];

/** What an expression can see. */
export interface Memory {
  readonly mode: EvalMode;
  readonly vars: readonly Value[];
  readonly shape: (buffer: BufferId) => { readonly dtype: DType };
  readonly data: (buffer: BufferId) => Elements;
  /** Flat position of a reference; checks that `lanes` elements from there exist. */
  readonly position: (ref: Ref, lanes: number) => number;
}

export function readElement(dtype: DType, data: Elements, at: number): Scalar {
  const v = data[at] as number | bigint;
  if (dtype === "bool") return v !== 0;
  return typeof v === "bigint" ? normalInteger(v) : v;
}

export function writeElement(data: Elements, at: number, value: Scalar): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[at] = BigInt(value);
  else data[at] = Number(value);
}

/** A constant as a value of its type: rounded to it in mode `native`. */
function constant(e: Extract<Expr, { k: "const" }>, mode: EvalMode): Scalar {
  if (typeof e.value === "boolean" || !isFloat(e.type.dtype)) return typeof e.value === "bigint" ? normalInteger(e.value) : e.value;
  return evalCast("f64", e.type.dtype, Number(e.value), mode);
}

const lanesOf = (v: Value, lanes: number): readonly Scalar[] =>
  Array.isArray(v) ? (v as readonly Scalar[]) : new Array<Scalar>(lanes).fill(v as Scalar);

function map1(lanes: number, a: Value, f: (x: Scalar) => Scalar): Value {
  return lanes === 1 ? f(a as Scalar) : lanesOf(a, lanes).map(f);
}
function map2(lanes: number, a: Value, b: Value, f: (x: Scalar, y: Scalar) => Scalar): Value {
  if (lanes === 1) return f(a as Scalar, b as Scalar);
  const right = lanesOf(b, lanes);
  return lanesOf(a, lanes).map((x, i) => f(x, right[i] as Scalar));
}

/** Lanes combined by halves: (0 with n/2, 1 with n/2+1, ...), again, until one is left. */
function reduceLanes(op: ReduceOp, dtype: DType, values: readonly Scalar[], mode: EvalMode): Scalar {
  let left = values;
  while (left.length > 1) {
    const half = left.length / 2;
    const now = left;
    left = now.slice(0, half).map((x, i) => evalBinary(op, dtype, x, now[i + half] as Scalar, mode));
  }
  return left[0] as Scalar;
}

function evalLoad(e: Extract<Expr, { k: "load" }>, m: Memory): Value {
  const data = m.data(e.buffer);
  const { dtype } = e.type;
  if (e.type.lanes === 1) return readElement(dtype, data, m.position(e, 1));
  const n = e.count === undefined ? e.type.lanes : Math.max(0, Math.min(e.type.lanes, Number(evalExpr(e.count, m))));
  const at = m.position(e, n);
  const zero: Scalar = dtype === "bool" ? false : 0;
  return Array.from({ length: e.type.lanes }, (_, i) => (i < n ? readElement(dtype, data, at + i) : zero));
}

/** The value of an expression: a scalar for one lane, else an array of lanes. */
export function evalExpr(e: Expr, m: Memory): Value {
  const { lanes, dtype } = e.type;
  const { mode } = m;
  switch (e.k) {
    case "const": {
      const v = constant(e, mode);
      return lanes === 1 ? v : new Array<Scalar>(lanes).fill(v);
    }
    case "var":
      return m.vars[e.id] as Value;
    case "binary":
      return map2(lanes, evalExpr(e.a, m), evalExpr(e.b, m), (x, y) => evalBinary(e.op, e.a.type.dtype, x, y, mode));
    case "unary":
      return map1(lanes, evalExpr(e.a, m), (x) => evalUnary(e.op, e.a.type.dtype, x, mode));
    case "fma": {
      const c = lanesOf(evalExpr(e.c, m), lanes);
      let i = 0;
      return map2(lanes, evalExpr(e.a, m), evalExpr(e.b, m), (x, y) => evalFma(dtype, x, y, c[i++] as Scalar, mode));
    }
    case "cast":
      return map1(lanes, evalExpr(e.a, m), (x) => evalCast(e.a.type.dtype, dtype, x, mode, e.rule));
    case "select": {
      if (lanes === 1) return evalExpr(evalExpr(e.cond, m) === true ? e.a : e.b, m);
      const cond = lanesOf(evalExpr(e.cond, m), lanes);
      let i = 0;
      return map2(lanes, evalExpr(e.a, m), evalExpr(e.b, m), (x, y) => (cond[i++] === true ? x : y));
    }
    case "load":
      return evalLoad(e, m);
    case "broadcast":
      return new Array<Scalar>(lanes).fill(evalExpr(e.a, m) as Scalar);
    case "reduce":
      return reduceLanes(e.op, dtype, lanesOf(evalExpr(e.a, m), e.a.type.lanes), mode);
    case "ramp": {
      const base = evalExpr(e.base, m) as Scalar;
      return Array.from({ length: lanes }, (_, i) => evalBinary("add", dtype, base, i, mode));
    }
  }
}
