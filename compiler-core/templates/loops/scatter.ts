/** Scatter operators: the operand is copied, then updates are written where data says; positions outside of the tensor are left out. */
import type { Node, ValueId } from "../../graph/ir.ts";
import { ndPlan } from "../../graph/ops/gather.ts";
import { scatterReductions } from "../../graph/ops/scatter.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { onlyNode, wrappedPosition } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

/** The result starts as the operand. */
function copied(call: TemplateCall, from: ValueId, to: ValueId): Stmt[] {
  const { storage, builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  return nest(call, storage.shape(to), { vector: true }, (index) => [
    builder.store(storage.ref(to, { index }), storage.read(from, index), origin),
  ]);
}

/** One element replaced, or combined with what is there. */
function updated(call: TemplateCall, node: Node, index: readonly Expr[], value: Expr): Stmt {
  const { storage, builder } = call;
  const out = resultOf(node);
  const op = scatterReductions[String(node.attrs["reduction"])];
  const next = op === undefined ? value : x.binary(op, storage.readAt(out, { index }), value);
  return builder.store(storage.ref(out, { index }), next, [node.id]);
}

const inside = (at: Expr, extent: number): Expr => x.binary("and", x.binary("ge", at, x.index(0)), x.binary("lt", at, x.index(extent)));

/** Lines along the axis are independent of each other; along a line, later updates win. */
export const scatterElements: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [data, indices, updates, out] = [operand(node, 0), operand(node, 1), operand(node, 2), resultOf(node)];
  const axis = Number(node.attrs["axis"]);
  const extent = storage.shape(out)[axis] ?? 1;
  const shape = storage.shape(indices);
  if (shape.includes(0)) return copied(call, data, out);
  const others = shape.map((d, a) => (a === axis ? 1 : d));
  const lines = nest(call, others, {}, (line) => [
    builder.loop("serial", "u", 0, shape[axis] ?? 1, [node.id], (u) => {
      const index = withAxis(line, axis, u);
      const at = builder.let("at", wrappedPosition(storage.literal(indices) ?? storage.readAt(indices, { index }), extent), [node.id]);
      const value = storage.literal(updates) ?? storage.readAt(updates, { index });
      return [at.stmt, builder.when(inside(at.ref, extent), [node.id], [updated(call, node, withAxis(index, axis, at.ref), value)])];
    }),
  ]);
  return [...copied(call, data, out), ...lines];
};

/** Tuples may name the same slice, so they are taken one after the other; the elements of a slice are independent. */
export const scatterNd: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [data, indices, updates, out] = [operand(node, 0), operand(node, 1), operand(node, 2), resultOf(node)];
  const [shape, tuples] = [storage.shape(out), storage.shape(indices)];
  const { depth, slice } = ndPlan(shape, tuples, 0);
  if (tuples.includes(0) || slice.includes(0)) return copied(call, data, out);
  const writes = nest(call, tuples.slice(0, -1), { inner: true }, (outer) => {
    const lets = Array.from({ length: depth }, (_, d) => {
      const raw = storage.literal(indices) ?? storage.readAt(indices, { index: [...outer, x.index(d)] });
      return builder.let(`at${d}`, wrappedPosition(raw, shape[d] ?? 1), [node.id]);
    });
    const body = nest(call, slice, { inner: true, vector: true }, (rest) => [
      updated(
        call,
        node,
        [...lets.map((l) => l.ref), ...rest],
        storage.literal(updates) ?? storage.readAt(updates, { index: [...outer, ...rest] }),
      ),
    ]);
    const valid = lets.map((l, d) => inside(l.ref, shape[d] ?? 1));
    const [first, ...more] = valid;
    if (first === undefined) return body;
    return [
      ...lets.map((l) => l.stmt),
      builder.when(
        more.reduce((a, b) => x.binary("and", a, b), first),
        [node.id],
        body,
      ),
    ];
  });
  return [...copied(call, data, out), ...writes];
};

export const tensorScatter: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [data, updates, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const starts = node.inputs[2] ?? undefined;
  const axis = Number(node.attrs["axis"]);
  const extent = storage.shape(out)[axis] ?? 1;
  const shape = storage.shape(updates);
  if (shape.includes(0)) return copied(call, data, out);
  const writes = nest(call, shape.slice(0, axis + 1), {}, (outer) => {
    const [batch, step] = [outer[0] ?? x.index(0), outer[axis] ?? x.index(0)];
    const start = starts === undefined ? x.index(0) : x.cast(storage.literal(starts) ?? storage.readAt(starts, { index: [batch] }), "i64");
    const raw = plus(start, step);
    const at = builder.let("at", node.attrs["circular"] === true ? x.binary("mod", raw, x.index(extent)) : raw, [node.id]);
    const body = nest(call, shape.slice(axis + 1), { inner: true, vector: true }, (rest) => [
      builder.store(
        storage.ref(out, { index: [...outer.slice(0, axis), at.ref, ...rest] }),
        storage.literal(updates) ?? storage.readAt(updates, { index: [...outer, ...rest] }),
        [node.id],
      ),
    ]);
    return [at.stmt, builder.when(inside(at.ref, extent), [node.id], body)];
  });
  return [...copied(call, data, out), ...writes];
};
