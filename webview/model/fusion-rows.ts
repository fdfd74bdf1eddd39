/** The rows of the fusion view: groups in the order asked for, and beneath each the edges that were fused and those that were not. */
import type { CompilationSummary, FusionGroup, GroupInfo, RefusedFusion, Verdict } from "#protocol";
import { isNothingToFuse } from "./fusion-verdicts.ts";

export interface GroupRow {
  readonly row: "group";
  readonly report: FusionGroup;
  readonly info: GroupInfo;
  /** Place among all groups, which its colour goes by. */
  readonly order: number;
  readonly edges: number;
}

export interface EdgeRow {
  readonly row: "edge";
  readonly verdict: Verdict;
  /** Of the group it stands beneath. */
  readonly group: number;
  /** Of one that was not fused. */
  readonly refused?: RefusedFusion;
}

export type FusionRow = GroupRow | EdgeRow;

export type Sorting = "run" | "time" | "saved" | "footprint" | "parallelism";

export interface FusionFilter {
  readonly sorting: Sorting;
  /** Which edges stand beneath the groups. */
  readonly refused: boolean;
  readonly fused: boolean;
  /** Views, which have no code, and what is done once. */
  readonly quiet: boolean;
  /** Groups whose edges are folded away. */
  readonly closed: ReadonlySet<number>;
}

/** Without code, or done once at the first run. */
const isQuiet = ({ info }: Pick<GroupRow, "info">): boolean => info.template === "view" || info.phase === "init";

/** What a row is worth in an order: the least comes first. */
const keys: Readonly<Record<Sorting, (row: GroupRow) => number>> = {
  run: ({ order }) => order,
  time: ({ report }) => -(report.cost?.ns ?? -1),
  saved: ({ report }) => -report.savedBytes,
  footprint: ({ report }) => -report.footprint.bytes,
  // Those that leave threads idle.
  parallelism: ({ report }) => report.cost?.parallelism ?? Infinity,
};

export function fusionRows(summary: CompilationSummary, filter: FusionFilter): FusionRow[] {
  const infos = new Map(summary.groups.map((info, order) => [info.id, { info, order }]));
  const fused = filter.fused ? fusedEdges(summary) : new Map<number, EdgeRow[]>();
  const groups = (summary.fusion ?? []).flatMap((report): { head: GroupRow; edges: readonly EdgeRow[] }[] => {
    const known = infos.get(report.group);
    if (known === undefined) return [];
    const refused = filter.refused ? report.refused.flatMap((one) => refusedEdge(summary, report.group, one)) : [];
    const edges = [...refused, ...(fused.get(report.group) ?? [])];
    const head: GroupRow = { row: "group", report, ...known, edges: edges.length };
    return !filter.quiet && isQuiet(head) ? [] : [{ head, edges }];
  });
  const key = keys[filter.sorting];
  groups.sort((a, b) => key(a.head) - key(b.head) || a.head.order - b.head.order);
  return groups.flatMap(({ head, edges }): FusionRow[] => [head, ...(filter.closed.has(head.info.id) ? [] : edges)]);
}

function refusedEdge({ verdicts }: CompilationSummary, group: number, refused: RefusedFusion): EdgeRow[] {
  const verdict = verdicts[refused.verdict];
  return verdict === undefined ? [] : [{ row: "edge", verdict, group, refused }];
}

function fusedEdges({ verdicts }: CompilationSummary): Map<number, EdgeRow[]> {
  const found = new Map<number, EdgeRow[]>();
  for (const verdict of verdicts) {
    if (verdict.subject !== "fusion" || !verdict.accepted || verdict.group === undefined || isNothingToFuse(verdict)) continue;
    found.set(verdict.group, [...(found.get(verdict.group) ?? []), { row: "edge", verdict, group: verdict.group }]);
  }
  return found;
}

export interface FusionTotals {
  readonly nests: number;
  readonly operators: number;
  readonly savedBytes: number;
  readonly ns: number;
  readonly refused: number;
  readonly fused: number;
  readonly quiet: number;
}

/** Of what runs every time and has code. */
export function fusionTotals(summary: CompilationSummary): FusionTotals {
  const infos = new Map(summary.groups.map((info) => [info.id, info]));
  const loud = (summary.fusion ?? []).filter(({ group }) => {
    const info = infos.get(group);
    return info !== undefined && !isQuiet({ info });
  });
  const sum = (of: (group: FusionGroup) => number): number => loud.reduce((total, group) => total + of(group), 0);
  return {
    nests: loud.length,
    operators: sum(({ group }) => infos.get(group)?.members.length ?? 0),
    savedBytes: sum(({ savedBytes }) => savedBytes),
    ns: sum(({ cost }) => cost?.ns ?? 0),
    refused: (summary.fusion ?? []).reduce((total, { refused }) => total + refused.length, 0),
    fused: [...fusedEdges(summary).values()].reduce((total, edges) => total + edges.length, 0),
    quiet: summary.groups.length - loud.length,
  };
}
