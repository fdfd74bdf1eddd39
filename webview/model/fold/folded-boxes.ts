/** Boxes with closed clusters in the place of their nodes, and frames around what is in open ones. */
import { BoxKind, isCluster, valueText, type Boxes, type ClusterBox, type Frame } from "../boxes.ts";
import { Category } from "../category.ts";
import { bytesText, flopsText, tail } from "../format.ts";
import { isHoleGroup } from "../holes.ts";
import type { NodeRow, Snapshot, ValueRow } from "../trace.ts";
import { foldedEdges } from "./folded-edges.ts";
import type { Folding } from "./folding.ts";
import { groupFrames } from "./group-frames.ts";
import { clusterKey } from "./keys.ts";
import type { FoldTree } from "./tree.ts";

const made = new WeakMap<Boxes, { readonly folding: Folding; readonly groups: Snapshot["groups"]; readonly boxes: Boxes }[]>();
const keptPerBoxes = 6;

/**
 * Folds the boxes of a snapshot.
 * @param base the snapshot before, where `flat` has the nodes that were removed
 */
export function foldedBoxes(flat: Boxes, snapshot: Snapshot, base: Snapshot | undefined, folding: Folding): Boxes {
  const list = made.get(flat) ?? [];
  const known = list.find((one) => one.folding === folding && one.groups === snapshot.groups);
  if (known) return known.boxes;
  const tree = folding.treeOf(snapshot);
  const row = (key: number): NodeRow | undefined => snapshot.nodes.get(key) ?? base?.nodes.get(key);
  const value = (id: number): ValueRow | undefined => snapshot.values.get(id) ?? base?.values.get(id);
  const clustered = tree.clusters.length === 0 ? flat : fold(flat, tree, folding, row, value, snapshot);
  const boxes = groupFrames(clustered, snapshot.groups);
  made.set(flat, [...list.slice(-keptPerBoxes), { folding, groups: snapshot.groups, boxes }]);
  return boxes;
}

/** What becomes of each cluster of the tree in this graph. */
interface Standing {
  /** Cluster of each box; -1: none. */
  readonly of: Int32Array;
  /** Outermost closed cluster around, or itself; -1: none is closed. */
  readonly closed: Int32Array;
  /** Index of its frame; -1: it has none. */
  readonly frame: Int32Array;
  readonly frames: Frame[];
}

/** Clusters of fewer nodes are not drawn: the node is. */
const fewest = 2;

function standing(flat: Boxes, tree: FoldTree, folding: Folding, row: (key: number) => NodeRow | undefined, snapshot: Snapshot): Standing {
  const { clusters } = tree;
  const of = new Int32Array(flat.count).fill(-1);
  const inside = new Int32Array(clusters.length);
  for (let i = 0; i < flat.count; i += 1) {
    const node = flat.kind[i] === BoxKind.Node ? row(flat.keys[i] as number) : undefined;
    if (!node) continue;
    const cluster = tree.clusterOf(node);
    of[i] = cluster;
    if (cluster >= 0) inside[cluster]! += 1;
  }
  for (let c = clusters.length - 1; c >= 0; c -= 1) {
    const parent = clusters[c]?.parent ?? -1;
    if (parent >= 0) inside[parent]! += inside[c] as number;
  }
  const closed = new Int32Array(clusters.length).fill(-1);
  const frame = new Int32Array(clusters.length).fill(-1);
  const frames: Frame[] = [];
  clusters.forEach(({ id, title, parent, times, group }, c) => {
    closed[c] = parent < 0 ? -1 : (closed[parent] as number);
    frame[c] = parent < 0 ? -1 : (frame[parent] as number);
    if ((closed[c] as number) >= 0 || (inside[c] as number) < fewest) return;
    if (!folding.isOpen(id)) return void (closed[c] = c);
    const order = group < 0 ? -1 : snapshot.groups.findIndex((info) => info.id === group);
    const info = snapshot.groups[order];
    frames.push({
      key: clusterKey(id),
      id,
      kind: group < 0 ? "cluster" : "group",
      parent: frame[c] as number,
      title: titleOf(title, times),
      subtitle: `${inside[c]} ops`,
      group,
      order,
      hole: info !== undefined && isHoleGroup(info),
    });
    frame[c] = frames.length - 1;
  });
  return { of, closed, frame, frames };
}

const titleOf = (title: string, times: number): string => (times > 1 ? `${tail(title, 28)} × ${times}` : tail(title));

const clusterHeight = 56;
const titleAdvance = 7.3;
const smallAdvance = 6.2;
const widths = [132, 260] as const;

interface Gathered {
  readonly cluster: number;
  readonly members: number[];
  readonly mix: number[];
  /** Operations by category, to colour the box by what it mostly does. */
  readonly work: number[];
  ops: number;
  flops: number;
}

