/**
 * Products of a nest on bytes or on bf16 instead of f32. The right operand is packed from what it was dequantised or widened from, the left one
 * is read as it lies, and scale and zero points go where sums leave the registers:
 *   sum (u - za)(b - zb) = sum u b + za (k zb - sum b) - zb sum u,
 * with u and b as the kernel reads them: the second term is the start value of a column, the third needs the sum of a row.
 */
import { bug } from "../../messages.ts";
import type { Node, ValueId } from "../../graph/ir.ts";
import { kernelShift, packedLess } from "../../graph/ops/matmul-packed.ts";
import type { DType } from "../../support/dtype.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Ref, Stmt } from "../../tensor/ir.ts";
import type { GemmShape } from "../gemm-shape.ts";
import { plus } from "../module-builder.ts";
import { operand, type TemplateCall } from "../template.ts";
import { bf16Behind, bytesBehind, inMemory, usedOnce, type NarrowSource } from "./narrow-source.ts";
import { matrixStrides, scratchPitch, type LeftOperand, type RightOperand } from "./operands.ts";
import { element, filledRows, makersOf } from "./pre-part.ts";
import type { NestShape } from "./shape.ts";

/** A product that is not of f32. */
export interface NarrowProduct {
  readonly kernel: string;
  /** Type of its sums. */
  readonly acc: DType;
  readonly nr: number;
  /** What the left operand is read from; undefined: it is f32 and rounded to bf16 on the way. */
  readonly left: NarrowSource | undefined;
  /** The value in memory that the panels are packed from; undefined: it is computed on the way. */
  readonly from: ValueId | undefined;
  /** A start value for each column, where the left operand has a zero point. */
  readonly start: BufferId | undefined;
  /** The zero point of the packed columns, and what a sum is multiplied by. */
  readonly zero: number;
  readonly scale: number;
  readonly origin: readonly number[];
}

const isBF16 = (kernel: string): boolean => kernel.startsWith("gemm_bf16");
const zeroIndex = x.index(0);
const i32 = (value: number): Expr => x.constant(value, "i32");

/** What both operands are read from; undefined: f32, rounded to bf16. */
export interface NarrowSources {
  readonly left: NarrowSource | undefined;
  readonly right: NarrowSource | undefined;
}

interface NarrowKernel {
  readonly kernel: string;
  readonly nr: number;
}

export function scoresSources({ graph }: TemplateCall, nest: NestShape, { kernel }: NarrowKernel): NarrowSources {
  const behind = isBF16(kernel) ? bf16Behind : bytesBehind;
  const source = (i: number): NarrowSource | undefined => inMemory(nest.pre, behind(graph, nest.pre, operand(nest.scores, i)));
  return { left: source(0), right: source(1) };
}

/** The left operand of the second product is a value of the rows. */
export function mixSources({ graph }: TemplateCall, nest: NestShape, mix: Node, { kernel }: NarrowKernel): NarrowSources {
  const behind = isBF16(kernel) ? bf16Behind : bytesBehind;
  const weights = nest.weights ?? operand(mix, 0);
  return { left: behind(graph, usedOnce(graph, nest.rows), weights), right: inMemory(nest.pre, behind(graph, nest.pre, operand(mix, 1))) };
}

/** The right operand in the kernel's panels. */
export function narrowRight(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  batch: readonly Expr[],
  { kernel, nr }: NarrowKernel,
  sources: NarrowSources,
  pre: readonly Node[],
): RightOperand {
  const { builder } = call;
  const origin = [node.id, ...new Set([...(sources.left?.through ?? []), ...makersOf(pre, operand(node, 1))].map((n) => n.id))];
  const lead = s.bBatch(batch);
  const group = isBF16(kernel) ? 2 : 4;
  const dtype = isBF16(kernel) ? "bf16" : "i8";
  const panels = builder.buffer({
    name: "panels",
    dtype,
    shape: [Math.ceil(s.n / nr), Math.ceil(s.k / group), nr, group],
    scope: "thread",
  });
  const at = (col: Expr, k: Expr): Ref => ({ buffer: panels, index: [quotient(col, nr), quotient(k, group), zeroIndex, zeroIndex] });
  const base = { at, way: "panels" as const, ld: s.k };
  const from = sources.right?.value ?? (makersOf(pre, operand(node, 1)).length === 0 ? operand(node, 1) : undefined);
  const common = { kernel, nr, left: sources.left, from, origin };
  const setup = [builder.alloc(panels, origin)];
  if (isBF16(kernel)) {
    const fill = bf16Panels(call, node, s, lead, nr, panels, sources.right, pre, origin);
    return { ...base, setup: [...setup, ...fill], narrow: { ...common, acc: "f32", start: undefined, zero: 0, scale: 1 } };
  }
  const { left, right } = sources;
  if (left === undefined || right === undefined) return bug("a product of bytes without bytes", { node: node.name });
  const sums = builder.buffer({ name: "column_sums", dtype: "i32", shape: [s.n], scope: "thread" });
  const packed = packing(
    call,
    right.dtype === "u8" ? "pack_b_u8" : "pack_b_u8s8",
    source(call, node, right, lead),
    s,
    nr,
    panels,
    origin,
    sums,
  );
  const zero = right.zero - packedLess(right.dtype);
  const zeroA = left.zero + kernelShift(kernel);
  const narrow = { ...common, acc: "i32" as const, zero, scale: Math.fround(left.scale * right.scale) };
  const first = [...setup, builder.alloc(sums, origin), packed];
  if (zeroA === 0) return { ...base, setup: first, narrow: { ...narrow, start: undefined } };
  const start = builder.buffer({ name: "start", dtype: "i32", shape: [s.n], scope: "thread" });
  const fill = builder.loop("vector", "j", 0, s.n, origin, (j) => [
    builder.store({ buffer: start, index: [j] }, x.mul(i32(zeroA), x.sub(i32(s.k * zero), x.load(sums, [j], "i32"))), origin),
  ]);
  return { ...base, setup: [...first, builder.alloc(start, origin), fill], narrow: { ...narrow, start } };
}

