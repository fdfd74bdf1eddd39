/**
 * A reduction over any axes: loops over the kept axes outside, over the reduced ones inside. Where the last axis is kept its elements are
 * lanes, each with an accumulator of its own, so that memory is read along rows whatever is reduced.
 */
import { bug } from "../messages.ts";
import { valueOf } from "../graph/ir.ts";
import { reductionAxes } from "../passes/2-lower/draft.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { plus } from "./module-builder.ts";
import { overRows } from "./points.ts";
import { accumulate } from "./rows.ts";
import { operand, resultOf, type Template } from "./template.ts";

/** Columns of one piece of work where no other axis can be shared out: a few cache lines, so that whole lines are used. */
const pieceColumns = 64;

export const reduce: Template = (call) => {
  const { graph, builder, storage, nodes } = call;
  const node = nodes[0] ?? bug("an empty group");
  const input = operand(node, 0);
  const { dtype } = valueOf(graph, input);
  const shape = storage.shape(input);
  const axes = reductionAxes(graph, node);
  const count = axes.reduce((n, a) => n * (shape[a] ?? 1), 1);
  const kept = storage.shape(resultOf(node)).length === shape.length;
  const last = shape.length - 1;
  const overReduced = (index: readonly Expr[], body: (e: Expr) => Stmt): Stmt[] => {
    const level = (n: number, at: readonly Expr[]): Stmt[] => {
      const axis = axes[n];
      if (axis === undefined) return [body(storage.readAt(input, { index: at }))];
      const inner = (i: Expr): Stmt[] =>
        level(
          n + 1,
          at.map((e, a) => (a === axis ? i : e)),
        );
      return [builder.loop("serial", `k${axis}`, 0, shape[axis] ?? 1, [node.id], inner)];
    };
    return level(0, index);
  };
  const one = (index: readonly Expr[]): Stmt[] => {
    const target = kept ? index : index.filter((_, i) => !axes.includes(i));
    return accumulate(call, node, dtype, count, (body) => overReduced(index, body), target);
  };
  const outer = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  if (last < 0 || axes.includes(last)) return overRows(call, outer, one);
  const width = shape[last] ?? 1;
  const columns = (row: readonly Expr[], lo: Expr | number, hi: Expr | number): Stmt =>
    builder.loop("vector", "j", lo, hi, [node.id], (j) => one([...row, j]));
  const rest = outer.slice(0, last);
  if (rest.some((d) => d !== 1)) return overRows(call, rest, (row) => [columns(row, 0, width)]);
  const row = rest.map(() => x.index(0));
  if (width <= pieceColumns) return [columns(row, 0, width)];
  const piece = (from: Expr): Stmt[] => {
    const end = builder.let("end", x.binary("min", plus(from, pieceColumns), x.index(width)), [node.id]);
    return [end.stmt, columns(row, from, end.ref)];
  };
  return [builder.loop("parallel", "cols", 0, width, [node.id], piece, pieceColumns)];
};
