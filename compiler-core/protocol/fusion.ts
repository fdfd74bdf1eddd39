/**
 * Fusion groups as rows: what became one loop nest, what it is estimated to cost, what it saves, and what was left out of it. All times are
 * estimates from the machine profile, for comparing choices with each other; measured ones come from a benchmark.
 */

/** Nanoseconds of one run: the greater of arithmetic and memory, and what comes on top. */
export interface GroupCost {
  readonly ns: number;
  /** Arithmetic of the busiest thread. */
  readonly computeNs: number;
  /** Operands and results that pass between this nest and memory or the shared caches. */
  readonly memoryNs: number;
  /** Work that is done more than once: operands that each piece packs or computes for itself. */
  readonly recomputeNs: number;
  /** Barriers that threads meet at because of it. */
  readonly launchNs: number;
  /** Pieces of work that the nest is shared out as, threads that take part, and the share of the team's time that has work (0 to 1). */
  readonly pieces: number;
  readonly threads: number;
  readonly parallelism: number;
}

export type CacheLevel = "L1" | "L2" | "L3" | "memory";

/** What one thread works on at a time, in bytes. */
export interface Footprint {
  readonly bytes: number;
  /** Buffers that the thread keeps to itself. */
  readonly scratch: number;
  /** Blocks of operands and results. */
  readonly blocks: number;
  /** The nearest cache that holds all of it. */
  readonly level: CacheLevel;
}

/** A nest before others were merged with it. */
export interface NestPart {
  readonly group: number;
  readonly name: string;
  readonly template: string;
  readonly nodes: readonly number[];
}

/** An edge from a member to a node of another nest. */
export interface RefusedFusion {
  /** Index into the verdicts of the compilation: rule, reason, compared numbers and nodes stand there. */
  readonly verdict: number;
  /** The group of the consumer; absent where it has none. */
  readonly into?: number;
  /** Bytes written and read back because of it. */
  readonly bytes: number;
  /** Estimated nanoseconds of the edge as it is: the value through memory, and a barrier. */
  readonly apartNs: number;
  /** Of one nest instead: what is done again, or waits. Null: it is not a matter of cost, `why` says what forbids it. */
  readonly togetherNs: number | null;
  readonly why?: string;
}

export interface FusionGroup {
  readonly group: number;
  /** In words: matmul, attention, chain of layers, elementwise ... */
  readonly kind: string;
  /** Where members are computed that do not lead: on a tile, on a row ... Each once, in order of the members. */
  readonly anchors: readonly string[];
  /** Nodes of the file, by path. */
  readonly onnxNodes: readonly string[];
  /** What it was before merging, one entry where nothing was merged. */
  readonly nests: readonly NestPart[];
  /** Passes that merged them. */
  readonly mergedBy: readonly string[];
  /** Arithmetic operations of one run; NaN when not known. */
  readonly flops: number;
  /** Intermediates that are not written, and not read back. */
  readonly savedBytes: number;
  /** Each operand and each result once; weights are among what is read. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly footprint: Footprint;
  /** Absent before there are loops, and for what runs on ONNX Runtime. */
  readonly cost?: GroupCost;
  readonly refused: readonly RefusedFusion[];
}

/** Why forcing a pair would change nothing, by rule; rules without a row weigh a cost, which the user may overrule. */
export const unforceable: Readonly<Record<string, string>> = {
  "fuse/hole": "one side runs on ONNX Runtime, outside of any nest",
  "fuse/own-nest": "one nest has one leader, and both ends lead",
  "fuse/movement": "the producer's nest has no anchor to join at",
  "fuse/needs-row": "no whole row is finished at any anchor of the producer's nest",
  "fuse/last-axis": "no anchor has the elements that the reduction needs together",
  "fuse/space": "the two run over different elements",
  "fuse/behind-view": "the nest behind the view cannot take it in, whatever the options say",
  "fuse/same-row": "the rows that are read are not there yet",
  "fuse/order": "an operand is made only after the producer's nest",
  "fuse/other-group": "the consumer is computed once, in another group: forbid that fusion first",
  "fuse/switched-off": "the pass fuse is switched off",
  "merge-nests/forbidden": "another pair of the nest is forbidden",
  "merge-nests/no-plan": "there are no rows to divide",
  "merge-nests/read-elsewhere": "others read the value, so it has to be in memory",
  "chain-nests/columns": "the layers are shared out by columns",
};

/** Views have no code to fuse, and what is done once cannot be done in every run: there was nothing to refuse. */
export const neverFused: ReadonlySet<string> = new Set([
  "fuse/view",
  "fuse/first-run",
  "fuse/not-compiled",
  "merge-nests/view",
  "merge-nests/read-in-place",
]);
