/** ONNX model -> Graph IR, stage 0: nodes as the file has them, in canonical operators. What is not known becomes opaque, with the reason. */
import { GraphBuilder, mergeShapes, RefusedOp } from "../graph/build.ts";
import type { FileRange } from "../graph/constants.ts";
import type { Body, BodyInstance } from "../graph/bodies.ts";
import type { Attrs, Graph, Shape, Value, ValueId } from "../graph/ir.ts";
import { decode, evaluable, type NdArray } from "../graph/ndarray.ts";
import type { TensorType } from "../graph/ops/op.ts";
import { UserError } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import { flattenModel, type FlatBody, type FlatNode } from "./flatten.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValueInfo, TensorData } from "./model.ts";
import { opaqueShape } from "./opaque-shapes.ts";
import { attributeTexts } from "./opaque-summary.ts";
import { asDType, BuildCall, NotCompiled } from "./ops/build-call.ts";
import { constantTensor } from "./ops/constant.ts";
import { standardDomain } from "./ops/domain.ts";
import { builderFor } from "./ops/index.ts";
import { sequenceMakers, type Elements } from "./ops/sequence.ts";
import { sortNodes } from "./order.ts";
import { likelyRank } from "./unranked.ts";
import { sequenceType } from "./sequence-types.ts";
import { bodyResult, subgraphResult } from "./subgraph-results.ts";
import { resultType } from "./result-types.ts";
import { denseTensor } from "./sparse.ts";
import { namesRead, recordSource, sourceFile, type SourceFile } from "./source-nodes.ts";
import { memoryStore, rangeOf, readTensor, type TensorStore } from "./tensor-data.ts";

interface Importer {
  readonly graph: GraphBuilder;
  readonly store: TensorStore;
  readonly names: Map<string, ValueId>;
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly declared: ReadonlyMap<string, OnnxType | undefined>;
  readonly file: SourceFile;
  /** Constants of tensors that were met before: a loop body is imported once for each iteration. */
  readonly known: Map<TensorData, Value>;
  /** Elements of sequences and optional values, where they are known. */
  readonly elements: Map<ValueId, Elements>;
  /** Set for bodies: their nodes are run as part of the node that has them. */
  readonly inside: boolean;
}

/**
 * The graph of a model. Constants read their bytes from `store` when asked. Initialisers that are also graph inputs are constants.
 * Throws `onnx-cycle`, `onnx-function-depth` and `onnx-function-size`; anything else that is odd becomes an opaque node.
 */
export function importModel(model: OnnxModel, store: TensorStore = memoryStore()): Graph {
  const flat = flattenModel(model);
  const { graph: main } = model;
  const importer: Importer = {
    graph: new GraphBuilder(main.name),
    store,
    names: new Map(),
    initializers: initializersOf(main, store),
    declared: new Map([...main.valueInfos, ...main.outputs].map((v) => [v.name, v.type])),
    file: sourceFile(model, store),
    known: new Map(),
    elements: new Map(),
    inside: false,
  };
  flat.sources.forEach((s) => importer.graph.source(s));
  for (const input of main.inputs) if (!importer.initializers.has(input.name)) importInput(importer, input, main.nodes);
  for (const node of sortNodes(flat.nodes)) importNode(importer, node);
  for (const output of main.outputs) importer.graph.output(lookup(importer, output.name) ?? missingOutput(importer, output));
  return importer.graph.finish();
}

function initializersOf(graph: OnnxGraph, store: TensorStore): ReadonlyMap<string, OnnxTensor> {
  const sparse = graph.sparseInitializers.flatMap((t) => denseTensor(t, store) ?? []);
  return new Map([...sparse, ...graph.initializers].map((t) => [t.name, t]));
}

/** An input without a rank gets a likely one, with extents that have names, so that it can be given a size. */
function importInput({ graph, names }: Importer, input: OnnxValueInfo, nodes: readonly OnnxNode[]): void {
  const { dtype, shape } = typeOf(input.type, input.name);
  const unranked = shape === undefined && input.type?.kind === "tensor" && dtype !== "string";
  const likely = unranked ? Array.from({ length: likelyRank(input.name, nodes) }, (_, i) => `${input.name}.${i}`) : shape;
  names.set(input.name, graph.input(input.name, dtype, likely));
}

