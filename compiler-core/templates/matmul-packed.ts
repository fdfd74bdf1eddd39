/**
 * Products on packed weights of bytes or bf16, with everything up to the bytes of the next layer in the kernel's epilogue. A kernel for bytes multiplies
 * them as they are; with u = a + 128 for signed a (the kernel reads it so) and zero points za (of u) and zb,
 *   sum (u - za)(b - zb) = sum u b - za * sum b + k za zb - zb * sum u:
 * the second and third term are the kernel's start values, one per column, made once where they are constant; the last one is taken off in
 * its epilogue.
 *
 *   for t in 0..mSplit*nSplit parallel
 *     [start values of the columns of t]
 *     for mm in rows of t step mc
 *       [sums of the rows]
 *       for nn in columns of t step nc  (one step unless there are many; with order "columns" outside of mm)
 *         gemm(A[mm..], B[nn..]) -> epilogue
 */
import { bug } from "../messages.ts";
import type { Node, ValueId } from "../graph/ir.ts";
import { kernelShift } from "../graph/ops/matmul-packed.ts";
import type { DType } from "../support/dtype.ts";
import * as x from "../tensor/build.ts";
import type { BufferId, Expr, Ref, Stmt } from "../tensor/ir.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { postOps } from "./post-ops.ts";
import { overShares } from "./shares.ts";
import { operand, resultOf, type Template, type TemplateCall } from "./template.ts";

interface Product {
  readonly call: TemplateCall;
  readonly node: Node;
  readonly kernel: string;
  readonly acc: DType;
  readonly rows: number;
  readonly n: number;
  readonly k: number;
  readonly panel: number;
  /** Rows and columns of a block. */
  readonly mc: number;
  readonly nc: number;
  /** Added to the elements of A by the kernel. */
  readonly shift: number;
  /** The zero point of what the kernel reads; undefined: none. */
  readonly zeroA: Expr | undefined;
  /** The zero point of a packed column; undefined: none. */
  readonly zeroB: ((col: Expr) => Expr) | undefined;
}

/** Where a thread's share lies, and how large it is at most. */
interface Share {
  readonly row: Expr;
  readonly rows: Expr;
  readonly col: Expr;
  readonly cols: Expr;
  readonly mostRows: number;
  readonly mostCols: number;
}

const i32 = (value: number): Expr => x.constant(value, "i32");

/** Is this the leader of a group that this template writes? */
export const isPackedProduct = (node: Node | undefined): boolean => node?.op === "matmul-packed" || node?.op === "matmul-bf16";

export const matmulPacked: Template = (call) => {
  const product = describe(call);
  const { rows, n, k, node } = product;
  const { builder, group } = call;
  const [perM, perN] = [numberParam(group.params, "rowsPerThread"), numberParam(group.params, "colsPerThread")];
  const [mostRows, mostCols] = [Math.min(rows, perM), Math.min(n, perN)];
  const grid = [
    { extent: rows, per: perM },
    { extent: n, per: perN },
    { extent: k, per: k },
  ] as const;
  return overShares(builder, [node.id], grid, ({ rows: m, cols: c }) =>
    share(product, { row: m.from, rows: m.size, col: c.from, cols: c.size, mostRows, mostCols }),
  );
};

