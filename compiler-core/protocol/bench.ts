/** The result of a benchmark: what `fusionscope bench --json` prints, what the page draws, and what a later run is compared with. */

import type { HotSpots, StaticEstimate } from "./hot-spots.ts";

export interface Timing {
  readonly minMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly runs: number;
  /** 95 % confidence interval of the median, ms. */
  readonly ci95: readonly [number, number];
}

/** A ratio of two times with its 95 % interval; above 1: the code of this project is faster. */
export interface Ratio {
  readonly median: number;
  readonly ci95: readonly [number, number];
}

/** A counter is a value or the reason why there is none; never a zero that means nothing. */
export interface CounterValue {
  readonly value: number | null;
  readonly valid: boolean;
  readonly why?: string;
  /** Above 1: it was counted for 1/scale of the time only, and extrapolated. */
  readonly scale?: number;
}

export type BenchScope =
  | { readonly kind: "model" }
  | { readonly kind: "group"; readonly group: number }
  /** ONNX node indices. */
  | { readonly kind: "nodes"; readonly nodes: readonly number[] };

/** `warm`: runs follow each other; `cold`: the caches are swept before every run. */
export type CacheState = "warm" | "cold";

/** Every measured run of one candidate, ns, by round: the i-th rounds of two candidates were measured one right after the other. */
export interface CandidateSamples {
  /** `ours`, `control` (ours once more), or the name of a baseline. */
  readonly candidate: string;
  readonly rounds: readonly (readonly number[])[];
  /** How many rounds each process measured, in order; absent: one process. */
  readonly sessions?: readonly number[];
}

