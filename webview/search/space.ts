/** The graph that is searched: its nodes in topological order, with the columns that tests read. Made once per set of nodes. */
import type { GroupInfo, SourceNodeInfo } from "#protocol";
import type { StageChange } from "../model/change.ts";
import { groupOfNode } from "../model/links.ts";
import type { NodeRow, Snapshot, ValueRow } from "../model/trace.ts";

/** What is known beside the graph. */
export interface Surroundings {
  readonly sources: readonly SourceNodeInfo[];
  readonly change: StageChange;
}

export interface Space extends Surroundings {
  readonly snapshot: Snapshot;
  readonly rows: readonly NodeRow[];
  /** Operators without case and underscores. */
  readonly ops: readonly string[];
  /** Lower-case names. */
  readonly names: readonly string[];
  readonly groupOf: (node: number) => GroupInfo | undefined;
}

interface Columns {
  readonly rows: readonly NodeRow[];
  readonly ops: readonly string[];
  readonly names: readonly string[];
}

const columnsOf = new WeakMap<ReadonlyMap<number, NodeRow>, Columns>();
const foldedOps = new Map<string, string>();

/** `LayerNorm`, `layer_norm` and `LAYERNORM` are one operator. */
export function foldOp(op: string): string {
  const known = foldedOps.get(op);
  if (known !== undefined) return known;
  const folded = op.toLowerCase().replaceAll(/[_\s]/g, "");
  foldedOps.set(op, folded);
  return folded;
}

export function spaceOf(snapshot: Snapshot, around: Surroundings): Space {
  const groups = groupOfNode(snapshot.groups);
  return { ...columns(snapshot), ...around, snapshot, groupOf: (node) => groups.get(node) };
}

function columns(snapshot: Snapshot): Columns {
  const known = columnsOf.get(snapshot.nodes);
  if (known) return known;
  const rows: NodeRow[] = [];
  const order = snapshot.order.length === snapshot.nodes.size ? snapshot.order : snapshot.nodes.keys();
  for (const id of order) {
    const row = snapshot.nodes.get(id);
    if (row) rows.push(row);
  }
  const made = { rows, ops: rows.map(({ op }) => foldOp(op)), names: rows.map(({ name }) => name.toLowerCase()) };
  columnsOf.set(snapshot.nodes, made);
  return made;
}

/** True when one of the values passes; missing operands do not. */
export function someValue({ snapshot }: Space, ids: Int32Array, test: (value: ValueRow) => boolean): boolean {
  for (let i = 0; i < ids.length; i += 1) {
    const value = snapshot.values.get(ids[i] as number);
    if (value !== undefined && test(value)) return true;
  }
  return false;
}
