/**
 * TopK by insertion: the k best elements so far stand in the result, in order. An element that is not better than the last of them costs one
 * comparison; for random data that is nearly all of them.
 */
import { valueOf } from "../../graph/ir.ts";
import { boolAttr, intAttr } from "../../graph/ops/op.ts";
import { bug } from "../../messages.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { onlyNode } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, type Template } from "../template.ts";

export const topK: Template = (call) => {
  const { storage, builder, graph } = call;
  const node = onlyNode(call);
  const source = operand(node, 0);
  const [values, positions] = node.outputs;
  if (values === undefined || positions === undefined) return bug("a top-k without results", { node: node.name });
  const { dtype } = valueOf(graph, source);
  const axis = intAttr(node.attrs, "axis");
  const [n, k] = [storage.shape(source)[axis] ?? 1, storage.shape(values)[axis] ?? 0];
  const beats = (a: Expr, b: Expr): Expr => x.binary(boolAttr(node.attrs, "largest") ? "gt" : "lt", a, b);
  const others = storage.shape(source).map((d, a) => (a === axis ? 1 : d));
  return nest(call, others, {}, (line) => {
    const index = (at: Expr): Expr[] => withAxis(line, axis, at);
    const best = (at: Expr): Expr => storage.readAt(values, { index: index(at) });
    const read = (at: Expr): Expr => storage.literal(source) ?? storage.readAt(source, { index: index(at) });
    const keep = (at: Expr, value: Expr, position: Expr): Stmt[] => [
      builder.store(storage.ref(values, { index: index(at) }), value, [node.id]),
      builder.store(storage.ref(positions, { index: index(at) }), position, [node.id]),
    ];
    /** Element `i` takes its place among the first `count`; the one that falls out at the end is left in the registers. */
    const insert = (i: Expr, count: Expr): { readonly stmts: Stmt[]; readonly value: Expr; readonly position: Expr } => {
      const value = builder.register("value", read(i), [node.id]);
      const position = builder.register("position", i, [node.id]);
      const loop = builder.loop("serial", "t", 0, count, [node.id], (t) => {
        const there = builder.let("there", best(t), [node.id]);
        const from = builder.let("from", storage.readAt(positions, { index: index(t) }), [node.id]);
        const earlier = x.binary("and", x.binary("eq", value.ref, there.ref), x.binary("lt", position.ref, from.ref));
        const better = builder.let("better", x.binary("or", beats(value.ref, there.ref), earlier), [node.id]);
        return [
          there.stmt,
          from.stmt,
          better.stmt,
          ...keep(t, x.select(better.ref, value.ref, there.ref), x.select(better.ref, position.ref, from.ref)),
          builder.assign(value.ref.id, x.select(better.ref, there.ref, value.ref), [node.id]),
          builder.assign(position.ref.id, x.select(better.ref, from.ref, position.ref), [node.id]),
        ];
      });
      return { stmts: [value.stmt, position.stmt, loop], value: value.ref, position: position.ref };
    };
    const filled = builder.loop("serial", "i", 0, k, [node.id], (i) => {
      const one = insert(i, i);
      return [...one.stmts, ...keep(i, one.value, one.position)];
    });
    const rest = builder.loop("serial", "i", k, n, [node.id], (i) => {
      const isBetter = dtype === "bool" ? bug("bool has no order", { node: node.name }) : beats(read(i), best(x.index(k - 1)));
      return [builder.when(isBetter, [node.id], insert(i, x.index(k)).stmts)];
    });
    return [filled, rest];
  });
};
