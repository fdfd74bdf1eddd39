/**
 * Messages between the editor's host and the inspector page. The page asks with an id and gets exactly one reply (result or
 * error); the host also sends events on its own, after the page said `ready`. Data is JSON plus typed arrays.
 */
import type { BenchResult, BenchScope } from "./bench.ts";
import type { InstructionNotes } from "./instruction-notes.ts";
import type { OrtProfile } from "./ort-profile.ts";
import type { Divergence, ErrorReport, ProbedTensor } from "./probe.ts";
import type { CompilationSummary, GraphDelta, LineOrigin, LoopStep, PassInfo } from "./trace.ts";

/** A coded error as the user reads it. */
export interface ErrorInfo {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** Options that the page can change; the same names and meanings as on the command line. */
export interface PanelOptions {
  readonly isa: string;
  readonly threads: number;
  readonly precision: "f32" | "bf16";
  readonly dims: Readonly<Record<string, number>>;
  readonly without: readonly string[];
  /** Pairs of ONNX nodes (`#12`, as on the command line) that must, or must not, share a fusion group. */
  readonly force: readonly NodePair[];
  readonly forbid: readonly NodePair[];
}

/** References to two nodes of the file: `#12`, `name:NAME`, `out:NAME`. */
export type NodePair = readonly [string, string];

/** A named part of an operator, in one phrase: an operand, a result, an attribute. */
export type DocRow = readonly [name: string, what: string];

/** What a graph operator does; the rows are those of docs/ops.md. */
export interface OpDoc {
  readonly what: string;
  readonly operands: readonly DocRow[];
  readonly results: readonly DocRow[];
  readonly attributes: readonly DocRow[];
}

/** What a rule that decides something looks at, and what can be done about its answer; the rows are those of docs/verdicts.md. */
export interface RuleDoc {
  readonly what: string;
  readonly remedy?: string;
}

export interface Hello {
  readonly model: { readonly name: string; readonly path: string; readonly bytes: number };
  readonly options: PanelOptions;
  /** What the selects offer. `missing` names the CPU features this machine lacks: code can be shown but not run. */
  readonly isas: readonly { readonly name: string; readonly missing: readonly string[] }[];
  readonly maxThreads: number;
  /** Symbolic dimensions of the model with the value used and where it came from. */
  readonly dims: readonly { readonly name: string; readonly value: number; readonly source: "default" | "set" }[];
  readonly passes: readonly PassInfo[];
  /** The page carries one compilation with it: nothing can be compiled, read or saved from it. */
  readonly recorded?: boolean;
  /** False in an untrusted workspace: look, but do not build or run. */
  readonly trusted: boolean;
  /** Why nothing can be built or run here (no compiler, no runner); absent when it can. */
  readonly cannotRun?: string;
  /** What a benchmark compares with, as the settings have it. */
  readonly baselines?: readonly string[];
  /** Operator sets that the model imports: version by domain (`""`: ai.onnx). */
  readonly opsets?: Readonly<Record<string, number>>;
  /** By graph operator, and by rule of a verdict. */
  readonly opDocs?: Readonly<Record<string, OpDoc>>;
  readonly ruleDocs?: Readonly<Record<string, RuleDoc>>;
  /** Whatever the page stored last with `saveState`. */
  readonly state?: unknown;
  /** Text of the interface in the user's language, by key. */
  readonly strings: Readonly<Record<string, string>>;
}

/** Which text of the compilation. `stage` is a pass index: the IR after that pass. */
export type TextKind = "ir" | "cpp" | "asm";

export interface TextReply {
  readonly language: string;
  readonly lines: readonly string[];
  /** Sorted by line. For asm, `source` is the C++ line of each assembly line (0: none). */
  readonly origins: readonly LineOrigin[];
  readonly source?: Int32Array;
  /** For asm, where in the headers each line comes from: index into `files` (-1: none) and line there. */
  readonly headers?: { readonly files: readonly string[]; readonly file: Int32Array; readonly line: Int32Array };
  /** For asm, where each line's instruction lies in the shared object (0: none), as samples name it. */
  readonly addresses?: Int32Array;
  /** For asm, what its instructions do and cost. */
  readonly notes?: InstructionNotes;
}

/** A header of the native library, and what was asked for in it. Files are paths below `native`; lines count from 1. */
export interface NativeSource {
  readonly file: string;
  readonly lines: readonly string[];
  /** Where the function begins. */
  readonly line: number;
  /** The loop in which the function spends its time; often in another header, behind the functions it calls. */
  readonly loop?: { readonly file: string; readonly lines: readonly [first: number, last: number] };
}

/** Which elements of a constant. `start` and `count` are positions in row-major order, unless there is a window. */
export interface TensorArg {
  readonly value: number;
  readonly stage: number;
  readonly start: number;
  readonly count: number;
  readonly window?: TensorWindow;
}

/** A rectangle of elements: `at` is the position of its first element along every axis. The reply is cut off at the ends of the axes. */
export interface TensorWindow {
  readonly at: readonly number[];
  readonly rowAxis: number;
  readonly columnAxis: number;
  readonly rows: number;
  readonly columns: number;
}

export interface TensorPage {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: Float64Array;
  /** The same elements as text where a number says less: strings in quotes, 64-bit integers, complex numbers, truth values. */
  readonly texts?: readonly string[];
  /** Of a window, how much of it there is. */
  readonly rows?: number;
  readonly columns?: number;
}

/** Of the elements that are numbers: NaN and infinities are counted and left out of the rest. Numbers are NaN where there is none. */
export interface TensorStats {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the elements themselves (divided by their number). */
  readonly std: number;
  readonly zeros: number;
  readonly nans: number;
  readonly infinities: number;
  /** Counts of equally wide ranges from `min` to `max`; the last one includes `max`. Empty when there are no numbers. */
  readonly histogram: readonly number[];
}

/** A benchmark that is kept: what was measured, when, with which options, and how to measure it again. Also what a stored file holds. */
export interface BenchRun {
  readonly schema: 1;
  /** Tells it from the others of its model. */
  readonly id: string;
  /** When it ended, ISO 8601. */
  readonly at: string;
  /** Name of the model's file. */
  readonly model: string;
  readonly scope: BenchScope;
  readonly options: PanelOptions;
  /** What was set by hand: the parameters of the group's template. */
  readonly params?: TemplateParams;
  readonly command: string;
  readonly result: BenchResult;
  /** Not all samples are kept. */
  readonly thinned?: boolean;
}

/** Parameters of a group's template instead of those that the compiler chose; names and values are those of a `TemplateSpace`. */
export type TemplateParams = Readonly<Record<string, number | string>>;

/** What a group's template can be built with. */
export interface TemplateSpace {
  readonly group: number;
  readonly template: string;
  /** Empty when there is nothing to choose: `why` says so. */
  readonly axes: readonly {
    readonly name: string;
    /** In one phrase. */
    readonly what: string;
    /** In their order; few dozens at most. */
    readonly values: readonly (number | string)[];
    /** Index of the one that the compiler chose. */
    readonly chosen: number;
  }[];
  readonly why?: string;
}

/** Requests of the page: argument and reply, by name. */
export interface PanelRequests {
  readonly compile: { readonly arg: { readonly options: PanelOptions }; readonly reply: { readonly generation: number } };
  readonly text: { readonly arg: { readonly kind: TextKind; readonly stage: number }; readonly reply: TextReply };
  /** With `params` the group is built with them, and the compiler's choice takes part as the baseline `default`. */
  readonly bench: {
    readonly arg: {
      readonly scope: BenchScope;
      readonly baselines: readonly string[];
      readonly params?: TemplateParams;
      /** Also where the time goes line by line, sampled and estimated. */
      readonly lines?: boolean;
      /** The same model with other options takes part as the baseline `other`: both builds run in turns in one process. */
      readonly against?: PanelOptions;
    };
    readonly reply: BenchResult;
  };
  /** Compiles the model once more, with other options, beside the compilation shown: it comes as a comparison. */
  readonly compareOptions: { readonly arg: { readonly options: PanelOptions }; readonly reply: null };
  /** What there is to choose for a group's template. */
  readonly templateSpace: { readonly arg: { readonly group: number }; readonly reply: TemplateSpace };
  /** The benchmarks of this model that are kept, oldest first. */
  readonly benchRuns: { readonly arg: Readonly<Record<string, never>>; readonly reply: readonly BenchRun[] };
  /** Keeps a benchmark over restarts; the oldest of too many go. */
  readonly keepRun: { readonly arg: { readonly run: BenchRun }; readonly reply: null };
  readonly dropRuns: { readonly arg: { readonly ids: readonly string[] }; readonly reply: null };
  /** Asks for a stored benchmark (of the page, or of `bench --json`) and reads it. Null when nobody chose one. */
  readonly openRun: { readonly arg: Readonly<Record<string, never>>; readonly reply: { readonly run: BenchRun | null } };
  /** Asks for a profile of ONNX Runtime and reads it. Null when nobody chose one. */
  readonly openProfile: { readonly arg: Readonly<Record<string, never>>; readonly reply: { readonly profile: OrtProfile | null } };
  /** Elements of a constant: a stretch of them, or a window of two axes. Nothing else of it is read. */
  readonly tensor: { readonly arg: TensorArg; readonly reply: TensorPage };
  /** Figures over all elements of a constant; read in pieces, with progress, and cancelled between them. */
  readonly tensorStats: { readonly arg: { readonly value: number; readonly stage: number }; readonly reply: TensorStats };
  /** Asks for a place and writes the elements there as a NumPy array. `path` is absent when nobody chose a place. */
  readonly saveTensor: {
    readonly arg: { readonly value: number; readonly stage: number };
    readonly reply: { readonly path?: string; readonly bytes?: number; readonly note?: string };
  };
  /**
   * Runs the model on the user's data and keeps the value: `tensor`, `tensorStats` and `saveTensor` give it then as they do constants. The host asks
   * which data the first time, and where `choose` is set. `tensor` is null when nobody chose any.
   */
  readonly probe: {
    readonly arg: { readonly value: number; readonly stage: number; readonly choose: boolean };
    readonly reply: { readonly tensor: ProbedTensor | null; readonly data: string };
  };
  /**
   * Runs the model on the user's data and compares every tensor that is in memory: with ONNX Runtime (`reference`), or, of bf16 and quantised code, with
   * the float model (`float`). The host asks which data as `probe` does. Neither member is there when nobody chose any.
   */
  readonly compareValues: {
    readonly arg: { readonly with: "reference" | "float"; readonly choose: boolean };
    readonly reply: { readonly data: string; readonly divergence?: Divergence; readonly errors?: ErrorReport };
  };
  /** What became of nodes of the last graph below it: their statements in the loops, stage by stage. */
  readonly loops: { readonly arg: { readonly nodes: readonly number[] }; readonly reply: readonly LoopStep[] };
  /** A graph inside of the model, by the path of its node and its name (`#12/then_branch`): as the file has it, a delta to the empty graph. */
  readonly body: { readonly arg: { readonly path: string }; readonly reply: GraphDelta };
  /** Opens VS Code's own diff editor on the IR text of two stages. */
  readonly openDiff: { readonly arg: { readonly left: number; readonly right: number }; readonly reply: null };
  /** Opens a text of the compilation as a read-only document. */
  readonly openText: { readonly arg: { readonly kind: TextKind; readonly stage: number; readonly line?: number }; readonly reply: null };
  /** A function of the native library by its name without `fs::`, or a whole header. Null when there is none. */
  readonly nativeSource: { readonly arg: { readonly name: string } | { readonly file: string }; readonly reply: NativeSource | null };
  /** Opens a header of the native library in an editor, beside the page. */
  readonly openHeader: { readonly arg: { readonly file: string; readonly line: number }; readonly reply: null };
  /** The script of ELK's worker, which the page does not carry along: few pictures need it. */
  readonly elk: { readonly arg: Readonly<Record<string, never>>; readonly reply: { readonly source: string } };
  readonly saveState: { readonly arg: { readonly state: unknown }; readonly reply: null };
  /** Asks for a place and writes what the page has made, as text or as bytes. `path` is null when nobody chose a place. */
  readonly saveFile: {
    readonly arg: { readonly name: string; readonly text?: string; readonly bytes?: Uint8Array };
    readonly reply: { readonly path: string | null };
  };
}

export type RequestName = keyof PanelRequests;

/**
 * A second compilation to hold against the one of the page: of another model, or of the same model with other options. Its messages
 * carry `id`; those of an older comparison are void. Its deltas have a string table of their own, which begins anew.
 */
export interface CompareHello {
  readonly id: number;
  /** `options`: the same file, whose ONNX nodes have the same indices; `model`: another file. */
  readonly kind: "options" | "model";
  /** Of the other side: a file's name, or what its options say: `isa avx2, without fuse`. */
  readonly title: string;
  /** Of this side, in the same words. */
  readonly ownTitle: string;
  readonly options: PanelOptions;
}

export type ToHost =
  | { readonly type: "ready" }
  | {
      [N in RequestName]: { readonly type: "request"; readonly id: number; readonly name: N; readonly arg: PanelRequests[N]["arg"] };
    }[RequestName]
  | { readonly type: "cancel"; readonly id: number }
  /** The selection, so that native trees and keybinding contexts follow. ONNX indices and graph node ids of the shown stage. */
  | { readonly type: "selected"; readonly stage: number; readonly nodes: readonly number[]; readonly sources: readonly number[] }
  | { readonly type: "stage"; readonly stage: number }
  /** The first graph is on the screen. When what led to it happened, in ms since 1970. */
  | { readonly type: "painted"; readonly marks: Readonly<Record<string, number>> }
  /** The user closed the comparison: the host may drop the other compilation. */
  | { readonly type: "compare-end"; readonly id: number }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly text: string };

