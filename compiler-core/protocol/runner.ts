/**
 * Messages between a host and the native runner (native/runner): one JSON object per line on its stdin and stdout. The host sends requests
 * `{id, method, ...params}`; the runner answers each, in order, with `{id, ok: true, result}` or `{id, ok: false, error}`, and may send events
 * `{event, ...}` in between. Only `cancel` is looked at while another request runs. Times are nanoseconds of CLOCK_MONOTONIC.
 */

import type { OnednnPlan, OnednnPrimitive } from "./onednn.ts";

/** Raised when a message changes its meaning; `hello` tells the runner's. */
export const runnerProtocolVersion = 2;

/** Number of a loaded compiled model or ONNX Runtime session. */
export type TargetId = number;

/**
 * A raw little-endian tensor file. Name, type and shape are needed by ONNX Runtime only. Strings follow each other: for each a length (32 bits), then
 * its bytes in UTF-8.
 */
export interface TensorFileRef {
  readonly file: string;
  readonly name?: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** Of a sequence: its tensors; `file` is empty then. */
  readonly items?: readonly TensorFileRef[];
}

/** A weight of a compiled model: a range of a file, mapped read-only (copied when it is not 64-byte aligned). */
export interface WeightRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** Only the constant work reads it. */
  readonly once?: boolean;
}

export interface HelloParams {
  /** Path of libonnxruntime.so, to learn whether it loads and its version. */
  readonly ortLibrary?: string;
  /** What is counted from now on, group by group: rows of compiler-core/counters for this processor. */
  readonly events?: readonly RunnerCounterEvent[];
}
/** An event of the kernel's perf interface. */
export interface RunnerCounterEvent {
  readonly name: string;
  readonly kind: "hardware" | "software" | "uncore";
  /** `hardware`, `software`, `cache`: numbers of the kernel; else the name of a monitoring unit. */
  readonly unit: string;
  readonly config: number;
  /** Events of one number follow each other, and are counted over the same time. */
  readonly group: number;
  /** Of one count; default 1. */
  readonly scale?: number;
}
export interface HelloResult {
  readonly protocol: number;
  /** FS_ABI_VERSION of native/runtime/abi.h. */
  readonly abi: number;
  readonly pid: number;
  /** Feature sets that compiled models may use in this process, as text. */
  readonly isa: string;
  readonly cpu: {
    readonly vendor: string;
    readonly model: string;
    /** As in /proc/cpuinfo. */
    readonly flags: readonly string[];
    readonly caches: readonly { readonly level: number; readonly type: string; readonly bytes: number; readonly sharedCpus: string }[];
    /** In the order that threads are pinned to: one per core first, SMT siblings after them. */
    readonly cpus: readonly number[];
    readonly cores: number;
    readonly smt: boolean;
    readonly amxPermitted: boolean;
  };
  readonly counters: readonly {
    readonly name: string;
    readonly kind: "hardware" | "software" | "uncore";
    readonly valid: boolean;
    readonly why?: string;
  }[];
  readonly ticksPerNs: number;
  readonly ort: { readonly valid: true; readonly version: string } | { readonly valid: false; readonly why: string };
}

/** An operand or result of a hole, in the order of the call. */
export interface HoleOperandSpec {
  /** In the hole's model. */
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Slot of a value that the runner keeps; absent: memory of the module, as large as type and shape say. */
  readonly host?: number;
}

/** A part of a compiled model that runs on ONNX Runtime. */
export interface HoleSpec {
  /** File of its model. */
  readonly model: string;
  /** For messages: which nodes it holds. */
  readonly what: string;
  readonly inputs: readonly HoleOperandSpec[];
  readonly outputs: readonly HoleOperandSpec[];
}

export interface LoadParams {
  /** Absolute path of a shared object with the symbols of abi.h. */
  readonly so: string;
  readonly weights?: readonly WeightRange[];
  /** Size of its team; 0 or absent: what it was scheduled for. */
  readonly threads?: number;
  /** Comes before the names of the three symbols: one shared object may hold many models. */
  readonly prefix?: string;
  /** Its holes, in the order of their numbers; with the library that runs them, and how many values the runner keeps between them. */
  readonly holes?: readonly HoleSpec[];
  readonly ortLibrary?: string;
  readonly hostValues?: number;
  /** Packed constants from this file, unless it is damaged; `keep`: made anew, and written there. */
  readonly packed?: { readonly file: string; readonly keep?: boolean };
  /** Per input and output of the model: the slot of a value that the runner keeps, or -1. Absent: all are buffers of the module. */
  readonly inputPorts?: readonly number[];
  readonly outputPorts?: readonly number[];
}
export interface LoadResult {
  readonly target: TargetId;
  readonly name: string;
  readonly threads: number;
  readonly scheduledThreads: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly regions: number;
  readonly holes: number;
  readonly arenaBytes: number;
  readonly packedBytes: number;
  /** Per thread. */
  readonly scratchBytes: number;
  /** The packed constants were read from the file that was given. */
  readonly packedFromFile: boolean;
  /** Bytes of weights that were given back after the constant work, because nothing else reads them. */
  readonly releasedBytes: number;
  /** Bytes of the arena and the packed constants that huge pages were asked for (buffers of 2 MiB and more), and that lie on such. */
  readonly hugePages: { readonly askedBytes: number; readonly gotBytes: number };
}

