/**
 * The model that ONNX Runtime gets for a hole: the nodes as they stand in the file, with names of values that no file can clash with. What the
 * hole reads becomes inputs or, where it is known, initialisers; what others read becomes outputs.
 */
import { bug } from "../messages.ts";
import { valueOf, type Graph, type Node, type Value, type ValueId } from "../graph/ir.ts";
import { tensor, tensorType, valueInfo } from "./builder.ts";
import type { OnnxModel, OnnxNode, OnnxOpsetId, OnnxTensor, OnnxType } from "./model.ts";
import { ownNames, renameSubgraphs } from "./rename-subgraphs.ts";
import { namesRead, sourceRecord, type SourceRecord } from "./source-nodes.ts";
import type { TensorStore } from "./tensor-data.ts";

export interface HoleModel {
  readonly model: OnnxModel;
  /** Where tensors inside attributes of its nodes lie. */
  readonly store: TensorStore;
  /** Names of the inputs and outputs, in the order of the values asked for. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Models older than this list initialisers as inputs, too. */
const leastIrVersion = 4;

/**
 * What the model tells about what it is given: `known`, all that is known by now; `types`, element types alone, and small known values as inputs
 * with a default, which nothing is concluded from. ONNX Runtime may refuse a part for extents and values that it would not have known in the
 * whole model, and that its kernels accept.
 */
export type DeclaredInputs = "known" | "types";

/** `nodes`: calls that `cut-holes` made, in order. Throws a bug for calls that come from no file. */
export function holeModel(
  graph: Graph,
  nodes: readonly Node[],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
  declared: DeclaredInputs = "known",
): HoleModel {
  const parts = nodes.map((node) => ({ node, record: recordOf(graph, node) }));
  const { file } = parts[0]?.record ?? bug("a hole without nodes");
  const name = freshNames(parts.map((p) => p.record));
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const read = [...new Set(nodes.flatMap((n) => n.inputs))].filter((v) => v !== null && !made.has(v) && !inputs.includes(v)) as ValueId[];
  const nested = parts.some(({ record }) => record.flat.node.attributes.some((a) => a.kind === "graph" || a.kind === "graphs"));
  const functions = nested ? file.functions : [];
  const typed = (id: ValueId) => {
    const type = typeOf(valueOf(graph, id), file.declared, nested);
    return valueInfo(name(id), declared === "types" && type.kind === "tensor" ? tensorType(type.dtype, undefined) : type);
  };
  const model: OnnxModel = {
    irVersion: Math.max(file.irVersion, leastIrVersion),
    opsetImports: opsetImports(parts.map((p) => p.record)),
    producerName: "fusionscope",
    producerVersion: "",
    domain: "",
    modelVersion: 0,
    docString: "",
    graph: {
      nodes: parts.map(({ node, record }) => renamed(node, record, name)),
      name: "hole",
      initializers: read.map((id) => initializer(graph, valueOf(graph, id), name(id))),
      sparseInitializers: [],
      docString: "",
      inputs: [...inputs, ...(declared === "types" ? read.filter((id) => isSmall(graph, id)) : [])].map(typed),
      // Types of results follow from the nodes; saying them again could only be wrong.
      outputs: outputs.map((id) => valueInfo(name(id), undefined)),
      valueInfos: [],
      quantizationAnnotations: [],
      metadataProps: [],
    },
    metadataProps: [],
    trainingInfo: [],
    functions,
    configurations: [],
  };
  return { model, store: file.store, inputs: inputs.map(name), outputs: outputs.map(name) };
}

const recordOf = (graph: Graph, node: Node): SourceRecord =>
  sourceRecord(graph.sources[Number(node.attrs["source"])]) ?? bug("a hole that no file has", { node: node.name });

/** Names for values: unlike any name inside a subgraph, because those may not be hidden. */
function freshNames(records: readonly SourceRecord[]): (id: ValueId) => string {
  let prefix = "v";
  const taken = new Set(records.flatMap((r) => [...namesInside(r.flat.node)]));
  while ([...taken].some((n) => n.startsWith(prefix))) prefix += "_";
  return (id) => `${prefix}${id}`;
}

function namesInside(node: OnnxNode): ReadonlySet<string> {
  const names = new Set<string>();
  const graphs = node.attributes.flatMap((a) => (a.kind === "graph" ? [a.value] : a.kind === "graphs" ? a.value : []));
  for (const g of graphs) {
    for (const n of ownNames(g)) names.add(n);
    for (const inner of g.nodes) for (const n of namesInside(inner)) names.add(n);
  }
  return names;
}

/** The node of the file with the values of the call: operands by position, captured names inside its subgraphs, results that are made. */
function renamed(call: Node, { flat }: SourceRecord, name: (id: ValueId) => string): OnnxNode {
  const { node } = flat;
  const names = namesRead(flat);
  const outer = new Map(names.map((n, i) => [n, call.inputs[i] ?? null] as const));
  const rename = (n: string): string => {
    const id = outer.get(n);
    return id === null || id === undefined ? n : name(id);
  };
  const made = (call.attrs["made"] as readonly number[] | undefined) ?? call.outputs.map((_, i) => i);
  const outputs = node.outputs.map((n, i) => {
    const id = call.outputs[made.indexOf(i)];
    return id !== undefined ? name(id) : n === "" ? "" : `${name(call.outputs[0] ?? 0)}.unused${i}`;
  });
  const inputs = node.inputs.map((_, i) => {
    const id = call.inputs[i];
    return id === null || id === undefined ? "" : name(id);
  });
  return { ...renameSubgraphs(node, rename), inputs, outputs, deviceConfigurations: [], metadataProps: [] };
}

/** As many elements as an operand has that other extents follow from. */
const fewElements = 64;
const isSmall = (graph: Graph, id: ValueId): boolean => {
  const { constant } = valueOf(graph, id);
  return constant !== undefined && graph.constants.get(constant).shape.reduce((n, d) => n * d, 1) <= fewElements;
};

function initializer(graph: Graph, value: Value, name: string): OnnxTensor {
  const constant = graph.constants.get(
    value.constant ?? bug(`value %${value.id} "${value.name}" is neither known nor an operand of the hole`),
  );
  if (constant.strings !== undefined) return tensor(name, "string", constant.shape, constant.strings());
  const length = constant.bytes().length;
  return tensor(name, constant.dtype, constant.shape, { source: "stream", length, chunks: () => [constant.bytes()] });
}

/**
 * What the file declares for values that are no tensors, else what is known by now. Where there are subgraphs (`open`) no more than the file says:
 * the extents of this run may not fit a branch that is not taken, and ONNX Runtime infers through all of them.
 */
function typeOf(value: Value, declared: ReadonlyMap<string, OnnxType>, open: boolean): OnnxType {
  const type = declared.get(value.name);
  if (type !== undefined && (type.kind !== "tensor" || open)) return type;
  return tensorType(
    value.dtype,
    value.shape?.map((d) => (typeof d === "number" && !open ? d : undefined)),
  );
}

/** All nodes of a hole see the same operator sets; domains that the file forgot to import get their first version. */
function opsetImports(records: readonly SourceRecord[]): readonly OnnxOpsetId[] {
  const versions = new Map<string, number>();
  for (const { flat } of records) for (const [domain, version] of flat.opsets) versions.set(domain, version);
  for (const { flat } of records) {
    const domain = flat.node.domain === "ai.onnx" ? "" : flat.node.domain;
    if (!versions.has(domain)) versions.set(domain, domain === "" ? flat.opset : 1);
  }
  return [...versions].map(([domain, version]) => ({ domain, version }));
}
