/**
 * Messages between the extension host and the compiler worker. The host asks with an id and gets exactly one reply or error;
 * `event` messages carry what comes in between.
 */
import type {
  BenchResult,
  CompilationSummary,
  Divergence,
  ErrorInfo,
  ErrorReport,
  GraphDelta,
  Hello,
  LoopStep,
  OpDoc,
  OrtProfile,
  PanelOptions,
  PanelRequests,
  PassInfo,
  ProbeData,
  ProbedTensor,
  RuleDoc,
  TemplateSpace,
  TensorArg,
  TensorPage,
  TensorStats,
  TextKind,
  TextReply,
} from "#protocol";

export interface MachineInfo {
  readonly isas: Hello["isas"];
  /** What `auto` stands for on this machine. */
  readonly autoIsa: string;
  readonly maxThreads: number;
  readonly passes: readonly PassInfo[];
  /** What each graph operator does, and each rule that decides. */
  readonly opDocs: Readonly<Record<string, OpDoc>>;
  readonly ruleDocs: Readonly<Record<string, RuleDoc>>;
}

export interface ModelInfo {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Symbolic dimensions with the value used when nothing is set. */
  readonly dims: readonly { readonly name: string; readonly value: number }[];
  /** See `Hello.opsets`. */
  readonly opsets: Readonly<Record<string, number>>;
}

export interface CompileReply {
  readonly summary: CompilationSummary;
  /** A pass that failed: the stages before it are there all the same. */
  readonly failed?: ErrorInfo;
  readonly dims: readonly { readonly name: string; readonly value: number }[];
}

/** Requests of the host: argument, events while it runs, and reply, by name. */
export interface WorkerRequests {
  readonly machine: { readonly arg: null; readonly event: never; readonly reply: MachineInfo };
  readonly open: { readonly arg: { readonly path: string }; readonly event: never; readonly reply: ModelInfo };
  readonly compile: {
    /** `hold`: so many ms at most the passes wait for the first graph to be on the screen. */
    readonly arg: { readonly generation: number; readonly options: PanelOptions; readonly hold: number };
    readonly event: { readonly delta: GraphDelta };
    readonly reply: CompileReply;
  };
  readonly text: { readonly arg: { readonly kind: TextKind; readonly stage: number }; readonly event: Progress; readonly reply: TextReply };
  readonly tensor: { readonly arg: TensorArg; readonly event: never; readonly reply: TensorPage };
  readonly tensorStats: {
    readonly arg: { readonly value: number; readonly stage: number };
    readonly event: Progress;
    readonly reply: TensorStats;
  };
  /** Writes the elements of a constant to a file, as a NumPy array. */
  readonly writeTensor: {
    readonly arg: { readonly value: number; readonly stage: number; readonly path: string };
    readonly event: Progress;
    readonly reply: { readonly bytes: number; readonly note?: string };
  };
  /** Runs the model on data and keeps the value, which is read like a constant from then on. */
  readonly probe: {
    readonly arg: { readonly value: number; readonly stage: number; readonly data: ProbeData };
    readonly event: Progress;
    readonly reply: ProbedTensor;
  };
  /** Runs the model on data and compares every tensor in memory, with ONNX Runtime or with the float model. */
  readonly compareValues: {
    readonly arg: { readonly with: "reference" | "float"; readonly data: ProbeData };
    readonly event: Progress;
    readonly reply: { readonly divergence?: Divergence; readonly errors?: ErrorReport };
  };
  readonly loops: { readonly arg: { readonly nodes: readonly number[] }; readonly event: never; readonly reply: readonly LoopStep[] };
  readonly body: { readonly arg: { readonly path: string }; readonly event: never; readonly reply: GraphDelta };
  /** A function or a header of the native library; null when there is none. */
  readonly nativeSource: {
    readonly arg: PanelRequests["nativeSource"]["arg"];
    readonly event: never;
    readonly reply: PanelRequests["nativeSource"]["reply"];
  };
  /** Reads a profile of ONNX Runtime. */
  readonly ortProfile: { readonly arg: { readonly path: string }; readonly event: never; readonly reply: OrtProfile };
  readonly bench: {
    readonly arg: PanelRequests["bench"]["arg"];
    readonly event: Progress;
    readonly reply: BenchReply;
  };
  /** `SessionModel.structureHash`. */
  readonly modelHash: { readonly arg: null; readonly event: never; readonly reply: string };
  readonly templateSpace: { readonly arg: { readonly group: number }; readonly event: never; readonly reply: TemplateSpace };
}

/** `done` is a fraction, or null when it is not known. */
export interface Progress {
  readonly text: string;
  readonly done: number | null;
}

/** A benchmark with the baselines that could not take part, each with the reason. */
export interface BenchReply {
  /** Remarks on how it was measured. */
  readonly notes: readonly string[];
  readonly result: BenchResult;
  readonly missing: readonly { readonly baseline: string; readonly why: string }[];
}

export type WorkerRequestName = keyof WorkerRequests;

export type ToWorker =
  | {
      [N in WorkerRequestName]: { readonly type: "request"; readonly id: number; readonly name: N; readonly arg: WorkerRequests[N]["arg"] };
    }[WorkerRequestName]
  | { readonly type: "cancel"; readonly id: number };

export type FromWorker =
  | { readonly type: "reply"; readonly id: number; readonly result: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: ErrorInfo }
  | { readonly type: "event"; readonly id: number; readonly event: unknown }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly text: string };

/** What the worker is started with. */
export interface WorkerData {
  /** Of Int32, at the places of `Shared`. */
  readonly shared: SharedArrayBuffer;
}

export const Shared = {
  /** The newest generation. A compilation of an older one stops at the next pass. */
  generation: 0,
  /** 1 once the first graph is on the screen; those who wait here are woken then. */
  painted: 1,
} as const;
