/** Gives symbolic extents their values: those of the options, else 1 for a batch and 128 for a sequence. */
import { dimNames, substituteDim } from "../../graph/dims.ts";
import type { AttrValue, Dim, Graph, Node, Shape, Value, ValueId } from "../../graph/ir.ts";
import { valueOf } from "../../graph/ir.ts";
import { opOf } from "../../graph/ops/index.ts";
import { isRefusal, type TensorType } from "../../graph/ops/op.ts";
import { walkTypes } from "../../graph/types.ts";
import { bug, userError, UserError } from "../../messages.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const specialiseDims = graphPass({
  name: "specialise-dims",
  why: "Gives symbolic extents their values, so that loops, buffers and blocks have known sizes.",
  optional: false,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const names = symbolicDims(graph);
  const unknown = Object.keys(ctx.options.dims).find((n) => !names.has(n));
  if (unknown !== undefined) userError("dim-unknown", {}, { name: unknown, hint: "", dims: [...names].join(", ") || "none" });
  if (names.size === 0) return graph;
  for (const [name, value] of Object.entries(ctx.options.dims)) {
    if (!Number.isSafeInteger(value) || value < 0) userError("dim-conflict", {}, { name, value, what: "it is not a whole number" });
  }
  const { sizes, result } = firstThatFits(graph, [...names], ctx.options.dims);
  for (const [name, value] of sizes) {
    const given = ctx.options.dims[name] === undefined ? "default" : "given";
    ctx.hit({ rule: "specialise-dims/set", before: [], after: [], note: `${name} = ${value} (${given})` });
  }
  return result;
}

/** Extents for sequences, in the order in which they are tried: some models have tables that are too short for the first. */
const sequenceExtents = [128, 8, 1];

function firstThatFits(graph: Graph, names: readonly string[], given: Readonly<Record<string, number>>) {
  let problem: unknown;
  for (const sequence of sequenceExtents) {
    const sizes = new Map(names.map((name) => [name, given[name] ?? (isSequence(name) ? sequence : 1)]));
    try {
      return { sizes, result: specialise(graph, sizes) };
    } catch (e) {
      if (!(e instanceof UserError) || e.code !== "dim-conflict") throw e;
      problem ??= e;
      if (names.every((name) => given[name] !== undefined || !isSequence(name))) break;
    }
  }
  throw problem;
}

/** Names of the symbolic extents of a graph's inputs, in order. */
export function symbolicDims(graph: Graph): ReadonlySet<string> {
  return new Set(graph.inputs.flatMap((id) => (valueOf(graph, id).shape ?? []).flatMap(dimNames)));
}

/** Does the name speak of a sequence or of time? Anything else is taken for a batch. */
const isSequence = (name: string): boolean => !/batch/i.test(name) && /seq|len|time|token|step|past|frame/i.test(name);

function specialise(graph: Graph, sizes: ReadonlyMap<string, number>): Graph {
  const values: (Value | undefined)[] = [...graph.values];
  const start = new Map<ValueId, TensorType>();
  for (const id of graph.inputs) {
    const v = valueOf(graph, id);
    const shape =
      v.shape &&
      sameShape(
        v.shape,
        v.shape.map((d) => substituteDim(d, sizes)),
      );
    if (shape === v.shape) continue;
    values[id] = { ...v, shape, shapeSource: "set" };
    start.set(id, { dtype: v.dtype, shape });
  }
  for (const id of graph.nodes.flatMap((n) => (n.op === "opaque" ? n.outputs : []))) {
    const v = valueOf(graph, id);
    if (v.shape !== undefined) start.set(id, { dtype: v.dtype, shape: v.shape.map((d) => substituteDim(d, sizes)) });
  }
  const nodes = graph.nodes.map((n) => substituteAttrs(n, sizes));
  const result: Node[] = [];
  walkTypes({ ...graph, nodes }, start, ({ node, attrs, types }) => {
    result.push(attrs === node.attrs ? node : { ...node, attrs });
    if (isRefusal(types)) conflict(graph, node, sizes, types.reason);
    node.outputs.forEach((id, i) => {
      const v = graph.values[id] ?? bug(`no value %${id}`);
      const shape = node.op === "opaque" ? v.shape?.map((d) => substituteDim(d, sizes)) : types[i]?.shape;
      const next = v.shape && shape ? sameShape(v.shape, keepNumbers(shape, v.shape)) : (shape ?? v.shape);
      if (next !== v.shape) values[id] = { ...v, shape: next, shapeSource: node.op === "opaque" ? v.shapeSource : "inferred" };
    });
  });
  return { ...graph, nodes: result, values };
}

/** A number that the file declares stays where inference only gives a name. */
const keepNumbers = (shape: Shape, declared: Shape): Shape =>
  shape.length !== declared.length
    ? shape
    : shape.map((d, i) => (typeof d === "string" && typeof declared[i] === "number" ? declared[i] : d));
const sameShape = (old: Shape, next: Shape): Shape => (old.length === next.length && old.every((d, i) => d === next[i]) ? old : next);

function substituteAttrs(node: Node, sizes: ReadonlyMap<string, number>): Node {
  const { attrs: schema } = opOf(node.op);
  const dims = Object.keys(schema).filter((name) => schema[name]!.kind === "dims" && node.attrs[name] !== undefined);
  if (dims.length === 0) return node;
  const changed = dims.map((name): [string, AttrValue] => [name, (node.attrs[name] as readonly Dim[]).map((d) => substituteDim(d, sizes))]);
  return changed.every(([name, v]) => String(v) === String(node.attrs[name]))
    ? node
    : { ...node, attrs: { ...node.attrs, ...Object.fromEntries(changed) } };
}

/** Names the extents that the operands of the failing node depend on. */
function conflict(graph: Graph, node: Node, sizes: ReadonlyMap<string, number>, reason: string): never {
  const involved = node.inputs
    .flatMap((id) => (id === null ? [] : (valueOf(graph, id).shape ?? []).flatMap(dimNames)))
    .filter((n) => sizes.has(n));
  const names = [...new Set(involved.length > 0 ? involved : sizes.keys())];
  const others = names.slice(1).map((n) => `${n} = ${sizes.get(n)}`);
  const what = others.length === 0 ? reason : `${reason}, with ${others.join(", ")}`;
  userError(
    "dim-conflict",
    { node: node.name || node.op, pass: "specialise-dims" },
    { name: names[0]!, value: sizes.get(names[0]!)!, what },
  );
}
