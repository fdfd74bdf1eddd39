/** Operands of the products in a nest, read where they lie, at any row pitch, or copied to scratch of the thread where that pays. */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Ref, Stmt } from "../../tensor/ir.ts";
import type { GemmShape } from "../gemm-shape.ts";
import { plus } from "../module-builder.ts";
import { rowMajor } from "../view-strides.ts";
import { operand, type TemplateCall } from "../template.ts";
import type { NarrowProduct } from "./narrow.ts";
import { filledPanels, filledRows, makersOf } from "./pre-part.ts";

/** How the right operand of a product lies, from the element that belongs to column `col` at step `k` of the sum. */
export interface RightOperand {
  readonly at: (col: Expr, k: Expr) => Ref;
  readonly way: "panels" | "rows" | "transposed";
  /** Row distance; for panels the extent of the whole sum. */
  readonly ld: number;
  /** What has to be done first. */
  readonly setup: readonly Stmt[];
  /** It is of bytes or of bf16, in the panels of this kernel. */
  readonly narrow?: NarrowProduct;
}

/** Distances along the last two axes. */
export function matrixStrides(call: TemplateCall, value: ValueId): { readonly row: number; readonly col: number } {
  const { storage, graph } = call;
  const strides = storage.strides(value) ?? (storage.plan.views.has(value) ? undefined : rowMajor(storage.shape(value)));
  if (strides === undefined || valueOf(graph, value).layout !== "plain") return bug(`value %${value} does not lie at fixed distances`);
  return { row: strides.at(-2) ?? 1, col: strides.at(-1) ?? 1 };
}

/** The right operand of `node` for one index of its batch; `pack`: column panels in the thread's own memory. */
export function rightOperand(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  batch: readonly Expr[],
  pack: boolean,
  nr: number,
  pre: readonly Node[] = [],
): RightOperand {
  const { builder, storage } = call;
  const value = operand(node, 1);
  const lead = s.bBatch(batch);
  const panelOf = (col: Expr): Expr => (col.k === "const" ? x.index(Number(col.value) / nr) : x.div(col, x.index(nr)));
  if (s.bLayout === "panels") {
    const buffer = storage.bufferOf(value);
    return { at: (col, k) => ({ buffer, index: [...lead, panelOf(col), k, x.index(0)] }), way: "panels", ld: s.k, setup: [] };
  }
  const transB = node.attrs["transB"] === true;
  if (makersOf(pre, value).length > 0) return computedPanels(call, node, s, lead, nr, pre);
  const strides = matrixStrides(call, value);
  // Distances along k and along the columns of the product.
  const [alongK, alongN] = transB ? [strides.col, strides.row] : [strides.row, strides.col];
  const at = (col: Expr, k: Expr): Ref => storage.ref(value, { index: transB ? [...lead, col, k] : [...lead, k, col] });
  const transposed = alongN !== 1 && s.n !== 1;
  const ld = transposed ? alongN : alongK;
  if (!pack) return { at, way: transposed ? "transposed" : "rows", ld, setup: [] };
  const panels = builder.buffer({
    name: `${node.name === "" ? "b" : "panels"}`,
    dtype: "f32",
    shape: [Math.ceil(s.n / nr), s.k, nr],
    scope: "thread",
  });
  const copy = builder.kernel(
    {
      kernel: transposed ? "pack_b_transposed" : "pack_b",
      refs: { src: at(x.index(0), x.index(0)), dst: { buffer: panels, index: [x.index(0), x.index(0), x.index(0)] } },
      args: { ld: x.index(ld), k: x.index(s.k), n: x.index(s.n), first: x.index(0), last: x.index(Math.ceil(s.n / nr)) },
      params: { nr },
    },
    [node.id],
  );
  return {
    at: (col, k) => ({ buffer: panels, index: [panelOf(col), k, x.index(0)] }),
    way: "panels",
    ld: s.k,
    setup: [builder.alloc(panels, [node.id]), copy],
  };
}

/** Panels of an operand that is computed on the way. */
function computedPanels(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  lead: readonly Expr[],
  nr: number,
  pre: readonly Node[],
): RightOperand {
  const { builder } = call;
  const value = operand(node, 1);
  const zero = x.index(0);
  const panels = builder.buffer({ name: "panels", dtype: "f32", shape: [Math.ceil(s.n / nr), s.k, nr], scope: "thread" });
  const ready = {
    at: (col: Expr, k: Expr): Ref => ({
      buffer: panels,
      index: [col.k === "const" ? x.index(Number(col.value) / nr) : x.div(col, x.index(nr)), k, zero],
    }),
    way: "panels" as const,
    ld: s.k,
  };
  if (node.attrs["transB"] !== true) {
    const fill = filledPanels(call, pre, value, s, nr, panels, (k, col) => [...lead, k, col]);
    return { ...ready, setup: [builder.alloc(panels, [node.id]), fill] };
  }
  const pitch = scratchPitch(s.k);
  const rows = builder.buffer({ name: "rows", dtype: "f32", shape: [s.n, pitch], scope: "thread" });
  const origin = makersOf(pre, value).map((n) => n.id);
  const size = { rows: x.index(s.n), width: s.k };
  const fill = filledRows(call, pre, value, size, rows, (row, col) => [...lead, row, col], origin);
  const turn = builder.kernel(
    {
      kernel: "pack_b_transposed",
      refs: { src: { buffer: rows, index: [zero, zero] }, dst: { buffer: panels, index: [zero, zero, zero] } },
      args: { ld: x.index(pitch), k: x.index(s.k), n: x.index(s.n), first: zero, last: x.index(Math.ceil(s.n / nr)) },
      params: { nr },
    },
    [node.id],
  );
  return { ...ready, setup: [builder.alloc(rows, origin), fill, builder.alloc(panels, [node.id]), turn] };
}

