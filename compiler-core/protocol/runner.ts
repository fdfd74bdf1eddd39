/**
 * Messages between a host and the native runner (native/runner): one JSON object per line on its stdin and stdout. The host sends requests
 * `{id, method, ...params}`; the runner answers each, in order, with `{id, ok: true, result}` or `{id, ok: false, error}`, and may send events
 * `{event, ...}` in between. Only `cancel` is looked at while another request runs. Times are nanoseconds of CLOCK_MONOTONIC.
 */

import type * as load from "./runner-load.ts";
import type * as measure from "./runner-measure.ts";

export * from "./runner-load.ts";
export * from "./runner-measure.ts";

/** Raised when a message changes its meaning; `hello` tells the runner's. */
export const runnerProtocolVersion = 2;

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

export interface DoneResult {
  readonly done: true;
}

/** Every method with its parameters and its result. */
export interface RunnerMethods {
  readonly hello: { readonly params: HelloParams; readonly result: HelloResult };
  readonly load: { readonly params: load.LoadParams; readonly result: load.LoadResult };
  readonly "load-ort": { readonly params: load.LoadOrtParams; readonly result: load.LoadOrtResult };
  readonly "load-onednn": { readonly params: load.LoadOnednnParams; readonly result: load.LoadOnednnResult };
  readonly unload: { readonly params: { readonly target: load.TargetId }; readonly result: DoneResult };
  readonly run: { readonly params: load.RunParams; readonly result: load.RunResult };
  readonly bench: { readonly params: measure.RunnerBenchParams; readonly result: measure.RunnerBenchResult };
  readonly profile: { readonly params: measure.ProfileParams; readonly result: measure.ProfileResult };
  readonly sample: { readonly params: measure.SampleParams; readonly result: measure.SampleResult };
  readonly peaks: { readonly params: measure.PeaksParams; readonly result: measure.PeaksResult };
  readonly latencies: { readonly params: measure.LatenciesParams; readonly result: measure.LatenciesResult };
  readonly "read-rates": { readonly params: measure.ReadRatesParams; readonly result: measure.ReadRatesResult };
  readonly "launch-cost": { readonly params: measure.LaunchCostParams; readonly result: measure.LaunchCostResult };
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
export type RunnerErrorCode =
  | "bad-request"
  | "no-file"
  | "bad-module"
  | "isa"
  | "no-library"
  | "ort"
  | "no-onednn"
  | "onednn"
  | "hole-load"
  | "hole-invalid"
  | "hole-run"
  | "unsupported"
  | "threads"
  | "no-memory"
  | "cancelled"
  | "internal";

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
