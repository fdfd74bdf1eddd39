/** Who makes and who reads each value of a snapshot, and which group a node is in. Made once per snapshot. */
import type { GroupInfo } from "#protocol";
import type { NodeRow, Snapshot } from "./trace.ts";

export interface Links {
  readonly producer: ReadonlyMap<number, number>;
  readonly consumers: ReadonlyMap<number, readonly number[]>;
}

const linksOf = new WeakMap<ReadonlyMap<number, NodeRow>, Links>();
const groupsOf = new WeakMap<readonly GroupInfo[], ReadonlyMap<number, GroupInfo>>();

/** Values by producer and consumers. */
export function links(snapshot: Snapshot): Links {
  const known = linksOf.get(snapshot.nodes);
  if (known) return known;
  const producer = new Map<number, number>();
  const consumers = new Map<number, number[]>();
  for (const node of snapshot.nodes.values()) {
    for (const value of node.outputs) producer.set(value, node.id);
    for (const value of node.inputs) {
      if (value < 0) continue;
      const readers = consumers.get(value);
      if (!readers) consumers.set(value, [node.id]);
      else if (readers[readers.length - 1] !== node.id) readers.push(node.id);
    }
  }
  const made = { producer, consumers };
  linksOf.set(snapshot.nodes, made);
  return made;
}

/** Node id -> its fusion group. */
export function groupOfNode(groups: readonly GroupInfo[]): ReadonlyMap<number, GroupInfo> {
  const known = groupsOf.get(groups);
  if (known) return known;
  const made = new Map<number, GroupInfo>();
  for (const group of groups) for (const member of group.members) made.set(member.node, group);
  groupsOf.set(groups, made);
  return made;
}
