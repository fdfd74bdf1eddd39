/** If, Loop and Scan become the operators of their bodies wherever it is known at compile time what runs, and how often. */
import { isStatic } from "../../graph/dims.ts";
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { chooseBranch } from "./control-flow/choose.ts";
import { flexAttention } from "./control-flow/flex-attention.ts";
import { unrollLoop, unrollScan, type Call } from "./control-flow/iterate.ts";
import { Impossible, Splicer, Stays, stays } from "./control-flow/splicer.ts";

export const inlineControlFlow = graphPass({
  name: "inline-control-flow",
  why: "Puts the branch that is taken, or the iterations of a loop, in place of If, Loop and Scan, so that they are compiled like the rest.",
  optional: true,
  run,
});

const writers: Readonly<Record<string, (call: Call) => readonly ValueId[]>> = {
  If: chooseBranch,
  Loop: unrollLoop,
  Scan: unrollScan,
  FlexAttention: flexAttention,
};

const hasBodies = (node: Node): boolean => node.op === "opaque" && node.attrs["bodies"] !== undefined;

function run(graph: Graph, ctx: PassContext): Graph {
  if (graph.bodies === undefined || !graph.nodes.some(hasBodies)) return graph;
  const splicer = new Splicer(graph);
  let changed = false;
  for (const node of graph.nodes) {
    if (!hasBodies(node) || ctx.cut?.has(node.origin.at(-1) ?? -1) === true) splicer.write(node);
    else changed = replace(node, splicer, ctx) || changed;
  }
  return changed ? splicer.finish() : graph;
}

/** Writes what the node stands for, or the node with the reason why it stays. True when the graph is another one. */
function replace(node: Node, s: Splicer, ctx: PassContext): boolean {
  const mark = s.mark();
  try {
    inline(node, s);
    const after = s.nodes.slice(mark[0]).map((n) => n.id);
    const opType = String(node.attrs["opType"]);
    ctx.hit({
      rule: `inline-control-flow/${opType.toLowerCase()}`,
      before: [node.id],
      after,
      note: node.name || (s.sources[node.origin.at(-1) ?? -1]?.path ?? ""),
    });
    return true;
  } catch (e) {
    if (!(e instanceof Stays)) throw e;
    s.rewind(mark);
    const kept = node.attrs["reason"] === e.reason ? node : { ...node, attrs: { ...node.attrs, reason: e.reason } };
    s.write(kept);
    ctx.verdict({
      subject: "partition",
      accepted: false,
      rule: "inline-control-flow/stays",
      because: `not written out: ${e.reason}`,
      facts: [{ name: "operator", value: String(node.attrs["opType"]) }],
      nodes: [node.id],
    });
    return kept !== node;
  }
}

/** Writes what the node stands for; control flow in its bodies likewise. Throws `Stays`. */
function inline(node: Node, s: Splicer): void {
  const write = writers[String(node.attrs["opType"])] ?? stays(String(node.attrs["reason"]));
  const emit = (n: Node): void => {
    if (hasBodies(n)) return inline(n, s);
    if (n.op === "opaque") stays(`its body has ${String(n.attrs["opType"])}: ${String(n.attrs["reason"])}`);
    const refusal = s.write(n);
    if (refusal === undefined) return;
    const known = n.inputs.every((id) => id === null || isStatic(s.value(id).shape));
    const reason = `its body has ${n.op}: ${refusal.reason}`;
    if (refusal.refused === "shape" && known) throw new Impossible(reason);
    stays(reason);
  };
  const copy: Call["copy"] = (body, formals, iteration) =>
    s.copy({ node, body, ...(iteration === undefined ? {} : { iteration }) }, formals, emit);
  const results = write({ node, splicer: s, copy });
  if (results.length < node.outputs.length) stays("a result of its body is missing");
  node.outputs.forEach((to, i) => s.give(node, results[i]!, to));
}
