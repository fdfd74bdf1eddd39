/** What a snapshot looks like before it has places: boxes with sizes and labels, and the edges between them. */
import { attributeChips, constantChips, graphsInside, noChips } from "./box-chips.ts";
import { categoryOf, Category } from "./category.ts";
import { bytesText, tail } from "./format.ts";
import { links } from "./links.ts";
import type { NodeRow, Snapshot, StageChange, ValueRow } from "./trace.ts";

export enum BoxKind {
  Node,
  Input,
  Output,
  /** Many nodes in one box: see `Boxes.clusters`. Its key is 2^30 or more. */
  Cluster,
}

/** What a closed cluster holds. */
export interface ClusterBox {
  /** The same at every stage. */
  readonly id: string;
  /** Ids of its nodes, with those that the stage removed. */
  readonly members: readonly number[];
  /** Nodes that are there after the stage. */
  readonly ops: number;
  /** How many equal blocks it is; 1: it is no repetition. */
  readonly times: number;
  readonly flops: number;
  /** How many nodes of each `Category` it has. */
  readonly mix: readonly number[];
}

/** An opened cluster or a fusion group: drawn around its boxes, with a title bar of `frameTitle` px. A parent comes before its children. */
export interface Frame {
  /** Cluster key, or -1 - group id. */
  readonly key: number;
  readonly id: string;
  readonly kind: "cluster" | "group";
  /** Index of the frame around it; -1: none. */
  readonly parent: number;
  readonly title: string;
  readonly subtitle: string;
  /** Number of the group and its place among the groups, for its colour; of clusters -1. */
  readonly group: number;
  readonly order: number;
  /** Runs on ONNX Runtime. */
  readonly hole: boolean;
}

/** Boxes and edges by column. A box's key is its node id, made by `inputKey` / `outputKey`, or that of a cluster. */
export interface Boxes {
  readonly count: number;
  readonly keys: Int32Array;
  /** Also holds the nodes that are hidden in a closed cluster: they lead to its box. */
  readonly indexOf: ReadonlyMap<number, number>;
  readonly kind: Uint8Array;
  readonly category: Uint8Array;
  readonly w: Float64Array;
  readonly h: Float64Array;
  readonly title: readonly string[];
  readonly subtitle: readonly string[];
  /** Constants read by the node, folded into it: `weight 256×512`. */
  readonly chips: readonly (readonly string[])[];
  /** Shape and bytes of the first output, drawn below the box on two lines. */
  readonly tag: readonly string[];
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Value id of each edge. */
  readonly value: Int32Array;
  /** Boxes and edges from these indices on are ghosts: removed by the stage, drawn where they were. */
  readonly firstGhost: number;
  readonly firstGhostEdge: number;
  readonly frames: readonly Frame[];
  /** Index of the innermost frame around each box; -1: none. */
  readonly frameOf: Int32Array;
  /** By box key. */
  readonly clusters: ReadonlyMap<number, ClusterBox>;
  /** How many values an edge stands for, and their bytes, where boxes are clusters; absent: one each. */
  readonly edgeValues?: Int32Array;
  readonly edgeBytes?: Float64Array;
}

/** Keys of clusters begin here. */
export const firstCluster = 2 ** 30;
export const isCluster = (key: number): boolean => key >= firstCluster;

/** Keys of the boxes of graph inputs and outputs, by value id. */
export const inputKey = (value: number): number => -2 - 2 * value;
const outputKey = (value: number): number => -3 - 2 * value;
/** The value of an input or output box. */
export const valueOfKey = (key: number): number => Math.floor((-2 - key) / 2);

const nodeHeight = 46;
const chipHeight = 18;
const terminalHeight = 28;
const minWidth = 104;
const maxWidth = 236;
/** Mean advance of the interface font at 12 px and 11 px. Measured text would make the layout depend on the machine. */
const titleAdvance = 7.3;
const smallAdvance = 6.2;

type Made<K extends object> = Readonly<Record<"plain" | "attributes", WeakMap<K, Boxes>>>;
const made: Made<ReadonlyMap<number, NodeRow>> = { plain: new WeakMap(), attributes: new WeakMap() };

/** Boxes of a snapshot, with the attributes of nodes in them or without; made once per set of nodes. */
export function boxesOf(snapshot: Snapshot, attributes = false): Boxes {
  const cache = made[attributes ? "attributes" : "plain"];
  const known = cache.get(snapshot.nodes);
  if (known) return known;
  const boxes = build(snapshot, attributes);
  cache.set(snapshot.nodes, boxes);
  return boxes;
}

const haunted: Made<StageChange> = { plain: new WeakMap(), attributes: new WeakMap() };

