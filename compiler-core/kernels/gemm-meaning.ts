/** What all matrix-product kernels mean, for the evaluator: they differ in where B's elements lie, in the start values and in rounding. */
import { bug } from "../messages.ts";
import type { CallValues } from "./kernel.ts";
import { element } from "./kernel.ts";

export interface ProductMeaning {
  /** Element (i, p) of A. */
  readonly a: (i: number, p: number) => number;
  /** Element (p, j) of B. */
  readonly b: (p: number, j: number) => number;
  /** What the sum of (i, j) begins with. */
  readonly start: (i: number, j: number) => number;
  /** Makes an element of the accumulator's type of a sum. */
  readonly finish: (sum: number) => number;
}

/** Hands every sum over k of an m x n product to the epilogue, as vectors of the call's lanes. */
export function sumProducts(call: CallValues, { a, b, start, finish }: ProductMeaning): void {
  const [m, n, k] = [call.arg("m"), call.arg("n"), call.arg("k")];
  for (let i = 0; i < m; i++) {
    for (let col = 0; col < n; col += call.lanes) {
      const acc: number[] = [];
      for (let j = col; j < Math.min(n, col + call.lanes); j++) {
        let sum = start(i, j);
        for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j);
        acc.push(finish(sum));
      }
      call.epilogue(i, col, acc);
    }
  }
}

/** Reads element `i` of an operand that the call must have. */
export function reader(call: CallValues, name: string): (i: number) => number {
  const operand = call.operand(name) ?? bug(`a matrix product without ${name}`);
  return (i) => element(operand, i);
}

/** Elements of an m x k operand in rows. */
export function rowsOf(call: CallValues, name: string, ld: string): (i: number, p: number) => number {
  const [at, pitch] = [reader(call, name), call.arg(ld)];
  return (i, p) => at(i * pitch + p);
}

/** Place of element (p, j) in column panels [n/nr][ceil(k/group)][nr][group]. */
export function panelPlace(nr: number, k: number, group: number): (p: number, j: number) => number {
  const depth = Math.ceil(k / group) * group;
  return (p, j) => Math.floor(j / nr) * nr * depth + (Math.floor(p / group) * nr + (j % nr)) * group + (p % group);
}

/** Elements of an operand in such panels; `kb` and `nr` come with the call. */
export function panelsOf(call: CallValues, group: number): (p: number, j: number) => number {
  const [at, place] = [reader(call, "b"), panelPlace(Number(call.param("nr")), call.arg("kb"), group)];
  return (p, j) => at(place(p, j));
}

/** Start values of an optional m x n operand `c` with row stride ldc; 0 without. */
export function startsOf(call: CallValues): (i: number, j: number) => number {
  if (call.operand("c") === undefined) return () => 0;
  return rowsOf(call, "c", "ldc");
}
