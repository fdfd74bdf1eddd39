/** Data movement that has to be written out: copies of views, concatenation, gathering. */
import { bug } from "../messages.ts";
import { valueOf, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { linear, plus } from "./module-builder.ts";
import { nest } from "./nest.ts";
import { overRows } from "./points.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";
import { transposed } from "./transpose.ts";
import { viewMaps } from "./views.ts";

/** The node of a group that consists of one. */
export const onlyNode = (call: TemplateCall): Node => call.nodes[0] ?? bug("an empty group");

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
  return (node.op === "transpose" ? transposed(call, node, output, from) : undefined) ?? fill(call, node, output, from, (index) => index);
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

/** Elements of `data` along `axis`, at the positions in `indices`; negative positions count from the end, all are kept inside the axis. */
export const gather: Template = (call) => {
  const { graph, storage, builder } = call;
  const node = onlyNode(call);
  const [data, indices] = [operand(node, 0), operand(node, 1)];
  const [dataShape, indexShape] = [storage.shape(data), storage.shape(indices)];
  const given = Number(node.attrs["axis"] ?? 0);
  const axis = given < 0 ? given + dataShape.length : given;
  const last = axis + indexShape.length;
  const position = (index: readonly Expr[]): Expr =>
    boundedPosition(storage.literal(indices) ?? storage.readAt(indices, { index: index.slice(axis, last) }), dataShape[axis] ?? 1);
  const from = (index: readonly Expr[], at: Expr): Expr =>
    storage.readAt(data, { index: [...index.slice(0, axis), at, ...index.slice(last)] });
  if (valueOf(graph, data).dtype === "string") bug("strings are not compiled", { node: node.name });
  const shape = storage.shape(resultOf(node));
  const store = (index: readonly Expr[], at: Expr): Stmt =>
    builder.store(storage.ref(resultOf(node), { index }), from(index, at), [node.id]);
  // Whole rows of the table are copied where the axis is not the last one: the position is looked up once for each.
  return nest(call, shape.slice(0, last), { vector: last === shape.length }, (outer) => {
    if (last === shape.length) return [store(outer, position(outer))];
    const at = builder.let("at", position(outer), [node.id]);
    return [at.stmt, ...nest(call, shape.slice(last), { inner: true, vector: true }, (rest) => [store([...outer, ...rest], at.ref)])];
  });
};

/** An index from data as a position inside of an axis: counted from the end if negative, and clamped, so that nothing outside is read. */
export function boundedPosition(raw: Expr, extent: number): Expr {
  if (raw.k === "const") return x.index(Math.min(Math.max(wrapAt(Number(raw.value), extent), 0), Math.max(0, extent - 1)));
  return x.binary("max", x.binary("min", wrappedPosition(raw, extent), x.index(extent - 1)), x.index(0));
}

const wrapAt = (i: number, extent: number): number => (i < 0 ? i + extent : i);

/** Counted from the end if negative; may still be outside. */
export function wrappedPosition(raw: Expr, extent: number): Expr {
  const at = x.cast(raw, "i64");
  return x.select(x.binary("lt", at, x.index(0)), x.add(at, x.index(extent)), at);
}
