/** Sums of products by an equation over axis names, as numpy's einsum. Composite: `decompose` makes products and reductions of it. */
import type { DType } from "../../support/dtype.ts";
import { parseEinsum, type Einsum } from "../einsum.ts";
import type { Shape } from "../ir.ts";
import { allocate, count, isBig, strides, writeScalar, type NdArray, type Scalar } from "../ndarray.ts";
import {
  elementCount,
  floatTypes,
  refuse,
  stringAttr,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
} from "./op.ts";
import { roundFloat } from "../../tensor/rounding.ts";
import { isFloat } from "../../support/dtype.ts";

const accepted: readonly DType[] = [...floatTypes, "i32", "u32", "i64", "u64"];

function infer({ inputs, attrs }: InferCall): Inferred {
  const types = inputs.map((t) => t!);
  const { dtype } = types[0]!;
  if (types.some((t) => t.dtype !== dtype)) return refuse("dtype", "operands have different element types");
  if (!accepted.includes(dtype)) return refuse("dtype", `sums of products of ${dtype} are not supported`);
  if (types.some((t) => t.shape === undefined)) return [{ dtype, shape: undefined }];
  const parsed = parseEinsum(
    stringAttr(attrs, "equation"),
    types.map((t) => t.shape!),
  );
  if (typeof parsed === "string") return refuse("attribute", parsed);
  return [{ dtype, shape: parsed.output.map((l) => parsed.extents.get(l)!) }];
}

const equationOf = (attrs: EvalCall["attrs"], shapes: readonly Shape[]): Einsum => {
  const parsed = parseEinsum(stringAttr(attrs, "equation"), shapes);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
};

/** For every element of the result, all elements of the summed labels; sums are in double, or exact for 64-bit integers. */
function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const operands = inputs.map((x) => x!);
  const parsed = equationOf(
    attrs,
    operands.map((x) => x.shape),
  );
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const summed = [...parsed.extents.keys()].filter((l) => !parsed.output.includes(l));
  const order = [...parsed.output, ...summed];
  const extents = order.map((l) => parsed.extents.get(l) as number);
  const steps = operands.map((x, i) => {
    const own = strides(x.shape);
    const step = (l: string): number =>
      parsed.operands[i]!.reduce((s, m, axis) => (m === l && x.shape[axis] !== 1 ? s + own[axis]! : s), 0);
    return order.map(step);
  });
  const inner = count(extents.slice(parsed.output.length));
  const big = isBig(out.dtype);
  const at = new Array<number>(order.length).fill(0);
  for (let i = 0; i < out.data.length; i++) {
    let sum: Scalar = big ? 0n : 0;
    for (let j = 0; j < inner; j++) {
      let product: Scalar = big ? 1n : 1;
      for (const [o, x] of operands.entries()) product = times(product, x.data[offset(at, steps[o]!)]!);
      sum = plus(sum, product);
      advance(at, extents);
    }
    writeScalar(out, i, mode === "f64" || !isFloat(out.dtype) ? sum : roundFloat(out.dtype, Number(sum)));
  }
  return [out];
}

const times = (a: Scalar, b: Scalar): Scalar => (typeof a === "bigint" ? a * BigInt(b) : a * Number(b));
const plus = (a: Scalar, b: Scalar): Scalar => (typeof a === "bigint" ? a + BigInt(b) : a + Number(b));
const offset = (at: readonly number[], steps: readonly number[]): number => at.reduce((sum, i, axis) => sum + i * steps[axis]!, 0);

/** The next index, row-major; the first after the last. */
function advance(at: number[], extents: readonly number[]): void {
  for (let axis = at.length - 1; axis >= 0; axis--) {
    at[axis]!++;
    if (at[axis]! < extents[axis]!) return;
    at[axis] = 0;
  }
}

function flops(c: CostCall): number {
  const shapes = c.inputs.map((t) => t!.shape);
  const parsed = equationOf(c.attrs, shapes);
  const all = [...parsed.extents.values()].reduce<number>((n, d) => n * (d as number), 1);
  return Math.max(2 * all, elementCount(c.outputs[0]!));
}

export const einsum: Op = {
  what: "sums of products of the operands' elements, by an equation over axis names",
  arity: [1, 1000],
  outputs: [1, 1],
  attrs: { equation: { kind: "string" } },
  traits: ["composite"],
  infer,
  eval: evaluate,
  flops,
};
