/** Resampling of one axis: weighted sums of whole rows where the axis is not the last one, of single elements where it is. */
import { valueOf } from "../../graph/ir.ts";
import { intAttr } from "../../graph/ops/op.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { onlyNode } from "../movement.ts";
import { nest, withAxis } from "../nest.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

/** Longer sums are loops. */
const unrolledTaps = 8;

export const resample: Template = (call) => {
  const { storage } = call;
  const node = onlyNode(call);
  const [source, table, weights, out] = [operand(node, 0), operand(node, 1), operand(node, 2), resultOf(node)];
  const axis = intAttr(node.attrs, "axis");
  const shape = storage.shape(out);
  const taps = storage.shape(table)[0] ?? 1;
  const literal = (v: number, place: readonly Expr[]): Expr => storage.literal(v) ?? storage.readAt(v, { index: place });
  const from = (t: Expr, o: Expr): Expr => x.cast(literal(table, [t, o]), "i64");
  const weight = (t: Expr, o: Expr): Expr => literal(weights, [t, o]);
  const element = (index: readonly Expr[], at: Expr): Expr => literal(source, withAxis(index, axis, at));
  const { dtype } = valueOf(call.graph, out);
  const rows = shape.slice(axis + 1).some((d) => d !== 1);
  if (!rows)
    return nest(call, shape, { vector: taps <= unrolledTaps }, (index) => {
      const o = index[axis] ?? x.index(0);
      return taps <= unrolledTaps
        ? [
            store(
              call,
              index,
              sum(taps, (t) => x.mul(weight(t, o), element(index, from(t, o)))),
            ),
          ]
        : inRegister(call, index, x.constant(0, dtype), taps, (t) => x.mul(weight(t, o), element(index, from(t, o))));
    });
  return nest(call, shape.slice(0, axis + 1), {}, (outer) => {
    const o = outer[axis] ?? x.index(0);
    const inner = (term: (index: readonly Expr[], t: Expr) => Expr): Stmt[] =>
      nest(call, shape.slice(axis + 1), { inner: true, vector: true }, (rest) => {
        const index = [...outer, ...rest];
        return taps <= unrolledTaps
          ? [
              store(
                call,
                index,
                sum(taps, (t) => term(index, t)),
              ),
            ]
          : inRegister(call, index, x.constant(0, dtype), taps, (t) => term(index, t));
      });
    if (taps > unrolledTaps) return inner((index, t) => x.mul(weight(t, o), element(index, from(t, o))));
    const known = Array.from({ length: taps }, (_, t) => ({
      at: call.builder.let(`at${t}`, from(x.index(t), o), [node.id]),
      weight: call.builder.let(`w${t}`, weight(x.index(t), o), [node.id]),
    }));
    return [
      ...known.flatMap((k) => [k.at.stmt, k.weight.stmt]),
      ...inner((index, t) => {
        const k = known[t.k === "const" ? Number(t.value) : 0]!;
        return x.mul(k.weight.ref, element(index, k.at.ref));
      }),
    ];
  });
};

const sum = (taps: number, term: (t: Expr) => Expr): Expr =>
  Array.from({ length: taps }, (_, t) => term(x.index(t))).reduce((a, b) => x.add(a, b));

function store({ builder, storage, nodes }: TemplateCall, index: readonly Expr[], value: Expr): Stmt {
  const node = nodes[0]!;
  return builder.store(storage.ref(resultOf(node), { index }), value, [node.id]);
}

function inRegister(call: TemplateCall, index: readonly Expr[], zero: Expr, taps: number, term: (t: Expr) => Expr): Stmt[] {
  const { builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  const total = builder.register("total", zero, origin);
  const loop = builder.loop("serial", "t", 0, taps, origin, (t) => [builder.accum(total.ref.id, "add", term(t), origin)]);
  return [total.stmt, loop, store(call, index, total.ref)];
}