const quotient = (e: Expr, by: number): Expr => (e.k === "const" ? x.index(Math.floor(Number(e.value) / by)) : x.div(e, x.index(by)));

/** A matrix in memory: its first element, and the distances along k and along the columns. */
interface Matrix {
  readonly ref: Ref;
  readonly alongK: number;
  readonly alongN: number;
}

function source(call: TemplateCall, node: Node, from: Pick<NarrowSource, "value">, lead: readonly Expr[]): Matrix {
  const { row, col } = matrixStrides(call, from.value);
  const ref = call.storage.ref(from.value, { index: [...lead, zeroIndex, zeroIndex] });
  return node.attrs["transB"] === true ? { ref, alongK: col, alongN: row } : { ref, alongK: row, alongN: col };
}

function packing(
  call: TemplateCall,
  kernel: string,
  from: Matrix,
  s: GemmShape,
  nr: number,
  panels: BufferId,
  origin: readonly number[],
  sums?: BufferId,
): Stmt {
  const refs = { src: from.ref, dst: { buffer: panels, index: [zeroIndex, zeroIndex, zeroIndex, zeroIndex] } };
  return call.builder.kernel(
    {
      kernel,
      refs: sums === undefined ? refs : { ...refs, colsum: { buffer: sums, index: [zeroIndex] } },
      args: {
        k_stride: x.index(from.alongK),
        n_stride: x.index(from.alongN),
        k: x.index(s.k),
        n: x.index(s.n),
        first: zeroIndex,
        last: x.index(Math.ceil(s.n / nr)),
      },
      params: { nr },
    },
    origin,
  );
}

/** Panels of bf16: from bf16 or f32 in memory, or from what is computed row by row. */
function bf16Panels(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  lead: readonly Expr[],
  nr: number,
  panels: BufferId,
  right: NarrowSource | undefined,
  pre: readonly Node[],
  origin: readonly number[],
): Stmt[] {
  const value = operand(node, 1);
  if (right !== undefined) return [packing(call, "pack_b_bf16", source(call, node, right, lead), s, nr, panels, origin)];
  if (makersOf(pre, value).length === 0)
    return [packing(call, "pack_b_bf16_from_f32", source(call, node, { value }, lead), s, nr, panels, origin)];
  const transB = node.attrs["transB"] === true;
  const [rows, width] = transB ? [s.n, s.k] : [s.k, s.n];
  const pitch = scratchPitch(width);
  const scratch = call.builder.buffer({ name: "rows", dtype: "f32", shape: [rows, pitch], scope: "thread" });
  const fill = filledRows(call, pre, value, { rows: x.index(rows), width }, scratch, (row, col) => [...lead, row, col], origin);
  const ref = { buffer: scratch, index: [zeroIndex, zeroIndex] };
  const from = transB ? { ref, alongK: 1, alongN: pitch } : { ref, alongK: pitch, alongN: 1 };
  return [call.builder.alloc(scratch, origin), fill, packing(call, "pack_b_bf16_from_f32", from, s, nr, panels, origin)];
}

/** The left operand, with the place of each of its elements. */
export interface NarrowLeft extends LeftOperand {
  readonly at: (row: Expr, p: Expr) => Ref;
}