export interface LeftOperand {
  readonly ref: Ref;
  readonly ld: number;
  readonly setup: readonly Stmt[];
}

/** Rows `row ...` of the left operand; `copy`: in rows that do not collide in the cache, at most `most` of them. */
export function leftOperand(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  batch: readonly Expr[],
  block: { readonly row: Expr; readonly rows: Expr; readonly most: number },
  copy: boolean,
  pre: readonly Node[] = [],
): LeftOperand {
  const { builder, storage } = call;
  const value = operand(node, 0);
  const index = (row: Expr, p: Expr): Expr[] => [...s.aBatch(batch), ...(s.aIsVector ? [] : [row]), p];
  const computed = makersOf(pre, value).length > 0;
  if (!copy && !computed) {
    const { row: ld, col } = matrixStrides(call, value);
    const at = storage.ref(value, { index: index(block.row, x.index(0)) });
    if (col === 1 || s.k === 1) return { ref: at, ld: s.aIsVector ? s.k : ld, setup: [] };
  }
  const pitch = scratchPitch(s.k);
  const rows = builder.buffer({ name: "queries", dtype: "f32", shape: [block.most, pitch], scope: "thread" });
  const origin = computed ? makersOf(pre, value).map((n) => n.id) : [node.id];
  const size = { rows: block.rows, width: s.k };
  const fill = filledRows(call, pre, value, size, rows, (i, p) => index(plus(block.row, i), p), origin);
  return { ref: { buffer: rows, index: [x.index(0), x.index(0)] }, ld: pitch, setup: [builder.alloc(rows, origin), fill] };
}

/** Floats from row to row of a scratch matrix: whole vectors, and never a multiple of what makes rows share cache sets. */
export const scratchPitch = (width: number): number => Math.ceil(width / 16) * 16 + 16;

/** A call of the product's kernel on a block; `start`: partial sums it begins with. */
export function product(
  call: TemplateCall,
  node: Node,
  a: Pick<LeftOperand, "ref" | "ld">,
  b: RightOperand,
  at: { readonly m: Expr; readonly n: Expr; readonly k: Expr; readonly col: Expr; readonly from: Expr },
  nr: number,
  epilogue: NonNullable<Extract<Stmt, { k: "kernel" }>["epilogue"]>,
  start?: { readonly buffer: BufferId; readonly ld: number },
): Stmt {
  const { builder } = call;
  const sizes = { m: at.m, n: at.n, k: at.k, lda: x.index(a.ld) };
  if (b.narrow !== undefined) return narrowProduct(call, a, b, b.narrow, at, epilogue, start);
  if (b.way === "transposed") {
    return builder.kernel(
      { kernel: "gemm_f32_dot", refs: { a: a.ref, b: b.at(at.col, at.from) }, args: { ...sizes, ldb: x.index(b.ld) }, epilogue },
      [node.id],
    );
  }
  return builder.kernel(
    {
      kernel: "gemm_f32",
      refs: {
        a: a.ref,
        b: b.at(at.col, at.from),
        ...(start === undefined ? {} : { c: { buffer: start.buffer, index: [x.index(0), x.index(0)] } }),
      },
      args: {
        ...sizes,
        ...(b.way === "panels" ? { kb: x.index(b.ld) } : { ldb: x.index(b.ld) }),
        ...(start === undefined ? {} : { ldc: x.index(start.ld) }),
      },
      params: { b: b.way, nr },
      epilogue,
    },
    [node.id],
  );
}

/** As `product`, on bytes or bf16. */
function narrowProduct(
  { builder }: TemplateCall,
  a: Pick<LeftOperand, "ref" | "ld">,
  b: RightOperand,
  narrow: NarrowProduct,
  at: { readonly m: Expr; readonly n: Expr; readonly k: Expr; readonly col: Expr; readonly from: Expr },
  epilogue: NonNullable<Extract<Stmt, { k: "kernel" }>["epilogue"]>,
  start?: { readonly buffer: BufferId; readonly ld: number },
): Stmt {
  const columns = narrow.start === undefined ? undefined : { buffer: narrow.start, index: [at.col] };
  const sums = start === undefined ? undefined : { buffer: start.buffer, index: [x.index(0), x.index(0)] };
  const c = sums ?? columns;
  return builder.kernel(
    {
      kernel: narrow.kernel,
      refs: { a: a.ref, b: b.at(at.col, at.from), ...(c === undefined ? {} : { c }) },
      args: {
        m: at.m,
        n: at.n,
        k: at.k,
        lda: x.index(a.ld),
        kb: x.index(b.ld),
        ...(sums === undefined || start === undefined ? {} : { ldc: x.index(start.ld) }),
      },
      params: { nr: narrow.nr },
      epilogue,
    },
    narrow.origin,
  );
}
