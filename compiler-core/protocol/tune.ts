/** What a tuner did: `fusionscope bench --tune --json`, and what the page shows of it. */
import type { Ratio, Timing } from "./bench.ts";

/** Parameters with what was predicted and measured for them. */
export interface TunedPoint {
  readonly params: Readonly<Record<string, number | string>>;
  /** For people: `tiles of 14 x 32, blocks of 112 x 512, ...`. */
  readonly text: string;
  /** By the cost model, ns. */
  readonly predictedNs: number;
  /** The least of all measurements, ns: of the kernel with its loops, without what is fused to it. */
  readonly measuredNs: number;
}

/** The winner against what would have been chosen otherwise: built as the compiler builds them, in turns, in a process of their own. */
export interface TuneFinal {
  readonly before: Timing;
  readonly after: Timing;
  /** Time before over time after. */
  readonly ratio: Ratio;
  /** The code before, against itself. */
  readonly control: Ratio;
  /** The interval says that it is faster. */
  readonly taken: boolean;
}

/** One problem: all products (or convolutions) of the same sizes. */
export interface TunedProblem {
  /** As in the tuned entries of a machine profile. */
  readonly problem: string;
  /** Fusion groups that compute it. */
  readonly groups: readonly number[];
  /** Of each of them. */
  readonly flops: number;
  /** Distinct points that its search space has; not `exact`: at least so many. */
  readonly space: { readonly points: number; readonly exact: boolean };
  /** Those that were measured, and how many measurements that took. */
  readonly points: number;
  readonly measurements: number;
  readonly seconds: number;
  /** What the compiler chooses without this tuning. */
  readonly before: TunedPoint | null;
  /** Best measured first. */
  readonly best: readonly TunedPoint[];
  /** Spearman's rank correlation of predicted and measured times, over all points; null: too few. */
  readonly rankCorrelation: number | null;
  readonly final: TuneFinal | null;
  /** Why it was not tuned, or why nothing was taken. */
  readonly why?: string;
}

export interface TuneResult {
  readonly isa: string;
  readonly threads: number;
  readonly budgetSeconds: number;
  readonly seconds: number;
  readonly problems: readonly TunedProblem[];
  /** File that keeps what was taken; null: nothing was. `--tuned` compiles with it. */
  readonly kept: string | null;
}
