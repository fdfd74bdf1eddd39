/**
 * The record of one compilation, as everything above the compiler sees it: the command's JSON, the inspector, the tests.
 * Pure types and JSON-like data; columns with a string table where there is much of it.
 */

import type { FusionGroup } from "./fusion.ts";
import type { MemoryReport } from "./memory.ts";

export type PassStatus = "changed" | "same" | "skipped" | "failed";
export type Level = "import" | "graph" | "lower" | "tensor" | "code";

/** A row of the pipeline, whether or not it ran. `index` is its identity; stage 0 is the imported model. */
export interface PassInfo {
  readonly index: number;
  readonly name: string;
  readonly level: Level;
  readonly why: string;
  readonly optional: boolean;
}

/** One firing of a named rule: what it replaced by what. Ids of nodes (graph level) or statements (tensor level). */
export interface RuleHit {
  readonly rule: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly note?: string;
}

export interface PassEvent extends PassInfo {
  readonly status: PassStatus;
  /** Why it was skipped or failed. */
  readonly reason?: string;
  readonly ms: number;
  readonly opsBefore: number;
  readonly opsAfter: number;
  readonly hits: readonly RuleHit[];
}

/** A number that was compared for a decision. */
export interface Fact {
  readonly name: string;
  readonly value: number | string;
  readonly unit?: string;
}

/** What a verdict is about. */
export type VerdictSubject = "fusion" | "layout" | "template" | "kernel" | "buffer" | "schedule" | "partition";

/**
 * A decision, recorded where it was taken. For a fusion verdict there is exactly one per producer -> consumer edge of the last
 * graph snapshot.
 */
export interface Verdict {
  readonly subject: VerdictSubject;
  readonly accepted: boolean;
  /** `template/rule` that decided, e.g. `fuse/row-reduction`. */
  readonly rule: string;
  /** One sentence with the numbers: "not fused: needs the whole row, but N is split over 2 threads". */
  readonly because: string;
  readonly facts: readonly Fact[];
  /** Graph node ids, producer first for an edge. */
  readonly nodes: readonly number[];
  /** The graph value of the edge or the buffer. */
  readonly value?: number;
  readonly group?: number;
  /** Where the producer is a view: the node whose result it shows, which the decision is about. */
  readonly behind?: number;
  /** Other choices with their cost, best first. */
  readonly alternatives?: readonly { readonly choice: string; readonly cost: number; readonly unit: string }[];
}

