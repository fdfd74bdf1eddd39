/** Reference matrix product: the plain triple loop over rows of B, blocked only by row, with sums in double (exact for int8). */
import { allocate, count, isBig, type BigArray, type Mode, type NdArray, type NumberArray } from "./ndarray.ts";
import { broadcastStrides } from "./eval-elementwise.ts";
import type { DType } from "../support/dtype.ts";

export interface MatmulSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

/** Batched product of operands of rank 2 or more: leading axes broadcast to those of `outShape`. Sums are in double and rounded once. */
export function evalMatmul(a: NdArray, b: NdArray, s: MatmulSizes, outShape: readonly number[], dtype: DType, mode: Mode): NdArray {
  const out = allocate(dtype, outShape, mode);
  const batch = outShape.slice(0, -2);
  const aSteps = broadcastStrides([...a.shape.slice(0, -2)], batch).map((x) => x * s.m * s.k);
  const bSteps = broadcastStrides([...b.shape.slice(0, -2)], batch).map((x) => x * s.k * s.n);
  const multiply = isBig(dtype) ? multiplyBig : dtype === "i32" || dtype === "u32" ? multiplyWords : multiplyNumbers;
  const offset = (i: number, steps: readonly number[]): number => {
    let at = 0;
    for (let axis = batch.length - 1, rest = i; axis >= 0; axis--) {
      at += (rest % batch[axis]!) * steps[axis]!;
      rest = Math.floor(rest / batch[axis]!);
    }
    return at;
  };
  for (let i = 0; i < count(batch); i++) multiply(a, offset(i, aSteps), b, offset(i, bSteps), out, i * s.m * s.n, s);
  return out;
}

function multiplyNumbers(a: NdArray, aAt: number, b: NdArray, bAt: number, out: NdArray, outAt: number, s: MatmulSizes): void {
  const { m, n, k } = s;
  const [left, right, to] = [a.data as NumberArray, b.data as NumberArray, out.data as NumberArray];
  const row = new Float64Array(n);
  const [ai, ap] = s.transA ? [1, m] : [k, 1];
  for (let i = 0; i < m; i++) {
    row.fill(0);
    if (s.transB) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0, at = bAt + j * k; p < k; p++) sum += left[aAt + i * ai + p * ap]! * right[at + p]!;
        row[j] = sum;
      }
    } else {
      for (let p = 0; p < k; p++) {
        const x = left[aAt + i * ai + p * ap]!;
        for (let j = 0, at = bAt + p * n; j < n; j++) row[j]! += x * right[at + j]!;
      }
    }
    to.set(row, outAt + i * n);
  }
}

/** Products and sums of 32-bit integers wrap. */
function multiplyWords(a: NdArray, aAt: number, b: NdArray, bAt: number, out: NdArray, outAt: number, s: MatmulSizes): void {
  const { m, n, k } = s;
  const [left, right, to] = [a.data as NumberArray, b.data as NumberArray, out.data as NumberArray];
  const [ai, ap] = s.transA ? [1, m] : [k, 1];
  const [bp, bj] = s.transB ? [1, k] : [n, 1];
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = left[aAt + i * ai + p * ap]!;
      for (let j = 0; j < n; j++) to[outAt + i * n + j] = (to[outAt + i * n + j]! + Math.imul(x, right[bAt + p * bp + j * bj]!)) | 0;
    }
  }
}

function multiplyBig(a: NdArray, aAt: number, b: NdArray, bAt: number, out: NdArray, outAt: number, s: MatmulSizes): void {
  const { m, n, k } = s;
  const [left, right, to] = [a.data as BigArray, b.data as BigArray, out.data as BigArray];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0n;
      for (let p = 0; p < k; p++) sum += left[aAt + (s.transA ? p * m + i : i * k + p)]! * right[bAt + (s.transB ? j * k + p : p * n + j)]!;
      to[outAt + i * n + j] = sum;
    }
  }
}
