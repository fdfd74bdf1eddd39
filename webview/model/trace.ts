/** The recorded stages of one compilation: rows decoded once per delta, snapshots rebuilt from deltas when they are looked at. */
import type { GraphDelta, GroupInfo, NodeColumns, Rows, ValueColumns } from "#protocol";
import { changeOf, noChange, type StageChange } from "./change.ts";
import { holeOf, type Hole } from "./holes.ts";
import { SnapshotCache } from "./snapshot-cache.ts";

export type { StageChange };

export interface NodeRow {
  readonly id: number;
  /** Of a node that is not compiled: the ONNX operator. */
  readonly op: string;
  /** Set for a node that is not compiled. */
  readonly hole: Hole | undefined;
  readonly name: string;
  /** JSON text. */
  readonly attrs: string;
  /** Value ids; -1 is a missing optional input. */
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  /** Indices of ONNX nodes. */
  readonly origin: Int32Array;
  readonly init: boolean;
  readonly flops: number;
  readonly bytes: number;
}

export interface ValueRow {
  readonly id: number;
  readonly name: string;
  readonly dtype: string;
  readonly shape: string;
  readonly shapeSource: string;
  readonly layout: string;
  readonly constant: boolean;
  readonly bytes: number;
}

/** A whole graph. Maps are shared with other snapshots that do not differ in them: never write to them. */
export interface Snapshot {
  readonly stage: number;
  readonly nodes: ReadonlyMap<number, NodeRow>;
  readonly values: ReadonlyMap<number, ValueRow>;
  readonly order: Int32Array;
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  readonly groups: readonly GroupInfo[];
}

interface Decoded {
  readonly delta: GraphDelta;
  readonly nodes: readonly NodeRow[];
  readonly values: readonly ValueRow[];
}

const empty: Snapshot = {
  stage: -1,
  nodes: new Map(),
  values: new Map(),
  order: new Int32Array(),
  inputs: new Int32Array(),
  outputs: new Int32Array(),
  groups: [],
};

const row = (rows: Rows, i: number): Int32Array => rows.items.subarray(rows.start[i] ?? 0, rows.start[i + 1] ?? 0);

export class Trace {
  private readonly strings: string[] = [];
  private readonly decoded = new Map<number, Decoded>();
  private readonly ready = new SnapshotCache();
  private readonly changes = new Map<number, StageChange>();
  private stages: number[] = [];

  /** Takes the next stage. Deltas must come in the order they were made, because their strings build on each other. */
  add(delta: GraphDelta): void {
    for (const text of delta.strings) this.strings.push(text); // too many for one call
    this.decoded.set(delta.stage, { delta, nodes: this.decodeNodes(delta.nodes), values: this.decodeValues(delta.values) });
    this.stages = [...this.decoded.keys()].sort((a, b) => a - b);
  }

  /** Stages that have a graph, in order. */
  get graphStages(): readonly number[] {
    return this.stages;
  }

  /** The graph shown at a stage: the last one recorded at or before it; -1 when there is none yet. */
  graphStage(stage: number): number {
    let found = -1;
    for (const candidate of this.stages) if (candidate <= stage) found = candidate;
    return found;
  }

  snapshot(stage: number): Snapshot {
    const target = this.graphStage(stage);
    const known = this.ready.get(target);
    if (known) return known;
    const chain: Decoded[] = [];
    let from = target;
    for (let decoded = this.decoded.get(from); decoded && !this.ready.has(from); decoded = this.decoded.get(from)) {
      chain.push(decoded);
      from = decoded.delta.base;
    }
    let snapshot = this.ready.basis(from) ?? empty;
    for (let i = chain.length - 1; i >= 0; i -= 1) {
      snapshot = applyDelta(snapshot, chain[i] as Decoded);
      if (i > 0) this.ready.pass(snapshot);
    }
    if (target >= 0) this.ready.look(snapshot);
    return snapshot;
  }

  /** What a stage changed. A stage without a graph of its own changed nothing in the graph. */
  change(stage: number): StageChange {
    const known = this.changes.get(stage);
    if (known) return known;
    const decoded = this.decoded.get(stage);
    if (!decoded || decoded.delta.base < 0) return noChange;
    const { delta, nodes, values } = decoded;
    const change = changeOf(this.snapshot(delta.base), this.snapshot(stage), delta, nodes, values);
    this.changes.set(stage, change);
    return change;
  }

  /** The stage that `stage` is compared with; -1 for the first. */
  baseOf(stage: number): number {
    return this.decoded.get(this.graphStage(stage))?.delta.base ?? -1;
  }

  /** Rows that a stage brought or took away, for the lineage index. */
  rowsOf(stage: number): { readonly listed: readonly NodeRow[]; readonly removed: Int32Array } {
    const decoded = this.decoded.get(stage);
    return { listed: decoded?.nodes ?? [], removed: decoded?.delta.removedNodes ?? new Int32Array() };
  }

  private decodeNodes(columns: NodeColumns): NodeRow[] {
    const text = (i: number | undefined): string => this.strings[i ?? -1] ?? "";
    return Array.from(columns.id, (id, i) => ({
      id,
      ...opOf(text(columns.op[i]), text(columns.attrs[i])),
      name: text(columns.name[i]),
      attrs: text(columns.attrs[i]),
      inputs: row(columns.inputs, i),
      outputs: row(columns.outputs, i),
      origin: row(columns.origin, i),
      init: columns.init[i] === 1,
      flops: columns.flops[i] ?? NaN,
      bytes: columns.bytes[i] ?? NaN,
    }));
  }

  private decodeValues(columns: ValueColumns): ValueRow[] {
    const text = (i: number | undefined): string => this.strings[i ?? -1] ?? "";
    return Array.from(columns.id, (id, i) => ({
      id,
      name: text(columns.name[i]),
      dtype: text(columns.dtype[i]),
      shape: text(columns.shape[i]),
      shapeSource: text(columns.shapeSource[i]),
      layout: text(columns.layout[i]),
      constant: columns.constant[i] === 1,
      bytes: columns.bytes[i] ?? NaN,
    }));
  }
}

/** A node that is not compiled is shown as the operator it was in the model. */
function opOf(op: string, attrs: string): { readonly op: string; readonly hole: Hole | undefined } {
  const hole = op === "opaque" ? holeOf(attrs) : undefined;
  return { op: hole?.opType ?? op, hole };
}

function applyDelta(base: Snapshot, { delta, nodes, values }: Decoded): Snapshot {
  return {
    stage: delta.stage,
    nodes: patched(base.nodes, [...nodes, ...withCosts(base.nodes, delta.costs)], delta.removedNodes),
    values: patched(base.values, values, delta.removedValues),
    order: delta.order ?? base.order,
    inputs: delta.inputs,
    outputs: delta.outputs,
    groups: delta.groups ?? base.groups,
  };
}

/** The same nodes with estimates that shapes around them have made known. */
function withCosts(nodes: ReadonlyMap<number, NodeRow>, costs: GraphDelta["costs"]): NodeRow[] {
  return Array.from(costs?.id ?? []).flatMap((id, i) => {
    const node = nodes.get(id);
    return node ? [{ ...node, flops: costs?.flops[i] ?? NaN, bytes: costs?.bytes[i] ?? NaN }] : [];
  });
}

function patched<T extends { readonly id: number }>(
  base: ReadonlyMap<number, T>,
  listed: readonly T[],
  removed: Int32Array,
): ReadonlyMap<number, T> {
  if (listed.length === 0 && removed.length === 0) return base;
  const next = new Map(base);
  for (const id of removed) next.delete(id);
  for (const item of listed) next.set(item.id, item);
  return next;
}