/** Compressed rows: row i of `items` is items[start[i]] .. items[start[i+1]-1]. */
export interface Rows {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

/** Nodes by column. Strings are indices into the table of the trace. A missing optional input is -1. */
export interface NodeColumns {
  readonly id: Int32Array;
  readonly op: Int32Array;
  readonly name: Int32Array;
  /** JSON text of the attributes. */
  readonly attrs: Int32Array;
  readonly inputs: Rows;
  readonly outputs: Rows;
  /** Indices of ONNX nodes. */
  readonly origin: Rows;
  /** 1: done once at the first run. */
  readonly init: Uint8Array;
  /** Static estimates; NaN when a shape is not known. */
  readonly flops: Float64Array;
  readonly bytes: Float64Array;
}

export interface ValueColumns {
  readonly id: Int32Array;
  readonly name: Int32Array;
  readonly dtype: Int32Array;
  /** Text such as `32x256`, `Nx128`, `?` when the rank is unknown. */
  readonly shape: Int32Array;
  readonly shapeSource: Int32Array;
  readonly layout: Int32Array;
  readonly constant: Uint8Array;
  /** NaN when not known. */
  readonly bytes: Float64Array;
}

export interface GroupInfo {
  readonly id: number;
  readonly name: string;
  readonly template: string;
  readonly leader: number;
  readonly phase: "run" | "init";
  readonly members: readonly { readonly node: number; readonly anchor: string }[];
  readonly params: Readonly<Record<string, number | string>>;
}

/** A graph snapshot as the difference to stage `base` (-1: to the empty graph). Only new or replaced nodes and values are listed. */
export interface GraphDelta {
  readonly stage: number;
  readonly base: number;
  readonly nodes: NodeColumns;
  readonly removedNodes: Int32Array;
  /** Estimates of nodes that stayed as they are while shapes around them became known: they are not listed in `nodes`. */
  readonly costs?: { readonly id: Int32Array; readonly flops: Float64Array; readonly bytes: Float64Array };
  readonly values: ValueColumns;
  readonly removedValues: Int32Array;
  /** All node ids in topological order; absent when the order is that of `base`. */
  readonly order?: Int32Array;
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  /** Present when the groups differ from those of `base`. */
  readonly groups?: readonly GroupInfo[];
  /** Strings that the table lacked so far; they follow the ones sent before. */
  readonly strings: readonly string[];
}

/** An ONNX node, for lineage. */
export interface SourceNodeInfo {
  readonly path: string;
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
}

/** A buffer of the memory plan. Steps number the top-level nests of `run` in order. */
export interface BufferInfo {
  readonly id: number;
  readonly name: string;
  readonly scope: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly offset: number;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly value?: number;
  readonly groups: readonly number[];
  /** Buffers whose place it takes. */
  readonly reuses: readonly number[];
}

/** A line of generated text and what it came from. Lines count from 1. */
export interface LineOrigin {
  readonly line: number;
  readonly stmt: number;
  readonly nodes: readonly number[];
}

/** The code of one fusion group, at three levels. `asm` comes with the native build. */
export interface KernelInfo {
  readonly group: number;
  readonly name: string;
  /** First and last line in the tensor-IR text of the last stage and in the C++ file. */
  readonly irLines: readonly [number, number];
  readonly cppLines: readonly [number, number];
}

/** Statements that work for certain nodes, after a pass over the loops. Only stages at which they changed are listed. */
export interface LoopStep {
  readonly stage: number;
  readonly pass: string;
  readonly level: Level;
  readonly regions: readonly { readonly group: number; readonly name: string; readonly statements: number }[];
}

/** What became of a pair of nodes that were to share a fusion group, or not to. */
export interface PairOutcome {
  readonly kind: "force" | "forbid";
  readonly pair: readonly [string, string];
  readonly done: boolean;
  /** Why not, or what it did. */
  readonly because: string;
}

export interface UnsupportedNode {
  readonly node: string;
  readonly opType: string;
  readonly reason: string;
}

/** A call of ONNX Runtime: nodes of the file that are not compiled, each with the reason. */
export interface HoleInfo {
  readonly id: number;
  readonly group: number;
  readonly nodes: readonly { readonly node: string; readonly opType: string; readonly domain: string; readonly reason: string }[];
}

/** Groups that run one after the other without a change between native code and ONNX Runtime. A hole is a part of its own. */
export interface PartitionInfo {
  readonly id: number;
  readonly kind: "native" | "hole";
  readonly groups: readonly number[];
  /** Graph operators; of a hole, operators of the file. */
  readonly ops: readonly string[];
  readonly onnxNodes: readonly string[];
}

/** How much of a model is compiled: nodes of the file (functions replaced by their bodies), and operations of one run as far as they are known. */
export interface Coverage {
  readonly nodes: number;
  /** Turned into code, or known at compile time. */
  readonly compiledNodes: number;
  readonly holeNodes: number;
  /** Neither: then there is no code. */
  readonly otherNodes: number;
  readonly flops: number;
  readonly compiledFlops: number;
  /** Their work is not in `flops`. */
  readonly holeNodesWithoutFlops: number;
}

/** Everything about a compilation that is not a graph snapshot: the part that the command prints. */
export interface CompilationSummary {
  readonly model: string;
  readonly isa: string;
  readonly threads: number;
  readonly precision: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly passes: readonly PassEvent[];
  readonly sources: readonly SourceNodeInfo[];
  readonly groups: readonly GroupInfo[];
  readonly verdicts: readonly Verdict[];
  readonly unsupported: readonly UnsupportedNode[];
  /** Absent in traces stored by older versions. */
  readonly coverage?: Coverage;
  readonly holes?: readonly HoleInfo[];
  readonly partitions?: readonly PartitionInfo[];
  /** Of the options `force` and `forbid`, in order; absent when there are none. */
  readonly pairs?: readonly PairOutcome[];
  readonly buffers: readonly BufferInfo[];
  readonly kernels: readonly KernelInfo[];
  /** One for each of `groups`, in their order. Absent in traces stored by older versions. */
  readonly fusion?: readonly FusionGroup[];
  /** Absent before memory is planned, and in traces stored by older versions. */
  readonly memory?: MemoryReport;
  readonly arenaBytes: number;
  readonly arenaBytesWithoutReuse: number;
  readonly constantBytes: number;
  /** Memory of the constants that are packed at the first run; absent before memory is planned. */
  readonly packedBytes?: number;
  readonly flops: number;
  readonly bytes: number;
  /** Data caches of the machine profile, bytes, for drawing beside the arena; absent or 0: not known. */
  readonly caches?: { readonly l1: number; readonly l2: number; readonly l3: number };
}
