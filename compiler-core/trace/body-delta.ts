/**
 * Graphs inside of the model: bodies of If, Loop and Scan and of functions, as the file has them, for looking at. They come as the delta of a
 * graph snapshot; nothing of them is compiled here.
 */
import { extentsText, jsonSafe, rows } from "./graph-delta.ts";
import type { StringTable } from "./strings.ts";
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxType, OnnxValueInfo } from "../onnx/model.ts";
import { attributeTexts } from "../onnx/opaque-summary.ts";
import type { GraphDelta } from "../protocol/trace.ts";

/** The graph of a subgraph attribute, or a function. */
export type Body = OnnxGraph | OnnxFunction;

/** Bodies inside of bodies end somewhere, also where functions call each other. */
const maxDepth = 64;

/**
 * The body with this path: that of the node it belongs to, as in `SourceNode.path`, and the name of the attribute or the function: `#12/then_branch`,
 * `#3/Gelu`. Undefined: there is none.
 */
export function bodyAt(model: OnnxModel, path: string): Body | undefined {
  const find = (nodes: readonly OnnxNode[], prefix: string, depth: number): Body | undefined => {
    if (depth > maxDepth) return undefined;
    for (const [i, node] of nodes.entries()) {
      const here = `${prefix}#${i}/`;
      if (!path.startsWith(here)) continue;
      for (const [name, body] of bodiesOf(model, node)) {
        if (path === here + name) return body;
        const inner = path.startsWith(`${here}${name}/`) ? find(body.nodes, `${here}${name}/`, depth + 1) : undefined;
        if (inner !== undefined) return inner;
      }
    }
    return undefined;
  };
  return find(model.graph.nodes, "", 0);
}

const standard = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

function bodiesOf(model: OnnxModel, node: OnnxNode): (readonly [string, Body])[] {
  const graphs = node.attributes.flatMap((a): (readonly [string, Body])[] => {
    if (a.kind === "graph") return [[a.name, a.value]];
    return a.kind === "graphs" ? a.value.map((g, i) => [`${a.name}[${i}]`, g] as const) : [];
  });
  const called = model.functions.find(
    (f) => f.name === node.opType && f.overload === node.overload && standard(f.domain) === standard(node.domain),
  );
  return called === undefined ? graphs : [...graphs, [node.opType, called]];
}

/** Names to values, in the order in which they are met. */
class Values {
  readonly infos = new Map<string, { dtype: string; shape: string; constant: boolean }>();
  readonly ids = new Map<string, number>();

  id(name: string): number {
    if (name === "") return -1;
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    this.ids.set(name, this.ids.size);
    return this.ids.size - 1;
  }
}

