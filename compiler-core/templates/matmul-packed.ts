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
 *       gemm(A[mm..], B[columns of t]) -> epilogue
 */
import { bug } from "../messages.ts";
import type { Node, ValueId } from "../graph/ir.ts";
import { kernelShift } from "../graph/ops/matmul-packed.ts";
import type { DType } from "../support/dtype.ts";
import * as x from "../tensor/build.ts";
import type { BufferId, Expr, Ref, Stmt } from "../tensor/ir.ts";
import { plus, times, unlinear } from "./module-builder.ts";
import { postOps } from "./post-ops.ts";
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
  /** Rows of a block. */
  readonly mc: number;
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
  const { rows, n, node } = product;
  const { builder, group } = call;
  const [perM, perN] = [numberParam(group.params, "rowsPerThread"), numberParam(group.params, "colsPerThread")];
  const [ms, ns] = [Math.ceil(rows / perM), Math.ceil(n / perN)];
  const origin = call.nodes.map((m) => m.id);
  const whole = { row: x.index(0), rows: x.index(rows), col: x.index(0), cols: x.index(n), mostRows: rows, mostCols: n };
  if (ms * ns === 1) return share(product, whole);
  const part = (name: string, index: Expr, per: number, extent: number): { stmts: Stmt[]; from: Expr; size: Expr } => {
    if (per >= extent) return { stmts: [], from: x.index(0), size: x.index(extent) };
    const from = builder.let(name, times(index, per), origin);
    if (extent % per === 0) return { stmts: [from.stmt], from: from.ref, size: x.index(per) };
    const size = builder.let(`${name}_size`, x.binary("min", x.index(per), x.sub(x.index(extent), from.ref)), origin);
    return { stmts: [from.stmt, size.stmt], from: from.ref, size: size.ref };
  };
  const body = (t: Expr): Stmt[] => {
    const m = part("m0", ns === 1 ? t : x.div(t, x.index(ns)), perM, rows);
    const c = part("n0", ms === 1 ? t : x.binary("mod", t, x.index(ns)), perN, n);
    const own = { row: m.from, rows: m.size, col: c.from, cols: c.size, mostRows: Math.min(rows, perM), mostCols: Math.min(n, perN) };
    return [...m.stmts, ...c.stmts, ...share(product, own)];
  };
  return [builder.loop("parallel", "t", 0, ms * ns, [node.id], body)];
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
    shift,
    zeroA: shift === 0 ? own : own === undefined ? i32(shift) : x.add(own, i32(shift)),
    zeroB: known(zb) === less ? undefined : ofPacked,
  };
}

/** Start values once, then the rows in blocks. */
function share(p: Product, own: Share): Stmt[] {
  const { builder } = p.call;
  const start = p.zeroA === undefined ? undefined : startValues(p, p.zeroA, own);
  const most = Math.min(p.mc, own.mostRows);
  const begin = start?.body ?? [];
  if (most >= own.mostRows) return [...begin, ...block(p, own, start?.ref)];
  const part = (mm: Expr): Stmt[] => {
    const rows = builder.let("rows", x.binary("min", x.index(most), x.sub(own.rows, mm)), [p.node.id]);
    return [rows.stmt, ...block(p, { ...own, row: plus(own.row, mm), rows: rows.ref, mostRows: most }, start?.ref)];
  };
  return [...begin, builder.loop("serial", "mm", 0, own.rows, [p.node.id], part, most)];
}

function block(p: Product, own: Share, start: Ref | undefined): Stmt[] {
  const { call, node, k, panel } = p;
  const { builder, storage } = call;
  const { row, col } = own;
  const sums = p.zeroB === undefined ? undefined : rowSums(p, own);
  const firstPanel = col.k === "const" ? x.index(Number(col.value) / panel) : x.div(col, x.index(panel));
  const lead = storage.shape(resultOf(node)).slice(0, -1);
  const kernel = builder.kernel(
    {
      kernel: p.kernel,
      refs: {
        a: storage.ref(operand(node, 0), { offset: times(row, k) }),
        b: { buffer: storage.bufferOf(operand(node, 1)), index: [firstPanel, x.index(0), x.index(0), x.index(0)] },
        ...(start === undefined ? {} : { c: start }),
      },
      args: { m: own.rows, n: own.cols, k: x.index(k), lda: x.index(k), kb: x.index(k) },
      params: { nr: panel },
      epilogue: postOps(call, node, {
        acc: p.acc,
        index: (i, j) => [...unlinear(plus(row, i), lead), plus(col, j)],
        value: (acc, i, j) =>
          sums === undefined ? acc : x.sub(acc, x.mul(p.zeroB?.(plus(col, j)) ?? i32(0), x.load(sums.buffer, [i], "i32"))),
      }),
    },
    [node.id],
  );
  return [...(sums?.body ?? []), kernel];
}

/** za * (k zb - column sum), one per column: from the operand that was made once, or computed here because za is computed. */
function startValues(p: Product, zero: Expr, { col, cols, mostCols }: Share): { readonly ref: Ref; readonly body: readonly Stmt[] } {
  const { call, node } = p;
  const { builder, storage } = call;
  const made = node.inputs[5];
  if (made !== null && made !== undefined) return { ref: storage.ref(made, { index: [col] }), body: [] };
  const buffer = builder.buffer({ name: "start", dtype: "i32", shape: [mostCols], scope: "thread" });
  const fill = builder.loop("vector", "j", 0, cols, [node.id], (j) => {
    const sum = storage.readAt(operand(node, 2), { offset: plus(col, j) });
    const less = p.zeroB === undefined ? x.unary("neg", sum) : x.sub(x.mul(i32(p.k), p.zeroB(plus(col, j))), sum);
    return [builder.store({ buffer, index: [j] }, x.mul(zero, less), [node.id])];
  });
  return { ref: { buffer, index: [x.index(0)] }, body: [builder.alloc(buffer, [node.id]), fill] };
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
