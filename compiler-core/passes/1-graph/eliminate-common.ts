/** Nodes that compute the same from the same operands become one; so do small constants with the same data. */
import type { AttrValue, Graph, Node, Value, ValueId } from "../../graph/ir.ts";
import { valueOf } from "../../graph/ir.ts";
import { hasTrait } from "../../graph/ops/index.ts";
import { readableBytes } from "../../graph/types.ts";
import { graphPass, type PassContext } from "../pass.ts";

/** Constants up to this size are compared by content. */
const maxConstantBytes = 1024;

export const eliminateCommon = graphPass({
  name: "eliminate-common",
  why: "Computes once what is computed several times from the same operands.",
  optional: true,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const first = new Map<string, number>();
  const constants = new Map<string, ValueId>();
  const same = new Map<ValueId, ValueId>();
  const outputs = new Set(graph.outputs);
  const nodes: Node[] = [];
  let changed = false;
  const canonical = (id: ValueId | null): ValueId | null =>
    id === null ? null : (same.get(id) ?? sharedConstant(graph, valueOf(graph, id), constants, same));
  for (const old of graph.nodes) {
    const inputs = old.inputs.map(canonical);
    const node = inputs.every((id, i) => id === old.inputs[i]) ? old : { ...old, inputs };
    const key = node.op === "opaque" ? undefined : keyOf(node);
    const at = key === undefined ? undefined : first.get(key);
    if (at === undefined || node.outputs.some((id) => outputs.has(id))) {
      if (key !== undefined && at === undefined) first.set(key, nodes.length);
      changed ||= node !== old;
      nodes.push(node);
      continue;
    }
    const kept = nodes[at]!;
    node.outputs.forEach((id, i) => same.set(id, kept.outputs[i]!));
    nodes[at] = { ...kept, origin: [...new Set([...kept.origin, ...node.origin])].sort((a, b) => a - b) };
    ctx.hit({ rule: "eliminate-common/merge", before: [node.id, kept.id].sort((a, b) => a - b), after: [kept.id] });
    changed = true;
  }
  if (!changed) return graph;
  const used = new Set<ValueId>([
    ...graph.inputs,
    ...graph.outputs,
    ...nodes.flatMap((n) => [...n.outputs, ...n.inputs.filter((id) => id !== null)]),
  ]);
  return { ...graph, nodes, values: graph.values.map((v, i) => (used.has(i) ? v : undefined)) };
}

function keyOf(node: Node): string {
  const inputs = hasTrait(node.op, "commutative") ? [...node.inputs].sort((a, b) => (a ?? -1) - (b ?? -1)) : node.inputs;
  return JSON.stringify([
    node.op,
    node.phase,
    inputs,
    node.outputs.length,
    Object.entries(node.attrs)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, attrKey(v)]),
  ]);
}

/** Unlike JSON this tells NaN, infinities, -0 and bigints apart. */
function attrKey(v: AttrValue): string {
  if (Array.isArray(v)) return `[${(v as readonly AttrValue[]).map(attrKey).join(",")}]`;
  return typeof v === "number"
    ? Object.is(v, -0)
      ? "-0"
      : String(v)
    : typeof v === "bigint"
      ? `${v}n`
      : (JSON.stringify(v) ?? "undefined");
}

function sharedConstant(graph: Graph, v: Value, constants: Map<string, ValueId>, same: Map<ValueId, ValueId>): ValueId {
  if (v.constant === undefined || v.dtype === "string") return v.id;
  const c = graph.constants.get(v.constant);
  if (c.shape.reduce((a, d) => a * d, 1) > maxConstantBytes / 4) return v.id;
  const bytes = readableBytes(c);
  if (bytes === undefined) return v.id;
  const key = `${c.dtype}[${c.shape.join(",")}]${bytes.join(",")}`;
  const known = constants.get(key) ?? v.id;
  constants.set(key, known);
  same.set(v.id, known);
  return known;
}
