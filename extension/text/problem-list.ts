/**
 * What of a compilation is worth a row in Problems: nodes that are not compiled, by operator and reason, and refused fusions, by rule, where
 * they cost something. Pure function of the record of a compilation.
 */
import type { CompilationSummary, Verdict } from "#protocol";
import { operatorOf, type StageGraph } from "../document/stage-names.ts";

/** `large`: only rules whose refusals send a hundredth of what a run moves through memory. */
export type LostFusions = "off" | "large" | "all";

/** Nodes of the file for the same operator and reason. */
export interface NotCompiled {
  readonly opType: string;
  readonly reason: string;
  /** Runs on ONNX Runtime. */
  readonly called: boolean;
  /** Paths of nodes, `#12`. */
  readonly nodes: readonly string[];
}

/** The refusals of one rule. */
export interface LostFusion {
  readonly rule: string;
  readonly because: string;
  readonly edges: number;
  /** Of the values that go through memory for it, each counted once. */
  readonly bytes: number;
  /** `bytes` as a fraction of what one run moves; NaN: not known. */
  readonly share: number;
  /** The largest, with the node of the file that the value comes from. */
  readonly largest: readonly { readonly edge: string; readonly bytes: number; readonly source: number | undefined }[];
}

/** Refusals where there was nothing to gain: no code, or code of the first run only. */
const nothingLost = new Set([
  "fuse/view",
  "merge-nests/view",
  "merge-nests/through-view",
  "chain-nests/through-view",
  "fuse/first-run",
  "fuse/switched-off",
]);

const smallestShare = 0.01;

export function notCompiled({ unsupported, holes = [] }: CompilationSummary): NotCompiled[] {
  const called = new Set(holes.flatMap((hole) => hole.nodes.map(({ node }) => node)));
  const rows = new Map<string, NotCompiled & { nodes: string[] }>();
  for (const { node, opType, reason } of unsupported) {
    const key = JSON.stringify([opType, reason, called.has(node)]);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { opType, reason, called: called.has(node), nodes: [node] });
    else row.nodes.push(node);
  }
  return [...rows.values()];
}

/** Biggest first. */
export function lostFusions(summary: CompilationSummary, graph: StageGraph, wanted: LostFusions): LostFusion[] {
  if (wanted === "off") return [];
  const refused = summary.verdicts.filter((v) => v.subject === "fusion" && !v.accepted && !nothingLost.has(v.rule));
  const byRule = new Map<string, Verdict[]>();
  for (const verdict of refused) byRule.set(verdict.rule, [...(byRule.get(verdict.rule) ?? []), verdict]);
  return [...byRule]
    .map(([rule, verdicts]) => lostBy(rule, verdicts, summary.bytes, graph))
    .filter(({ share }) => wanted === "all" || share >= smallestShare)
    .sort((a, b) => b.bytes - a.bytes);
}

function lostBy(rule: string, verdicts: readonly Verdict[], moved: number, graph: StageGraph): LostFusion {
  const bytesOf = ({ value }: Verdict): number => {
    const bytes = graph.values.get(value ?? -1)?.bytes ?? NaN;
    return Number.isFinite(bytes) ? bytes : 0;
  };
  const name = (id: number): string => {
    const node = graph.nodes.get(id);
    return node === undefined ? `node ${id}` : operatorOf(node);
  };
  const values = new Map(verdicts.map((verdict) => [verdict.value ?? -1, bytesOf(verdict)]));
  const sorted = [...verdicts].sort((a, b) => bytesOf(b) - bytesOf(a));
  const bytes = [...values.values()].reduce((sum, own) => sum + own, 0);
  return {
    rule,
    because: sorted[0]?.because ?? "",
    edges: verdicts.length,
    bytes,
    share: bytes / moved,
    largest: sorted.slice(0, 3).map((verdict) => ({
      edge: verdict.nodes.map(name).join(" → "),
      bytes: bytesOf(verdict),
      source: graph.nodes.get(verdict.nodes[0] ?? -1)?.origin[0],
    })),
  };
}
