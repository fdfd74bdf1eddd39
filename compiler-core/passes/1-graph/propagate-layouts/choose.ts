/**
 * Which images have their channels last: the choice with the least bytes moved over the whole graph. Every operator is on one of two sides; what it
 * costs there, and what it costs to turn a value that is made on one side and read on the other (once, however many read it), are arcs of a
 * graph, whose cheapest cut is the choice. It is the least there is, not an approximation.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, NodeId, ValueId } from "../../../graph/ir.ts";
import { CutGraph } from "../../../support/min-cut.ts";
import { dtypeBytes } from "../../../support/dtype.ts";
import { imageShape, product, type Form } from "./form.ts";

export interface Choice {
  /** Operators that are written with channels last. */
  readonly last: ReadonlySet<NodeId>;
  /** What an operator would cost on either side, its neighbours staying as they are, in bytes. */
  readonly costs: (node: Node) => { readonly first: number; readonly last: number };
}

/** Bytes read and written to turn an image; none when rows and columns, or channels, are one. */
export function turningBytes(e: GraphEditor, v: ValueId): number {
  const shape = imageShape(e, v);
  if (shape === undefined || e.isConstant(v)) return 0;
  const [, channels, rows, columns] = shape;
  return channels === 1 || rows * columns === 1 ? 0 : 2 * dtypeBytes(e.value(v).dtype, product(shape));
}

export function chooseLayouts(e: GraphEditor, forms: ReadonlyMap<NodeId, Form>): Choice {
  const graph = new CutGraph();
  const places = new Map<NodeId, number>();
  const never = Number.MAX_SAFE_INTEGER / 4;
  for (const [id, { costs }] of forms) {
    const place = graph.node();
    places.set(id, place);
    // The source's side has the channels last.
    graph.connect(graph.source, place, Math.round(costs.first));
    graph.connect(place, graph.sink, Math.round(costs.last));
  }
  const placeOf = (node: Node | undefined): number => (node === undefined ? graph.sink : (places.get(node.id) ?? graph.sink));
  for (const { value, from, readers, outside } of images(e, forms)) {
    const bytes = turningBytes(e, value);
    const maker = placeOf(from);
    const sides = [...new Set([...readers.map(placeOf), ...(outside ? [graph.sink] : [])])];
    if (bytes === 0 || sides.every((s) => s === maker)) continue;
    const [toFirst, toLast] = [graph.node(), graph.node()];
    graph.connect(maker, toFirst, bytes);
    graph.connect(toLast, maker, bytes);
    for (const s of sides) {
      graph.connect(toFirst, s, never);
      graph.connect(s, toLast, never);
    }
  }
  const side = graph.cut();
  const last = new Set([...places].flatMap(([id, place]) => (side.has(place) ? [id] : [])));
  return { last, costs: (node) => flipCosts(e, forms, last, node) };
}

interface Image {
  readonly value: ValueId;
  readonly from: Node | undefined;
  readonly readers: readonly Node[];
  /** Is it a result of the graph, or read by an operator that has channels first? */
  readonly outside: boolean;
}

/** Every image that an operator with a choice makes or reads. */
function images(e: GraphEditor, forms: ReadonlyMap<NodeId, Form>): readonly Image[] {
  const values = new Set<ValueId>();
  const readers = new Map<ValueId, Node[]>();
  for (const [id, form] of forms) {
    const node = e.node(id)!;
    for (const v of node.outputs) values.add(v);
    for (const v of new Set(form.images)) {
      values.add(v);
      readers.set(v, [...(readers.get(v) ?? []), node]);
    }
  }
  return [...values].map((value) => ({
    value,
    from: e.producer(value),
    readers: readers.get(value) ?? [],
    outside: e.isOutput(value) || e.users(value).some((u) => !forms.has(u.id)),
  }));
}

/** The operator's own costs, and those of turning what it reads and makes. */
function flipCosts(
  e: GraphEditor,
  forms: ReadonlyMap<NodeId, Form>,
  last: ReadonlySet<NodeId>,
  node: Node,
): { readonly first: number; readonly last: number } {
  const form = forms.get(node.id)!;
  const isLast = (n: Node | undefined): boolean => n !== undefined && last.has(n.id);
  const turning = (side: boolean): number => {
    const read = [...new Set(form.images)].reduce((sum, v) => sum + (isLast(e.producer(v)) === side ? 0 : turningBytes(e, v)), 0);
    const made = node.outputs.reduce((sum, v) => {
      const others = [...e.users(v).map(isLast), ...(e.isOutput(v) ? [false] : [])];
      return sum + (others.some((o) => o !== side) ? turningBytes(e, v) : 0);
    }, 0);
    return read + made;
  };
  return { first: Math.round(form.costs.first) + turning(false), last: Math.round(form.costs.last) + turning(true) };
}
