/** Graph snapshots from their deltas, as far as the host needs them: what a node is called, does and came from. */
import type { GraphDelta, Rows } from "#protocol";

export interface StageNode {
  readonly id: number;
  readonly op: string;
  readonly name: string;
  readonly attrs: string;
  /** Value ids; -1 for an absent input. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Indices of ONNX nodes. */
  readonly origin: readonly number[];
  readonly flops: number;
  readonly bytes: number;
}

export interface StageValue {
  readonly id: number;
  readonly name: string;
  readonly dtype: string;
  readonly shape: string;
  readonly layout: string;
  readonly constant: boolean;
  /** NaN when not known. */
  readonly bytes: number;
}

export interface StageGraph {
  readonly nodes: ReadonlyMap<number, StageNode>;
  readonly values: ReadonlyMap<number, StageValue>;
}

/** What a node does: of one that is not compiled, the operator of the file. */
export function operatorOf({ op, attrs }: StageNode): string {
  const opType = op === "opaque" ? /"opType":("(?:[^"\\]|\\.)*")/.exec(attrs)?.[1] : undefined;
  return opType === undefined ? op : (JSON.parse(opType) as string);
}

const nothing: StageGraph = { nodes: new Map(), values: new Map() };

export class StageNames {
  private readonly deltas = new Map<number, GraphDelta>();
  private readonly strings: string[] = [];
  private last: { stage: number; graph: StageGraph } | undefined;

  /** Takes the deltas in the order in which they were sent: each one continues the table of strings. */
  add(delta: GraphDelta): void {
    this.deltas.set(delta.stage, delta);
    for (const text of delta.strings) this.strings.push(text);
  }

  /** The graph after `stage`, or of the nearest stage before it. */
  at(stage: number): StageGraph {
    const nearest = Math.max(-1, ...[...this.deltas.keys()].filter((s) => s <= stage));
    if (this.last?.stage !== nearest) this.last = { stage: nearest, graph: this.build(nearest) };
    return this.last.graph;
  }

  private build(stage: number): StageGraph {
    const chain: GraphDelta[] = [];
    for (let s = stage; s >= 0;) {
      const delta = this.deltas.get(s);
      if (delta === undefined) return nothing;
      chain.push(delta);
      s = delta.base;
    }
    const nodes = new Map<number, StageNode>();
    const values = new Map<number, StageValue>();
    for (const delta of chain.reverse()) {
      for (const id of delta.removedNodes) nodes.delete(id);
      for (const id of delta.removedValues) values.delete(id);
      this.addNodes(delta, nodes);
      delta.costs?.id.forEach((id, i) => {
        const node = nodes.get(id);
        if (node) nodes.set(id, { ...node, flops: delta.costs?.flops[i] ?? NaN, bytes: delta.costs?.bytes[i] ?? NaN });
      });
      this.addValues(delta, values);
    }
    return { nodes, values };
  }

  private addNodes({ nodes: c }: GraphDelta, into: Map<number, StageNode>): void {
    c.id.forEach((id, i) =>
      into.set(id, {
        id,
        op: this.text(c.op, i),
        name: this.text(c.name, i),
        attrs: this.text(c.attrs, i),
        inputs: row(c.inputs, i),
        outputs: row(c.outputs, i),
        origin: row(c.origin, i),
        flops: c.flops[i] ?? NaN,
        bytes: c.bytes[i] ?? NaN,
      }),
    );
  }

  private addValues({ values: c }: GraphDelta, into: Map<number, StageValue>): void {
    c.id.forEach((id, i) =>
      into.set(id, {
        id,
        name: this.text(c.name, i),
        dtype: this.text(c.dtype, i),
        shape: this.text(c.shape, i),
        layout: this.text(c.layout, i),
        constant: c.constant[i] === 1,
        bytes: c.bytes[i] ?? NaN,
      }),
    );
  }

  private text(column: Int32Array, i: number): string {
    return this.strings[column[i] ?? -1] ?? "";
  }
}

const row = (rows: Rows, i: number): readonly number[] => Array.from(rows.items.subarray(rows.start[i], rows.start[i + 1]));
