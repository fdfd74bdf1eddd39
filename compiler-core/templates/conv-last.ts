/**
 * Convolutions of images whose channels are the last axis: threads share out blocks of rows (and of output channels, where the kernel matrix is
 * what takes longest to read), and one kernel call computes a block. Members after the convolution are computed on the finished register tile.
 *
 *   for t in 0..images*blocks of rows*blocks of channels parallel
 *     conv_last(x[image], w[channels of t]) -> epilogue
 */
import { bug } from "../messages.ts";
import { valueOf, type Node } from "../graph/ir.ts";
import { convLastScratch, winogradScratch } from "../kernels/conv-last.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../tensor/ir.ts";
import { lastShape, type LastShape } from "./last-shape.ts";
import { plus, times } from "./module-builder.ts";
import { postOps } from "./post-ops.ts";
import { operand, type Template, type TemplateCall } from "./template.ts";

const quotient = (e: Expr, by: number): Expr => (by === 1 ? e : x.div(e, x.index(by)));
const remainder = (e: Expr, by: number): Expr => (by === 1 ? x.index(0) : x.binary("mod", e, x.index(by)));

/** Which image, and which part of its result. */
interface Block {
  readonly image: Expr;
  readonly row: Expr;
  readonly rows: Expr;
  readonly col: Expr;
  readonly cols: Expr;
}

export const convLast: Template = (call) => {
  const { builder, group } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const s = lastShape(call.graph, node);
  const block = { rows: Number(group.params["rows"]), columns: Number(group.params["columns"]) };
  const [down, across] = [Math.ceil(s.outRows / block.rows), Math.ceil(s.outputs / block.columns)];
  const origin = call.nodes.map((n) => n.id);
  return [
    builder.loop("parallel", "t", 0, s.batch * down * across, origin, (t) => {
      const stmts: Stmt[] = [];
      const named = (name: string, e: Expr): Expr => {
        if (e.k === "const" || e.k === "var") return e;
        const made = builder.let(name, e, origin);
        stmts.push(made.stmt);
        return made.ref;
      };
      const part = (size: number, extent: number, from: Expr): Expr =>
        size >= extent
          ? x.index(extent)
          : extent % size === 0
            ? x.index(size)
            : x.binary("min", x.index(size), x.sub(x.index(extent), from));
      const image = named("image", s.batch === 1 ? x.index(0) : quotient(t, down * across));
      const row = named("row", times(remainder(quotient(t, across), down), block.rows));
      const col = named("col", times(remainder(t, across), block.columns));
      const rows = named("rows", part(block.rows, s.outRows, row));
      const cols = named("cols", part(block.columns, s.outputs, col));
      return [...stmts, ...kernelCall(call, node, s, { image, row, rows, col, cols }, Math.min(block.rows, s.outRows))];
    }),
  ];
};

const kernelName = (s: LastShape): string =>
  s.winograd
    ? "winograd_last_f32"
    : `${s.depthwise ? "depthwise" : "conv"}_last_${s.dtype === "f32" ? "f32" : s.dtype === "u8" ? "u8s8" : "s8s8"}`;

function kernelCall(call: TemplateCall, node: Node, s: LastShape, at: Block, mostRows: number): Stmt[] {
  const { builder, storage, group, graph } = call;
  const { window: w } = s;
  const positions = s.outRows * w.out_columns;
  const size = s.depthwise
    ? w.channels
    : s.winograd
      ? winogradScratch(w, Number(group.params["ty"]), { mr: Number(group.params["mr"]), nr: Number(group.params["nr"]) })
      : convLastScratch(w, mostRows);
  const scratch =
    s.depthwise || s.winograd || s.copy
      ? builder.buffer({ name: s.depthwise ? "fills" : "rows", dtype: s.dtype, shape: [size], scope: "thread" })
      : undefined;
  const first = plus(times(at.image, positions), times(at.row, w.out_columns));
  const start = node.inputs[2];
  const scratchRef: Record<string, Ref> =
    scratch === undefined ? {} : { [s.depthwise ? "fills" : "scratch"]: { buffer: scratch, index: [x.index(0)] } };
  const kernel = builder.kernel(
    {
      kernel: kernelName(s),
      refs: {
        x: storage.ref(operand(node, 0), { offset: times(at.image, w.rows * w.columns * w.channels) }),
        w: s.depthwise ? storage.ref(operand(node, 1), origin(storage.shape(operand(node, 1)))) : panelRef(call, node, s, at.col),
        ...(start == null ? {} : { start: storage.ref(start, { index: [at.col] }) }),
        ...scratchRef,
      },
      args: { row: at.row, rows: at.rows, ...(s.depthwise ? {} : { n: at.cols }) },
      params: {
        ...w,
        ...(s.dtype === "f32" ? {} : { fill: Number(node.attrs["fill"]) }),
        ...(s.winograd ? { ty: Number(group.params["ty"]), nr: Number(group.params["nr"]) } : {}),
        ...(s.depthwise || s.winograd
          ? {}
          : { copy: s.copy ? 1 : 0, tr: Number(group.params["tr"]), tw: Number(group.params["tw"]), nr: Number(group.params["nr"]) }),
      },
      epilogue: postOps(call, node, {
        acc: valueOf(graph, operand(node, 0)).dtype === "f32" ? "f32" : "i32",
        index: (i, j) => [plus(first, i), plus(at.col, j)],
      }),
    },
    [node.id],
  );
  return [...(scratch === undefined ? [] : [builder.alloc(scratch, [node.id])]), kernel];
}

const origin = (shape: readonly number[]): { readonly index: readonly Expr[] } => ({ index: shape.map(() => x.index(0)) });

/** The panel that a column of the kernel matrix lies in. */
function panelRef({ storage, builder, group }: TemplateCall, node: Node, s: LastShape, col: Expr): Ref {
  const buffer = storage.bufferOf(operand(node, 1));
  const nr = Number(group.params["nr"]);
  const first = s.outputs <= nr ? x.index(0) : col.k === "const" ? x.index(Number(col.value) / nr) : x.div(col, x.index(nr));
  return { buffer, index: builder.bufferOf(buffer).shape.map((_, axis) => (axis === 0 ? first : x.index(0))) };
}
