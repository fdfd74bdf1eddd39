/**
 * Turns a scalar Tensor IR expression into a JS closure, by the semantics table, so that an elementwise operator is evaluated
 * with exactly the meaning its generated code must have. Variables are the operands, by position.
 */
import { bug } from "../messages.ts";
import { isFloat, type DType } from "../support/dtype.ts";
import type { Expr } from "../tensor/ir.ts";
import { binaryMeaning, evalBinary, evalCast, evalFma, evalUnary, unaryMeaning, type Scalar } from "../tensor/semantics.ts";
import { integerBinary, integerCast } from "./eval-integer.ts";
import type { Mode } from "./ndarray.ts";

/** The operands of the current element. */
export type Operands = Scalar[];
export type ScalarFunction = (operands: Operands) => Scalar;

/** Compiles `expr` (one lane, no loads). Constants and table rows are looked up once, not per element. */
export function compileScalar(expr: Expr, mode: Mode): ScalarFunction {
  switch (expr.k) {
    case "const": {
      const value = evalConst(expr.type.dtype, expr.value, mode);
      return () => value;
    }
    case "var": {
      const id = expr.id;
      return (operands) => operands[id]!;
    }
    case "unary":
      return compileUnary(expr, mode);
    case "binary":
      return compileBinary(expr, mode);
    case "fma": {
      const [a, b, c] = [compileScalar(expr.a, mode), compileScalar(expr.b, mode), compileScalar(expr.c, mode)];
      return (o) => evalFma(expr.type.dtype, a(o), b(o), c(o), mode);
    }
    case "cast": {
      const a = compileScalar(expr.a, mode);
      const from = expr.a.type.dtype;
      const convert = integerCast(from, expr.type.dtype, mode, expr.rule);
      if (convert !== undefined) return (o) => convert(a(o) as number);
      return (o) => evalCast(from, expr.type.dtype, a(o), mode, expr.rule);
    }
    case "select": {
      const [cond, a, b] = [compileScalar(expr.cond, mode), compileScalar(expr.a, mode), compileScalar(expr.b, mode)];
      return (o) => (cond(o) ? a(o) : b(o));
    }
    default:
      return bug(`${expr.k} is not a scalar expression`);
  }
}

function evalConst(dtype: DType, value: Scalar, mode: Mode): Scalar {
  return dtype === "bool"
    ? Boolean(value)
    : evalCast(isFloat(dtype) ? "f64" : typeof value === "number" && !Number.isInteger(value) ? "f64" : "i64", dtype, value, mode);
}

/** The function that rounds a double result to a float type; undefined when nothing is to be done. */
function rounding(dtype: DType, mode: Mode): ((x: number) => number) | undefined | "slow" {
  if (dtype === "f64" || mode === "f64") return undefined;
  return dtype === "f32" ? Math.fround : "slow";
}

function compileUnary(expr: Extract<Expr, { k: "unary" }>, mode: Mode): ScalarFunction {
  const a = compileScalar(expr.a, mode);
  const dtype = expr.a.type.dtype;
  const { float } = unaryMeaning[expr.op] as { readonly float?: (x: number) => number | boolean };
  const round = rounding(dtype, mode);
  if (!isFloat(dtype) || float === undefined || round === "slow" || expr.op === "isnan")
    return (o) => evalUnary(expr.op, dtype, a(o), mode);
  const f = float as (x: number) => number;
  return round === undefined ? (o) => f(a(o) as number) : (o) => round(f(a(o) as number));
}

function compileBinary(expr: Extract<Expr, { k: "binary" }>, mode: Mode): ScalarFunction {
  const [a, b] = [compileScalar(expr.a, mode), compileScalar(expr.b, mode)];
  const dtype = expr.a.type.dtype;
  const { float } = binaryMeaning[expr.op] as { readonly float?: (x: number, y: number) => number | boolean };
  const round = rounding(dtype, mode);
  const whole = integerBinary(expr.op, dtype);
  if (whole !== undefined) return (o) => whole(a(o) as number, b(o) as number);
  if (!isFloat(dtype) || float === undefined || round === "slow") return (o) => evalBinary(expr.op, dtype, a(o), b(o), mode);
  if (expr.type.dtype === "bool") {
    const test = float as (x: number, y: number) => boolean;
    return (o) => test(a(o) as number, b(o) as number);
  }
  const f = float as (x: number, y: number) => number;
  return round === undefined ? (o) => f(a(o) as number, b(o) as number) : (o) => round(f(a(o) as number, b(o) as number));
}
