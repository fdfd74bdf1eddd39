/** Data movement that has to be written out: copies of views, concatenation, gathering. */
import { bug } from "../messages.ts";
import { valueOf, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { linear, plus } from "./module-builder.ts";
import { overRows } from "./points.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";
import { viewMaps } from "./views.ts";

const onlyNode = (call: TemplateCall): Node => call.nodes[0] ?? bug("an empty group");

/** Writes `value(index)` for every index of an array of these extents. */
function fill(
  call: TemplateCall,
  node: Node,
  shape: readonly number[],
  value: (index: readonly Expr[]) => Expr,
  target: (index: readonly Expr[]) => readonly Expr[],
): Stmt[] {
  const { builder, storage } = call;
  const store = (index: readonly Expr[]): Stmt =>
    builder.store(storage.ref(resultOf(node), { index: target(index) }), value(index), [node.id]);
  if (shape.length === 0) return [store([])];
  return overRows(call, shape.slice(0, -1), (row) => [
    builder.loop("vector", "j", 0, shape.at(-1) ?? 1, [node.id], (j) => [store([...row, j])]),
  ]);
}

/** A view that somebody needs as dense memory. */
export const copy: Template = (call) => {
  const node = onlyNode(call);
  const source = operand(node, 0);
  const [input, output] = [call.storage.shape(source), call.storage.shape(resultOf(node))];
  const map = viewMaps[node.op] ?? bug(`${node.op} is not a view`);
  const from = (index: readonly Expr[]): Expr =>
    call.storage.literal(source) ??
    call.storage.readAt(source, map === "offset" ? { offset: linear(index, output) } : { index: map(node, index, { input, output }) });
  return fill(call, node, output, from, (index) => index);
};

/** One copy per operand, behind the ones before it. */
export const concat: Template = (call) => {
  const node = onlyNode(call);
  const rank = call.storage.shape(resultOf(node)).length;
  const given = Number(node.attrs["axis"]);
  const axis = given < 0 ? given + rank : given;
  let start = 0;
  return node.inputs.flatMap((value) => {
    if (value === null) return [];
    const shape = call.storage.shape(value);
    const from = start;
    start += shape[axis] ?? 0;
    if (shape.includes(0)) return [];
    return fill(
      call,
      node,
      shape,
      (index) => call.storage.read(value, index),
      (index) => index.map((e, i) => (i === axis ? plus(e, from) : e)),
    );
  });
};

/** Elements of `data` along `axis`, at the positions in `indices`; negative positions count from the end. */
export const gather: Template = (call) => {
  const { graph, storage } = call;
  const node = onlyNode(call);
  const [data, indices] = [operand(node, 0), operand(node, 1)];
  const [dataShape, indexShape] = [storage.shape(data), storage.shape(indices)];
  const given = Number(node.attrs["axis"] ?? 0);
  const axis = given < 0 ? given + dataShape.length : given;
  const extent = dataShape[axis] ?? 1;
  const position = (index: readonly Expr[]): Expr => {
    const raw = x.cast(storage.literal(indices) ?? storage.readAt(indices, { index: index.slice(axis, axis + indexShape.length) }), "i64");
    return raw.k === "const"
      ? x.index((Number(raw.value) + extent) % extent)
      : x.select(x.binary("lt", raw, x.index(0)), x.add(raw, x.index(extent)), raw);
  };
  const from = (index: readonly Expr[]): Expr =>
    storage.readAt(data, { index: [...index.slice(0, axis), position(index), ...index.slice(axis + indexShape.length)] });
  if (valueOf(graph, data).dtype === "string") bug("strings are not compiled", { node: node.name });
  return fill(call, node, storage.shape(resultOf(node)), from, (index) => index);
};