/** Things the host asks the page to do, from commands, keybindings, trees and links. */
export type PanelCommand =
  | { readonly name: "fit" | "toggle-diff" }
  /** `key`: the editor's answer to a key, which the page has carried out itself if it had the focus. */
  | { readonly name: "next-pass" | "previous-pass" | "next-changed" | "previous-changed"; readonly key?: boolean }
  /** Starts a benchmark: of `scope`, else of what the page has selected. */
  | { readonly name: "bench"; readonly scope?: BenchScope }
  | { readonly name: "show-stage"; readonly stage: number }
  | { readonly name: "show-view"; readonly view: string }
  | { readonly name: "select-source"; readonly source: number }
  | { readonly name: "select-node"; readonly node: number }
  | { readonly name: "select-group"; readonly group: number }
  | { readonly name: "select-buffer"; readonly buffer: number };

export type ToPage =
  | { readonly type: "hello"; readonly hello: Hello }
  /** A compilation begins: what belongs to an older generation is void. */
  | { readonly type: "generation"; readonly generation: number; readonly options: PanelOptions }
  | { readonly type: "stage"; readonly generation: number; readonly delta: GraphDelta }
  | { readonly type: "summary"; readonly generation: number; readonly summary: CompilationSummary }
  | { readonly type: "failed"; readonly generation: number; readonly error: ErrorInfo }
  | { readonly type: "progress"; readonly id: number; readonly text: string; readonly done: number | null }
  | { readonly type: "reply"; readonly id: number; readonly result: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: ErrorInfo }
  | { readonly type: "command"; readonly command: PanelCommand }
  | { readonly type: "trust"; readonly trusted: boolean }
  /** A comparison begins; one that is shown ends. Then its stages come, in order, and its summary or the error that ended it. */
  | { readonly type: "compare"; readonly compare: CompareHello }
  | { readonly type: "compare-stage"; readonly id: number; readonly delta: GraphDelta }
  | { readonly type: "compare-summary"; readonly id: number; readonly summary: CompilationSummary }
  | { readonly type: "compare-failed"; readonly id: number; readonly error: ErrorInfo }
  /** The other compilation is gone (its file was closed or changed). */
  | { readonly type: "compare-end"; readonly id: number };
