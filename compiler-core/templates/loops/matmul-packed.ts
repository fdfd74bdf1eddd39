/**
 * Integer products on packed weights. The kernel multiplies the bytes as they are; with u = a + 128 for signed a (the kernel reads it so) and
 * zero points za (of u) and zb,
 *   sum (u - za)(b - zb) = sum u b - za * sum b + k za zb - zb * sum u:
 * the second and third term are the kernel's start values, one per column, the last one is taken off in its epilogue.
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Epilogue, Expr, Stmt } from "../../tensor/ir.ts";
import { plus, times } from "../module-builder.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

/** Rows of one piece of work: a few register tiles. */
const blockRows = 56;
/** Panels of one piece of work where columns are shared out. */
const blockPanels = 8;

export const packInteger: Template = ({ graph, nodes, builder, storage }) => {
  const node = nodes[0] ?? bug("an empty group");
  const [k, n] = storage.shape(operand(node, 0)) as readonly [number, number];
  const panel = Number(node.attrs["panel"]);
  const [panels, sums] = node.outputs as readonly [ValueId, ValueId];
  const zero = x.index(0);
  const body = (p: Expr): Stmt[] => [
    builder.kernel(
      {
        kernel: valueOf(graph, operand(node, 0)).dtype === "u8" ? "pack_b_u8" : "pack_b_u8s8",
        refs: {
          src: storage.ref(operand(node, 0), { index: [zero, zero] }),
          dst: { buffer: storage.bufferOf(panels), index: [zero, zero, zero, zero] },
          colsum: { buffer: storage.bufferOf(sums), index: [zero] },
        },
        args: { k_stride: x.index(n), n_stride: x.index(1), k: x.index(k), n: x.index(n), first: p, last: plus(p, 1) },
        params: { nr: panel },
      },
      [node.id],
    ),
  ];
  return [builder.loop("parallel", "panel", 0, Math.ceil(n / panel), [node.id], body)];
};

interface Product {
  readonly call: TemplateCall;
  readonly node: Node;
  readonly rows: number;
  readonly n: number;
  readonly k: number;
  readonly panel: number;
  /** Added to the elements of A by the kernel. */
  readonly shift: number;
  /** The zero point of what the kernel reads; undefined: none. */
  readonly zeroA: Expr | undefined;
  /** The zero point of a packed column; undefined: none. */
  readonly zeroB: ((col: Expr) => Expr) | undefined;
}

const i32 = (value: number): Expr => x.constant(value, "i32");

export const matmulPacked: Template = (call) => {
  const product = describe(call);
  const { rows, n, panel, node } = product;
  const { builder } = call;
  const width = panel * blockPanels;
  // Whichever gives more pieces, so that threads get equal shares.
  if (Math.ceil(rows / blockRows) >= Math.ceil(n / width)) {
    const part = (row: Expr): Stmt[] => {
      const size = builder.let("rows", x.binary("min", x.index(blockRows), x.sub(x.index(rows), row)), [node.id]);
      return [size.stmt, ...block(product, row, size.ref, x.index(0), x.index(n), n)];
    };
    return [builder.loop("parallel", "row", 0, rows, [node.id], part, blockRows)];
  }
  const part = (col: Expr): Stmt[] => {
    const size = builder.let("cols", x.binary("min", x.index(width), x.sub(x.index(n), col)), [node.id]);
    return [size.stmt, ...block(product, x.index(0), x.index(rows), col, size.ref, width)];
  };
  return [builder.loop("parallel", "col", 0, n, [node.id], part, width)];
};

