/** Verdicts as they stand after a pass that merged groups: a later answer about an edge replaces the earlier one, and groups are named as they are now. */
import type { Graph } from "../graph/ir.ts";
import type { Verdict } from "../protocol/trace.ts";

/** `made` are those of the pass; `graph` is what it left. */
export function settleVerdicts(before: readonly Verdict[], made: readonly Verdict[], graph: Graph): Verdict[] {
  const replaced = new Set(made.flatMap((v) => edgeKey(v) ?? []));
  const ids = new Set(graph.groups.map((g) => g.id));
  const owner = new Map(graph.groups.flatMap((g) => g.members.map((m) => [m.node, g.id] as const)));
  const renamed = (v: Verdict): Verdict => {
    if (v.group === undefined || ids.has(v.group)) return v;
    const group = owner.get(v.nodes.at(-1) ?? -1);
    if (group !== undefined) return { ...v, group };
    const { group: _, ...rest } = v;
    return rest;
  };
  return [...before.filter((v) => !replaced.has(edgeKey(v) ?? "")).map(renamed), ...made];
}

const edgeKey = (v: Verdict): string | undefined => (v.subject === "fusion" ? `${v.nodes.join("-")}-${v.value}` : undefined);