/** The machine, and the state it was in. What the system does not tell is null. */
export interface BenchMachine {
  readonly cpu: string;
  /** Of the features that code is generated for, those that the CPU has. */
  readonly features: readonly string[];
  /** Bytes; 0: not known. */
  readonly caches: { readonly l1d: number; readonly l2: number; readonly l3: number };
  readonly cores: number;
  /** CPUs that this process may use. */
  readonly cpus: number;
  /** Do two CPUs share a core? */
  readonly smt: boolean | null;
  /** Under a hypervisor. */
  readonly virtual: boolean;
  /** GHz of a chain of dependent additions, before and after the measurement. */
  readonly ghz: { readonly before: number | null; readonly after: number | null };
  /** Of the last minute. Before the measurement: what others do; after it: ours as well. */
  readonly load: { readonly before: number | null; readonly after: number | null };
  readonly governor: string | null;
  readonly system: string;
  /** When the measurement began, ISO 8601. */
  readonly date: string;
  /** By name: fusionscope, compiler, node, and each baseline. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A reason to doubt the numbers. */
export interface BenchWarning {
  readonly kind:
    | "wide-interval" // an interval wider than the ratio it bounds can bear
    | "control-off" // the same code differs from itself
    | "throttled" // the frequency changed, or is far below the highest
    | "busy-machine" // others wanted the CPUs
    | "oversubscribed" // more threads than CPUs
    | "few-rounds" // too few for an interval of 95 %
    | "results-differ" // a baseline computed something else
    | "other-machine"; // a stored result comes from another one
  readonly text: string;
}

/** Time of a fusion group: inside a run of the whole, from an instrumented build, and on its own. */
export interface BenchRegion {
  readonly group: number;
  /** Inside a full run, summed over threads, per run. */
  readonly ns: number;
  readonly name?: string;
  /** Names of its microkernels. */
  readonly kernels?: readonly string[];
  /** `ns` by thread; and by how much each was done before the slowest, which is what it waits at a barrier behind the group. */
  readonly threads?: readonly {
    readonly ns: number;
    readonly waitNs: number;
    readonly calls: number;
    /** Per run, of this thread inside of the group. */
    readonly counters?: Readonly<Record<string, CounterValue>>;
  }[];
  /** Work of the group, and the bytes it must move at least. */
  readonly flops?: number;
  readonly bytes?: number;
  /** The group cut out as a model of its own, in turns with the rest; or why not. */
  readonly isolated?: Timing;
  readonly notIsolated?: string;
  readonly counters?: Readonly<Record<string, CounterValue>>;
}

/**
 * Time of a part in its place: of its fusion groups inside a run of the whole model, in turns with the same part cut out. Both are the time of
 * the busiest thread in the regions, from builds with region times.
 */
export interface InPlaceTime {
  readonly inPlace: Timing;
  readonly isolated: Timing;
  /** Time in its place over time on its own; above 1: its place costs it something (cold operands, other layouts). */
  readonly ratio: Ratio;
  /** A run of the whole model, with region times. */
  readonly whole: Timing;
  readonly groups: readonly number[];
  /** ONNX nodes that the groups compute besides those of the part: their time is in `inPlace`, too. */
  readonly others: readonly string[];
}

/** What the machine can do at most, and where each piece of work lies. */
export interface Roofline {
  readonly ceilings: readonly {
    readonly name: string;
    /** `compute`: Gflop/s (or Gop/s); `bandwidth`: GB/s. */
    readonly kind: "compute" | "bandwidth";
    readonly value: number;
    /** Of the compute ceilings: the arithmetic it is for (`f32`, `int8`, `bf16`). */
    readonly precision?: string;
    readonly threads: number;
  }[];
  readonly points: readonly {
    readonly label: string;
    /** Absent: the whole scope. */
    readonly group?: number;
    readonly flops: number;
    readonly bytes: number;
    readonly ns: number;
    /** `static`: operands and results counted once; `counted`: from hardware counters. */
    readonly bytesFrom: "static" | "counted";
    /** Name of the ceiling that bounds it, and the share of it that was reached. */
    readonly bound?: string;
    readonly share?: number;
  }[];
}

/** This result held against a stored one. */
export interface BenchComparison {
  /** File of the stored result, and when it was measured. */
  readonly with: string;
  readonly date: string | null;
  /** Stored time over time now: below 1, it became slower. */
  readonly ratio: Ratio;
  /** `paired`: through a baseline that took part in both (its name follows), so that the state of the machine cancels; `absolute`: of the times. */
  readonly method: "paired" | "absolute";
  readonly through?: string;
  /** How far below 1 the ratio must lie, besides its interval, to be called a regression. */
  readonly threshold: number;
  readonly regression: boolean;
}

/** The same object that `fusionscope bench --json` prints. Results stored by older versions lack what is optional. */
export interface BenchResult {
  readonly isa: string;
  readonly threads: number;
  readonly precision: string;
  readonly scope: string;
  readonly ours: Timing;
  /** By name: `ort`, `onednn`, `plain` (ours with the optional passes off), `stored:FILE`. */
  readonly baselines: Readonly<Record<string, Timing & { readonly version: string }>>;
  readonly speedup: Readonly<Record<string, Ratio>>;
  /** The same code against itself: says how far to trust the ratios. */
  readonly control: Ratio;
  readonly flops: number;
  readonly gflops: number;
  readonly bytes: number;
  readonly peakGflops: number | null;
  readonly peakGBs: number | null;
  readonly counters: Readonly<Record<string, CounterValue>>;
  /** Empty when they were not asked for. */
  readonly regions: readonly BenchRegion[];
  /** The microkernels of the code; what its arithmetic is held against. */
  readonly kernels?: readonly string[];
  readonly cache?: CacheState;
  readonly samples?: readonly CandidateSamples[];
  readonly machine?: BenchMachine;
  readonly warnings?: readonly BenchWarning[];
  /** Time of the instrumented build over that of the plain one. */
  readonly regionOverhead?: Ratio;
  readonly roofline?: Roofline;
  /** Sampled (`bench --sample`), and estimated from the machine code (`bench --static`). */
  readonly hotSpots?: HotSpots;
  readonly estimate?: StaticEstimate;
  readonly comparison?: BenchComparison;
  /** Of a part; or why not. */
  readonly inPlace?: InPlaceTime;
  readonly notInPlace?: string;
  /** `SessionModel.structureHash` of the whole model: a result is not shown for another one. */
  readonly modelHash?: string;
  /** The line to type for this measurement. */
  readonly reproduce?: string;
  /** Baselines that could not take part, and remarks on how it was measured. */
  readonly missing?: readonly { readonly baseline: string; readonly why: string }[];
  readonly notes?: readonly string[];
}