function describe(call: TemplateCall): Product {
  const { storage, group } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const a = operand(node, 0);
  const shape = storage.shape(a);
  const kernel = String(node.attrs["kernel"]);
  const isInteger = node.op === "matmul-packed";
  const shift = kernelShift(kernel);
  const [za, zb] = isInteger ? [node.inputs[3], node.inputs[4]] : [null, null];
  const single = (v: ValueId): Expr => x.cast(storage.literal(v) ?? storage.readAt(v, { offset: x.index(0) }), "i32");
  const ofColumn = (v: ValueId) => (col: Expr) =>
    storage.literal(v) !== undefined || storage.shape(v).every((d) => d === 1)
      ? single(v)
      : x.cast(storage.readAt(v, { offset: col }), "i32");
  /** The zero point as far as it is known; absent: 0. */
  const known = (v: ValueId | null | undefined): number | undefined => {
    if (v === null || v === undefined) return 0;
    const literal = storage.literal(v);
    return literal?.k === "const" ? Number(literal.value) : undefined;
  };
  const own = known(za) === 0 ? undefined : single(za!);
  const less = Number(node.attrs["less"] ?? 0);
  const ofPacked = (col: Expr): Expr => {
    const all = known(zb);
    if (all !== undefined) return i32(all - less);
    return less === 0 ? ofColumn(zb!)(col) : x.sub(ofColumn(zb!)(col), i32(less));
  };
  return {
    call,
    node,
    kernel,
    acc: isInteger ? "i32" : "f32",
    rows: shape.slice(0, -1).reduce((m, d) => m * d, 1),
    n: Number(node.attrs["n"]),
    k: shape.at(-1) ?? 1,
    panel: storage.shape(operand(node, 1))[2] ?? bug("panels of another rank"),
    mc: numberParam(group.params, "mc"),
    nc: Number(group.params["nc"] ?? node.attrs["n"]),
    shift,
    zeroA: shift === 0 ? own : own === undefined ? i32(shift) : x.add(own, i32(shift)),
    zeroB: known(zb) === less ? undefined : ofPacked,
  };
}

/** Start values once, then blocks of rows and, where there are several, of columns; which of them is outside is a parameter. */
function share(p: Product, own: Share): Stmt[] {
  const start = p.zeroA === undefined ? undefined : startValues(p, p.zeroA, own);
  const product = (part: Share, first: Expr, sums: BufferId | undefined): Stmt => kernelCall(p, part, start?.at(first), sums);
  const withSums = (rows: Share, body: (sums: BufferId | undefined) => readonly Stmt[]): Stmt[] => {
    const sums = p.zeroB === undefined ? undefined : rowSums(p, rows);
    return [...(sums?.body ?? []), ...body(sums?.buffer)];
  };
  const columnsOutside = p.call.group.params["order"] === "columns";
  const blocks = columnsOutside
    ? columnBlocks(p, own, (cols, first) => rowBlocks(p, cols, (part) => withSums(part, (sums) => [product(part, first, sums)])))
    : rowBlocks(p, own, (rows) => withSums(rows, (sums) => columnBlocks(p, rows, (part, first) => [product(part, first, sums)])));
  return [...(start?.body ?? []), ...blocks];
}

function rowBlocks(p: Product, own: Share, body: (block: Share) => Stmt[]): Stmt[] {
  const { builder } = p.call;
  const most = Math.min(p.mc, own.mostRows);
  if (most >= own.mostRows) return body(own);
  const part = (mm: Expr): Stmt[] => {
    const rows = builder.let("rows", x.binary("min", x.index(most), x.sub(own.rows, mm)), [p.node.id]);
    return [rows.stmt, ...body({ ...own, row: plus(own.row, mm), rows: rows.ref, mostRows: most })];
  };
  return [builder.loop("serial", "mm", 0, own.rows, [p.node.id], part, most)];
}

/** `body` also gets the first column, counted from that of the share. */
function columnBlocks(p: Product, own: Share, body: (block: Share, first: Expr) => Stmt[]): Stmt[] {
  const { builder } = p.call;
  const most = Math.min(p.nc, own.mostCols);
  if (most >= own.mostCols) return body(own, x.index(0));
  const part = (nn: Expr): Stmt[] => {
    const cols = builder.let("cols", x.binary("min", x.index(most), x.sub(own.cols, nn)), [p.node.id]);
    return [cols.stmt, ...body({ ...own, col: plus(own.col, nn), cols: cols.ref, mostCols: most }, nn)];
  };
  return [builder.loop("serial", "nn", 0, own.cols, [p.node.id], part, most)];
}

