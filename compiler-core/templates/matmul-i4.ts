/**
 * Products with weights of 4 bits in the panels of `pack-blocks`, decoded in the kernel, with what follows in its epilogue. Where the left operand
 * may be rounded to bytes, each thread rounds the rows of its share once, block by block.
 *
 *   for t in 0..mSplit*nSplit parallel
 *     [rows of t as bytes, with scales and sums of blocks]
 *     gemm(A[rows of t], B[columns of t]) -> epilogue
 */
import { bug } from "../messages.ts";
import type { Node } from "../graph/ir.ts";
import { i4Block, i8RowBytes } from "../kernels/index.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../tensor/ir.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { postOps } from "./post-ops.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";

export const isBlockProduct = (node: Node | undefined): boolean => node?.op === "matmul-i4";

interface Share {
  readonly row: Expr;
  readonly rows: Expr;
  readonly mostRows: number;
  readonly col: Expr;
  readonly cols: Expr;
}

export const matmulI4: Template = (call) => {
  const { builder, group, storage } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const n = Number(node.attrs["n"]);
  const rows = storage
    .shape(operand(node, 0))
    .slice(0, -1)
    .reduce((m, d) => m * d, 1);
  const [perM, perN] = [Number(group.params["rowsPerThread"]), Number(group.params["colsPerThread"])];
  const [ms, ns] = [Math.ceil(rows / perM), Math.ceil(n / perN)];
  const origin = call.nodes.map((m) => m.id);
  const part = (name: string, index: Expr, per: number, extent: number): { stmts: Stmt[]; from: Expr; size: Expr } => {
    if (per >= extent) return { stmts: [], from: x.index(0), size: x.index(extent) };
    const from = builder.let(name, times(index, per), origin);
    const size = builder.let(`${name}_size`, x.binary("min", x.index(per), x.sub(x.index(extent), from.ref)), origin);
    return { stmts: [from.stmt, size.stmt], from: from.ref, size: size.ref };
  };
  const body = (t: Expr): Stmt[] => {
    const m = part("m0", ns === 1 ? t : x.div(t, x.index(ns)), perM, rows);
    const c = part("n0", ms === 1 ? t : x.binary("mod", t, x.index(ns)), perN, n);
    const share = { row: m.from, rows: m.size, mostRows: Math.min(rows, perM), col: c.from, cols: c.size };
    return [...m.stmts, ...c.stmts, ...block(call, node, share)];
  };
  return ms * ns === 1 ? body(x.index(0)) : [builder.loop("parallel", "t", 0, ms * ns, [node.id], body)];
};

function block(call: TemplateCall, node: Node, own: Share): Stmt[] {
  const { builder, storage } = call;
  const [a, panels, scales] = [operand(node, 0), operand(node, 1), operand(node, 2)];
  const zeros = node.inputs[3];
  const k = storage.shape(a).at(-1) ?? 1;
  const nr = storage.shape(scales)[2] ?? bug("panels of another rank");
  const zero = x.index(0);
  const panel = own.col.k === "const" ? x.index(Number(own.col.value) / nr) : x.div(own.col, x.index(nr));
  const at = (v: number, rank: number): Ref => ({ buffer: storage.bufferOf(v), index: [panel, ...new Array<Expr>(rank - 1).fill(zero)] });
  const weight = { b: at(panels, 5), scales: at(scales, 3), ...(zeros == null ? {} : { zeros: at(zeros, 3) }) };
  const lead = storage.shape(resultOf(node)).slice(0, -1);
  const epilogue = postOps(call, node, { acc: "f32", index: (i, j) => [...unlinear(plus(own.row, i), lead), plus(own.col, j)] });
  const sizes = { m: own.rows, n: own.cols, k: x.index(k), kb: x.index(k) };
  const kernel = String(node.attrs["kernel"]);
  const from = storage.ref(a, { offset: times(own.row, k) });
  if (kernel === "gemm_f32_i4")
    return [
      builder.kernel({ kernel, refs: { a: from, ...weight }, args: { ...sizes, lda: x.index(k) }, params: { nr }, epilogue }, [node.id]),
    ];
  const blocks = Math.ceil(k / i4Block);
  const scratch = (name: string, dtype: "i8" | "f32" | "i32", width: number): Ref => ({
    buffer: builder.buffer({ name, dtype, shape: [own.mostRows, width], scope: "thread" }),
    index: [zero, zero],
  });
  const bytes = scratch("rows", "i8", i8RowBytes(k));
  const [rowScales, rowSums] = [scratch("row_scales", "f32", blocks), scratch("row_sums", "i32", blocks)];
  const round = builder.kernel(
    {
      kernel: "quantise_rows_i8",
      refs: { src: from, dst: bytes, scales: rowScales, sums: rowSums },
      args: { m: own.rows, k: x.index(k), lds: x.index(k) },
    },
    [node.id],
  );
  return [
    ...[bytes, rowScales, rowSums].map((b) => builder.alloc(b.buffer, [node.id])),
    round,
    builder.kernel({ kernel, refs: { a: bytes, a_scales: rowScales, a_sums: rowSums, ...weight }, args: sizes, params: { nr }, epilogue }, [
      node.id,
    ]),
  ];
}