export interface LoadOrtParams {
  readonly library: string;
  readonly model: string;
  readonly threads?: number;
  /** 0 none, 1 basic, 2 extended, 99 all (default). */
  readonly optimisation?: 0 | 1 | 2 | 99;
  /** May its threads spin while they wait for work? Its default, and ours. Others run only after they have stopped. */
  readonly spinning?: boolean;
}
export interface LoadOrtResult {
  readonly target: TargetId;
  readonly version: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface LoadOnednnParams {
  /** Name or path of oneDNN's library, such as `libdnnl.so.2`. */
  readonly library: string;
  readonly plan: OnednnPlan;
  readonly threads?: number;
}
export interface LoadOnednnResult {
  readonly target: TargetId;
  readonly version: string;
  /** What became of the steps, in order; reorders of results are listed, those of constants are done once and are not. */
  readonly primitives: readonly OnednnPrimitive[];
}

export interface RunParams {
  readonly target: TargetId;
  readonly inputs: readonly TensorFileRef[];
  /** Where to write the outputs, in order; an empty `file`: not written. */
  readonly outputs?: readonly { readonly file: string }[];
}
export interface RunResult {
  readonly ns: number;
  readonly outputs: readonly RunOutput[];
}
/** Name, type and shape: of ONNX Runtime, and of values that the runner keeps. */
export interface RunOutput {
  readonly bytes: number;
  readonly name?: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** Absent: a tensor. Item i of a sequence (keys and values of a map) is written to the file's name with `.i` behind it. */
  readonly kind?: "sequence" | "map";
  readonly items?: readonly RunOutput[];
}

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

export interface DoneResult {
  readonly done: true;
}

/** Every method with its parameters and its result. */
export interface RunnerMethods {
  readonly hello: { readonly params: HelloParams; readonly result: HelloResult };
  readonly load: { readonly params: LoadParams; readonly result: LoadResult };
  readonly "load-ort": { readonly params: LoadOrtParams; readonly result: LoadOrtResult };
  readonly "load-onednn": { readonly params: LoadOnednnParams; readonly result: LoadOnednnResult };
  readonly unload: { readonly params: { readonly target: TargetId }; readonly result: DoneResult };
  readonly run: { readonly params: RunParams; readonly result: RunResult };
  readonly bench: { readonly params: RunnerBenchParams; readonly result: RunnerBenchResult };
  readonly profile: { readonly params: ProfileParams; readonly result: ProfileResult };
  readonly sample: { readonly params: SampleParams; readonly result: SampleResult };
  readonly peaks: { readonly params: PeaksParams; readonly result: PeaksResult };
  readonly latencies: { readonly params: LatenciesParams; readonly result: LatenciesResult };
  readonly "read-rates": { readonly params: ReadRatesParams; readonly result: ReadRatesResult };
  readonly "launch-cost": { readonly params: LaunchCostParams; readonly result: LaunchCostResult };
  /** Ends a running bench or sample: that request fails with `cancelled`. */
  readonly cancel: { readonly params: object; readonly result: DoneResult };
  readonly quit: { readonly params: object; readonly result: DoneResult };
}
export type RunnerMethod = keyof RunnerMethods;

/**
 * Why a request failed. `no-file`: a file is missing or unreadable; `bad-module`: not a compiled model, or of another ABI; `isa`: it needs features that
 * the machine lacks; `no-library`: ONNX Runtime does not load; `ort`: ONNX Runtime's own error; `no-onednn`, `onednn`: the same of oneDNN; `hole-load`, `hole-invalid`, `hole-run`: its own error about a part
 * of a compiled model (it lacks something, the part is wrong, running it failed); `unsupported`: this output or machine cannot be served;
 * `threads`, `no-memory`: resources; `bad-request`, `internal`: a mistake of ours.
 */
export const runnerErrorCodes = [
  "bad-request",
  "no-file",
  "bad-module",
  "isa",
  "no-library",
  "ort",
  "no-onednn",
  "onednn",
  "hole-load",
  "hole-invalid",
  "hole-run",
  "unsupported",
  "threads",
  "no-memory",
  "cancelled",
  "internal",
] as const;
export type RunnerErrorCode = (typeof runnerErrorCodes)[number];

export type RunnerResponse =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number | null; readonly ok: false; readonly error: { readonly code: RunnerErrorCode; readonly message: string } };

export type RunnerEvent =
  | { readonly event: "progress"; readonly id: number; readonly fraction: number }
  /** The last line of a runner that crashed. `offset`: in the shared object of the model; `region`: the loop nest that ran. */
  | {
      readonly event: "crash";
      readonly signal: string;
      readonly address: number;
      readonly thread: number;
      readonly offset?: number;
      readonly region?: number;
    };
