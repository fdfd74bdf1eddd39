/** Quantisation as arithmetic: divide, round, shift, clip and cast; and back. Sums and quotients are f32, whatever the scale's type is. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { isInteger, type DType } from "../../../support/dtype.ts";
import { integerRange } from "../../../tensor/rounding.ts";

const cast = (p: PatchBuilder, x: ValueId, to: DType): ValueId => (p.value(x).dtype === to ? x : p.add("cast", [x], { to }));
const reshape = (p: PatchBuilder, x: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [x], { shape, allowZero: true });
const workType = (dtype: DType): DType => (dtype === "f64" ? "f64" : "f32");

/** The operand, and a way to make scales and zero points broadcast to it. */
interface Arranged {
  readonly x: ValueId;
  readonly parameter: (v: ValueId) => ValueId;
  /** The result in the shape of the operand. */
  readonly restore: (y: ValueId) => ValueId;
}

function arrange(p: PatchBuilder, node: Node, shape: readonly number[]): Arranged | undefined {
  const x = node.inputs[0]!;
  const rank = shape.length;
  const given = node.attrs["axis"] as number;
  const axis = given < 0 ? given + rank : given;
  const block = (node.attrs["block"] as number | undefined) ?? 0;
  const scale = p.value(node.inputs[1]!).shape as readonly number[];
  const same = (y: ValueId): ValueId => y;
  if (block === 0) {
    const after = new Array<number>(Math.max(0, rank - 1 - axis)).fill(1);
    const single = scale.every((d) => d === 1);
    const parameter = (v: ValueId): ValueId =>
      scale.length === 0 ? v : single ? reshape(p, v, []) : after.length === 0 ? v : reshape(p, v, [scale[0]!, ...after]);
    return { x, parameter, restore: same };
  }
  const [outer, extent, blocks, inner] = [shape.slice(0, axis), shape[axis]!, scale[axis]!, shape.slice(axis + 1)];
  const perBlock = [...outer, blocks, 1, ...inner];
  if (extent === blocks * block)
    return {
      x: reshape(p, x, [...outer, blocks, block, ...inner]),
      parameter: (v) => reshape(p, v, perBlock),
      restore: (y) => reshape(p, y, shape),
    };
  const parameter = (v: ValueId): ValueId => {
    const repeated = p.add("expand", [reshape(p, v, perBlock)], { shape: [...outer, blocks, block, ...inner] });
    const flat = reshape(p, repeated, [...outer, blocks * block, ...inner]);
    return p.add("slice", [flat], { starts: [0], ends: [extent], axes: [axis], steps: [1] });
  };
  return { x, parameter, restore: same };
}

function quantize(node: Node, e: GraphEditor): Patch | undefined {
  const [x, scale, zero] = node.inputs;
  const to = node.attrs["to"] as DType;
  const shape = e.staticShape(x!);
  if (shape === undefined || e.staticShape(scale!) === undefined) return undefined;
  const p = e.patch(node);
  const arranged = arrange(p, node, shape);
  if (arranged === undefined) return undefined;
  const work = workType(e.value(x!).dtype);
  const quotient = p.add("div", [cast(p, arranged.x, work), cast(p, arranged.parameter(scale!), work)]);
  if (!isInteger(to)) return p.done(arranged.restore(p.add("cast", [quotient], { to })));
  const rounded = p.add("round", [quotient]);
  const shifted = zero == null ? rounded : p.add("add", [rounded, cast(p, arranged.parameter(zero), work)]);
  const { lowest, highest } = integerRange(to);
  const clipped = p.add("clip", [shifted], { min: Number(lowest), max: Number(highest) });
  return p.done(arranged.restore(p.add("cast", [clipped], { to })));
}

function dequantize(node: Node, e: GraphEditor): Patch | undefined {
  const [x, scale, zero] = node.inputs;
  const shape = e.staticShape(x!);
  const to = node.attrs["to"] as DType;
  if (shape === undefined || e.staticShape(scale!) === undefined) return undefined;
  const p = e.patch(node);
  const arranged = arrange(p, node, shape);
  if (arranged === undefined) return undefined;
  const work = workType(to);
  const product = p.add("mul", [difference(p, arranged, zero, work), cast(p, arranged.parameter(scale!), work)]);
  return p.done(arranged.restore(cast(p, product, to)));
}

/** Less the zero point: exact in i32, and in f32 up to 16 bits. */
function difference(p: PatchBuilder, { x, parameter }: Arranged, zero: ValueId | null | undefined, work: DType): ValueId {
  if (!isInteger(p.value(x).dtype)) return cast(p, x, work);
  const wide = cast(p, x, "i32");
  return cast(p, zero == null ? wide : p.add("sub", [wide, cast(p, parameter(zero), "i32")]), work);
}

export const quantizationRules: readonly Rule[] = [
  { name: "decompose/quantize", ops: ["quantize-linear"], rewrite: quantize },
  { name: "decompose/dequantize", ops: ["dequantize-linear"], rewrite: dequantize },
];
