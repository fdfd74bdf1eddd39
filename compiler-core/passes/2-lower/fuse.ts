/**
 * Fine-grain fusion: every node of the run phase joins the group of one of its producers, at an anchor of that group's loop
 * nest, or starts a group of its own. Exactly one verdict is recorded per producer -> consumer edge, with what was compared.
 *
 * Groups only ever depend on groups with a smaller id, so a group never needs itself: a node may join group G only if its other
 * inputs come from groups before G. One walk over the nodes, linear in edges.
 */
import { elements, staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import type { Fact } from "../../protocol/trace.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { admit, type Admission } from "./admission.ts";
import { behindView, throughView, type Behind } from "./behind-view.ts";
import { newDraft, type Draft } from "./draft.ts";
import { nodeKind } from "./node-kind.ts";
import { pairLookup, type PairLookup } from "./node-pairs.ts";
import { byPhase } from "./phases.ts";

export const fuse = graphPass({
  name: "fuse",
  why: "Puts operators into the loop nest of their producer, so that intermediate values stay in registers and cache.",
  optional: true,
  run: (graph, ctx) => (graph.nodes.length === 0 || graph.groups.length > 0 ? graph : { ...graph, groups: formGroups(graph, ctx, true) }),
});

/** One group per node where `fuse` did not run: lowering needs groups, fused or not. */
export const group = graphPass({
  name: "group",
  why: "Gives each operator that fusion left alone a loop nest of its own.",
  optional: false,
  run: (graph, ctx) => (graph.nodes.length === 0 || graph.groups.length > 0 ? graph : { ...graph, groups: formGroups(graph, ctx, false) }),
});

function formGroups(graph: Graph, ctx: PassContext, fusing: boolean): Group[] {
  const producer = new Map<ValueId, Node>();
  for (const n of graph.nodes) for (const v of n.outputs) producer.set(v, n);
  const draftOf = new Map<number, Draft>();
  const drafts: Draft[] = [];
  const pairs = pairLookup(graph, ctx.options);
  const holes = new Map<string, Draft>();
  for (const { node, phase, runner } of byPhase(graph)) {
    const edges = producerEdges(node, producer);
    const { kind } = nodeKind(graph, node);
    if (kind === "unsupported") {
      for (const e of edges) recordEdge(ctx, graph, e, node, notCompiled(node), undefined);
      continue;
    }
    if (kind === "hole") {
      const hole = joinHole(holes, `${phase} ${runner}`, drafts, graph, node);
      draftOf.set(node.id, hole);
      for (const e of edges) {
        const inside = draftOf.get(e.from.id) === hole;
        const answer = inside ? sameHole : insisted(pairs, draftOf.get(e.from.id), node, intoHole(node));
        recordEdge(ctx, graph, e, node, answer, inside ? hole.id : undefined);
      }
      continue;
    }
    const candidates = [...new Set(edges.map((e) => draftOf.get(e.from.id)).filter((d): d is Draft => d !== undefined))].sort(
      (a, b) => b.id - a.id,
    );
    const latest = candidates[0]?.id ?? -1;
    const answers = new Map<Draft, Admission>();
    let home: Draft | undefined;
    for (const draft of candidates) {
      const answer = fusing ? admit(graph, node, draft, { latest, ctx, pairs }) : switchedOff;
      answers.set(draft, answer);
      if (answer.accepted) {
        home = draft;
        break;
      }
    }
    const joined = home === undefined ? undefined : answers.get(home);
    if (home !== undefined && joined !== undefined) home.add(node, joined);
    else drafts.push((home = newDraft(drafts.length, graph, node)));
    draftOf.set(node.id, home);
    for (const e of edges) {
      const from = draftOf.get(e.from.id);
      const answer =
        from === undefined ? notCompiled(e.from) : from === home && joined !== undefined ? joined : (answers.get(from) ?? otherGroup(home));
      const behind = answer.rule === "fuse/view" && kind !== "view" ? behindView(e.from, producer, draftOf) : undefined;
      const real = behind === undefined ? undefined : throughView(graph, node, behind, { latest: behind.draft.id, ctx, pairs });
      const told = from === home ? answer : insisted(pairs, from, node, real ?? answer);
      recordEdge(ctx, graph, e, node, told, from === home ? home.id : undefined, real && behind);
    }
    if (joined !== undefined) ctx.hit({ rule: joined.rule, before: [node.id], after: [home.leader.id, node.id], note: joined.because });
  }
  return drafts.map((d) => d.finish());
}

/** The hole of a phase: a group of its own, that nothing else joins. */
function joinHole(holes: Map<string, Draft>, key: string, drafts: Draft[], graph: Graph, node: Node): Draft {
  const known = holes.get(key);
  if (known !== undefined) {
    known.add(node, { anchor: "call" });
    return known;
  }
  const hole = newDraft(drafts.length, graph, node);
  drafts.push(hole);
  holes.set(key, hole);
  return hole;
}

interface Edge {
  readonly from: Node;
  readonly value: ValueId;
}

/** One entry per producer and value, however often the consumer names it. */
function producerEdges(node: Node, producer: ReadonlyMap<ValueId, Node>): Edge[] {
  const values = new Set(node.inputs.filter((v): v is ValueId => v !== null));
  return [...values].flatMap((value) => {
    const from = producer.get(value);
    return from === undefined ? [] : [{ from, value }];
  });
}

/** A refusal that the user wanted otherwise says that it was heard, and cannot be followed. */
function insisted(pairs: PairLookup, from: Draft | undefined, node: Node, answer: Admission): Admission {
  if (answer.accepted || answer.rule === "fuse/forbidden" || from === undefined || !pairs.forces(from, node)) return answer;
  return {
    ...answer,
    because: `${answer.because}; forcing the pair cannot change that`,
    facts: [...answer.facts, { name: "asked for", value: "forced" }],
  };
}

function recordEdge(
  ctx: PassContext,
  graph: Graph,
  edge: Edge,
  to: Node,
  answer: Admission,
  group: number | undefined,
  behind?: Behind,
): void {
  const accepted = answer.accepted && group !== undefined;
  const other = otherChoice(answer.rule, accepted);
  const traffic = traffics(answer.rule) ? trafficOf(graph, behind?.value ?? edge.value) : undefined;
  ctx.verdict({
    subject: "fusion",
    accepted,
    rule: answer.rule,
    because: answer.because,
    facts: [
      ...answer.facts,
      ...(traffic === undefined
        ? []
        : [{ name: accepted ? "not written and read back" : "written and read back", value: traffic, unit: "B" }]),
    ],
    nodes: [edge.from.id, to.id],
    value: edge.value,
    ...(accepted ? { group } : {}),
    ...(behind === undefined ? {} : { behind: behind.node.id }),
    ...(traffic === undefined || other === undefined
      ? {}
      : { alternatives: [{ choice: other, cost: accepted ? traffic : 0, unit: "B written and read back" }] }),
  });
}

/** Bytes that a value costs when one nest writes it and another reads it back; undefined when its size is not known. */
function trafficOf(graph: Graph, value: ValueId): number | undefined {
  const { dtype } = valueOf(graph, value);
  const shape = staticShape(valueOf(graph, value));
  return shape === undefined ? undefined : 2 * dtypeBytes(dtype, elements(shape));
}

/** Views have no code, and what is not compiled has no nest: nothing is written or saved there. */
const traffics = (rule: string): boolean => !["fuse/view", "fuse/not-compiled", "fuse/first-run"].includes(rule);

/** What could have been done instead, where there was a choice. */
function otherChoice(rule: string, accepted: boolean): string | undefined {
  if (accepted) return rule === "fuse/same-hole" ? undefined : "a nest of its own";
  return ["fuse/forbidden", "fuse/switched-off", "fuse/parallelism"].includes(rule) ? "in the nest of its producer" : undefined;
}

const switchedOff: Admission = {
  accepted: false,
  rule: "fuse/switched-off",
  because: "not fused: the fuse pass is switched off",
  facts: [],
};
const notCompiled = (node: Node): Admission => ({
  accepted: false,
  rule: "fuse/not-compiled",
  because: `not fused: ${node.op === "opaque" ? String(node.attrs["opType"]) : node.op} is not compiled`,
  facts: [],
});
const sameHole: Admission = {
  accepted: true,
  rule: "fuse/same-hole",
  because: "both run on ONNX Runtime, in one call: the value never leaves it",
  facts: [],
};
const intoHole = (node: Node): Admission => ({
  accepted: false,
  rule: "fuse/hole",
  because: `not fused: ${String(node.attrs["opType"])} runs on ONNX Runtime, its operands are handed over in memory`,
  facts: [],
});
const otherGroup = (home: Draft): Admission => ({
  accepted: false,
  rule: "fuse/other-group",
  because: `not fused here: the consumer joined group ${home.id}, the latest of its producers'`,
  facts: [{ name: "group joined", value: home.id }] satisfies Fact[],
});
