/** How threads divide a product that is computed as dot products along k: at the least share of the busiest thread. */
import type { GemmShape } from "../../templates/gemm-shape.ts";

export interface DotDivision {
  readonly rows: number;
  readonly cols: number;
  readonly grid: string;
  /** Multiply-adds of the busiest thread, and what it has to bring in. */
  readonly cost: number;
}

/** Multiply-adds one core does in the time one operand element comes from the last-level cache: about 16 lanes at 16 bytes a cycle. */
const streamCost = 4;
/** Rows and columns of the kernel's tile. */
const unit = 4;

const roundUp = (x: number, by: number): number => Math.ceil(x / by) * by;

/** Grids of at most so many threads, best first. */
export function divideDot(s: GemmShape, threads: number): readonly DotDivision[] {
  const grids = Array.from({ length: threads }, (_, i) => i + 1).flatMap((ms) =>
    Array.from({ length: Math.floor(threads / ms) }, (_, j) => [ms, j + 1] as const),
  );
  const all = grids.map(([ms, ns]) => {
    const rows = ms === 1 ? s.m : Math.min(s.m, roundUp(Math.ceil(s.m / ms), s.m / ms >= 2 * unit ? unit : 1));
    const cols = ns === 1 ? s.n : Math.min(s.n, roundUp(Math.ceil(s.n / ns), unit));
    const grid = `${Math.ceil(s.m / rows)} x ${Math.ceil(s.n / cols)}`;
    return { rows, cols, grid, cost: rows * roundUp(cols, unit) * s.k + streamCost * (rows + cols) * s.k };
  });
  return all.sort((a, b) => a.cost - b.cost || b.cols - a.cols);
}
