/**
 * Graph snapshots as columnar differences. What is new is found by identity: a pass that kept a node kept the object,
 * so nothing is compared deeply and a one-node edit of a large graph makes a small delta.
 */
import { elements, staticShape, type Graph, type Group, type Node, type Value } from "../graph/ir.ts";
import { nodeCost } from "../graph/cost.ts";
import { dtypeBytes } from "../support/dtype.ts";
import { layoutText } from "../graph/layout.ts";
import type { GraphDelta, GroupInfo, NodeColumns, Rows, ValueColumns } from "../protocol/trace.ts";
import type { StringTable } from "./strings.ts";

/** The difference that turns snapshot `base` (undefined: the empty graph) into `graph`. */
export function graphDelta(stage: number, graph: Graph, baseStage: number, base: Graph | undefined, strings: StringTable): GraphDelta {
  const old = new Map(base?.nodes.map((n) => [n.id, n]));
  const fresh = graph.nodes.filter((n) => old.get(n.id) !== n);
  const kept = new Set(graph.nodes.map((n) => n.id));
  const values = graph.values.filter((v): v is Value => v !== undefined && base?.values[v.id] !== v);
  const removedValues = (base?.values ?? []).filter((v): v is Value => v !== undefined && graph.values[v.id] === undefined);
  const order = Int32Array.from(graph.nodes, (n) => n.id);
  const nodes = nodeColumns(graph, fresh, strings);
  const valueCols = valueColumns(values, strings);
  return {
    stage,
    base: baseStage,
    nodes,
    values: valueCols,
    removedNodes: Int32Array.from([...old.keys()].filter((id) => !kept.has(id))),
    ...(base === undefined ? {} : costColumns(graph, base, old, values)),
    removedValues: Int32Array.from(removedValues, (v) => v.id),
    ...(base !== undefined && sameOrder(base, order) ? {} : { order }),
    inputs: Int32Array.from(graph.inputs),
    outputs: Int32Array.from(graph.outputs),
    ...(base !== undefined && base.groups === graph.groups ? {} : { groups: graph.groups.map(groupInfo) }),
    strings: strings.takeNew(),
  };
}

/** A fusion group as the protocol shows it. */
export const groupInfo = (g: Group): GroupInfo => ({
  id: g.id,
  name: g.name,
  template: g.template,
  leader: g.leader,
  phase: g.phase,
  members: g.members,
  params: g.params,
});

/** Extents as text: `32x256`, `scalar`; with names, which may have an x in them, `N×max_len`. */
export const extentsText = (dims: readonly (number | string)[]): string =>
  dims.length === 0 ? "scalar" : dims.join(dims.some((d) => typeof d === "string" && d !== "?") ? "×" : "x");

/** The same of a value; `?` when its rank is not known. */
export const shapeText = (v: Value): string => (v.shape === undefined ? "?" : extentsText(v.shape));

/** Bytes of a value, NaN when its shape is not known. */
function valueBytes(v: Value): number {
  const shape = staticShape(v);
  return shape === undefined ? NaN : dtypeBytes(v.dtype, elements(shape));
}

/** What is known of nodes that are the same object as before, but read or make values that are others. */
function costColumns(graph: Graph, base: Graph, old: ReadonlyMap<number, Node>, values: readonly Value[]): Pick<GraphDelta, "costs"> {
  const other = new Set<number | null>(values.map((v) => v.id));
  const touched = graph.nodes.filter((n) => old.get(n.id) === n && [...n.inputs, ...n.outputs].some((v) => other.has(v)));
  const now = touched.map((n) => ({ id: n.id, was: nodeCost(base, n), is: nodeCost(graph, n) }));
  const changed = now.filter(({ was, is }) => !Object.is(was.flops, is.flops) || !Object.is(was.bytes, is.bytes));
  if (changed.length === 0) return {};
  return {
    costs: {
      id: Int32Array.from(changed, (c) => c.id),
      flops: Float64Array.from(changed, (c) => c.is.flops),
      bytes: Float64Array.from(changed, (c) => c.is.bytes),
    },
  };
}

function nodeColumns(graph: Graph, nodes: readonly Node[], strings: StringTable): NodeColumns {
  const costs = nodes.map((n) => nodeCost(graph, n));
  return {
    id: Int32Array.from(nodes, (n) => n.id),
    op: Int32Array.from(nodes, (n) => strings.index(n.op)),
    name: Int32Array.from(nodes, (n) => strings.index(n.name)),
    attrs: Int32Array.from(nodes, (n) => strings.index(JSON.stringify(n.attrs, jsonSafe))),
    inputs: rows(nodes.map((n) => n.inputs.map((v) => v ?? -1))),
    outputs: rows(nodes.map((n) => n.outputs)),
    origin: rows(nodes.map((n) => n.origin)),
    init: Uint8Array.from(nodes, (n) => (n.phase === "init" ? 1 : 0)),
    flops: Float64Array.from(costs, (c) => c.flops),
    bytes: Float64Array.from(costs, (c) => c.bytes),
  };
}

function valueColumns(values: readonly Value[], strings: StringTable): ValueColumns {
  return {
    id: Int32Array.from(values, (v) => v.id),
    name: Int32Array.from(values, (v) => strings.index(v.name)),
    dtype: Int32Array.from(values, (v) => strings.index(v.dtype)),
    shape: Int32Array.from(values, (v) => strings.index(shapeText(v))),
    shapeSource: Int32Array.from(values, (v) => strings.index(v.shapeSource)),
    layout: Int32Array.from(values, (v) => strings.index(layoutText(v.layout))),
    constant: Uint8Array.from(values, (v) => (v.constant === undefined ? 0 : 1)),
    bytes: Float64Array.from(values, valueBytes),
  };
}

/** Lists of integers as one array with offsets. */
export function rows(lists: readonly (readonly number[])[]): Rows {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => (start[i + 1] = (start[i] ?? 0) + list.length));
  return { start, items: Int32Array.from(lists.flat()) };
}

function sameOrder(base: Graph, order: Int32Array): boolean {
  return base.nodes.length === order.length && base.nodes.every((n, i) => n.id === order[i]);
}

/** JSON has no bigint, NaN or infinity: they become strings. */
export function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
