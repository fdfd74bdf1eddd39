/** What `--force A+B` and `--forbid A+B` came to: done, or why not. */
import type { Compilation } from "../compile.ts";
import type { Graph, NodeId } from "../graph/ir.ts";
import { findSource } from "../graph/node-ref.ts";
import type { PairOutcome, Verdict } from "../protocol/trace.ts";

/** One row per pair of the options, in their order. */
export function pairOutcomes({ graph, options, verdicts }: Pick<Compilation, "graph" | "options" | "verdicts">): readonly PairOutcome[] {
  const groupOf = new Map(graph.groups.flatMap((g) => g.members.map((m) => [m.node, g.id] as const)));
  const outcome = (kind: PairOutcome["kind"], pair: PairOutcome["pair"]): PairOutcome => {
    const [a, b] = pair.map((ref) => carriers(graph, findSource(graph.sources, ref))) as [ReadonlySet<NodeId>, ReadonlySet<NodeId>];
    const groups = (nodes: ReadonlySet<NodeId>): Set<number> => new Set([...nodes].flatMap((n) => groupOf.get(n) ?? []));
    const shared = [...groups(a)].filter((g) => groups(b).has(g) && (pair[0] !== pair[1] || groups(a).size === 1));
    const done = kind === "force" ? shared.length > 0 : shared.length === 0;
    return { kind, pair, done, because: done ? success(kind, shared) : failure(pair, [a, b], verdicts) };
  };
  return [...options.force.map((pair) => outcome("force", pair)), ...options.forbid.map((pair) => outcome("forbid", pair))];
}

const carriers = (graph: Graph, source: number): ReadonlySet<NodeId> =>
  new Set(graph.nodes.filter((n) => n.origin.includes(source)).map((n) => n.id));

const success = (kind: PairOutcome["kind"], shared: readonly number[]): string =>
  kind === "force" ? `both are in group ${shared.join(", ")}` : "they share no group";

function failure(
  pair: PairOutcome["pair"],
  [a, b]: readonly [ReadonlySet<NodeId>, ReadonlySet<NodeId>],
  verdicts: readonly Verdict[],
): string {
  const gone = pair.find((_, i) => (i === 0 ? a : b).size === 0);
  if (gone !== undefined) return `${gone} left no operator in the last graph`;
  const between = verdicts.filter(({ subject, nodes: [from = -1, to = -1] }) => {
    return subject === "fusion" && ((a.has(from) && b.has(to)) || (b.has(from) && a.has(to)));
  });
  const refused = between.find((v) => !v.accepted);
  return refused?.because ?? "no value goes from one to the other: only neighbours share a loop nest";
}
