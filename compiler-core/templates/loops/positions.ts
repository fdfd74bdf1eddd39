/** Nests whose elements depend on where they stand: one-hot, triangles, identity matrices, reversed sequences. */
import { valueOf } from "../../graph/ir.ts";
import { boolAttr, intAttr } from "../../graph/ops/op.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";
import * as x from "../../tensor/build.ts";
import type { DType } from "../../support/dtype.ts";
import type { Expr } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import { onlyNode, wrappedPosition } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, resultOf, type Template } from "../template.ts";

const zero = (dtype: DType): Expr => x.constant(dtype === "bool" ? false : (reduceIdentity("add", dtype) as number), dtype);
const one = (dtype: DType): Expr => x.constant(dtype === "bool" ? true : 1, dtype);

/** For every index: all of the new axis is `off`, then one element `on`, if the index is inside. */
export const oneHot: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [indices, values, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const shape = storage.shape(out);
  const given = intAttr(node.attrs, "axis");
  const axis = given < 0 ? given + shape.length : given;
  const depth = shape[axis] ?? 1;
  const value = (i: number): Expr => storage.readAt(values, { index: [x.index(i)] });
  const fill = nest(call, shape, { vector: true }, (index) => [builder.store(storage.ref(out, { index }), value(0), [node.id])]);
  const hot = nest(call, storage.shape(indices), {}, (index) => {
    const raw = storage.literal(indices) ?? storage.readAt(indices, { index });
    const at = builder.let("at", wrappedPosition(raw, depth), [node.id]);
    const place = [...index.slice(0, axis), at.ref, ...index.slice(axis)];
    const isInside = x.binary("and", x.binary("ge", at.ref, x.index(0)), x.binary("lt", at.ref, x.index(depth)));
    return [at.stmt, builder.when(isInside, [node.id], [builder.store(storage.ref(out, { index: place }), value(1), [node.id])])];
  });
  return [...fill, ...hot];
};

/** Each row is kept up to, or from, a column that depends on the row. */
export const trilu: Template = (call) => {
  const { storage, builder, graph } = call;
  const node = onlyNode(call);
  const [source, out] = [operand(node, 0), resultOf(node)];
  const shape = storage.shape(out);
  const { dtype } = valueOf(graph, out);
  const [columns, k, upper] = [shape.at(-1) ?? 1, Number(node.attrs["k"] ?? 0), boolAttr(node.attrs, "upper")];
  const clamp = (e: Expr): Expr => x.binary("max", x.binary("min", e, x.index(columns)), x.index(0));
  return nest(call, shape.slice(0, -1), {}, (row) => {
    const i = row.at(-1) ?? x.index(0);
    const edge = builder.let("edge", clamp(plus(i, upper ? k : k + 1)), [node.id]);
    const stretch = (lo: Expr | number, hi: Expr | number, keep: boolean) =>
      builder.loop("vector", "j", lo, hi, [node.id], (j) => [
        builder.store(
          storage.ref(out, { index: [...row, j] }),
          keep ? (storage.literal(source) ?? storage.readAt(source, { index: [...row, j] })) : zero(dtype),
          [node.id],
        ),
      ]);
    return [edge.stmt, stretch(0, edge.ref, !upper), stretch(edge.ref, columns, upper)];
  });
};

export const eyeLike: Template = (call) => {
  const { storage, builder, graph } = call;
  const node = onlyNode(call);
  const out = resultOf(node);
  const { dtype } = valueOf(graph, out);
  const k = intAttr(node.attrs, "k");
  return nest(call, storage.shape(out), { vector: true }, (index) => {
    const [i, j] = index as [Expr, Expr];
    return [builder.store(storage.ref(out, { index }), x.select(x.binary("eq", j, plus(i, k)), one(dtype), zero(dtype)), [node.id])];
  });
};

export const reverseSequence: Template = (call) => {
  const { storage, builder } = call;
  const node = onlyNode(call);
  const [source, lengths, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const [batch, time] = [intAttr(node.attrs, "batchAxis"), intAttr(node.attrs, "timeAxis")];
  const shape = storage.shape(out);
  const extent = shape[time] ?? 1;
  return nest(call, shape.slice(0, 2), {}, (outer) => {
    const [b, t] = [outer[batch] ?? x.index(0), outer[time] ?? x.index(0)];
    const raw = x.cast(storage.literal(lengths) ?? storage.readAt(lengths, { index: [b] }), "i64");
    const length = builder.let("length", x.binary("min", raw, x.index(extent)), [node.id]);
    const mirrored = x.sub(plus(length.ref, -1), t);
    const at = builder.let("at", x.select(x.binary("lt", t, length.ref), mirrored, t), [node.id]);
    const copy = nest(call, shape.slice(2), { inner: true, vector: true }, (rest) => [
      builder.store(
        storage.ref(out, { index: [...outer, ...rest] }),
        storage.readAt(source, { index: [...withAxis(outer, time, at.ref), ...rest] }),
        [node.id],
      ),
    ]);
    return [length.stmt, at.stmt, ...copy];
  });
};