/** Rows of the left operand of the first product: where they lie, or rounded to bf16 in scratch of the thread. */
export function narrowLeft(
  call: TemplateCall,
  node: Node,
  s: GemmShape,
  batch: readonly Expr[],
  block: { readonly row: Expr; readonly rows: Expr; readonly most: number },
  narrow: NarrowProduct,
  pre: readonly Node[],
): NarrowLeft {
  const { builder, storage } = call;
  const index = (row: Expr, p: Expr): Expr[] => [...s.aBatch(batch), plus(block.row, row), p];
  if (narrow.left !== undefined) {
    const from = narrow.left.value;
    const at = (row: Expr, p: Expr): Ref => storage.ref(from, { index: index(row, p) });
    return { ref: at(zeroIndex, zeroIndex), ld: matrixStrides(call, from).row, setup: [], at };
  }
  const value = operand(node, 0);
  const origin = [node.id, ...makersOf(pre, value).map((n) => n.id)];
  const pitch = scratchPitch(s.k);
  const rows = builder.buffer({ name: "queries", dtype: "bf16", shape: [block.most, pitch], scope: "thread" });
  const inScratch = (row: Expr, p: Expr): Ref => ({ buffer: rows, index: [row, p] });
  const ready = { ref: inScratch(zeroIndex, zeroIndex), ld: pitch, at: inScratch };
  const plain = makersOf(pre, value).length === 0 ? matrixStrides(call, value) : undefined;
  const fill =
    plain !== undefined && (plain.col === 1 || s.k === 1)
      ? builder.kernel(
          {
            kernel: "pack_a_bf16",
            refs: { src: storage.ref(value, { index: index(zeroIndex, zeroIndex) }), dst: ready.ref },
            args: { m: block.rows, k: x.index(s.k), lds: x.index(plain.row), ldd: x.index(pitch) },
          },
          origin,
        )
      : builder.loop("serial", "i", 0, block.rows, origin, (i) => [
          builder.loop("vector", "p", 0, s.k, origin, (p) => {
            const e = element(call, pre, value, index(i, p));
            return [...e.stmts, builder.store({ buffer: rows, index: [i, p] }, x.cast(e.ref, "bf16"), origin)];
          }),
        ]);
  return { ...ready, setup: [builder.alloc(rows, origin), fill] };
}

/** Weights that stand in f32, as the second product reads them: where it is of bf16, rounded to scratch of their own. */
export function roundedWeights(
  { call, nest, values }: { readonly call: TemplateCall; readonly nest: NestShape; readonly values: RightOperand | undefined },
  { rows, most }: { readonly rows: Expr; readonly most: number },
  scores: BufferId,
  n: Expr,
): { readonly buffer: BufferId; readonly setup: readonly Stmt[] } {
  const narrow = values?.narrow;
  if (narrow === undefined) return { buffer: scores, setup: [] };
  const { builder } = call;
  const pitch = scratchPitch(nest.s.n);
  const buffer = builder.buffer({ name: "weights", dtype: "bf16", shape: [most, pitch], scope: "thread" });
  const at = (b: BufferId): Ref => ({ buffer: b, index: [zeroIndex, zeroIndex] });
  const args = { m: rows, k: n, lds: x.index(pitch), ldd: x.index(pitch) };
  const round = builder.kernel({ kernel: "pack_a_bf16", refs: { src: at(scores), dst: at(buffer) }, args }, narrow.origin);
  return { buffer, setup: [builder.alloc(buffer, narrow.origin), round] };
}

/** What a kernel's sum of a row and column is worth, and what has to be computed before the kernel runs. */
export interface SumValue {
  readonly acc: DType;
  readonly setup: readonly Stmt[];
  readonly value: (acc: Expr, row: Expr) => Expr;
  /** The same in two parts, for a reader that multiplies anyhow: a sum, and what it has to be multiplied by. */
  readonly unscaled?: { readonly sum: (acc: Expr, row: Expr) => Expr; readonly scale: number };
}

/** `at`: where the kernel reads an element of a row of the block, of which there are `most` at most. */
export function sumValue(
  call: TemplateCall,
  narrow: NarrowProduct | undefined,
  k: number,
  rows: Expr,
  most: number,
  at: (row: Expr, p: Expr) => Ref,
): SumValue {
  if (narrow === undefined || narrow.acc === "f32") return { acc: "f32", setup: [], value: (acc) => acc };
  const { acc: type, scale } = narrow;
  const worth = (setup: readonly Stmt[], whole: (acc: Expr, row: Expr) => Expr): SumValue => {
    const sum = (acc: Expr, row: Expr): Expr => x.cast(whole(acc, row), "f32");
    return { acc: type, setup, value: (acc, row) => x.mul(sum(acc, row), x.constant(scale, "f32")), unscaled: { sum, scale } };
  };
  if (narrow.zero === 0) return worth([], (acc) => acc);
  const { builder } = call;
  const { origin } = narrow;
  const sums = builder.buffer({ name: "row_sums", dtype: "i32", shape: [most], scope: "thread" });
  const dtype = narrow.left?.dtype ?? bug("sums of rows that are no bytes");
  const each = builder.loop("serial", "i", 0, rows, origin, (i) => {
    const sum = builder.register("sum", i32(k * kernelShift(narrow.kernel)), origin);
    const add = builder.loop("vector", "p", 0, k, origin, (p) => {
      const { buffer, index } = at(i, p);
      return [builder.accum(sum.ref.id, "add", x.cast(x.load(buffer, index, dtype), "i32"), origin)];
    });
    return [sum.stmt, add, builder.store({ buffer: sums, index: [i] }, sum.ref, origin)];
  });
  return worth([builder.alloc(sums, origin), each], (acc, row) => x.sub(acc, x.mul(i32(narrow.zero), x.load(sums, [row], "i32"))));
}
