/** A reduction over any axes: loops over the kept axes outside, over the reduced ones inside. */
import { valueOf } from "../graph/ir.ts";
import { reductionAxes } from "../passes/2-lower/draft.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { overRows } from "./points.ts";
import { accumulate } from "./rows.ts";
import { operand, resultOf, type Template } from "./template.ts";
import { bug } from "../messages.ts";

export const reduce: Template = (call) => {
  const { graph, builder, storage, nodes } = call;
  const [node] = nodes;
  if (node === undefined) return bug("an empty group");
  const input = operand(node, 0);
  const shape = storage.shape(input);
  const axes = reductionAxes(graph, node);
  const count = axes.reduce((n, a) => n * (shape[a] ?? 1), 1);
  const kept = storage.shape(resultOf(node)).length === shape.length;
  return overRows(
    call,
    shape.map((d, i) => (axes.includes(i) ? 1 : d)),
    (outer) => {
      const loops = (body: (e: Expr) => Stmt): Stmt[] => {
        const level = (n: number, index: readonly Expr[]): Stmt[] => {
          const axis = axes[n];
          if (axis === undefined) return [body(storage.readAt(input, { index }))];
          return [
            builder.loop("serial", `k${axis}`, 0, shape[axis] ?? 1, [node.id], (i) =>
              level(
                n + 1,
                index.map((e, a) => (a === axis ? i : e)),
              ),
            ),
          ];
        };
        return level(0, outer);
      };
      const target = kept ? outer : outer.filter((_, i) => !axes.includes(i));
      return accumulate(call, node, valueOf(graph, input).dtype, count, loops, target);
    },
  );
};
