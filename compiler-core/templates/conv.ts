/**
 * Convolutions as matrix products: blocks of output positions are unfolded and multiplied by a kernel call each, then the members after the
 * convolution run over the block while it is in cache.
 *
 *   for t in images x groups x row blocks x column blocks parallel
 *     conv_f32(x of the image and group, kernel matrix of the group) -> block of y
 *     for row of the block, for j of its columns: the members after it
 */
import { bug } from "../messages.ts";
import { elements, valueOf, type Node, type ValueId } from "../graph/ir.ts";
import { convScratch } from "../kernels/conv-f32.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../tensor/ir.ts";
import { convShape, type ConvShape } from "./conv-shape.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { operand, resultOf, scalarOf, type Template, type TemplateCall } from "./template.ts";

export const conv: Template = (call) => {
  const { builder, nodes, group } = call;
  const node = nodes[0] ?? bug("an empty group");
  const s = convShape(call.graph, node);
  const block = { rows: Number(group.params["rows"]), columns: Number(group.params["columns"]) };
  const origin = nodes.map((n) => n.id);
  const [across, down] = [Math.ceil(s.columns / block.columns), Math.ceil(s.rows / block.rows)];
  const target = targetOf(call, node);
  return [
    builder.loop("parallel", "t", 0, s.batch * s.groups * down * across, origin, (t) => {
      const image = builder.let("image", quotient(t, down * across), origin);
      const from = (index: Expr, size: number): Expr => times(index, size);
      const row = builder.let("row", from(remainder(quotient(t, across), down), block.rows), origin);
      const col = builder.let("col", from(remainder(t, across), block.columns), origin);
      const m = builder.let("rows", part(block.rows, s.rows, row.ref), origin);
      const n = builder.let("cols", part(block.columns, s.columns, col.ref), origin);
      const place: Block = { image: image.ref, row: row.ref, col: col.ref, rows: m.ref, cols: n.ref };
      return [
        ...[image, row, col, m, n].map((l) => l.stmt),
        ...kernelCall(call, node, s, place, block.columns, target),
        ...postOps(call, node, s, place, target),
      ];
    }),
  ];
};

const quotient = (e: Expr, by: number): Expr => (by === 1 ? e : x.div(e, x.index(by)));
const remainder = (e: Expr, by: number): Expr => (by === 1 ? x.index(0) : x.binary("mod", e, x.index(by)));
const part = (size: number, extent: number, from: Expr): Expr =>
  size >= extent ? x.index(extent) : extent % size === 0 ? x.index(size) : x.binary("min", x.index(size), x.sub(x.index(extent), from));

/** Which image and group (counted together), and which part of its result. */
interface Block {
  readonly image: Expr;
  readonly row: Expr;
  readonly col: Expr;
  readonly rows: Expr;
  readonly cols: Expr;
}

/** Where the plain result goes: its own place if somebody needs it, else the place of a member's result, which then replaces it. */
function targetOf({ nodes, escaping, graph }: TemplateCall, node: Node): ValueId {
  if (escaping.has(resultOf(node))) return resultOf(node);
  const stored = nodes
    .slice(1)
    .map(resultOf)
    .find((v) => escaping.has(v) && valueOf(graph, v).dtype === "f32");
  return stored ?? resultOf(node);
}

function kernelCall(call: TemplateCall, node: Node, s: ConvShape, at: Block, columnsOfBlock: number, target: ValueId): Stmt[] {
  const { builder, storage, group } = call;
  const nr = Number(group.params["nr"]);
  const columns = Math.min(columnsOfBlock, s.columns);
  const scratch = builder.buffer({ name: "panels", dtype: "f32", shape: [convScratch(columns, s.k, nr)], scope: "thread" });
  const groupIndex = remainder(at.image, s.groups);
  const bias = node.inputs[2];
  const weights: Ref = { buffer: storage.bufferOf(operand(node, 1)), index: [groupIndex, x.index(0), x.index(0), x.index(0)] };
  const sizes = s.axes.flatMap((a, i) =>
    (["input", "kernel", "stride", "dilation", "begin", "output"] as const).map((f) => [`${"zyx"[i]!}_${f}`, x.index(a[f])] as const),
  );
  return [
    builder.alloc(scratch, [node.id]),
    builder.kernel(
      {
        kernel: "conv_f32",
        refs: {
          y: storage.ref(target, { offset: times(at.image, s.rows * s.columns) }),
          x: storage.ref(operand(node, 0), { offset: times(at.image, s.channels * s.plane) }),
          w: weights,
          ...(bias == null ? {} : { bias: storage.ref(bias, { index: [times(groupIndex, s.rows)] }) }),
          scratch: { buffer: scratch, index: [x.index(0)] },
        },
        args: { row: at.row, m: at.rows, column: at.col, n: at.cols, k: x.index(s.k), ...Object.fromEntries(sizes) },
        params: { r: s.tile, rest: s.rows % s.tile, tail: Math.ceil((s.columns % nr) / (nr / Number(group.params["nv"]))) },
      },
      [node.id],
    ),
  ];
}

/** The members after the convolution, over the block. */
function postOps(call: TemplateCall, leader: Node, s: ConvShape, at: Block, target: ValueId): Stmt[] {
  const { builder, storage, graph, nodes, escaping } = call;
  if (nodes.length === 1) return [];
  const origin = nodes.slice(1).map((n) => n.id);
  return [
    builder.loop("serial", "i", 0, at.rows, origin, (i) => {
      const row = plus(at.row, i);
      return [
        builder.loop("vector", "j", 0, at.cols, origin, (j) => {
          const offset = plus(times(plus(times(at.image, s.rows), row), s.columns), plus(at.col, j));
          const channel = plus(times(remainder(at.image, s.groups), s.rows), row);
          const read = (v: ValueId): Expr => elementAt(call, v, { offset, image: quotient(at.image, s.groups), channel });
          const first = builder.let("y", storage.readAt(target, { offset }), [leader.id]);
          const known = new Map<ValueId, Expr>([[resultOf(leader), first.ref]]);
          const body: Stmt[] = [first.stmt];
          for (const node of nodes.slice(1)) {
            const args = node.inputs.filter((v) => v !== null).map((v) => known.get(v) ?? read(v));
            const value = builder.let(node.op, scalarOf(graph, node, args), [node.id]);
            body.push(value.stmt);
            known.set(resultOf(node), value.ref);
            if (escaping.has(resultOf(node))) body.push(builder.store(storage.ref(resultOf(node), { offset }), value.ref, [node.id]));
          }
          return body;
        }),
      ];
    }),
  ];
}

/** An element of an operand that broadcasts to the result: per element, per channel, or anything else by its index. */
function elementAt(call: TemplateCall, v: ValueId, at: { offset: Expr; image: Expr; channel: Expr }): Expr {
  const { storage, nodes } = call;
  const literal = storage.literal(v);
  if (literal !== undefined) return literal;
  const shape = storage.shape(v);
  const full = storage.shape(resultOf(nodes[0] ?? bug("an empty group")));
  if (elements(shape) === elements(full)) return storage.readAt(v, { offset: at.offset });
  const spatial = full.length - 2;
  const perChannel = shape.slice(Math.max(0, shape.length - spatial)).every((d) => d === 1);
  const index = perChannel ? [at.image, at.channel, ...full.slice(2).map(() => x.index(0))] : unlinear(at.offset, full);
  return storage.read(v, index);
}