/** @param sourceOf index of the ONNX node with this path among the sources of the compilation */
export function bodyDelta(body: Body, path: string, sourceOf: (path: string) => number | undefined, strings: StringTable): GraphDelta {
  const values = new Values();
  const isGraph = "initializers" in body;
  const declared = isGraph ? [...body.inputs, ...body.outputs, ...body.valueInfos] : body.valueInfos;
  for (const { name, type } of declared) values.infos.set(name, { ...typeTexts(type), constant: false });
  const sparse = isGraph
    ? body.sparseInitializers.flatMap(({ values: v, dims }) => (v === undefined ? [] : [{ ...v, dims: dims.map(Number) }]))
    : [];
  for (const { name, dtype, dims } of isGraph ? [...body.initializers, ...sparse] : [])
    values.infos.set(name, { dtype, shape: extentsText(dims), constant: true });
  const inputs = body.inputs.map(nameOf);
  const outputs = body.outputs.map(nameOf);
  const made = new Set(body.nodes.flatMap((n) => n.outputs));
  const text = (value: string): number => strings.index(value);
  const reads = body.nodes.map((n) => n.inputs.map((name) => values.id(name)));
  const makes = body.nodes.map((n) => n.outputs.filter((name) => name !== "").map((name) => values.id(name)));
  const ends = outputs.map((name) => values.id(name));
  // What a body reads from outside of it (from the graph around it) is an input of the picture.
  const outside = [...values.ids.keys()].filter(
    (name) => !made.has(name) && !inputs.includes(name) && values.infos.get(name)?.constant !== true,
  );
  const begins = [...inputs, ...outside].map((name) => values.id(name));
  const all = [...values.ids];
  const unknown = { dtype: "", shape: "?", constant: false };
  const info = (name: string): { dtype: string; shape: string; constant: boolean } => values.infos.get(name) ?? unknown;
  const nothing = Float64Array.from(body.nodes, () => NaN);
  return {
    stage: 0,
    base: -1,
    nodes: {
      id: Int32Array.from(body.nodes, (_, i) => i),
      op: Int32Array.from(body.nodes, ({ domain, opType }) => text(standard(domain) === "" ? opType : `${domain}.${opType}`)),
      name: Int32Array.from(body.nodes, ({ name }) => text(name)),
      attrs: Int32Array.from(body.nodes, (n) => text(JSON.stringify(attributesOf(n), jsonSafe))),
      inputs: rows(reads),
      outputs: rows(makes),
      origin: rows(body.nodes.map((_, i) => [sourceOf(`${path}/#${i}`) ?? -1].filter((index) => index >= 0))),
      init: new Uint8Array(body.nodes.length),
      flops: nothing,
      bytes: nothing,
    },
    removedNodes: new Int32Array(),
    values: {
      id: Int32Array.from(all, ([, id]) => id),
      name: Int32Array.from(all, ([name]) => text(outside.includes(name) ? `${name} (from outside)` : name)),
      dtype: Int32Array.from(all, ([name]) => text(info(name).dtype)),
      shape: Int32Array.from(all, ([name]) => text(info(name).shape)),
      shapeSource: Int32Array.from(all, ([name]) => text(values.infos.has(name) ? "declared" : "unknown")),
      layout: Int32Array.from(all, () => text("plain")),
      constant: Uint8Array.from(all, ([name]) => Number(info(name).constant)),
      bytes: Float64Array.from(all, () => NaN),
    },
    removedValues: new Int32Array(),
    order: Int32Array.from(body.nodes, (_, i) => i),
    inputs: Int32Array.from(begins),
    outputs: Int32Array.from(ends),
    groups: [],
    strings: strings.takeNew(),
  };
}

const nameOf = (value: string | OnnxValueInfo): string => (typeof value === "string" ? value : value.name);

const attributesOf = (node: OnnxNode): Readonly<Record<string, string>> =>
  Object.fromEntries(attributeTexts(node).map((line) => [line.slice(0, line.indexOf(" = ")), line.slice(line.indexOf(" = ") + 3)]));

/** A declared type in the words that values are shown with; types that are not tensors have no shape. */
function typeTexts(type: OnnxType | undefined): { readonly dtype: string; readonly shape: string } {
  if (type?.kind !== "tensor" && type?.kind !== "sparse-tensor") return { dtype: typeText(type), shape: "?" };
  const shape = type.dims === undefined ? "?" : extentsText(type.dims.map((d) => d.param ?? String(d.value ?? "?")));
  return { dtype: type.kind === "tensor" ? type.dtype : `sparse ${type.dtype}`, shape };
}

/** `sequence of f32`, `map from i64 to f32` */
export function typeText(type: OnnxType | undefined): string {
  switch (type?.kind) {
    case "tensor":
      return type.dtype;
    case "sparse-tensor":
      return `sparse ${type.dtype}`;
    case "sequence":
    case "optional":
      return `${type.kind} of ${typeText(type.element) || "anything"}`;
    case "map":
      return `map from ${type.key} to ${typeText(type.value) || "anything"}`;
    case "opaque":
      return [type.domain, type.name].filter((part) => part !== "").join(".") || "opaque";
    default:
      return "";
  }
}