/** The value of a name: a node output, an input, or an initialiser, which becomes a constant when first used. */
function lookup(importer: Importer, name: string): ValueId | undefined {
  const known = importer.names.get(name);
  const tensor = known === undefined && name !== "" ? importer.initializers.get(name) : undefined;
  if (tensor === undefined) return known;
  const id = importTensor(importer, tensor);
  importer.names.set(name, id);
  return id;
}

function importTensor({ graph, store, known }: Importer, tensor: OnnxTensor): ValueId {
  const same = known.get(tensor.data);
  if (same !== undefined) return graph.sharedConstant({ ...same, name: tensor.name });
  const id =
    tensor.dtype === "string"
      ? graph.stringConstant(tensor.name, tensor.dims, () => readTensor(store, tensor).strings ?? [])
      : graph.lazyConstant(
          tensor.name,
          asDType(tensor.dtype) ?? "u8",
          tensor.dims,
          () => readTensor(store, tensor).bytes,
          mappable(store, tensor),
        );
  known.set(tensor.data, graph.value(id));
  return id;
}

/** Where the bytes can be mapped from; a missing or broken file is reported when the bytes are read. */
function mappable(store: TensorStore, tensor: OnnxTensor): FileRange | undefined {
  try {
    const range = tensor.dtype === "string" ? undefined : rangeOf(store, tensor);
    if (range === undefined) return undefined;
    const folder = store.file.slice(0, store.file.lastIndexOf("/") + 1);
    return { file: range.location === undefined ? store.file : folder + range.location, offset: range.offset, length: range.length };
  } catch (e) {
    if (e instanceof UserError) return undefined;
    throw e;
  }
}

function importNode(importer: Importer, flat: FlatNode): void {
  const { node } = flat;
  const constant = constantTensor(node);
  if (constant !== undefined) {
    const id = importTensor(importer, { ...constant, name: node.outputs[0] ?? "" });
    importer.names.set(node.outputs[0] ?? "", id);
    remember(importer, flat, [id]);
    return;
  }
  const inputs = node.inputs.map((name) => lookup(importer, name) ?? null);
  const mark = importer.graph.mark();
  const results = buildNode(importer, flat, inputs);
  const outputs = typeof results === "string" ? (importer.graph.rewind(mark), opaqueNode(importer, flat, results)) : results;
  if (typeof results === "string" || node.opType === "Identity") followElements(importer, flat, inputs, outputs);
  node.outputs.forEach((name, i) => {
    const id = outputs[i];
    if (name === "" || id === undefined) return;
    importer.graph.declare(id, name, typeOf(importer.declared.get(name), name).shape);
    if (!importer.names.has(name)) importer.names.set(name, id);
  });
  remember(importer, flat, outputs);
}

/** Notes the elements of a sequence that the node makes, if they are known. */
function followElements(importer: Importer, flat: FlatNode, inputs: readonly (ValueId | null)[], outputs: readonly ValueId[]): void {
  const maker = standardDomain(flat.node.domain) ? sequenceMakers[flat.node.opType] : undefined;
  const mark = importer.graph.mark();
  const made = maker === undefined ? "" : attempt(() => maker(callOf(importer, flat, inputs)));
  if (typeof made === "string") importer.graph.rewind(mark);
  else if (outputs[0] !== undefined) importer.elements.set(outputs[0], made);
}

/** Keeps what it takes to run the node as it stands in the file. */
function remember(importer: Importer, flat: FlatNode, outputs: readonly ValueId[]): void {
  if (importer.inside) return;
  const makes = flat.node.outputs.map((name, i) => (name === "" ? null : (outputs[i] ?? null)));
  const reads = valuesRead(importer, flat);
  const complete = namesRead(flat).every((name, i) => name === "" || reads[i] !== null);
  const source = importer.graph.sourceValues(flat.origin.at(-1) ?? 0, complete ? reads : undefined, makes);
  recordSource(source, { flat, file: importer.file });
}

/** Values of the names that the node reads, then of those that its subgraphs capture. */
const valuesRead = (importer: Importer, flat: FlatNode): readonly (ValueId | null)[] =>
  namesRead(flat).map((name) => lookup(importer, name) ?? null);

