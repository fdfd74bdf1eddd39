/** What the native runner measures: times in turns, regions, samples, counters; and what the machine can do at most. */
import type { TargetId, TensorFileRef } from "./runner-load.ts";

export interface RunnerBenchParams {
  readonly candidates: readonly { readonly target: TargetId; readonly label?: string; readonly inputs: readonly TensorFileRef[] }[];
  /** Adds the first candidate once more as a control: its ratio to itself is what noise alone does. */
  readonly aa?: boolean;
  /** Measured time over all candidates before it may stop (default 0.5). */
  readonly minSeconds?: number;
  /** Stops after the round in which this is exceeded, whatever the other bounds (default 10). */
  readonly maxSeconds?: number;
  /** Per candidate (default 10). */
  readonly minRuns?: number;
  /** Length of a burst of runs of one candidate (default 3); one run when a run is longer. */
  readonly burstMs?: number;
  /** Per candidate before the first round (default 30); at least two runs. */
  readonly warmupMs?: number;
  /** Above 0: so much memory is written on every CPU before each run; bursts are single runs then. */
  readonly coldBytes?: number;
}
export interface RunnerBenchCandidate {
  readonly label: string;
  /** One list per round: the i-th rounds of two candidates were measured one right after the other. */
  readonly ns: readonly (readonly number[])[];
  readonly runs: number;
  /** CPU time of all threads over the timed runs. */
  readonly taskClockNs: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}
/** A counter per run, or why there is none. `scale` > 1: it was counted for only 1/scale of the time and extrapolated. */
export type RunnerCounter =
  { readonly valid: true; readonly value: number; readonly scale: number } | { readonly valid: false; readonly why: string };
export interface RunnerBenchResult {
  /** Of a chain of dependent additions; 0: not known. */
  readonly ghz: { readonly before: number; readonly after: number };
  /** CPU time that other processes (and other guests of a hypervisor) took meanwhile, all CPUs together; -1: not known. */
  readonly othersNs: number;
  readonly elapsedNs: number;
  /** As requested; the A/A control comes last, labelled "... (again)". */
  readonly candidates: readonly RunnerBenchCandidate[];
  /** Of the first candidate, when it is a compiled model: from extra runs, not the timed ones. */
  readonly counters?: Readonly<Record<string, RunnerCounter>>;
}

export interface ProfileParams {
  /** A compiled model built with -DFS_PROFILE; other builds give zeros. */
  readonly target: TargetId;
  readonly inputs: readonly TensorFileRef[];
  /** Default 10. */
  readonly runs?: number;
  /** Also count by region and thread, in runs of their own: each boundary of a region costs system calls. */
  readonly counters?: boolean;
}
export interface ProfileResult {
  readonly runs: number;
  /** Of each run as a whole. */
  readonly ns: readonly number[];
  /** Per thread, per region: sums over all runs. */
  readonly threads: readonly { readonly ns: readonly number[]; readonly counts: readonly number[] }[];
  /** Per thread and region, each counter per run; null where the thread was never in the region. */
  readonly counters?: {
    readonly runs: number;
    readonly threads: readonly (readonly (Readonly<Record<string, RunnerCounter>> | null)[])[];
  };
}

export interface SampleParams {
  readonly target: TargetId;
  readonly inputs: readonly TensorFileRef[];
  /** Default 1. */
  readonly seconds?: number;
  /** Per thread, at most 10,000 (default 1,000). */
  readonly hz?: number;
}
export interface SampleResult {
  readonly samples: number;
  /** Samples that were not in the compiled model: waiting in the kernel, library code. */
  readonly outside: number;
  /** [offset in the shared object (an address of its ELF file), samples]. The sampled instruction comes after the one that took the time. */
  readonly offsets: readonly (readonly [number, number])[];
  readonly runs: number;
  readonly seconds: number;
  readonly hz: number;
  readonly clock: string;
}

export interface PeaksParams {
  readonly threads?: number;
  /** Per figure (default 0.2). */
  readonly seconds?: number;
}
/** `opsPerCycle` is the sum over all threads: giga-operations over the frequency of a dependent-add chain measured right before and after. */
export type PeakFigure =
  | { readonly valid: true; readonly gops: number; readonly ghz: number; readonly opsPerCycle: number }
  | { readonly valid: false; readonly why: string };
export interface PeaksResult {
  readonly threads: number;
  /** Frequency seen by a chain of dependent additions; absent where it cannot be measured. */
  readonly ghz?: number;
  readonly fmaF32?: PeakFigure;
  readonly fmaF32Avx2?: PeakFigure;
  readonly vnniInt8?: PeakFigure;
  /** VNNI of 256 bits on processors without AVX-512 (AVX-VNNI). */
  readonly vnniInt8Avx?: PeakFigure;
  readonly bf16?: PeakFigure;
  readonly f16?: PeakFigure;
  readonly amxInt8?: PeakFigure;
  readonly amxBf16?: PeakFigure;
  /** Bytes read plus bytes written, of a copy far larger than the caches. */
  readonly copyGBs: number;
  /** Read bandwidth (sum of threads) of a working set of so many bytes per thread. */
  readonly read: readonly { readonly bytes: number; readonly gbs: number }[];
}

export interface LatenciesParams {
  /** Working sets, 1 KiB to 2 GiB. */
  readonly bytes: readonly number[];
  /** Per working set (default 0.05). */
  readonly seconds?: number;
}
export interface LatenciesResult {
  /** Nanoseconds per load of a chain through all lines in random order: the least of many stretches. */
  readonly points: readonly { readonly bytes: number; readonly ns: number }[];
}

export interface ReadRatesParams {
  readonly threads?: number;
  /** Working sets of each thread. */
  readonly bytes: readonly number[];
  /** Per working set (default 0.1). */
  readonly seconds?: number;
}
export interface ReadRatesResult {
  /** GB/s, sums over the threads. */
  readonly rates: readonly { readonly bytes: number; readonly gbs: number }[];
}

export interface LaunchCostParams {
  /** Team sizes. */
  readonly threads: readonly number[];
  /** Of measurement per team size (default 0.5). */
  readonly seconds?: number;
}
/** Nanoseconds per launch of an empty nest, and per barrier inside of one: one figure for each round of 500. */
export interface LaunchCostFigures {
  readonly launchNs: readonly number[];
  readonly barrierNs: readonly number[];
}
export interface LaunchCostResult {
  /** The rounds of `openmp` (libgomp: a parallel region, its barrier) were measured between ours, the other's threads at rest. */
  readonly teams: readonly (LaunchCostFigures & {
    readonly threads: number;
    readonly openmp: (LaunchCostFigures & { readonly valid: true }) | { readonly valid: false; readonly why: string };
  })[];
}
