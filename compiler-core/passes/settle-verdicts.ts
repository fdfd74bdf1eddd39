/** Verdicts as they stand after a pass that merged groups: a later answer about an edge replaces the earlier one, and groups are named as they are now. */
import type { Graph, NodeId } from "../graph/ir.ts";
import type { Fact, Verdict } from "../protocol/trace.ts";

/** A pass over a graph with groups, with what it found and what it left. */
export interface Regrouping {
  readonly pass: string;
  readonly was: Graph;
  readonly now: Graph;
}

/** `made` are those of the pass. */
export function settleVerdicts(before: readonly Verdict[], made: readonly Verdict[], { pass, was, now }: Regrouping): Verdict[] {
  const replaced = new Set(made.flatMap((v) => edgeKey(v) ?? []));
  const [then, owner] = [ownerOf(was), ownerOf(now)];
  const ids = new Set(now.groups.map((g) => g.id));
  const moved = new Map(was.groups.flatMap((g) => (ids.has(g.id) ? [] : [[g.id, owner.get(g.leader)] as const])));
  const renamed = (v: Verdict): Verdict => {
    if (moved.size === 0) return v;
    const { group: old, ...rest } = v;
    const group = old === undefined || ids.has(old) ? old : owner.get(v.nodes.at(-1) ?? -1);
    const text = { because: nowNamed(v.because, moved), facts: v.facts.map((fact) => nowCounted(fact, moved)) };
    return { ...rest, ...text, ...(group === undefined ? {} : { group }) };
  };
  const settled = (v: Verdict): Verdict => {
    const [, to = -1] = v.nodes;
    const group = v.behind === undefined || v.accepted ? undefined : owner.get(v.behind);
    if (v.behind === undefined || group === undefined || group !== owner.get(to) || then.get(v.behind) === then.get(to)) return renamed(v);
    return throughView(renamed(v), pass, group);
  };
  return [...before.filter((v) => !replaced.has(edgeKey(v) ?? "")).map(settled), ...made];
}

const ownerOf = ({ groups }: Graph): ReadonlyMap<NodeId, number> => new Map(groups.flatMap((g) => g.members.map((m) => [m.node, g.id])));

/** Both ends of what goes through a view came into one nest: what was refused before is history. */
function throughView(v: Verdict, pass: string, group: number): Verdict {
  return {
    ...v,
    rule: `${pass}/through-view`,
    because: `nothing to fuse over a view: ${pass} later put what is behind it and the consumer into one nest, group ${group} (before: ${v.because})`,
    facts: v.facts.filter(({ name }) => name !== "written and read back"),
  };
}

/** `group 18` is `group 18 (now 21)`, where 18 went into 21. */
function nowNamed(text: string, moved: ReadonlyMap<number, number | undefined>): string {
  return text.replaceAll(/\bgroup (\d+)(?: \(now (\d+)\))?/g, (all, first: string, last?: string) => {
    const group = moved.get(Number(last ?? first));
    return group === undefined ? all : `group ${first} (now ${group})`;
  });
}

/** Facts that are numbers of groups, by name. */
const countsGroups: ReadonlySet<string> = new Set(["group", "group joined", "latest input", "group behind the view"]);

function nowCounted(fact: Fact, moved: ReadonlyMap<number, number | undefined>): Fact {
  if (!countsGroups.has(fact.name)) return fact;
  const [first = "", last = first] = String(fact.value).match(/\d+/g) ?? [];
  const group = moved.get(Number(last));
  return group === undefined ? fact : { ...fact, value: `${first} (now ${group})` };
}

const edgeKey = (v: Verdict): string | undefined => (v.subject === "fusion" ? `${v.nodes.join("-")}-${v.value}` : undefined);
