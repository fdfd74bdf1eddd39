/**
 * The nodes of a model's main graph as one list: calls of model-local functions are replaced by their bodies with fresh names.
 * Lists every node of the file as a source, subgraphs included.
 */
import type { SourceNode } from "../graph/ir.ts";
import { userError } from "../messages.ts";
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxOpsetId } from "./model.ts";
import { renameSubgraphs } from "./rename-subgraphs.ts";

export interface FlatNode {
  /** Inputs and outputs carry the names of the main graph. */
  readonly node: OnnxNode;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  /** Versions of all operator sets where the node stands: those of the model, or of the function it comes from. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Its sources: the node itself and the function calls it comes from. */
  readonly origin: readonly number[];
  /** Names of the outer graph that its subgraphs read, beyond its own inputs. */
  readonly captures: readonly string[];
  readonly bodies: readonly FlatBody[];
}

/** A subgraph of a node: a branch or the body of a loop. */
export interface FlatBody {
  /** The attribute that holds it; with the position where there are several. */
  readonly attribute: string;
  readonly graph: OnnxGraph;
  /** Names are its own, or those of the graphs around it. */
  readonly nodes: readonly FlatNode[];
  readonly captures: readonly string[];
}

export interface FlatModel {
  readonly nodes: readonly FlatNode[];
  readonly sources: readonly SourceNode[];
}

/** Used for a domain that the model forgot to import. */
const newestOpset = 26;
const maxDepth = 64;
/** More nodes than this cannot be shown or compiled; functions that call each other twice reach any number with a few lines. */
const maxNodes = 500_000;

type Names = ReadonlyMap<string, string> | undefined;
interface Scope {
  readonly opsets: ReadonlyMap<string, number>;
  /** Names inside a function body to names of the main graph; undefined: they are the same. */
  readonly names: Names;
  readonly prefix: string;
  readonly origin: readonly number[];
  readonly depth: number;
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** Throws `onnx-function-depth` when functions call each other without end, `onnx-function-size` when they make too many nodes. */
export function flattenModel(model: OnnxModel): FlatModel {
  const functions = new Map(model.functions.map((f) => [functionKey(f.domain, f.name, f.overload), f]));
  const sources: SourceNode[] = [];
  const nodes: FlatNode[] = [];
  const scope: Scope = { opsets: opsetsOf(importsOf(model)), names: undefined, prefix: "", origin: [], depth: 0, attributes: new Map() };
  flattenNodes(model.graph.nodes, scope, functions, sources, nodes);
  return { nodes, sources };
}

/** Files before version 3 of the format could not say an operator set: theirs is the first. */
const importsOf = ({ irVersion, opsetImports }: OnnxModel): readonly OnnxOpsetId[] =>
  opsetImports.length === 0 && Number(irVersion) < 3 ? [{ domain: "", version: 1 }] : opsetImports;

const standard = (domain: string): string => (domain === "ai.onnx" ? "" : domain);
const functionKey = (domain: string, name: string, overload: string): string => `${standard(domain)}\u0000${name}\u0000${overload}`;
const opsetsOf = (imports: readonly OnnxOpsetId[]): ReadonlyMap<string, number> =>
  new Map(imports.map((o) => [standard(o.domain), o.version]));

function flattenNodes(
  list: readonly OnnxNode[],
  scope: Scope,
  functions: ReadonlyMap<string, OnnxFunction>,
  sources: SourceNode[],
  out: FlatNode[],
): void {
  list.forEach((node, i) => {
    const path = `${scope.prefix}#${i}`;
    const self = sources.push({ path, opType: node.opType, domain: node.domain, name: node.name, outputs: node.outputs }) - 1;
    const origin = [...scope.origin, self];
    const body = functions.get(functionKey(node.domain, node.opType, node.overload));
    const renamed = renameNode(node, scope);
    if (body === undefined) {
      const around: Scope = { ...scope, names: undefined, prefix: path, origin };
      const bodies = subgraphsOf(renamed).map(([attribute, graph]) => flattenBody(attribute, graph, around, functions, sources));
      const captures = [...new Set(bodies.flatMap((b) => b.captures))];
      const opset = scope.opsets.get(standard(node.domain)) ?? newestOpset;
      out.push({ node: renamed, opset, opsets: scope.opsets, origin, captures, bodies });
      return;
    }
    const outermost = { node: sources[scope.origin[0] ?? self]?.path ?? path };
    if (scope.depth >= maxDepth) userError("onnx-function-depth", outermost, { name: node.opType, limit: maxDepth });
    if (sources.length > maxNodes) userError("onnx-function-size", outermost, { name: node.opType, limit: maxNodes });
    const inner: Scope = {
      opsets: new Map([...scope.opsets, ...opsetsOf(body.opsetImports)]),
      names: bodyNames(body, renamed, path),
      prefix: `${path}/${node.opType}/`,
      origin,
      depth: scope.depth + 1,
      attributes: callAttributes(body, renamed),
    };
    flattenNodes(body.nodes, inner, functions, sources, out);
  });
}

function bodyNames(body: OnnxFunction, call: OnnxNode, path: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  body.nodes.forEach((n) => n.outputs.forEach((o) => names.set(o, `${path}/${o}`)));
  body.outputs.forEach((formal, i) => call.outputs[i] && names.set(formal, call.outputs[i]));
  body.inputs.forEach((formal, i) => names.set(formal, call.inputs[i] ?? ""));
  return names;
}

const callAttributes = (body: OnnxFunction, call: OnnxNode): ReadonlyMap<string, OnnxAttribute> =>
  new Map([...body.attributeDefaults, ...call.attributes].map((a) => [a.name, a]));

function renameNode(node: OnnxNode, scope: Scope): OnnxNode {
  if (scope.names === undefined) return node;
  const rename = (name: string): string => (name === "" ? "" : (scope.names?.get(name) ?? name));
  const { attributes } = renameSubgraphs(node, rename, scope.attributes);
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes };
}

const subgraphsOf = (node: OnnxNode): readonly (readonly [string, OnnxGraph])[] =>
  node.attributes.flatMap((a): (readonly [string, OnnxGraph])[] => {
    if (a.kind === "graph") return [[a.name, a.value]];
    return a.kind === "graphs" ? a.value.map((g, i) => [`${a.name}[${i}]`, g] as const) : [];
  });

/** The nodes of a subgraph, which are listed as sources; `scope` is that of the node that has it, with the node's path as prefix. */
function flattenBody(
  attribute: string,
  graph: OnnxGraph,
  scope: Scope,
  functions: ReadonlyMap<string, OnnxFunction>,
  sources: SourceNode[],
): FlatBody {
  const nodes: FlatNode[] = [];
  flattenNodes(graph.nodes, { ...scope, prefix: `${scope.prefix}/${attribute}/` }, functions, sources, nodes);
  const own = new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.map((t) => t.name),
    ...nodes.flatMap((n) => n.node.outputs),
  ]);
  const read = [...nodes.flatMap((n) => [...n.node.inputs, ...n.captures]), ...graph.outputs.map((v) => v.name)];
  return { attribute, graph, nodes, captures: [...new Set(read.filter((name) => name !== "" && !own.has(name)))] };
}