/** Boxes of a snapshot and of the nodes that its stage removed, with the edges these had: laid out together, both keep their places. */
export function boxesWithGhosts(snapshot: Snapshot, base: Snapshot, change: StageChange, attributes = false): Boxes {
  if (change.removed.size === 0) return boxesOf(snapshot, attributes);
  const cache = haunted[attributes ? "attributes" : "plain"];
  const known = cache.get(change);
  if (known) return known;
  const live = boxesOf(snapshot, attributes);
  const old = boxesOf(base, attributes);
  const now = new Map([...change.replaces].map(([id, before]) => [before, id]));
  const indexOf = new Map(live.indexOf);
  const ghosts = [...change.removed].map((id) => old.indexOf.get(id)).filter((i) => i !== undefined);
  ghosts.forEach((i, order) => indexOf.set(old.keys[i] as number, live.count + order));
  const here = (i: number): number | undefined => indexOf.get(old.keys[i] as number) ?? indexOf.get(now.get(old.keys[i] as number) ?? NaN);
  const gone = Uint8Array.from(old.keys, (key) => (change.removed.has(key) ? 1 : 0));
  const edges: number[] = [];
  for (let e = 0; e < old.from.length; e += 1) if (gone[old.from[e] as number] === 1 || gone[old.to[e] as number] === 1) edges.push(e);
  const joined = edges.map((e) => [here(old.from[e] as number), here(old.to[e] as number), old.value[e] as number] as const);
  const whole = joined.filter(
    (edge): edge is readonly [number, number, number] => edge[0] !== undefined && edge[1] !== undefined && edge[0] !== edge[1],
  );
  const ints = (column: Int32Array, more: readonly number[]): Int32Array =>
    appended(column, new Int32Array(column.length + more.length), more);
  const picked = (more: ArrayLike<number>): number[] => ghosts.map((i) => more[i] as number);
  const bytes = (column: Uint8Array, more: Uint8Array): Uint8Array =>
    appended(column, new Uint8Array(column.length + ghosts.length), picked(more));
  const floats = (column: Float64Array, more: Float64Array): Float64Array =>
    appended(column, new Float64Array(column.length + ghosts.length), picked(more));
  const texts = <T>(column: readonly T[], more: readonly T[]): readonly T[] => [...column, ...ghosts.map((i) => more[i] as T)];
  const made: Boxes = {
    count: live.count + ghosts.length,
    keys: ints(live.keys, picked(old.keys)),
    indexOf,
    kind: bytes(live.kind, old.kind),
    category: bytes(live.category, old.category),
    w: floats(live.w, old.w),
    h: floats(live.h, old.h),
    title: texts(live.title, old.title),
    subtitle: texts(live.subtitle, old.subtitle),
    chips: texts(live.chips, old.chips),
    tag: [...live.tag, ...ghosts.map(() => "")],
    from: ints(
      live.from,
      whole.map(([from]) => from),
    ),
    to: ints(
      live.to,
      whole.map(([, to]) => to),
    ),
    value: ints(
      live.value,
      whole.map(([, , value]) => value),
    ),
    firstGhost: live.count,
    firstGhostEdge: live.from.length,
    ...unfolded(live.count + ghosts.length),
  };
  cache.set(change, made);
  return made;
}

function appended<C extends Int32Array | Uint8Array | Float64Array>(column: C, into: C, more: readonly number[]): C {
  into.set(column);
  into.set(more, column.length);
  return into;
}

/** `32×256 f32 · 32 KiB` */
export function valueText(value: ValueRow | undefined): string {
  if (!value) return "";
  const size = Number.isFinite(value.bytes) ? ` · ${bytesText(value.bytes)}` : "";
  return `${shapeText(value.shape)} ${value.dtype}${size}`;
}

/** Texts of rows are made once: rows are shared by all stages that left them alone. */
function perRow<R extends object>(make: (row: R) => string): (row: R | undefined) => string {
  const known = new WeakMap<R, string>();
  return (row) => {
    if (!row) return "";
    const text = known.get(row) ?? make(row);
    known.set(row, text);
    return text;
  };
}

/** The same on two lines. */
const tagOf = perRow<ValueRow>((value) => valueText(value).replace(" · ", "\n"));
const chipOf = perRow<ValueRow>(({ shape, dtype }) => `${shapeText(shape)} ${dtype}`.trim());
const nameOf = perRow<NodeRow | ValueRow>(({ name }) => tail(name));

/** Shapes with a real multiplication sign; scalars are named. */
export const shapeText = (shape: string): string =>
  shape === "" ? "scalar" : /^[\d?x]+$/.test(shape) ? shape.replaceAll("x", "×") : shape; // with names in it, it has the sign already

