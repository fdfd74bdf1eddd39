/** What a stage did to the graph before it: found by node identity and by the values nodes make, never by name. */
import type { GraphDelta, GroupInfo } from "#protocol";
import type { NodeRow, Snapshot, ValueRow } from "./trace.ts";

/** By node id of the graph after the stage, but for `removed`. A node is in one set at most, in this order of precedence. */
export interface StageChange {
  readonly added: ReadonlySet<number>;
  /** The node is another one: operator, attributes, inputs or place of execution; or it takes over a removed node's output. */
  readonly changed: ReadonlySet<number>;
  /** Ids of the graph before. */
  readonly removed: ReadonlySet<number>;
  /** New node id -> the removed node whose output it makes now. */
  readonly replaces: ReadonlyMap<number, number>;
  /** The same node; shape, element type or layout of something it makes is another. */
  readonly retyped: ReadonlySet<number>;
  /** The same node, leader of the same fusion group; template, parameters or members of the group are others. */
  readonly tuned: ReadonlySet<number>;
  /** The same node in another place: computed in the loops of another group, or elsewhere in the order of execution. */
  readonly moved: ReadonlySet<number>;
}

const nothing: ReadonlySet<number> = new Set();
export const noChange: StageChange = {
  added: nothing,
  changed: nothing,
  removed: nothing,
  replaces: new Map(),
  retyped: nothing,
  tuned: nothing,
  moved: nothing,
};

/** @param nodes rows that the delta lists @param values rows that the delta lists */
export function changeOf(
  base: Snapshot,
  now: Snapshot,
  delta: GraphDelta,
  nodes: readonly NodeRow[],
  values: readonly ValueRow[],
): StageChange {
  const makers = new Map<number, number>();
  for (const id of delta.removedNodes) for (const value of base.nodes.get(id)?.outputs ?? []) makers.set(value, id);
  const added = new Set<number>();
  const changed = new Set<number>();
  const removed = new Set<number>(delta.removedNodes);
  const replaces = new Map<number, number>();
  for (const node of nodes) {
    if (base.nodes.has(node.id)) {
      changed.add(node.id);
      continue;
    }
    const old = [...node.outputs].map((value) => makers.get(value)).find((id) => id !== undefined && removed.has(id));
    if (old === undefined) added.add(node.id);
    else {
      changed.add(node.id);
      removed.delete(old);
      replaces.set(node.id, old);
    }
  }
  const known = (id: number): boolean => added.has(id) || changed.has(id);
  const retyped = without(retypedNodes(base, now, values), known);
  const grouped = groupChanges(base, now, replaces);
  const tuned = without(grouped.tuned, (id) => known(id) || retyped.has(id));
  const moved = without([...grouped.moved, ...reordered(base, now, delta)], (id) => known(id) || retyped.has(id) || tuned.has(id));
  return { added, changed, removed, replaces, retyped, tuned, moved };
}

const without = (ids: Iterable<number>, known: (id: number) => boolean): Set<number> => new Set([...ids].filter((id) => !known(id)));

/** Nodes that make a value whose type is another than before. */
function retypedNodes(base: Snapshot, now: Snapshot, values: readonly ValueRow[]): number[] {
  const others = new Set<number>();
  for (const value of values) {
    const old = base.values.get(value.id);
    if (old && (old.shape !== value.shape || old.dtype !== value.dtype || old.layout !== value.layout)) others.add(value.id);
  }
  if (others.size === 0) return [];
  return [...now.nodes.values()].filter(({ outputs }) => outputs.some((value) => others.has(value))).map(({ id }) => id);
}

const leaders = (groups: readonly GroupInfo[]): Map<number, number> =>
  new Map(groups.flatMap(({ leader, members }) => members.map(({ node }) => [node, leader] as const)));

/** Nodes by what happened to their groups. A group is known by its leader: numbers of groups are given anew. */
function groupChanges(base: Snapshot, now: Snapshot, replaces: ReadonlyMap<number, number>): { tuned: number[]; moved: number[] } {
  if (base.groups === now.groups) return { tuned: [], moved: [] };
  const [before, after] = [leaders(base.groups), leaders(now.groups)];
  const moved: number[] = [];
  for (const [node, leader] of after) {
    const old = before.get(node) ?? node;
    if (base.nodes.has(node) && old !== leader && old !== replaces.get(leader)) moved.push(node);
  }
  const old = new Map(base.groups.map((group) => [group.leader, group]));
  const tuned = now.groups.filter((group) => {
    const was = old.get(group.leader);
    return was !== undefined && !sameGroup(was, group);
  });
  return { tuned: tuned.map(({ leader }) => leader), moved };
}

function sameGroup(a: GroupInfo, b: GroupInfo): boolean {
  const [old, now] = [Object.entries(a.params), Object.entries(b.params)];
  return (
    a.template === b.template &&
    a.members.length === b.members.length &&
    a.members.every(({ node, anchor }, i) => node === b.members[i]?.node && anchor === b.members[i]?.anchor) &&
    old.length === now.length &&
    old.every(([name, value]) => b.params[name] === value)
  );
}

/** The fewest nodes that must be taken out of both orders for the rest to stand in the same one. */
function reordered(base: Snapshot, now: Snapshot, delta: GraphDelta): number[] {
  if (!delta.order) return [];
  const place = new Map(Array.from(base.order, (id, i) => [id, i]));
  const common = [...now.order].filter((id) => place.has(id));
  const places = common.map((id) => place.get(id) as number);
  if (places.every((at, i) => i === 0 || at > (places[i - 1] as number))) return [];
  const kept = new Set(longestRising(places));
  return common.filter((_, i) => !kept.has(i));
}

/** Indices of a longest strictly rising subsequence. */
export function longestRising(list: readonly number[]): number[] {
  const ends: number[] = [];
  const before = new Int32Array(list.length).fill(-1);
  list.forEach((value, i) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[ends[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    before[i] = ends[low - 1] ?? -1;
    ends[low] = i;
  });
  const rising: number[] = [];
  for (let i = ends[ends.length - 1] ?? -1; i >= 0; i = before[i] as number) rising.push(i);
  return rising.reverse();
}

export type ChangeKind = "added" | "changed" | "moved" | "removed";
/** The same in lists, headings and on boxes. */
export const changeSigns: Readonly<Record<ChangeKind, string>> = { added: "+", changed: "~", moved: "↕", removed: "−" };

/** How a node of the graph after the stage came to be as it is; undefined: it is as it was. */
export function kindOf(change: StageChange, id: number): ChangeKind | undefined {
  if (change.added.has(id)) return "added";
  if (change.changed.has(id) || change.retyped.has(id) || change.tuned.has(id)) return "changed";
  return change.moved.has(id) ? "moved" : undefined;
}
