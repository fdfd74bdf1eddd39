/**
 * Weights of 4 bits with scales for blocks of k: `pack-blocks`, the panels that kernels decode, and `matmul-blocks`, the product with a weight that
 * nobody packed.
 *
 *   for panel in 0..N/nr parallel                       for row in 0..M parallel
 *     for block in 0..K/32                                for j in 0..N
 *       scales, zero points: lanes are columns              for p in 0..K: sum += a[row, p] * ((w[p, j] - zero) * scale)
 *       for byte in 0..16 of each column
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import { i4Block } from "../../kernels/index.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

interface Weight {
  readonly k: number;
  readonly n: number;
  /** As i32. */
  readonly element: (p: Expr, col: Expr) => Expr;
  readonly scale: (p: Expr, col: Expr) => Expr;
  readonly zero: (p: Expr, col: Expr) => Expr;
}

const i32 = (value: number): Expr => x.constant(value, "i32");

/** The weight of a node whose operands `first ...` are weight, scales and zero points. */
function weightOf(call: TemplateCall, node: Node, first: number): Weight {
  const { storage, graph } = call;
  const [weight, scales] = [operand(node, first), operand(node, first + 1)];
  const zeros = node.inputs[first + 2];
  const transB = node.attrs["transB"] === true;
  const [rows, columns] = storage.shape(weight) as readonly [number, number];
  const block = Number(node.attrs["block"]);
  const place = (p: Expr, col: Expr): readonly Expr[] => (transB ? [col, p] : [p, col]);
  const ofBlock = (v: ValueId, p: Expr, col: Expr): Expr =>
    storage.literal(v) ?? storage.readAt(v, { index: place(x.div(p, x.index(block)), col) });
  const [k, n] = transB ? [columns, rows] : [rows, columns];
  if (valueOf(graph, weight).dtype !== "u4" && valueOf(graph, weight).dtype !== "i4") return bug("a weight that is not of 4 bits");
  return {
    k,
    n,
    element: (p, col) => x.cast(storage.readAt(weight, { index: place(p, col) }), "i32"),
    scale: (p, col) => x.cast(ofBlock(scales, p, col), "f32"),
    zero: (p, col) => (zeros == null ? i32(Number(node.attrs["zero"])) : x.cast(ofBlock(zeros, p, col), "i32")),
  };
}

export const packBlocksLoops: Template = (call) => {
  const { builder, storage, graph } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const origin = [node.id];
  const w = weightOf(call, node, 0);
  const panel = Number(node.attrs["panel"]);
  const [panels, scales, zeros] = node.outputs as readonly [ValueId, ValueId, ValueId?];
  const shift = i32(valueOf(graph, operand(node, 0)).dtype === "i4" ? 8 : 0);
  const column = (pn: Expr, j: Expr): Expr => x.binary("min", plus(times(pn, panel), j), x.index(w.n - 1));
  const isInside = (pn: Expr, j: Expr): Expr => x.binary("lt", plus(times(pn, panel), j), x.index(w.n));
  const parameters = (pn: Expr, b: Expr): Stmt =>
    builder.loop("serial", "j", 0, panel, origin, (j) => {
      const [p, col] = [times(b, i4Block), column(pn, j)];
      const scale = x.select(isInside(pn, j), w.scale(p, col), x.constant(0, "f32"));
      const stored = [builder.store(storage.ref(scales, { index: [pn, b, j] }), scale, origin)];
      if (zeros === undefined) return stored;
      return [...stored, builder.store(storage.ref(zeros, { index: [pn, b, j] }), x.cast(x.add(w.zero(p, col), shift), "u8"), origin)];
    });
  /** The weight of a step as 4 bits; 0 past the end. */
  const nibble = (p: Expr, pn: Expr, j: Expr): Expr => {
    const there = x.binary("and", isInside(pn, j), x.binary("lt", p, x.index(w.k)));
    const q = x.add(w.element(x.binary("min", p, x.index(w.k - 1)), column(pn, j)), shift);
    return x.select(there, q, i32(0));
  };
  const bytes = (pn: Expr, b: Expr): Stmt =>
    builder.loop("serial", "c", 0, i4Block / 8, origin, (c) => [
      builder.loop("serial", "j", 0, panel, origin, (j) => [
        builder.loop("serial", "i", 0, 4, origin, (i) => {
          const p = plus(plus(times(b, i4Block), times(c, 8)), i);
          const both = x.add(nibble(p, pn, j), x.mul(nibble(plus(p, 4), pn, j), i32(16)));
          return [builder.store(storage.ref(panels, { index: [pn, b, c, j, i] }), x.cast(both, "u8"), origin)];
        }),
      ]),
    ]);
  const blocks = (pn: Expr): Stmt[] => [
    builder.loop("serial", "block", 0, Math.ceil(w.k / i4Block), origin, (b) => [parameters(pn, b), bytes(pn, b)]),
  ];
  return [builder.loop("parallel", "panel", 0, Math.ceil(w.n / panel), origin, blocks)];
};

export const matmulBlocksLoops: Template = (call) => {
  const { builder, storage } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const origin = [node.id];
  const w = weightOf(call, node, 1);
  const a = operand(node, 0);
  const rows = storage
    .shape(a)
    .slice(0, -1)
    .reduce((m, d) => m * d, 1);
  const one = (row: Expr): Stmt[] => [
    builder.loop("serial", "j", 0, w.n, origin, (j) => {
      const sum = builder.register("sum", x.constant(0, "f32"), origin);
      const terms = builder.loop("serial", "p", 0, w.k, origin, (p) => {
        const real = x.mul(x.cast(x.sub(w.element(p, j), w.zero(p, j)), "f32"), w.scale(p, j));
        return [builder.accum(sum.ref.id, "add", x.mul(storage.readAt(a, { offset: plus(times(row, w.k), p) }), real), origin)];
      });
      return [sum.stmt, terms, builder.store(storage.ref(resultOf(node), { offset: plus(times(row, w.n), j) }), sum.ref, origin)];
    }),
  ];
  return [builder.loop("parallel", "row", 0, rows, origin, one)];
};
