/** GatherElements and GatherND: positions are read from data and kept inside of the tensor. */
import { ndPlan } from "../../graph/ops/gather.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import * as x from "../../tensor/build.ts";
import { boundedPosition, onlyNode } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, resultOf, type Template } from "../template.ts";

export const gatherElements: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [data, indices, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const axis = Number(node.attrs["axis"]);
  const extent = storage.shape(data)[axis] ?? 1;
  return nest(call, storage.shape(out), { vector: true }, (index) => {
    const at = boundedPosition(storage.literal(indices) ?? storage.readAt(indices, { index }), extent);
    return [builder.store(storage.ref(out, { index }), storage.readAt(data, { index: withAxis(index, axis, at) }), [node.id])];
  });
};

export const gatherNd: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [data, indices, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const batch = Number(node.attrs["batchDims"]);
  const [from, tuples] = [storage.shape(data), storage.shape(indices)];
  const { depth, slice } = ndPlan(from, tuples, batch);
  return nest(call, tuples.slice(0, -1), {}, (outer) => {
    const lets = Array.from({ length: depth }, (_, d) => {
      const raw = storage.literal(indices) ?? storage.readAt(indices, { index: [...outer, x.index(d)] });
      return builder.let(`at${d}`, boundedPosition(raw, from[batch + d] ?? 1), [node.id]);
    });
    const source = (rest: readonly Expr[]): readonly Expr[] => [...outer.slice(0, batch), ...lets.map((l) => l.ref), ...rest];
    const copy = nest(call, slice, { inner: true, vector: true }, (rest): Stmt[] => [
      builder.store(storage.ref(out, { index: [...outer, ...rest] }), storage.readAt(data, { index: source(rest) }), [node.id]),
    ]);
    return [...lets.map((l) => l.stmt), ...copy];
  });
};
