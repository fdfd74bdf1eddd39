/** Decision trees: as many steps as the longest way has; a leaf leads to itself, so that shorter ways only stand still. */
import { missingPasses, treeModes } from "../../graph/ops/tree-leaves.ts";
import { intAttr, intsAttr } from "../../graph/ops/op.ts";
import type { ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { onlyNode } from "../movement.ts";
import { nest } from "../nest.ts";
import { operand, resultOf, type Template } from "../template.ts";

/** Does the row pass the test of the node? `mode` is looked up only where several occur. */
function passes(v: Expr, threshold: Expr, modes: readonly number[], mode: () => Expr): Expr {
  const test = (code: number): Expr => {
    const plain = x.binary(treeModes[code % missingPasses]!, v, threshold);
    return code >= missingPasses ? x.binary("or", plain, x.unary("isnan", v)) : plain;
  };
  const [first, ...others] = modes as [number, ...number[]];
  const code = others.length === 0 ? undefined : mode();
  return others.reduce((rest, m) => x.select(x.binary("eq", code!, x.constant(m, code!.type.dtype)), test(m), rest), test(first));
}

export const treeLeaves: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [features, feature, threshold, yes, no, mode, roots] = [0, 1, 2, 3, 4, 5, 6].map((i) => operand(node, i)) as [
    ValueId, ValueId, ValueId, ValueId, ValueId, ValueId, ValueId
  ]; // prettier-ignore
  const out = resultOf(node);
  const origin = [node.id];
  const read = (table: ValueId, index: readonly Expr[]): Expr => storage.literal(table) ?? storage.readAt(table, { index });
  const modes = intsAttr(node.attrs, "modes");
  return nest(call, storage.shape(out), {}, (place) => {
    const [row, tree] = place as [Expr, Expr];
    const at = builder.register("at", x.cast(read(roots, [tree]), "i64"), origin);
    const walk = builder.loop("serial", "step", 0, modes.length === 0 ? 0 : intAttr(node.attrs, "depth"), origin, () => {
      const column = builder.let("column", x.cast(read(feature, [at.ref]), "i64"), origin);
      const v = builder.let("v", read(features, [row, column.ref]), origin);
      const pass = passes(v.ref, read(threshold, [at.ref]), modes, () => read(mode, [at.ref]));
      const next = x.cast(x.select(pass, read(yes, [at.ref]), read(no, [at.ref])), "i64");
      return [column.stmt, v.stmt, builder.assign(at.ref.id, next, origin)];
    });
    return [at.stmt, walk, builder.store(storage.ref(out, { index: place }), at.ref, origin)];
  });
};
