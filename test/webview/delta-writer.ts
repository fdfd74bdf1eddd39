/** Writes graph deltas from plain objects, for fixtures: what the compiler's own trace writer does, by the letter of the protocol. */
import type { GraphDelta, GroupInfo, NodeColumns, Rows, ValueColumns } from "#protocol";

export interface FixtureNode {
  readonly id: number;
  readonly op: string;
  readonly name: string;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly origin: readonly number[];
  readonly init?: boolean;
  readonly flops?: number;
  readonly bytes?: number;
}

export interface FixtureValue {
  readonly id: number;
  readonly name: string;
  readonly dtype: string;
  readonly shape: string;
  readonly shapeSource: string;
  readonly layout?: string;
  readonly constant?: boolean;
  readonly bytes?: number;
}

export interface FixtureGraph {
  readonly nodes: readonly FixtureNode[];
  readonly values: readonly FixtureValue[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly groups?: readonly GroupInfo[];
}

const emptyGraph: FixtureGraph = { nodes: [], values: [], inputs: [], outputs: [] };

/** Deltas of successive graphs; what is the same object as before is not listed. */
export class DeltaWriter {
  private readonly table = new Map<string, number>();
  private fresh: string[] = [];
  private before = emptyGraph;
  private stage = -1;

  next(stage: number, graph: FixtureGraph): GraphDelta {
    const old = new Set<unknown>([...this.before.nodes, ...this.before.values]);
    const gone = (was: readonly { id: number }[], now: readonly { id: number }[]): Int32Array => {
      const kept = new Set(now.map(({ id }) => id));
      return Int32Array.from(was.filter(({ id }) => !kept.has(id)).map(({ id }) => id));
    };
    const order = graph.nodes.map(({ id }) => id);
    const sameOrder = order.length === this.before.nodes.length && order.every((id, i) => this.before.nodes[i]?.id === id);
    const nodes = this.nodes(graph.nodes.filter((node) => !old.has(node)));
    const values = this.values(graph.values.filter((value) => !old.has(value)));
    const delta: GraphDelta = {
      stage,
      base: this.stage,
      nodes,
      removedNodes: gone(this.before.nodes, graph.nodes),
      values,
      removedValues: gone(this.before.values, graph.values),
      ...(sameOrder ? {} : { order: Int32Array.from(order) }),
      inputs: Int32Array.from(graph.inputs),
      outputs: Int32Array.from(graph.outputs),
      ...(graph.groups === this.before.groups ? {} : { groups: graph.groups ?? [] }),
      strings: this.fresh,
    };
    this.fresh = [];
    this.before = graph;
    this.stage = stage;
    return delta;
  }

  private text(text: string): number {
    const known = this.table.get(text);
    if (known !== undefined) return known;
    this.table.set(text, this.table.size);
    this.fresh.push(text);
    return this.table.size - 1;
  }

  private strings(texts: readonly string[]): Int32Array {
    return Int32Array.from(texts, (text) => this.text(text));
  }

  private nodes(list: readonly FixtureNode[]): NodeColumns {
    return {
      id: Int32Array.from(list, ({ id }) => id),
      op: this.strings(list.map(({ op }) => op)),
      name: this.strings(list.map(({ name }) => name)),
      attrs: this.strings(list.map(({ attrs }) => JSON.stringify(attrs ?? {}))),
      inputs: rows(list.map(({ inputs }) => inputs)),
      outputs: rows(list.map(({ outputs }) => outputs)),
      origin: rows(list.map(({ origin }) => origin)),
      init: Uint8Array.from(list, ({ init }) => (init ? 1 : 0)),
      flops: Float64Array.from(list, ({ flops }) => flops ?? NaN),
      bytes: Float64Array.from(list, ({ bytes }) => bytes ?? NaN),
    };
  }

  private values(list: readonly FixtureValue[]): ValueColumns {
    return {
      id: Int32Array.from(list, ({ id }) => id),
      name: this.strings(list.map(({ name }) => name)),
      dtype: this.strings(list.map(({ dtype }) => dtype)),
      shape: this.strings(list.map(({ shape }) => shape)),
      shapeSource: this.strings(list.map(({ shapeSource }) => shapeSource)),
      layout: this.strings(list.map(({ layout }) => layout ?? "plain")),
      constant: Uint8Array.from(list, ({ constant }) => (constant ? 1 : 0)),
      bytes: Float64Array.from(list, ({ bytes }) => bytes ?? NaN),
    };
  }
}

function rows(lists: readonly (readonly number[])[]): Rows {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => (start[i + 1] = (start[i] ?? 0) + list.length));
  return { start, items: Int32Array.from(lists.flat()) };
}
