/** Cuts nodes out of a model as a model of its own: what it reads from the rest becomes inputs, what the rest reads becomes outputs. */
import { valueInfo } from "../onnx/builder.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValueInfo } from "../onnx/model.ts";

/** The type of a value by its ONNX name, once shapes are known; undefined: unknown. */
export type TypeLookup = (name: string) => OnnxType | undefined;

export interface Extraction {
  readonly model: OnnxModel;
  /** Names of the values at the cut. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * The model of the nodes with these positions in the main graph's list. Initializers that they read come along; values that nobody
 * else reads are no outputs, unless nothing would be left.
 */
export function extractNodes(model: OnnxModel, indices: readonly number[], typeOf: TypeLookup): Extraction {
  const { graph } = model;
  const chosen = new Set(indices);
  const inside = graph.nodes.filter((_, i) => chosen.has(i));
  const made = new Set(inside.flatMap((n) => n.outputs).filter((o) => o !== ""));
  const read = new Set(inside.flatMap(namesRead).filter((i) => i !== ""));
  const initializers = graph.initializers.filter((t) => read.has(t.name) && !made.has(t.name));
  const held = new Set(initializers.map((t) => t.name));
  const sparse = graph.sparseInitializers.filter((t) => t.values !== undefined && read.has(t.values.name));
  for (const t of sparse) held.add(t.values?.name ?? "");
  const inputs = [...read].filter((name) => !made.has(name) && !held.has(name));
  const outputs = outputsOf(graph, chosen, made, read);
  const typed = (name: string): OnnxValueInfo => valueInfo(name, typeOf(name) ?? declaredType(graph, name));
  const part: OnnxGraph = {
    ...graph,
    nodes: inside,
    initializers: initializers as readonly OnnxTensor[],
    sparseInitializers: sparse,
    inputs: inputs.map(typed),
    outputs: outputs.map(typed),
    valueInfos: graph.valueInfos.filter((v) => made.has(v.name) && !outputs.includes(v.name)),
    quantizationAnnotations: [],
  };
  return { model: { ...model, graph: part, trainingInfo: [] }, inputs, outputs };
}

/** Positions of the nodes that the values with these names are computed by, in order. */
export function ancestorsOf({ graph }: OnnxModel, names: readonly string[]): number[] {
  const maker = new Map(graph.nodes.flatMap((n, i) => n.outputs.map((o) => [o, i] as const)));
  const found = new Set<number>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const at = name === "" ? undefined : maker.get(name);
    if (at === undefined || found.has(at)) continue;
    found.add(at);
    open.push(...namesRead(graph.nodes[at]!));
  }
  return [...found].sort((a, b) => a - b);
}

function outputsOf(graph: OnnxGraph, chosen: ReadonlySet<number>, made: ReadonlySet<string>, read: ReadonlySet<string>): string[] {
  const wanted = new Set(graph.outputs.map((o) => o.name));
  graph.nodes.forEach((n, i) => {
    if (!chosen.has(i)) namesRead(n).forEach((name) => wanted.add(name));
  });
  const outputs = [...made].filter((name) => wanted.has(name));
  return outputs.length > 0 ? outputs : [...made].filter((name) => !read.has(name));
}

const declaredType = (graph: OnnxGraph, name: string): OnnxType | undefined =>
  [...graph.inputs, ...graph.outputs, ...graph.valueInfos].find((v) => v.name === name && v.type !== undefined)?.type;

/** Inputs of a node, and what its subgraphs read from outside of themselves. */
function namesRead(node: OnnxNode): string[] {
  const captured = node.attributes.flatMap((a) => {
    if (a.kind === "graph") return namesCaptured(a.value);
    return a.kind === "graphs" ? a.value.flatMap(namesCaptured) : [];
  });
  return [...node.inputs, ...captured];
}

function namesCaptured(graph: OnnxGraph): string[] {
  const own = new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initializers.map((t) => t.name),
    ...graph.nodes.flatMap((n) => n.outputs),
  ]);
  return [...graph.nodes.flatMap(namesRead), ...graph.outputs.map((o) => o.name)].filter((name) => !own.has(name));
}