function describe(call: TemplateCall): Product {
  const { storage, graph } = call;
  const node = call.nodes[0] ?? bug("an empty group");
  const a = operand(node, 0);
  const shape = storage.shape(a);
  const shift = valueOf(graph, a).dtype === "i8" ? 128 : 0;
  const [za, zb] = [node.inputs[3], node.inputs[4]];
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
    rows: shape.slice(0, -1).reduce((m, d) => m * d, 1),
    n: Number(node.attrs["n"]),
    k: shape.at(-1) ?? 1,
    panel: storage.shape(operand(node, 1))[2] ?? bug("panels of another rank"),
    shift,
    zeroA: shift === 0 ? own : own === undefined ? i32(shift) : x.add(own, i32(shift)),
    zeroB: known(zb) === less ? undefined : ofPacked,
  };
}

/** Rows and columns from (row, col) on; `most` is the largest number of columns. */
function block(p: Product, row: Expr, rows: Expr, col: Expr, cols: Expr, most: number): Stmt[] {
  const { call, node, k, panel, shift } = p;
  const { builder, storage } = call;
  const start = p.zeroA === undefined ? undefined : startValues(p, p.zeroA, col, cols, most);
  const sums = p.zeroB === undefined ? undefined : rowSums(p, row, rows);
  const firstPanel = col.k === "const" ? x.index(Number(col.value) / panel) : x.div(col, x.index(panel));
  const kernel = builder.kernel(
    {
      kernel: shift === 0 ? "gemm_u8s8" : "gemm_s8s8",
      refs: {
        a: storage.ref(operand(node, 0), { offset: times(row, k) }),
        b: { buffer: storage.bufferOf(operand(node, 1)), index: [firstPanel, x.index(0), x.index(0), x.index(0)] },
        ...(start === undefined ? {} : { c: { buffer: start.buffer, index: [x.index(0)] } }),
      },
      args: { m: rows, n: cols, k: x.index(k), lda: x.index(k), kb: x.index(k) },
      params: { nr: panel },
      epilogue: epilogue(p, row, col, sums?.buffer),
    },
    [node.id],
  );
  return [...(start?.body ?? []), ...(sums?.body ?? []), kernel];
}

interface Computed {
  readonly buffer: BufferId;
  readonly body: readonly Stmt[];
}

/** za * (k zb - column sum), one per column. */
function startValues(p: Product, zero: Expr, col: Expr, cols: Expr, most: number): Computed {
  const { call, node } = p;
  const { builder, storage } = call;
  const buffer = builder.buffer({ name: "start", dtype: "i32", shape: [most], scope: "thread" });
  const fill = builder.loop("vector", "j", 0, cols, [node.id], (j) => {
    const sum = storage.readAt(operand(node, 2), { offset: plus(col, j) });
    const less = p.zeroB === undefined ? x.unary("neg", sum) : x.sub(x.mul(i32(p.k), p.zeroB(plus(col, j))), sum);
    return [builder.store({ buffer, index: [j] }, x.mul(zero, less), [node.id])];
  });
  return { buffer, body: [builder.alloc(buffer, [node.id]), fill] };
}

/** Sums of the rows of what the kernel reads. */
function rowSums(p: Product, row: Expr, rows: Expr): Computed {
  const { call, node, k } = p;
  const { builder, storage } = call;
  const most = rows.k === "const" ? p.rows : Math.min(p.rows, blockRows);
  const buffer = builder.buffer({ name: "row_sums", dtype: "i32", shape: [most], scope: "thread" });
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

function epilogue(p: Product, row: Expr, col: Expr, sums: BufferId | undefined): Epilogue {
  const { call, node, n } = p;
  const { builder, storage } = call;
  const [i, j] = [builder.variable("row"), builder.variable("col")];
  const acc = builder.variable("acc", { dtype: "i32", lanes: 1 });
  const at = plus(col, j);
  const value = sums === undefined ? acc : x.sub(acc, x.mul(p.zeroB?.(at) ?? i32(0), x.load(sums, [i], "i32")));
  const place = storage.ref(resultOf(node), { offset: plus(times(plus(row, i), n), at) });
  return { row: i.id, col: j.id, acc: acc.id, body: [builder.store(place, value, [node.id])] };
}
