/** Running sums and products: a register along the last axis; otherwise each slice from the one before it, element by element. */
import { valueOf } from "../../graph/ir.ts";
import { boolAttr, intAttr } from "../../graph/ops/op.ts";
import * as x from "../../tensor/build.ts";
import { reduceIdentity } from "../../tensor/semantics.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { onlyNode } from "../movement.ts";
import { nest } from "../nest.ts";
import { operand, resultOf, type Template } from "../template.ts";

const cumulative =
  (op: "add" | "mul"): Template =>
  (call) => {
    const { storage, builder, graph } = call;
    const node = onlyNode(call);
    const [source, out] = [operand(node, 0), resultOf(node)];
    const { dtype } = valueOf(graph, out);
    const shape = storage.shape(out);
    const axis = intAttr(node.attrs, "axis");
    const n = shape[axis] ?? 1;
    const [exclusive, reverse] = [boolAttr(node.attrs, "exclusive"), boolAttr(node.attrs, "reverse")];
    const neutral = x.constant(reduceIdentity(op, dtype), dtype);
    const inner = shape.slice(axis + 1);
    const place = (step: Expr): Expr => (reverse ? x.sub(x.index(n - 1), step) : step);
    const store = (index: readonly Expr[], value: Expr): Stmt => builder.store(storage.ref(out, { index }), value, [node.id]);
    const read = (index: readonly Expr[]): Expr => storage.literal(source) ?? storage.readAt(source, { index });
    const inRegister = (outer: readonly Expr[]): Stmt[] => {
      const index = (step: Expr): Expr[] => [...outer, place(step), ...inner.map(() => x.index(0))];
      const sum = builder.register("sum", neutral, [node.id]);
      const loop = builder.loop("serial", "k", 0, n, [node.id], (k) => {
        const keep = store(index(k), sum.ref);
        const next = builder.accum(sum.ref.id, op, read(index(k)), [node.id]);
        return exclusive ? [keep, next] : [next, keep];
      });
      return [sum.stmt, loop];
    };
    const bySlices = (outer: readonly Expr[]): Stmt[] => {
      const at = (step: Expr, rest: readonly Expr[]): Expr[] => [...outer, place(step), ...rest];
      const slice = (value: (rest: readonly Expr[]) => Expr, step: Expr): Stmt[] =>
        nest(call, inner, { inner: true, vector: true }, (rest) => [store(at(step, rest), value(rest))]);
      const first = slice((rest) => (exclusive ? neutral : read(at(x.index(0), rest))), x.index(0));
      const loop = builder.loop("serial", "k", 1, n, [node.id], (k) => {
        const before = x.sub(k, x.index(1));
        const sum = (rest: readonly Expr[]): Expr =>
          x.binary(op, storage.readAt(out, { index: at(before, rest) }), read(at(exclusive ? before : k, rest)));
        return slice(sum, k);
      });
      return [...first, loop];
    };
    return nest(call, shape.slice(0, axis), {}, inner.every((d) => d === 1) ? inRegister : bySlices);
  };

export const cumSum = cumulative("add");
export const cumProd = cumulative("mul");