function build(snapshot: Snapshot, attributes: boolean): Boxes {
  const { producer, consumers } = links(snapshot);
  const constant = (value: number): boolean => snapshot.values.get(value)?.constant === true && !producer.has(value);
  const shownInputs = [...snapshot.inputs].filter((value) => !constant(value) && (consumers.get(value)?.length ?? 0) > 0);
  const shownOutputs = [...snapshot.outputs].filter((value) => producer.has(value) || shownInputs.includes(value));
  const order = snapshot.order.length === snapshot.nodes.size ? snapshot.order : Int32Array.from(snapshot.nodes.keys());
  const count = shownInputs.length + order.length + shownOutputs.length;
  const columns = emptyColumns(count);
  let next = 0;
  const add = (
    key: number,
    kind: BoxKind,
    category: Category,
    title: string,
    subtitle: string,
    chips: readonly string[],
    tag: string,
  ): void => {
    const i = next;
    next += 1;
    columns.keys[i] = key;
    columns.indexOf.set(key, i);
    columns.kind[i] = kind;
    columns.category[i] = category;
    columns.title.push(title);
    columns.subtitle.push(subtitle);
    columns.chips.push(chips);
    columns.tag.push(tag);
    const widest = Math.max(
      title.length * titleAdvance + 34,
      subtitle.length * smallAdvance + 24,
      ...chips.map((c) => c.length * smallAdvance + 30),
    );
    columns.w[i] = Math.round(Math.min(maxWidth, Math.max(minWidth, widest)));
    columns.h[i] = kind === BoxKind.Node ? nodeHeight + chips.length * chipHeight : terminalHeight;
  };
  for (const value of shownInputs) {
    const row = snapshot.values.get(value);
    add(inputKey(value), BoxKind.Input, Category.Terminal, nameOf(row), "", [], tagOf(row));
  }
  for (const id of order) {
    const node = snapshot.nodes.get(id) as NodeRow;
    const constants: ValueRow[] = [];
    for (const value of node.inputs) {
      const row = snapshot.values.get(value);
      if (row?.constant === true && !producer.has(value)) constants.push(row);
    }
    const lines = [...graphsInside(node), ...(attributes ? attributeChips(node) : noChips), ...constantChips(constants.map(chipOf))];
    const chips = lines.length === 0 ? noChips : lines;
    const first = node.outputs.length > 0 ? snapshot.values.get(node.outputs[0] as number) : undefined;
    add(id, BoxKind.Node, categoryOf(node.op, node.init, node.hole !== undefined), node.op, nameOf(node), chips, tagOf(first));
  }
  for (const value of shownOutputs) {
    add(outputKey(value), BoxKind.Output, Category.Terminal, nameOf(snapshot.values.get(value)), "", [], "");
  }
  const edges = edgesOf(snapshot, columns.indexOf, order, shownOutputs);
  return { count, ...columns, ...edges, firstGhost: count, firstGhostEdge: edges.from.length, ...unfolded(count) };
}

const noClusters: ReadonlyMap<number, ClusterBox> = new Map();

const unfolded = (count: number) => ({ frames: [], frameOf: new Int32Array(count).fill(-1), clusters: noClusters });

function emptyColumns(count: number) {
  return {
    keys: new Int32Array(count),
    indexOf: new Map<number, number>(),
    kind: new Uint8Array(count),
    category: new Uint8Array(count),
    w: new Float64Array(count),
    h: new Float64Array(count),
    title: [] as string[],
    subtitle: [] as string[],
    chips: [] as (readonly string[])[],
    tag: [] as string[],
  };
}

/** Edges producer -> consumer, one per pair and value. */
function edgesOf(snapshot: Snapshot, indexOf: ReadonlyMap<number, number>, order: Int32Array, outputs: readonly number[]) {
  const { producer } = links(snapshot);
  const source = (value: number): number | undefined => indexOf.get(producer.get(value) ?? inputKey(value));
  const from: number[] = [];
  const to: number[] = [];
  const values: number[] = [];
  const join = (value: number, target: number | undefined): void => {
    const origin = source(value);
    if (origin === undefined || target === undefined) return;
    from.push(origin);
    to.push(target);
    values.push(value);
  };
  for (const id of order) {
    const { inputs } = snapshot.nodes.get(id) as NodeRow;
    for (let i = 0; i < inputs.length; i += 1) {
      const value = inputs[i] as number;
      if (value >= 0 && inputs.indexOf(value) === i) join(value, indexOf.get(id));
    }
  }
  for (const value of outputs) join(value, indexOf.get(outputKey(value)));
  return { from: Int32Array.from(from), to: Int32Array.from(to), value: Int32Array.from(values) };
}