/** The node in canonical operators; or the reason why it is not compiled. */
function buildNode(importer: Importer, flat: FlatNode, inputs: readonly (ValueId | null)[]): readonly ValueId[] | string {
  const { node } = flat;
  const builder = builderFor(node.domain, node.opType);
  if (builder === undefined)
    return standardDomain(node.domain) ? `${node.opType} is not supported` : `${node.domain}.${node.opType} is not supported`;
  const undefinedName = node.inputs.find((name, i) => name !== "" && inputs[i] === null);
  if (undefinedName !== undefined) return `its operand "${undefinedName}" is not defined in the model`;
  const built = attempt(() => builder(callOf(importer, flat, inputs)));
  if (typeof built === "string") return built;
  const outputs = typeof built === "number" ? [built] : built;
  const short = node.outputs.some((name, i) => name !== "" && outputs[i] === undefined);
  return short ? `only ${outputs.length} of its outputs are supported` : outputs;
}

function callOf(importer: Importer, { node, opset, origin }: FlatNode, inputs: readonly (ValueId | null)[]): BuildCall {
  const { graph, store, elements } = importer;
  const readNd = (t: OnnxTensor): NdArray => readSmall(store, t);
  return new BuildCall({ graph, node, inputs, opset, origin, readTensor: readNd, elements: (id) => elements.get(id) });
}

/** The result, or the reason why the node is not compiled. */
function attempt<T>(build: () => T): T | string {
  try {
    return build();
  } catch (e) {
    if (e instanceof NotCompiled) return e.reason;
    if (e instanceof RefusedOp) return e.refusal.reason;
    if (e instanceof UserError && e.code !== "bug") return e.message;
    throw e;
  }
}

function readSmall(store: TensorStore, t: OnnxTensor): NdArray {
  const dtype = asDType(t.dtype);
  if (dtype === undefined || !evaluable(dtype)) throw new NotCompiled(`elements of type ${t.dtype} are not supported`);
  return decode(dtype, t.dims, readTensor(store, t).bytes);
}

function opaqueNode(importer: Importer, flat: FlatNode, reason: string): readonly ValueId[] {
  const { graph } = importer;
  const { node, origin } = flat;
  const inputs = valuesRead(importer, flat);
  const operandTypes = inputs.map((id) => (id === null ? undefined : graph.type(id).dtype));
  const inferred = opaqueShape(
    node,
    inputs.map((id) => (id === null ? undefined : graph.type(id).shape)),
  );
  const found = opaqueType(importer, node, inputs);
  const complete = namesRead(flat).every((name, i) => name === "" || inputs[i] !== null);
  const bodies = complete ? lazyBodies(importer, flat, inputs) : [];
  const types = node.outputs.map((name, i): TensorType => {
    const declared = importer.declared.get(name) ?? subgraphResult(node, i) ?? (i === 0 ? found : undefined) ?? bodyResult(node, bodies, i);
    const shape = i === 0 ? inferred : undefined;
    if (declared === undefined) return { dtype: resultType(node, operandTypes, i), shape };
    const type = typeOf(declared, name);
    return { dtype: type.dtype, shape: mergeShapes(type.shape, shape) };
  });
  const attrs = {
    domain: node.domain,
    opType: node.opType,
    reason,
    attributes: attributeTexts(node),
    ...(complete && !importer.inside ? { source: origin.at(-1) } : {}),
    ...(bodies.length > 0 ? bodyAttributes(importer, flat, bodies) : {}),
  };
  return graph.addOpaque(inputs, attrs, types, { name: node.name, origin });
}

function lazyBodies(importer: Importer, flat: FlatNode, inputs: readonly (ValueId | null)[]): readonly Body[] {
  const names = namesRead(flat);
  const operands = inputs.map((id) => (id === null ? null : importer.graph.value(id)));
  return flat.bodies.map((body) => lazyBody(importer, flat, body, names, operands));
}

/** The node's subgraphs as bodies of the graph, and the numbers that say how they are run. */
function bodyAttributes(importer: Importer, flat: FlatNode, list: readonly Body[]): Attrs {
  const bodies = list.map((body) => importer.graph.bodies.add(body));
  const settings = flat.node.attributes.flatMap((a): (string | number)[][] =>
    a.kind === "int" || a.kind === "float" ? [[a.name, Number(a.value)]] : a.kind === "ints" ? [[a.name, ...a.value.map(Number)]] : [],
  );
  return { bodies, settings: [["opset", flat.opset], ...settings] };
}

