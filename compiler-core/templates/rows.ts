/** Groups around reductions over the last axis: a thread owns whole rows, every member has its own loop over the row. */
import { valueOf, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { elementStore, overRows } from "./points.ts";
import { reductions, startOf } from "./reductions.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";

export const rows: Template = (call) => {
  const shape = rowSpace(call);
  const width = shape.at(-1) ?? 1;
  return overRows(call, shape.slice(0, -1), (row) => call.nodes.flatMap((node) => member(call, node, row, width)));
};

/** The extents of the reductions' input. */
export function rowSpace({ nodes, storage }: TemplateCall): readonly number[] {
  const reducing = nodes.find((n) => n.op in reductions) ?? bug("a rows group without reduction");
  return storage.shape(operand(reducing, 0));
}

/** One member's work on one row. */
export function member(call: TemplateCall, node: Node, row: readonly Expr[], width: number): Stmt[] {
  const { builder, storage } = call;
  if (node.op in reductions) return reduceRow(call, node, row, width);
  const perRow = width !== 1 && (storage.shape(resultOf(node)).at(-1) ?? 1) === 1;
  if (perRow) return [elementStore(call, node, [...row, x.index(0)])];
  return [builder.loop("vector", "j", 0, width, [node.id], (j) => [elementStore(call, node, [...row, j])])];
}

function reduceRow(call: TemplateCall, node: Node, row: readonly Expr[], width: number): Stmt[] {
  const { builder, storage, graph } = call;
  const input = operand(node, 0);
  const { dtype } = valueOf(graph, input);
  return accumulate(
    call,
    node,
    dtype,
    width,
    (body) => [builder.loop("vector", "j", 0, width, [node.id], (j) => [body(storage.readAt(input, { index: [...row, j] }))])],
    reducedIndex(call, node, row),
  );
}

/** With `keepdims` the reduced axis stays, with extent 1. */
function reducedIndex({ storage }: TemplateCall, node: Node, row: readonly Expr[]): readonly Expr[] {
  return storage.shape(resultOf(node)).length > row.length ? [...row, x.index(0)] : row;
}

/** register = start; loops accumulate; store the finished value. */
export function accumulate(
  call: TemplateCall,
  node: Node,
  dtype: DType,
  count: number,
  loops: (body: (e: Expr) => Stmt) => Stmt[],
  target: readonly Expr[],
): Stmt[] {
  const { builder, storage } = call;
  const r = reductions[node.op] ?? bug(`${node.op} is not a reduction`);
  const acc = builder.register("acc", startOf(r, dtype), [node.id]);
  const body = (e: Expr): Stmt => builder.accum(acc.ref.id, r.op, r.map?.(e) ?? e, [node.id]);
  const result = r.finish?.(acc.ref, count, dtype) ?? acc.ref;
  return [acc.stmt, ...loops(body), builder.store(storage.ref(resultOf(node), { index: target }), result, [node.id])];
}
