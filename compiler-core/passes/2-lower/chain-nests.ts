/**
 * Coarse-grain fusion along rows: products, what follows them, and rows in between that are shared out by rows anyway become one nest. Each thread takes
 * its rows through all of them; nobody waits for the others in between. One after the other (each reads the rows the one before made) or side
 * by side (they read the same rows).
 */
import type { Graph, Group } from "../../graph/ir.ts";
import { chainOf } from "../../templates/chain-parts.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { findChains, type Chain } from "./match-chain.ts";
import { planChain, type ChainPlan } from "./chain-cost.ts";
import { NestIndex } from "./nest-index.ts";
import { nestVerdicts, refusalVerdict } from "./nest-verdicts.ts";
import { pairLookup } from "./node-pairs.ts";

export const chainNests = graphPass({
  name: "chain-nests",
  why: "Makes one nest of layers that are shared out by rows: each thread takes its rows through all of them, without waiting for the others.",
  optional: true,
  run: (graph, ctx) => {
    const index = new NestIndex(graph);
    const position = new Map(graph.nodes.map((n, i) => [n.id, i]));
    const merged: { readonly parts: readonly Group[]; readonly one: Group }[] = [];
    for (const chain of findChains(index, pairLookup(graph, ctx.options))) {
      const plan = planChain(index, chain, ctx);
      if (plan === undefined) continue;
      if ("from" in plan) {
        ctx.verdict(refusalVerdict(plan));
        continue;
      }
      const one = chainOf(chain.parts.at(-1)?.id ?? -1, plan.parts, (node) => position.get(node) ?? 0, plan.rows);
      merged.push({ parts: chain.parts, one });
      tell(index, chain, plan, one, ctx);
    }
    if (merged.length === 0) return graph;
    const gone = new Set(merged.flatMap((m) => m.parts.map((p) => p.id)));
    const groups = [...graph.groups.filter((g) => !gone.has(g.id)), ...merged.map((m) => m.one)].sort((a, b) => a.id - b.id);
    return { ...graph, groups } satisfies Graph;
  },
});

function tell(index: NestIndex, chain: Chain, plan: ChainPlan, one: Group, ctx: PassContext): void {
  const { because, facts, alternatives } = plan;
  for (const v of nestVerdicts(index, { group: one, parts: chain.parts, because, facts, alternatives })) ctx.verdict(v);
  const ids = (g: Group): number[] => g.members.map((m) => m.node);
  ctx.hit({ rule: "chain-nests/chain", before: chain.parts.flatMap(ids), after: ids(one), note: because });
}
