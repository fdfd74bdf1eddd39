/** A graph with numbers in place of symbolic extents, and the nodes that cannot be with these numbers. */
import { substituteDim } from "../../../graph/dims.ts";
import type { AttrValue, Dim, Graph, Node, Shape, Value, ValueId } from "../../../graph/ir.ts";
import { valueOf } from "../../../graph/ir.ts";
import { opOf } from "../../../graph/ops/index.ts";
import { isRefusal, type TensorType } from "../../../graph/ops/op.ts";
import { walkTypes } from "../../../graph/types.ts";
import { bug } from "../../../messages.ts";

export interface RefusedNode {
  readonly node: Node;
  readonly reason: string;
  /** Extents of the operands with these sizes. */
  readonly shapes: readonly (Shape | undefined)[];
}

export interface Assigned {
  readonly sizes: ReadonlyMap<string, number>;
  readonly graph: Graph;
  /** In order of the nodes; empty when everything fits. */
  readonly refused: readonly RefusedNode[];
}

/** The graph with `sizes` for its symbolic extents, all shapes inferred anew. */
export function assignSizes(graph: Graph, sizes: ReadonlyMap<string, number>): Assigned {
  const values: (Value | undefined)[] = [...graph.values];
  const start = new Map<ValueId, TensorType>();
  for (const id of graph.inputs) {
    const v = valueOf(graph, id);
    const shape = v.shape && substituted(v.shape, sizes);
    if (shape === v.shape) continue;
    values[id] = { ...v, shape, shapeSource: "set" };
    start.set(id, { dtype: v.dtype, shape });
  }
  for (const n of graph.nodes) {
    if (n.op !== "opaque") continue;
    for (const id of n.outputs) {
      const v = valueOf(graph, id);
      if (v.shape !== undefined) start.set(id, { dtype: v.dtype, shape: substituted(v.shape, sizes) });
    }
  }
  const nodes = graph.nodes.map((n) => substituteAttrs(n, sizes));
  const result: Node[] = [];
  const refused: RefusedNode[] = [];
  walkTypes({ ...graph, nodes }, start, ({ node, attrs, types, inputs }) => {
    result.push(attrs === node.attrs ? node : { ...node, attrs });
    const failed = isRefusal(types);
    if (failed) refused.push({ node, reason: types.reason, shapes: inputs.map((t) => t?.shape) });
    node.outputs.forEach((id, i) => {
      const v = graph.values[id] ?? bug(`no value %${id}`);
      const shape = node.op === "opaque" || failed ? v.shape && substituted(v.shape, sizes) : types[i]?.shape;
      const next = v.shape && shape ? sameShape(v.shape, keepNumbers(shape, v.shape)) : (shape ?? v.shape);
      if (next !== v.shape) values[id] = { ...v, shape: next, shapeSource: node.op === "opaque" ? v.shapeSource : "inferred" };
    });
  });
  return { sizes, refused, graph: { ...graph, nodes: result, values } };
}

const substituted = (shape: Shape, sizes: ReadonlyMap<string, number>): Shape =>
  sameShape(
    shape,
    shape.map((d) => substituteDim(d, sizes)),
  );
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