function kernelCall(p: Product, { row, col, rows, cols }: Share, start: Ref | undefined, sums: BufferId | undefined): Stmt {
  const { call, node, k, panel } = p;
  const { builder, storage } = call;
  const firstPanel = col.k === "const" ? x.index(Number(col.value) / panel) : x.div(col, x.index(panel));
  const lead = storage.shape(resultOf(node)).slice(0, -1);
  const { mr } = call.group.params;
  return builder.kernel(
    {
      kernel: p.kernel,
      refs: {
        a: storage.ref(operand(node, 0), { offset: times(row, k) }),
        b: { buffer: storage.bufferOf(operand(node, 1)), index: [firstPanel, x.index(0), x.index(0), x.index(0)] },
        ...(start === undefined ? {} : { c: start }),
      },
      args: { m: rows, n: cols, k: x.index(k), lda: x.index(k), kb: x.index(k) },
      params: { nr: panel, ...(typeof mr === "number" ? { mr } : {}) },
      epilogue: postOps(call, node, {
        acc: p.acc,
        index: (i, j) => [...unlinear(plus(row, i), lead), plus(col, j)],
        value: (acc, i, j) => (sums === undefined ? acc : x.sub(acc, x.mul(p.zeroB?.(plus(col, j)) ?? i32(0), x.load(sums, [i], "i32")))),
      }),
    },
    [node.id],
  );
}

interface StartValues {
  /** From a column of the share on. */
  readonly at: (first: Expr) => Ref;
  /** What makes them. */
  readonly body: readonly Stmt[];
}

/** za * (k zb - column sum), one per column: from the operand that was made once, or computed here because za is computed. */
function startValues(p: Product, zero: Expr, { col, cols, mostCols }: Share): StartValues {
  const { call, node } = p;
  const { builder, storage } = call;
  const made = node.inputs[5];
  if (made !== null && made !== undefined) return { at: (first) => storage.ref(made, { index: [plus(col, first)] }), body: [] };
  const buffer = builder.buffer({ name: "start", dtype: "i32", shape: [mostCols], scope: "thread" });
  const fill = builder.loop("vector", "j", 0, cols, [node.id], (j) => {
    const sum = storage.readAt(operand(node, 2), { offset: plus(col, j) });
    const less = p.zeroB === undefined ? x.unary("neg", sum) : x.sub(x.mul(i32(p.k), p.zeroB(plus(col, j))), sum);
    return [builder.store({ buffer, index: [j] }, x.mul(zero, less), [node.id])];
  });
  return { at: (first) => ({ buffer, index: [first] }), body: [builder.alloc(buffer, [node.id]), fill] };
}

/** Sums of the rows of what the kernel reads. */
function rowSums(p: Product, { row, rows, mostRows }: Share): { readonly buffer: BufferId; readonly body: readonly Stmt[] } {
  const { call, node, k } = p;
  const { builder, storage } = call;
  const buffer = builder.buffer({ name: "row_sums", dtype: "i32", shape: [mostRows], scope: "thread" });
  const each = builder.loop("serial", "i", 0, rows, [node.id], (i) => {
    const sum = builder.register("sum", i32(k * p.shift), [node.id]);
    const from = times(plus(row, i), k);
    const add = builder.loop("vector", "p", 0, k, [node.id], (q) => [
      builder.accum(sum.ref.id, "add", x.cast(storage.readAt(operand(node, 0), { offset: plus(from, q) }), "i32"), [node.id]),
    ]);
    return [sum.stmt, add, builder.store({ buffer, index: [i] }, sum.ref, [node.id])];
  });
  return { buffer, body: [builder.alloc(buffer, [node.id]), each] };
}

const numberParam = (params: Readonly<Record<string, number | string>>, name: string): number => {
  const value = params[name];
  return typeof value === "number" ? value : bug(`the matmul template lacks parameter ${name}`);
};
