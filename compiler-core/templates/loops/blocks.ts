/** DepthToSpace and SpaceToDepth: for every block row and column one strided copy of a row of pixels. */
import { intAttr, stringAttr } from "../../graph/ops/op.ts";
import type { Node } from "../../graph/ir.ts";
import type { Expr } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { onlyNode } from "../movement.ts";
import { nest } from "../nest.ts";
import { operand, resultOf, type Template } from "../template.ts";

/** See `deepChannel` of the operator. */
function deep(node: Node, channels: number, c: Expr, row: Expr, column: Expr): Expr {
  const b = intAttr(node.attrs, "block");
  return stringAttr(node.attrs, "order") === "DCR"
    ? plus(times(plus(times(row, b), column), channels), c)
    : plus(times(plus(times(c, b), row), b), column);
}

/** Loops: image, channel of the wide tensor, row of blocks, row in the block, block, column in the block. */
const blocks =
  (toWide: boolean): Template =>
  (call) => {
    const { storage, builder } = call;
    const node = onlyNode(call);
    const [source, out] = [operand(node, 0), resultOf(node)];
    const b = intAttr(node.attrs, "block");
    const wide = storage.shape(toWide ? out : source);
    const [n, c, h, w] = [wide[0] ?? 1, wide[1] ?? 1, (wide[2] ?? 1) / b, (wide[3] ?? 1) / b];
    return nest(call, [n, c, h, b, w, b], { vector: true }, (index) => {
      const [image, channel, y, row, z, column] = index as [Expr, Expr, Expr, Expr, Expr, Expr];
      const inWide = { index: [image, channel, plus(times(y, b), row), plus(times(z, b), column)] };
      const inDeep = { index: [image, deep(node, c, channel, row, column), y, z] };
      return [builder.store(storage.ref(out, toWide ? inWide : inDeep), storage.readAt(source, toWide ? inDeep : inWide), [node.id])];
    });
  };

export const depthToSpace = blocks(true);
export const spaceToDepth = blocks(false);
