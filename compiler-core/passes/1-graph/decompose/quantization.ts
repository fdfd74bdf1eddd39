/** Quantisation as arithmetic: divide, round, shift, clip and cast; and back. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import type { DType } from "../../../support/dtype.ts";
import { dtypeBits } from "../../../support/dtype.ts";
import { integerRange } from "../../../tensor/rounding.ts";

const compiled: readonly DType[] = ["i8", "u8", "i16", "u16", "i32"];

/** A scale or zero point per channel lies along `axis`; a single one is a scalar. */
function alongAxis(p: PatchBuilder, v: ValueId, axis: number, rank: number): ValueId | undefined {
  const shape = p.value(v).shape;
  if (shape === undefined || shape.length > 1) return undefined;
  if (shape.length === 0) return v;
  const n = shape[0]!;
  if (n === 1) return p.add("reshape", [v], { shape: [], allowZero: true });
  const from = axis < 0 ? axis + rank : axis;
  return from === rank - 1 ? v : p.add("reshape", [v], { shape: [n, ...new Array<number>(rank - 1 - from).fill(1)], allowZero: true });
}

function quantize(node: Node, e: GraphEditor): Patch | undefined {
  const [x, scale, zero] = node.inputs;
  const to = node.attrs["to"] as DType;
  const rank = e.value(x!).shape?.length;
  if (rank === undefined || !compiled.includes(to) || e.value(x!).dtype !== "f32" || dtypeBits[to] > 16) return undefined;
  const p = e.patch(node);
  const s = alongAxis(p, scale!, node.attrs["axis"] as number, rank);
  const z = zero == null ? undefined : alongAxis(p, zero, node.attrs["axis"] as number, rank);
  if (s === undefined) return undefined;
  const rounded = p.add("round", [p.add("div", [x!, s])]);
  const shifted = z === undefined ? rounded : p.add("add", [rounded, p.add("cast", [z], { to: "f32" })]);
  const { lowest, highest } = integerRange(to);
  return p.done(p.add("cast", [p.add("clip", [shifted], { min: Number(lowest), max: Number(highest) })], { to }));
}

function dequantize(node: Node, e: GraphEditor): Patch | undefined {
  const [x, scale, zero] = node.inputs;
  const rank = e.value(x!).shape?.length;
  const from = e.value(x!).dtype;
  if (rank === undefined || !compiled.includes(from) || node.attrs["to"] !== "f32") return undefined;
  const p = e.patch(node);
  const s = alongAxis(p, scale!, node.attrs["axis"] as number, rank);
  const z = zero == null ? undefined : alongAxis(p, zero, node.attrs["axis"] as number, rank);
  if (s === undefined || e.value(scale!).dtype !== "f32") return undefined;
  // The difference of two 8- or 16-bit numbers is exact in i32, and in f32.
  const wide = p.add("cast", [x!], { to: "i32" });
  const centred = z === undefined ? wide : p.add("sub", [wide, p.add("cast", [z], { to: "i32" })]);
  return p.done(p.add("mul", [p.add("cast", [centred], { to: "f32" }), s]));
}

export const quantizationRules: readonly Rule[] = [
  { name: "decompose/quantize", ops: ["quantize-linear"], rewrite: quantize },
  { name: "decompose/dequantize", ops: ["dequantize-linear"], rewrite: dequantize },
];
