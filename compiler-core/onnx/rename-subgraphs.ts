/** Names of the outer graph inside the subgraphs of a node: renamed wherever a subgraph reads them, own names left alone. */
import type { OnnxAttribute, OnnxGraph, OnnxNode } from "./model.ts";

type Rename = (name: string) => string;
/** Values for attributes that refer to those of the surrounding function. */
type Given = ReadonlyMap<string, OnnxAttribute>;

/** The node with other outer names in its subgraphs and with its references to function attributes resolved; its own operands stay. */
export function renameSubgraphs(node: OnnxNode, rename: Rename, given?: Given): OnnxNode {
  const attributes = node.attributes.flatMap((a): OnnxAttribute[] => {
    const value = resolved(a, given);
    return value === undefined ? [] : [renamedAttribute(value, rename, given)];
  });
  return attributes.every((a, i) => a === node.attributes[i]) ? node : { ...node, attributes };
}

function resolved(a: OnnxAttribute, given: Given | undefined): OnnxAttribute | undefined {
  if (given === undefined || a.refAttrName === "") return a;
  const value = given.get(a.refAttrName);
  return value === undefined ? undefined : { ...value, name: a.name };
}

function renamedAttribute(a: OnnxAttribute, rename: Rename, given: Given | undefined): OnnxAttribute {
  if (a.kind === "graph") return { ...a, value: renameGraph(a.value, rename, given) };
  return a.kind === "graphs" ? { ...a, value: a.value.map((g) => renameGraph(g, rename, given)) } : a;
}

function renameGraph(graph: OnnxGraph, outer: Rename, given: Given | undefined): OnnxGraph {
  const own = ownNames(graph);
  const rename: Rename = (name) => (name === "" || own.has(name) ? name : outer(name));
  const nodes = graph.nodes.map((n) => ({ ...renameSubgraphs(n, rename, given), inputs: n.inputs.map(rename) }));
  return { ...graph, nodes, outputs: graph.outputs.map((v) => ({ ...v, name: rename(v.name) })) };
}

/** What a graph names itself: inputs, initialisers and results of its nodes. */
export const ownNames = (graph: OnnxGraph): ReadonlySet<string> =>
  new Set([...graph.inputs.map((v) => v.name), ...graph.initializers.map((t) => t.name), ...graph.nodes.flatMap((n) => n.outputs)]);