function lazyBody(importer: Importer, flat: FlatNode, body: FlatBody, names: readonly string[], operands: readonly (Value | null)[]): Body {
  const at = body.captures.map((name) => names.indexOf(name));
  let shown: Graph | undefined;
  return {
    attribute: body.attribute,
    source: flat.origin.at(-1) ?? 0,
    formals: body.graph.inputs.length,
    captures: at.filter((i) => operands[i]?.constant === undefined),
    get graph() {
      const formals = body.graph.inputs.map(({ name, type }, id): Value => ({
        id,
        name,
        ...typeOf(type, name),
        shapeSource: "declared",
        layout: "plain",
      }));
      return (shown ??= importBody(importer, body, formals, at, operands).graph);
    },
    instantiate: (formals, given) => importBody(importer, body, formals, at, given),
  };
}

/** The graph of a subgraph whose operands are certain values of the graph around it, constants among them. */
function importBody(
  outer: Importer,
  body: FlatBody,
  formals: readonly Value[],
  captures: readonly number[],
  operands: readonly (Value | null)[],
): BodyInstance {
  const { graph: source } = body;
  const importer: Importer = {
    ...outer,
    graph: new GraphBuilder(source.name, outer.graph.constants, outer.graph.bodies),
    names: new Map(),
    elements: new Map(),
    initializers: initializersOf(source, outer.store),
    declared: new Map([...source.valueInfos, ...source.outputs].map((v) => [v.name, v.type])),
    inside: true,
  };
  const bound = new Map<ValueId, ValueId>();
  const bind = (name: string, v: Value | null | undefined): void => {
    if (v == null) return;
    const id = v.constant === undefined ? importer.graph.input(name, v.dtype, v.shape) : importer.graph.sharedConstant(v);
    importer.names.set(name, id);
    bound.set(id, v.id);
  };
  source.inputs.forEach(({ name }, i) => bind(name, formals[i]));
  body.captures.forEach((name, i) => bind(name, operands[captures[i]!]));
  for (const node of sortNodes(body.nodes)) importNode(importer, node);
  for (const output of source.outputs) importer.graph.output(lookup(importer, output.name) ?? missingOutput(importer, output));
  return { graph: importer.graph.finish(), bound };
}

/** The type of the first result where it is, or comes out of, a sequence or an optional value; remembered for those who read it. */
function opaqueType({ file, graph }: Importer, node: OnnxNode, inputs: readonly (ValueId | null)[]): OnnxType | undefined {
  const operands = node.inputs.map((name, i): OnnxType | undefined => {
    const id = inputs[i];
    return file.declared.get(name) ?? (id == null ? undefined : { kind: "tensor", dtype: graph.type(id).dtype, denotation: "" });
  });
  const type = sequenceType(node, operands);
  const [name = ""] = node.outputs;
  if (type !== undefined && type.kind !== "tensor" && !file.declared.has(name)) file.declared.set(name, type);
  return type;
}

/** A graph output that nothing computes: shown, not hidden. */
function missingOutput({ graph }: Importer, output: OnnxValueInfo): ValueId {
  const source = graph.source({
    path: `output:${output.name}`,
    opType: "Undefined",
    domain: "",
    name: output.name,
    outputs: [output.name],
  });
  const reason = `the model's output "${output.name}" is not computed by any node`;
  const [id] = graph.addOpaque([], { opType: "Undefined", reason }, [typeOf(output.type, output.name)], {
    name: output.name,
    origin: [source],
  });
  graph.declare(id!, output.name);
  return id!;
}

/** What exporters write for an extent without a name: two of them need not be the same. */
const saysNothing: ReadonlySet<string> = new Set(["", "?", "None", "-1", "unk", "unknown"]);

/** The tensor type that a declared type says; sequences, maps and optional tensors have no shape. Unknown extents are named after value and axis. */
function typeOf(type: OnnxType | undefined, name: string): { readonly dtype: DType; readonly shape: Shape | undefined } {
  if (type?.kind === "optional" && type.element?.kind === "tensor") return { ...typeOf(type.element, name), shape: undefined };
  if (type === undefined || (type.kind !== "tensor" && type.kind !== "sparse-tensor")) return { dtype: "f32", shape: undefined };
  const shape = type.dims?.map((d, i) => {
    if (d.value !== undefined && d.value >= 0) return Number(d.value);
    return d.param === undefined || saysNothing.has(d.param) ? `${name}.${i}` : d.param;
  });
  return { dtype: asDType(type.dtype) ?? "f32", shape: type.dims === undefined ? undefined : shape };
}