function fold(
  flat: Boxes,
  tree: FoldTree,
  folding: Folding,
  row: (key: number) => NodeRow | undefined,
  value: (id: number) => ValueRow | undefined,
  snapshot: Snapshot,
): Boxes {
  const { of, closed, frame, frames } = standing(flat, tree, folding, row, snapshot);
  const place = new Int32Array(flat.count);
  const source: number[] = [];
  const gathered: Gathered[] = [];
  const boxOf = new Map<number, number>();
  let firstGhost = -1;
  for (let i = 0; i < flat.count; i += 1) {
    if (i === flat.firstGhost) firstGhost = source.length;
    const cluster = (of[i] as number) < 0 ? -1 : (closed[of[i] as number] as number);
    if (cluster < 0) {
      place[i] = source.push(i) - 1;
      continue;
    }
    let box = boxOf.get(cluster);
    if (box === undefined) {
      gathered.push({ cluster, members: [], mix: noMix(), work: noMix(), ops: 0, flops: 0 });
      box = source.push(-gathered.length) - 1;
      boxOf.set(cluster, box);
    }
    place[i] = box;
    gather(gathered[-1 - (source[box] as number)] as Gathered, flat, i, row(flat.keys[i] as number));
  }
  if (firstGhost < 0) firstGhost = source.length;
  const edges = foldedEdges(flat, place, (box) => (source[box] as number) < 0, value);
  return { ...columnsOf(flat, tree, source, gathered, edges.leaving, value), ...edges.columns, ...around(), firstGhost };

  function around() {
    const indexOf = new Map<number, number>();
    for (let i = 0; i < flat.count; i += 1) indexOf.set(flat.keys[i] as number, place[i] as number);
    const frameOf = Int32Array.from(source, (i) => {
      const cluster = i < 0 ? (tree.clusters[gathered[-1 - i]?.cluster ?? -1]?.parent ?? -1) : (of[i] as number);
      return cluster < 0 ? -1 : (frame[cluster] as number);
    });
    for (const [cluster, box] of boxOf) indexOf.set(clusterKey(tree.clusters[cluster]?.id ?? ""), box);
    return { indexOf, frames, frameOf };
  }
}

const noMix = (): number[] => new Array<number>(Category.Terminal + 1).fill(0);

function gather(into: Gathered, flat: Boxes, i: number, node: NodeRow | undefined): void {
  into.members.push(flat.keys[i] as number);
  if (i >= flat.firstGhost) return;
  const category = flat.category[i] as number;
  into.mix[category]! += 1;
  into.ops += 1;
  if (!node || !(node.flops > 0)) return;
  into.flops += node.flops;
  into.work[category]! += node.flops;
}

/** Columns of boxes: `source` is the flat index of each, or -1 - the index of what was gathered. */
function columnsOf(
  flat: Boxes,
  tree: FoldTree,
  source: readonly number[],
  gathered: readonly Gathered[],
  leaving: ReadonlyMap<number, readonly number[]>,
  value: (id: number) => ValueRow | undefined,
) {
  const clusters = new Map<number, ClusterBox>();
  const count = source.length;
  const columns = {
    count,
    keys: new Int32Array(count),
    kind: new Uint8Array(count),
    category: new Uint8Array(count),
    w: new Float64Array(count),
    h: new Float64Array(count),
    title: [] as string[],
    subtitle: [] as string[],
    chips: [] as (readonly string[])[],
    tag: [] as string[],
    clusters,
  };
  source.forEach((i, box) => {
    if (i >= 0) {
      for (const column of ["keys", "kind", "category", "w", "h"] as const) columns[column][box] = flat[column][i] as number;
      columns.title.push(flat.title[i] as string);
      columns.subtitle.push(flat.subtitle[i] as string);
      columns.chips.push(flat.chips[i] ?? []);
      columns.tag.push(flat.tag[i] as string);
      return;
    }
    const { cluster, members, mix, work, ops, flops } = gathered[-1 - i] as Gathered;
    const { id, title, times } = tree.clusters[cluster] as FoldTree["clusters"][number];
    const [shown, subtitle] = [titleOf(title, times), flops > 0 ? `${ops} ops · ${flopsText(flops)}` : `${ops} ops`];
    const key = clusterKey(id);
    clusters.set(key, { id, members, ops, times, flops, mix });
    columns.keys[box] = key;
    columns.kind[box] = BoxKind.Cluster;
    columns.category[box] = most(flops > 0 ? work : mix);
    columns.w[box] = Math.round(
      Math.min(widths[1], Math.max(widths[0], shown.length * titleAdvance + 44, subtitle.length * smallAdvance + 34)),
    );
    columns.h[box] = clusterHeight;
    columns.title.push(shown);
    columns.subtitle.push(subtitle);
    columns.chips.push([]);
    columns.tag.push(tagOf(leaving.get(box) ?? [], value));
  });
  return columns;
}

const most = (counts: readonly number[]): number => counts.indexOf(Math.max(...counts));

/** The value that leaves a cluster, or how many and how much. */
function tagOf(values: readonly number[], value: (id: number) => ValueRow | undefined): string {
  const rows = values.map(value).filter((row) => row !== undefined);
  if (rows.length <= 1) return valueText(rows[0]).replace(" · ", "\n");
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  return `${rows.length} tensors${Number.isFinite(bytes) ? `\n${bytesText(bytes)}` : ""}`;
}

/** Nodes for the keys of boxes: what a cluster holds, for its box. */
export const nodesOfKeys = (boxes: Boxes | undefined, keys: readonly number[]): readonly number[] =>
  keys.flatMap((key) => (isCluster(key) ? (boxes?.clusters.get(key)?.members ?? []) : [key]));
