/**
 * Nodes of the file that are not compiled become calls of ONNX Runtime: one opaque node each, that reads and makes what the node of the file
 * does. It comes first, while every value that the file names is still there. What cannot be compiled shows only later: then the compiler
 * starts again and names those nodes here (see `compile.ts`).
 */
import type { Attrs, Graph, Node, SourceNode, Value, ValueId } from "../../graph/ir.ts";
import { staticShape } from "../../graph/ir.ts";
import { nodeCost } from "../../graph/cost.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const cutHoles = graphPass({
  name: "cut-holes",
  why: "Leaves what is not compiled to ONNX Runtime: each such node of the file becomes one call, with the reason.",
  optional: false,
  run,
});

/**
 * The node of the file that a graph node was imported from: of all it stems from the innermost that is known with its values. Nodes that rules
 * made of several have several; see `sourcesOf`.
 */
export const sourceOf = (graph: Graph, node: Node): number | undefined =>
  [...node.origin].reverse().find((i) => isRunnable(graph.sources[i]));
/** All nodes of the file that a graph node computes (a part of). */
export const sourcesOf = (graph: Graph, node: Node): readonly number[] => node.origin.filter((i) => isRunnable(graph.sources[i]));

const isRunnable = (source: SourceNode | undefined): boolean => source?.makes !== undefined && source.reads !== undefined;

function run(graph: Graph, ctx: PassContext): Graph {
  // Control flow may still be written out.
  for (const node of graph.nodes) if (node.op === "opaque" && node.attrs["bodies"] === undefined) explain(node, [node.id], ctx);
  const cut = ctx.cut ?? new Map();
  if (cut.size === 0) return graph;
  const parts = new Map<number, Node[]>();
  const values = [...graph.values];
  let changed = false;
  const learn = (id: ValueId, source: number): void => {
    const now = learnt(values[id], cut.get(source)?.types.get(id));
    changed ||= now !== values[id];
    values[id] = now;
  };
  for (const node of graph.nodes) {
    const source = sourceOf(graph, node);
    if (source === undefined || !cut.has(source)) continue;
    if (isCall(node, source)) node.outputs.forEach((id) => learn(id, source));
    else parts.set(source, [...(parts.get(source) ?? []), node]);
  }
  if (parts.size === 0) return changed ? { ...graph, values } : graph;
  const last = new Map([...parts.values()].map((list) => [list.at(-1)?.id, list]));
  const gone = new Set([...parts.values()].flat());
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const list = last.get(node.id);
    const source = list === undefined ? undefined : sourceOf(graph, node);
    if (list === undefined || source === undefined) return gone.has(node) ? [] : [node];
    const call = callOf(graph, source, list, cut.get(source)?.reason ?? "it is not compiled");
    call.outputs.forEach((id) => learn(id, source));
    explain(
      call,
      list.map((n) => n.id),
      ctx,
    );
    return [call];
  });
  return { ...graph, nodes, values };
}

const isCall = (node: Node, source: number): boolean => node.op === "opaque" && node.attrs["source"] === source;

/** One call in place of the nodes that the importer made of a node of the file. */
function callOf(graph: Graph, index: number, list: readonly Node[], reason: string): Node {
  const source = graph.sources[index]!;
  const mine = new Set(list.flatMap((n) => n.outputs));
  const made = (source.makes ?? []).flatMap((id, i) => (id !== null && mine.has(id) ? [i] : []));
  const flops = list.reduce((sum, n) => sum + nodeCost(graph, n).flops, 0);
  const attrs: Attrs = {
    domain: source.domain,
    opType: source.opType,
    reason,
    attributes: [],
    source: index,
    made,
    ...(Number.isFinite(flops) ? { flops } : {}),
  };
  const origin = [...new Set(list.flatMap((n) => n.origin))].sort((a, b) => a - b);
  const outputs = made.map((i) => source.makes![i] as ValueId);
  return { id: list[0]!.id, op: "opaque", name: source.name, inputs: source.reads ?? [], outputs, attrs, origin, phase: "run" };
}

/** The shape that inference found before the node was cut out: nothing would find it any more. */
function learnt(value: Value | undefined, shape: Value["shape"]): Value | undefined {
  if (value === undefined || shape === undefined || staticShape(value) !== undefined) return value;
  return { ...value, shape, shapeSource: "inferred" };
}

function explain(node: Node, before: readonly number[], ctx: PassContext): void {
  const reason = String(node.attrs["reason"]);
  const called = node.attrs["source"] !== undefined;
  ctx.hit({ rule: "cut-holes/call", before, after: [node.id], note: `${String(node.attrs["opType"])}: ${reason}` });
  ctx.verdict({
    subject: "partition",
    accepted: false,
    rule: "cut-holes/call",
    because: `${called ? "not compiled, runs on ONNX Runtime" : "not compiled, and nobody can run it"}: ${reason}`,
    facts: [{ name: "operator", value: String(node.attrs["opType"]) }],
    nodes: [node.id],
  });
}
