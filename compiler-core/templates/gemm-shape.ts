/** The sizes of a matrix product as the template sees them: a batch of m x k times k x n, and how B lies. */
import { staticShape, valueOf, type Graph, type Node } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr } from "../tensor/ir.ts";
import { broadcastIndex } from "./views.ts";
import { operand } from "./template.ts";

export interface GemmShape {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** A is a plain vector: one row, and no row axis in A nor in the result. */
  readonly aIsVector: boolean;
  readonly bLayout: "panels" | "rows" | "transposed";
  /** Leading index of an operand for a batch index of the result. */
  readonly aBatch: (batch: readonly Expr[]) => readonly Expr[];
  readonly bBatch: (batch: readonly Expr[]) => readonly Expr[];
}

export function gemmShape(graph: Graph, node: Node): GemmShape {
  const [av, bv] = [valueOf(graph, operand(node, 0)), valueOf(graph, operand(node, 1))];
  const [a, b] = [staticShape(av) ?? [], staticShape(bv) ?? []];
  const transB = node.attrs["transB"] === true;
  const [rows, cols] = [b.at(-2) ?? 1, b.at(-1) ?? 1];
  const [k, n] = transB ? [cols, rows] : [rows, cols];
  const aIsVector = a.length === 1;
  const [batchA, batchB] = [a.slice(0, -2), b.slice(0, -2)];
  const rank = Math.max(batchA.length, batchB.length);
  const at = (s: readonly number[], i: number): number => s[i - (rank - s.length)] ?? 1;
  const batch = Array.from({ length: rank }, (_, i) => Math.max(at(batchA, i), at(batchB, i)));
  const panels = bv.layout !== "plain" && bv.layout.inner.length > 0;
  const bLayout = panels ? "panels" : transB || bv.layout !== "plain" ? "transposed" : "rows";
  const leading =
    (shape: readonly number[]) =>
    (index: readonly Expr[]): readonly Expr[] =>
      broadcastIndex(index.length === 0 ? shape.map(() => x.index(0)) : index, shape);
  return { batch, m: aIsVector ? 1 : (a.at(-2) ?? 1), n, k, aIsVector, bLayout, aBatch: leading(batchA), bBatch: leading(batchB) };
}
