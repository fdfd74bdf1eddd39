/**
 * Matrix products that no kernel computes: integers and doubles. Blocks of rows go out to the threads; inside, the columns are lanes and
 * every row of the block has a register, so that an element of B is read (and widened) once for all rows of the block.
 *
 *   for rows in 0..M step 4 parallel
 *     for j in 0..N vector
 *       for p in 0..K: sum_r += (a[row + r, p] - zero of a) * (b[p, j] - zero of b)
 *
 * Doubles have no vectors of ours: their sums are a small array in the nearest cache, so that the innermost loop runs along the columns and
 * the C++ compiler makes vectors of it.
 */
import { bug } from "../../messages.ts";
import { staticShape, valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import { zeroPointShape } from "../../graph/ops/matmul-integer.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../../tensor/ir.ts";
import type { DType } from "../../support/dtype.ts";
import { gemmShape, type GemmShape } from "../gemm-shape.ts";
import { plus } from "../module-builder.ts";
import { broadcastIndex } from "../views.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

/** Rows that share one reading of B. */
const blockRows = 4;
/** Columns of one piece of work where there are too few rows to go round. */
const blockColumns = 256;
/** Columns whose sums are kept in the nearest cache, and terms that are added before they are stored there. */
const keptColumns = 64;
const termsAtOnce = 4;

interface Product {
  readonly call: TemplateCall;
  readonly node: Node;
  readonly shape: GemmShape;
  /** Of the sums. */
  readonly dtype: DType;
  readonly a: (batch: readonly Expr[], row: Expr, p: Expr) => Expr;
  readonly b: (batch: readonly Expr[], p: Expr, col: Expr) => Expr;
}

export const matmulLoops: Template = (call) => {
  const node = call.nodes[0] ?? bug("an empty group");
  const shape = gemmShape(call.graph, node);
  const product = describe(call, node, shape);
  const outer = (axis: number, batch: readonly Expr[]): Stmt[] => {
    const extent = shape.batch[axis];
    if (extent === undefined) return rows(product, batch);
    if (extent === 1) return outer(axis + 1, [...batch, x.index(0)]);
    return [call.builder.loop("parallel", `r${axis}`, 0, extent, [node.id], (i) => outer(axis + 1, [...batch, i]))];
  };
  return flattenParallel(outer(0, []));
};

/** Only the outermost of nested parallel loops is shared out. */
const flattenParallel = (body: readonly Stmt[]): Stmt[] =>
  body.map((s) => (s.k === "for" && s.kind === "parallel" ? { ...s, body: s.body.map(serially) } : s));
const serially = (s: Stmt): Stmt =>
  s.k === "for" ? { ...s, kind: s.kind === "parallel" ? "serial" : s.kind, body: s.body.map(serially) } : s;

function describe(call: TemplateCall, node: Node, s: GemmShape): Product {
  const { graph, storage } = call;
  const [av, bv] = [operand(node, 0), operand(node, 1)];
  const dtype = valueOf(graph, resultOf(node)).dtype;
  const read = (value: ValueId, index: readonly Expr[]): Expr => x.cast(storage.literal(value) ?? storage.readAt(value, { index }), dtype);
  const less = (value: Expr, zero: ValueId | null | undefined, left: boolean, index: readonly Expr[]): Expr => {
    if (zero === null || zero === undefined || isZero(call, zero)) return value;
    const operandShape = storage.shape(left ? av : bv);
    const shape = zeroPointShape(storage.shape(zero), operandShape, left) as readonly number[];
    const offset = storage.literal(zero) ?? storage.readAt(zero, zeroPlace(storage.shape(zero), shape, index));
    return x.sub(value, x.cast(offset, dtype));
  };
  return {
    call,
    node,
    shape: s,
    dtype,
    a: (batch, row, p) => {
      const index = [...s.aBatch(batch), ...(s.aIsVector ? [] : [row]), p];
      return less(read(av, index), node.inputs[2], true, index);
    },
    b: (batch, p, col) => {
      const index = [...s.bBatch(batch), ...(s.bLayout === "transposed" ? [col, p] : [p, col])];
      return less(read(bv, index), node.inputs[3], false, index);
    },
  };
}

/** The place of an operand element's zero point, whose own shape may lack the axis of extent 1. */
function zeroPlace(own: readonly number[], shape: readonly number[], index: readonly Expr[]): { readonly index: readonly Expr[] } {
  const at = broadcastIndex(index, shape);
  return { index: own.length === at.length ? at : own.map((d, i) => (d === 1 ? x.index(0) : (at[i] ?? x.index(0)))) };
}

function isZero({ graph, storage }: TemplateCall, value: ValueId): boolean {
  const literal = storage.literal(value);
  return literal?.k === "const" && Number(literal.value) === 0 && staticShape(valueOf(graph, value)) !== undefined;
}

/** Whole blocks of rows, then the rest; columns are shared out instead where there is but one block. */
function rows(product: Product, batch: readonly Expr[]): Stmt[] {
  const { call, node, shape } = product;
  const whole = Math.floor(shape.m / blockRows) * blockRows;
  const few = shape.m <= blockRows && shape.batch.every((d) => d === 1);
  const compute = product.dtype === "f64" ? keptBlocks : block;
  const columns = (row: Expr, count: number): Stmt[] => {
    if (!few || shape.n <= blockColumns) return [compute(product, batch, row, count, x.index(0), x.index(shape.n))];
    const piece = (from: Expr): Stmt[] => {
      const end = call.builder.let("end", x.binary("min", plus(from, blockColumns), x.index(shape.n)), [node.id]);
      return [end.stmt, compute(product, batch, row, count, from, end.ref)];
    };
    return [call.builder.loop("parallel", "cols", 0, shape.n, [node.id], piece, blockColumns)];
  };
  const blocks =
    whole === 0 ? [] : [call.builder.loop("parallel", "rows", 0, whole, [node.id], (row) => columns(row, blockRows), blockRows)];
  return whole === shape.m ? blocks : [...blocks, ...columns(x.index(whole), shape.m - whole)];
}

/** `count` rows from `row` on, columns [lo, hi). */
function block({ call, node, shape, dtype, a, b }: Product, batch: readonly Expr[], row: Expr, count: number, lo: Expr, hi: Expr): Stmt {
  const { builder, storage } = call;
  const origin = [node.id];
  return builder.loop("vector", "j", lo, hi, origin, (j) => {
    const sums = Array.from({ length: count }, (_, r) => builder.register(`sum${r}`, x.constant(0, dtype), origin));
    const steps = builder.loop("serial", "p", 0, shape.k, origin, (p) => {
      const right = builder.let("right", b(batch, p, j), origin);
      const adds = sums.map((s, r) => builder.accum(s.ref.id, "add", x.mul(a(batch, plus(row, r), p), right.ref), origin));
      return [right.stmt, ...adds];
    });
    const stores = sums.map((s, r) => {
      const index = [...batch, ...(shape.aIsVector ? [] : [plus(row, r)]), j];
      return builder.store(storage.ref(resultOf(node), { index }), s.ref, origin);
    });
    return [...sums.map((s) => s.stmt), steps, ...stores];
  });
}

/** As `block`, with the sums of `keptColumns` columns in memory. The terms of a sum are added in the same order. */
function keptBlocks(product: Product, batch: readonly Expr[], row: Expr, count: number, lo: Expr, hi: Expr): Stmt {
  const { call, node, shape, dtype } = product;
  const { builder, storage } = call;
  const origin = [node.id];
  const rowsOfBlock = Array.from({ length: count }, (_, r) => r);
  const wholeTerms = shape.k - (shape.k % termsAtOnce);
  return builder.loop(
    "serial",
    "col",
    lo,
    hi,
    origin,
    (col) => {
      const width = builder.let("width", x.binary("min", x.index(keptColumns), x.sub(hi, col)), origin);
      const sums = builder.buffer({ name: "sums", dtype, shape: [count, keptColumns], scope: "thread" });
      const kept = (r: number, j: Expr): Ref => ({ buffer: sums, index: [x.index(r), j] });
      const along = (body: (j: Expr) => Stmt[]): Stmt => builder.loop("vector", "j", 0, width.ref, origin, body);
      const terms = (p: Expr, n: number): Stmt[] => addTerms(product, batch, { row, col, p, count, n }, kept, along);
      return [
        builder.alloc(sums, origin),
        width.stmt,
        along((j) => rowsOfBlock.map((r) => builder.store(kept(r, j), x.constant(0, dtype), origin))),
        ...(wholeTerms === 0 ? [] : [builder.loop("serial", "p", 0, wholeTerms, origin, (p) => terms(p, termsAtOnce), termsAtOnce)]),
        ...(wholeTerms === shape.k ? [] : terms(x.index(wholeTerms), shape.k - wholeTerms)),
        along((j) =>
          rowsOfBlock.map((r) => {
            const index = [...batch, ...(shape.aIsVector ? [] : [plus(row, r)]), plus(col, j)];
            return builder.store(storage.ref(resultOf(node), { index }), x.load(sums, [x.index(r), j], dtype), origin);
          }),
        ),
      ];
    },
    keptColumns,
  );
}

interface Terms {
  readonly row: Expr;
  readonly col: Expr;
  readonly p: Expr;
  /** Rows, and terms of each sum. */
  readonly count: number;
  readonly n: number;
}

/** Adds the products of `n` elements of a row and a column from `p` on, for `count` rows. */
function addTerms(
  { call, node, a, b }: Product,
  batch: readonly Expr[],
  { row, col, p, count, n }: Terms,
  kept: (r: number, j: Expr) => Ref,
  along: (body: (j: Expr) => Stmt[]) => Stmt,
): Stmt[] {
  const { builder } = call;
  const origin = [node.id];
  const steps = Array.from({ length: n }, (_, q) => q);
  const left = Array.from({ length: count }, (_, r) => steps.map((q) => builder.let("left", a(batch, plus(row, r), plus(p, q)), origin)));
  const add = along((j) => {
    const right = steps.map((q) => builder.let("right", b(batch, plus(p, q), plus(col, j)), origin));
    const stores = left.map((terms, r) => {
      const at = kept(r, j);
      const start: Expr = x.load(at.buffer, at.index, right[0]!.ref.type.dtype);
      const sum = terms.reduce((e, t, q) => x.add(e, x.mul(t.ref, right[q]!.ref)), start);
      return builder.store(at, sum, origin);
    });
    return [...right.map((l) => l.stmt), ...stores];
  });
  return [...left.flat().map((l) => l.stmt), add];
}
