/** Checks every invariant of the Graph IR. The compiler runs it after each pass and blames the pass by name. */
import { shapeText } from "./dims.ts";
import { attrProblem } from "./infer.ts";
import type { Graph, Node, NodeId, Shape, Value, ValueId } from "./ir.ts";
import { isOpName } from "./ops/index.ts";
import { isRefusal, type TensorType } from "./ops/op.ts";
import { walkTypes } from "./types.ts";

/** What is wrong with a graph, one sentence each; empty when it is well-formed. */
export function verifyGraph(graph: Graph): readonly string[] {
  const problems = [...valueProblems(graph), ...nodeProblems(graph), ...orderProblems(graph), ...groupProblems(graph)];
  // Types are inferred along the edges, so they can only be checked once the edges are sound.
  return problems.length > 0 ? problems : typeProblems(graph);
}

const nodeText = (n: Node): string => `node #${n.id} ${n.op}`;

function valueProblems(graph: Graph): string[] {
  const out: string[] = [];
  const exists = (id: ValueId): boolean => graph.values[id] !== undefined;
  graph.values.forEach((v, i) => {
    if (v === undefined) return;
    if (v.id !== i) out.push(`value at ${i} has id ${v.id}`);
    if (v.constant !== undefined) out.push(...constantProblems(graph, v));
  });
  for (const id of [...graph.inputs, ...graph.outputs]) if (!exists(id)) out.push(`graph input or output %${id} does not exist`);
  if (new Set(graph.inputs).size !== graph.inputs.length) out.push("an input is listed twice");
  return out;
}

function constantProblems(graph: Graph, v: Value): string[] {
  if (v.constant! < 0 || v.constant! >= graph.constants.size) return [`value %${v.id} has no constant c${v.constant}`];
  const c = graph.constants.get(v.constant!);
  const same = c.dtype === v.dtype && v.shape !== undefined && String(c.shape) === String(v.shape);
  return same ? [] : [`value %${v.id} is ${v.dtype}[${shapeText(v.shape)}], its constant c${c.id} is ${c.dtype}[${shapeText(c.shape)}]`];
}

function nodeProblems(graph: Graph): string[] {
  const out: string[] = [];
  const seen = new Set<NodeId>();
  for (const n of graph.nodes) {
    if (seen.has(n.id)) out.push(`${nodeText(n)}: the id is used twice`);
    seen.add(n.id);
    if (n.id < 0 || n.id >= graph.nextNode) out.push(`${nodeText(n)}: the id is not below ${graph.nextNode}`);
    if (!isOpName(n.op)) out.push(`${nodeText(n)}: no such operator`);
    else out.push(...[attrProblem(n.op, n.attrs)].flatMap((p) => (p === undefined ? [] : [`${nodeText(n)}: ${p}`])));
    out.push(...originProblems(graph, n));
  }
  return out;
}

function originProblems(graph: Graph, n: Node): string[] {
  if (n.origin.length === 0) return [`${nodeText(n)}: it has no origin`];
  if (n.origin.some((o) => !Number.isInteger(o) || o < 0 || o >= graph.sources.length))
    return [`${nodeText(n)}: origin ${n.origin.join(",")} is not a source`];
  return n.origin.every((o, i) => i === 0 || n.origin[i - 1]! < o) ? [] : [`${nodeText(n)}: its origin is not sorted`];
}

/** Every operand exists before it is read, and has one producer. */
function orderProblems(graph: Graph): string[] {
  const out: string[] = [];
  const produced = new Map<ValueId, Node | undefined>(graph.inputs.map((id) => [id, undefined]));
  const init = new Set<ValueId>();
  const available = (id: ValueId): boolean => produced.has(id) || graph.values[id]?.constant !== undefined;
  for (const n of graph.nodes) {
    for (const id of n.inputs) {
      if (id === null) continue;
      if (!available(id)) out.push(`${nodeText(n)}: operand %${id} is not computed before it`);
      if (n.phase === "init" && graph.values[id]?.constant === undefined && !init.has(id))
        out.push(`${nodeText(n)}: it is done once, but operand %${id} is not constant`);
    }
    for (const id of n.outputs) {
      if (graph.values[id] === undefined) out.push(`${nodeText(n)}: result %${id} does not exist`);
      else if (graph.values[id].constant !== undefined) out.push(`${nodeText(n)}: result %${id} is a constant`);
      if (produced.has(id)) out.push(`${nodeText(n)}: %${id} has two producers`);
      produced.set(id, n);
      if (n.phase === "init") init.add(id);
    }
  }
  for (const id of graph.outputs) if (!available(id)) out.push(`graph output %${id} is not computed`);
  return out;
}

function groupProblems(graph: Graph): string[] {
  const out: string[] = [];
  const nodes = new Map(graph.nodes.map((n, i) => [n.id, i]));
  const owner = new Map<NodeId, number>();
  const ids = new Set<number>();
  for (const g of graph.groups) {
    if (ids.has(g.id)) out.push(`group ${g.id}: the id is used twice`);
    ids.add(g.id);
    if (!g.members.some((m) => m.node === g.leader)) out.push(`group ${g.id}: its leader #${g.leader} is not a member`);
    for (const { node } of g.members) {
      if (!nodes.has(node)) out.push(`group ${g.id}: member #${node} does not exist`);
      if (owner.has(node)) out.push(`group ${g.id}: node #${node} is also in group ${owner.get(node)}`);
      owner.set(node, g.id);
    }
    const places = g.members.map((m) => nodes.get(m.node) ?? 0);
    if (places.some((p, i) => i > 0 && p <= places[i - 1]!)) out.push(`group ${g.id}: its members are not in execution order`);
  }
  return out;
}

function typeProblems(graph: Graph): readonly string[] {
  const out: string[] = [];
  walkTypes(graph, new Map(), ({ node, types }) => {
    if (isRefusal(types)) out.push(`${nodeText(node)}: ${types.reason}`);
    else if (node.op !== "opaque") {
      if (types.length !== node.outputs.length) out.push(`${nodeText(node)}: it has ${node.outputs.length} results, not ${types.length}`);
      node.outputs.forEach((id, i) => types[i] && out.push(...typeDifference(node, graph.values[id]!, types[i])));
    }
  });
  return out;
}

function typeDifference(node: Node, v: Value, inferred: TensorType): string[] {
  if (v.dtype === inferred.dtype && compatible(v.shape, inferred.shape)) return [];
  return [
    `${nodeText(node)}: %${v.id} is ${v.dtype}[${shapeText(v.shape)}], but ${inferred.dtype}[${shapeText(inferred.shape)}] follows from its operands`,
  ];
}

/** Unknown and symbolic extents fit everything; two numbers must be equal. */
function compatible(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.length === b.length && a.every((d, i) => d === b[i] || typeof d === "string" || typeof b[i] === "string");
}
