/** How rows of elementwise operators are made: from the Tensor IR expression of one element, which is their only definition. */
import { isSmallFloat, type DType } from "../../support/dtype.ts";
import { cast, constant } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { variable } from "../../tensor/build.ts";
import { broadcastShapes, shapeText } from "../dims.ts";
import type { Attrs, Shape } from "../ir.ts";
import { compileScalar } from "../eval-scalar.ts";
import { mapElements } from "../eval-elementwise.ts";
import { elementCount, refuse, type EvalCall, type InferCall, type Inferred, type Op, type Trait } from "./op.ts";

export interface ElementwiseRow {
  readonly what: string;
  /** Number of operands, or a range. */
  readonly arity?: readonly [number, number];
  readonly attrs?: Op["attrs"];
  readonly traits?: readonly Trait[];
  /** Element types each operand may have. */
  readonly accepts: readonly DType[];
  /** Element type of the result; default: the operands', which must agree. */
  readonly result?: (dtypes: readonly DType[], attrs: Attrs) => DType | string;
  /** The value of one element. Floats of 16 bits and less arrive widened to f32, and the result is rounded back once. */
  readonly body: (args: readonly Expr[], attrs: Attrs, out: DType) => Expr;
  /** The body takes and gives the types as they are: nothing is widened (casts, choices). */
  readonly asIs?: boolean;
  /** Operations per element, counted as the generated code would do them. */
  readonly cost: number;
}

/** Floats of 16 bits and less are computed in f32. */
export const computeType = (dtype: DType): DType => (isSmallFloat(dtype) ? "f32" : dtype);

/** A number as an expression of the same type and lanes as `like`. */
export const num = (value: number | bigint, like: Expr): Expr => constant(value, like.type.dtype, like.type.lanes);

function agreed(dtypes: readonly DType[]): DType | string {
  return dtypes.every((d) => d === dtypes[0]) ? dtypes[0]! : `operands have different element types (${dtypes.join(", ")})`;
}

export function elementwise(row: ElementwiseRow): Op {
  const result = row.result ?? agreed;
  const widened = (args: readonly Expr[], attrs: Attrs, out: DType): Expr => {
    const wide = args.map((a) => cast(a, computeType(a.type.dtype)));
    return cast(row.body(wide, attrs, computeType(out)), out);
  };
  const scalar = row.asIs === true ? row.body : widened;
  return {
    what: row.what,
    arity: row.arity ?? [1, 1],
    outputs: [1, 1],
    attrs: row.attrs ?? {},
    traits: ["elementwise", ...(row.traits ?? [])],
    infer: (call) => inferElementwise(row.accepts, result, call),
    eval: (call) => [evalElementwise(scalar, call)],
    flops: (c) => row.cost * elementCount(c.outputs[0]!),
    scalar,
  };
}

function inferElementwise(
  accepts: readonly DType[],
  result: (d: readonly DType[], attrs: Attrs) => DType | string,
  call: InferCall,
): Inferred {
  const inputs = call.inputs.map((t) => t!);
  const bad = inputs.find((t) => !accepts.includes(t.dtype));
  if (bad !== undefined) return refuse("dtype", `elements of type ${bad.dtype} are not supported here`);
  const dtype = result(
    inputs.map((t) => t.dtype),
    call.attrs,
  );
  if (dtype.includes(" ")) return refuse("dtype", dtype);
  if (inputs.some((t) => t.shape === undefined)) return [{ dtype: dtype as DType, shape: undefined }];
  const shape = broadcastShapes(inputs.map((t) => t.shape as Shape));
  if (shape === undefined) return refuse("shape", `shapes ${inputs.map((t) => shapeText(t.shape)).join(" and ")} do not broadcast`);
  return [{ dtype: dtype as DType, shape }];
}

function evalElementwise(scalar: NonNullable<Op["scalar"]>, call: EvalCall) {
  const inputs = call.inputs.map((t) => t!);
  const out = call.outputs[0]!;
  const expr = scalar(
    inputs.map((t, i) => variable(i, { dtype: t.dtype, lanes: 1 })),
    call.attrs,
    out.dtype,
  );
  return mapElements(compileScalar(expr, call.mode), inputs, out.shape, out.dtype, call.mode);
}
