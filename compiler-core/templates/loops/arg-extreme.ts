/** ArgMax and ArgMin: the best element so far and its position in two registers; where the last axis is kept, its elements are lanes. */
import { bug } from "../../messages.ts";
import { valueOf } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { overRows } from "../points.ts";
import { operand, resultOf, type Template } from "../template.ts";

export const argExtreme: Template = (call) => {
  const { builder, storage, graph } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const input = operand(node, 0);
  const shape = storage.shape(input);
  const axis = Number(node.attrs["axis"]);
  const kept = storage.shape(resultOf(node)).length === shape.length;
  const { dtype } = valueOf(graph, resultOf(node));
  const better = node.op === "arg-max" ? (node.attrs["lastIndex"] === true ? "ge" : "gt") : node.attrs["lastIndex"] === true ? "le" : "lt";
  const origin = [node.id];
  const read = (index: readonly Expr[], i: Expr): Expr => storage.readAt(input, { index: index.map((e, a) => (a === axis ? i : e)) });
  const one = (index: readonly Expr[]): Stmt[] => {
    const best = builder.register("best", read(index, x.index(0)), origin);
    const found = builder.register("found", x.constant(0, dtype), origin);
    const search = builder.loop("serial", "i", 1, shape[axis] ?? 1, origin, (i) => {
      const candidate = builder.let("candidate", read(index, i), origin);
      const wins = x.binary(better, candidate.ref, best.ref);
      return [
        candidate.stmt,
        builder.assign(found.ref.id, x.select(wins, x.cast(i, dtype), found.ref), origin),
        builder.assign(best.ref.id, x.select(wins, candidate.ref, best.ref), origin),
      ];
    });
    const target = kept ? index : index.filter((_, a) => a !== axis);
    return [best.stmt, found.stmt, search, builder.store(storage.ref(resultOf(node), { index: target }), found.ref, origin)];
  };
  const outer = shape.map((d, a) => (a === axis ? 1 : d));
  const last = shape.length - 1;
  if (axis === last) return overRows(call, outer, one);
  return overRows(call, outer.slice(0, last), (row) => [builder.loop("vector", "j", 0, shape[last] ?? 1, origin, (j) => one([...row, j]))]);
};
