/**
 * Coarse-grain fusion: neighbouring loop nests that run over the same rows become one, after each product's tiles have been chosen. A product, the
 * rows behind it and a second product (attention) become one nest whose scores stay in scratch of the thread; so do a product and the rows
 * behind it. The verdict of each edge that is inside of a merged nest replaces the one that said it goes through memory.
 */
import type { Group, Node } from "../../graph/ir.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { isRefusalOfNest, mergeAttention } from "./attention-nest.ts";
import { viewsOfCopies } from "./copies-to-views.ts";
import { NestIndex } from "./nest-index.ts";
import { matchNest } from "./match-attention.ts";
import { nestVerdicts, refusalVerdict } from "./nest-verdicts.ts";
import { pairLookup } from "./node-pairs.ts";

export const mergeNests = graphPass({
  name: "merge-nests",
  why: "Makes one nest of neighbouring ones that run over the same rows: attention keeps its scores in the cache, and threads wait less often.",
  optional: true,
  run: (graph, ctx) => {
    const index = new NestIndex(graph);
    const merged = attentionNests(index, ctx);
    if (merged.length === 0) return graph;
    const gone = new Set(merged.flatMap((m) => m.parts.map((p) => p.id)));
    const groups = [...graph.groups.filter((g) => !gone.has(g.id)), ...merged.map((m) => m.group)].sort((a, b) => a.id - b.id);
    const now = { ...graph, groups };
    return viewsOfCopies(now, new Set(merged.map((m) => m.group.id)), ctx);
  },
});

export interface Merged {
  readonly group: Group;
  readonly parts: readonly Group[];
}

function attentionNests(index: NestIndex, ctx: PassContext): readonly Merged[] {
  const { graph } = index;
  const taken = new Set<number>();
  const merged: Merged[] = [];
  const pairs = pairLookup(graph, ctx.options);
  for (const group of graph.groups) {
    if (group.template !== "matmul" || group.phase !== "run" || taken.has(group.id)) continue;
    const match = matchNest(index, group);
    if (match === undefined) continue;
    const answer = "because" in match ? match : mergeAttention(index, match, taken, pairs, ctx);
    if (isRefusalOfNest(answer)) {
      ctx.verdict(refusalVerdict(answer));
      continue;
    }
    const { one, parts, because, facts, alternatives } = answer;
    for (const p of parts) taken.add(p.id);
    merged.push({ group: one, parts });
    for (const v of answer.kernels) ctx.verdict(v);
    for (const v of nestVerdicts(index, { group: one, parts, because, facts, alternatives })) ctx.verdict(v);
    ctx.hit({ rule: "merge-nests/" + one.template, before: parts.flatMap(ids), after: ids(one), note: because });
  }
  return merged;
}

const ids = (g: Group): Node["id"][] => g.members.map((m) => m.node);
