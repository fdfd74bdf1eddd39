/** Elementwise groups: each member its own loops over all elements. Merging the loops is the business of the tensor passes. */
import { elements, staticShape, valueOf, type Graph, type Node, type ValueId } from "../graph/ir.ts";
import * as x from "../tensor/build.ts";
import type { Expr, Stmt } from "../tensor/ir.ts";
import { plus } from "./module-builder.ts";
import { operand, resultOf, scalarOf, type Template, type TemplateCall } from "./template.ts";
import { viewMaps } from "./views.ts";

/** Elements one parallel iteration covers: a few vectors short of the nearest cache, so that a chain of loops stays in it. */
const blockElements = 2048;

export const points: Template = (call) => (isEven(call.graph, call.nodes, call.storage.plan.views) ? flat(call) : nested(call));

/**
 * All operands have the extents of the result, or one element: then only the position of an element counts. Not so where an operand is a view
 * that moves elements: its places are found by axis.
 */
export function isEven(graph: Graph, nodes: readonly Node[], views: ReadonlyMap<ValueId, Node>): boolean {
  const shapeOf = (v: ValueId): readonly number[] => staticShape(valueOf(graph, v)) ?? [];
  return nodes.every((n) => {
    const out = shapeOf(resultOf(n)).join("x");
    return n.inputs.every((v) => v === null || (shapeOf(v).join("x") === out && !isMoved(views, v)) || elements(shapeOf(v)) === 1);
  });
}

function isMoved(views: ReadonlyMap<ValueId, Node>, value: ValueId): boolean {
  const view = views.get(value);
  return view !== undefined && (viewMaps[view.op] !== "offset" || isMoved(views, operand(view, 0)));
}

function flat(call: TemplateCall): Stmt[] {
  const { builder, storage, nodes } = call;
  const [first] = nodes;
  if (first === undefined) return [];
  const total = elements(storage.shape(resultOf(first)));
  const member = (node: Node, lo: Expr | number, hi: Expr | number): Stmt =>
    builder.loop("vector", "i", lo, hi, [node.id], (i) => {
      const args = node.inputs
        .filter((v) => v !== null)
        .map((v) => storage.literal(v) ?? storage.readAt(v, { offset: elements(storage.shape(v)) === 1 ? x.index(0) : i }));
      return [builder.store(storage.ref(resultOf(node), { offset: i }), scalarOf(call.graph, node, args), [node.id])];
    });
  if (total <= blockElements) return nodes.map((n) => member(n, 0, total));
  const origin = nodes.map((n) => n.id);
  const block = builder.loop(
    "parallel",
    "b",
    0,
    total,
    origin,
    (b) => {
      const end = x.binary("min", plus(b, blockElements), x.index(total));
      const hi = builder.let("end", end, origin);
      return [hi.stmt, ...nodes.map((n) => member(n, b, hi.ref))];
    },
    blockElements,
  );
  return [block];
}

/** One loop per axis; the innermost becomes vectors, the outermost threads. */
function nested(call: TemplateCall): Stmt[] {
  const { builder, storage, nodes } = call;
  const [first] = nodes;
  if (first === undefined) return [];
  const shape = storage.shape(resultOf(first));
  return overRows(call, shape.slice(0, -1), (rows) =>
    nodes.map((node) =>
      builder.loop("vector", "j", 0, shape.at(-1) ?? 1, [node.id], (j) => [
        elementStore(call, node, shape.length === 0 ? [] : [...rows, j]),
      ]),
    ),
  );
}

/** Stores the element of `node` at `index`. */
export function elementStore(call: TemplateCall, node: Node, index: readonly Expr[]): Stmt {
  const { builder, storage, graph } = call;
  const args = node.inputs.filter((v) => v !== null).map((v) => storage.read(v, index));
  return builder.store(storage.ref(resultOf(node), { index }), scalarOf(graph, node, args), [node.id]);
}

/** Loops over the axes of `extents`, the outermost one parallel; axes of extent 1 need no loop. `body` gets an index per axis. */
export function overRows(call: TemplateCall, extents: readonly number[], body: (index: readonly Expr[]) => Stmt[]): Stmt[] {
  const { builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  const outermost = extents.findIndex((d) => d !== 1);
  const level = (axis: number, index: readonly Expr[]): Stmt[] => {
    const extent = extents[axis];
    if (extent === undefined) return body(index);
    if (extent === 1) return level(axis + 1, [...index, x.index(0)]);
    return [builder.loop(axis === outermost ? "parallel" : "serial", `r${axis}`, 0, extent, origin, (i) => level(axis + 1, [...index, i]))];
  };
  return level(0, []);
}
