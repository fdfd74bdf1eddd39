/** What the rules of `low-precision` ask about a value: is it quantised, with which scale and zero point, is it known before the first run? */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { PatchBuilder } from "../../../graph/patch.ts";
import type { DType } from "../../../support/dtype.ts";

/** (value - zero) * scale, as a dequantisation writes it. */
export interface Quantised {
  readonly node: Node;
  /** The integers. */
  readonly value: ValueId;
  readonly dtype: DType;
  readonly scale: ValueId;
  /** Null: 0 everywhere. */
  readonly zero: ValueId | null;
  /** Scale and zero point lie along this axis; undefined: one number each. */
  readonly axis: number | undefined;
}

const isSingle = (shape: readonly number[]): boolean => shape.every((d) => d === 1);
/** Chains of constant work in front of a weight are short: a transpose, a quantisation, a reshape. */
const mostSteps = 6;
/** Zero points are looked at when there are at most so many. */
const mostZeros = 65536;

/** Does the value come from constants alone? It may still be computed by nodes that `fold-constants` will evaluate. */
export function isConstantLike(e: GraphEditor, id: ValueId, steps = mostSteps): boolean {
  if (e.isConstant(id)) return true;
  const producer = e.producer(id);
  if (producer === undefined || producer.op === "opaque" || steps === 0) return false;
  return producer.inputs.every((v) => v === null || isConstantLike(e, v, steps - 1));
}

/** All zero, as far as is known. */
function isZero(e: GraphEditor, zero: ValueId): boolean {
  const data = e.constant(zero, mostZeros)?.data;
  return data !== undefined && Array.from(data as ArrayLike<number>).every((v) => Number(v) === 0);
}

/** The dequantisation of a value, or undefined: it is something else, or has a scale for each block. */
export function dequantised(e: GraphEditor, node: Node | undefined): Quantised | undefined {
  if (node?.op !== "dequantize-linear" || node.attrs["block"] !== undefined) return undefined;
  const [value, scale, zero] = node.inputs as readonly [ValueId, ValueId, (ValueId | null)?];
  const [shape, steps] = [e.staticShape(value), e.staticShape(scale)];
  if (shape === undefined || steps === undefined) return undefined;
  const given = intAttr(node.attrs, "axis");
  return {
    node,
    value,
    dtype: e.value(value).dtype,
    scale,
    zero: zero == null || isZero(e, zero) ? null : zero,
    axis: isSingle(steps) ? undefined : given < 0 ? given + shape.length : given,
  };
}

/** The quantised value behind an operand; casts between floats change nothing that a product of integers would notice. */
export function quantisedOperand(e: GraphEditor, id: ValueId): Quantised | undefined {
  const producer = e.producer(id);
  if (producer?.op !== "cast") return dequantised(e, producer);
  const { dtype } = e.value(producer.inputs[0]!);
  return dtype === "f32" || dtype === "f16" || dtype === "bf16" ? quantisedOperand(e, producer.inputs[0]!) : undefined;
}

export const isByte = (dtype: DType): boolean => dtype === "u8" || dtype === "i8";

/** A single number as a scalar, whatever shape it has. */
export function asScalar(p: PatchBuilder, v: ValueId): ValueId {
  return p.value(v).shape?.length === 0 ? v : p.add("reshape", [v], { shape: [], allowZero: true });
}

/** In f32: scales are f16 or bf16 in models of these types. */
export const asF32 = (p: PatchBuilder, v: ValueId): ValueId => (p.value(v).dtype === "f32" ? v : p.add("cast", [v], { to: "f32" }));
