/** What passes between fusion groups through memory, and what stays inside of one. Views have no code: what reads one reads what it shows. */
import { elements, staticShape, valueOf, type Graph, type Group, type Node, type NodeId, type ValueId } from "../../graph/ir.ts";
import { dtypeBytes } from "../../support/dtype.ts";

export interface GroupTraffic {
  readonly savedBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Values that come from outside, and that others need; each once. */
  readonly reads: readonly ValueId[];
  readonly writes: readonly ValueId[];
}

export class Traffic {
  readonly #makers = new Map<ValueId, Node>();
  readonly #users = new Map<ValueId, Node[]>();
  readonly #groupOf = new Map<NodeId, Group>();
  readonly #anchors = new Map<NodeId, string>();
  readonly #nodes: ReadonlyMap<NodeId, Node>;
  readonly #results: ReadonlySet<ValueId>;

  constructor(readonly graph: Graph) {
    this.#nodes = new Map(graph.nodes.map((n) => [n.id, n]));
    this.#results = new Set(graph.outputs);
    for (const g of graph.groups)
      for (const m of g.members) {
        this.#groupOf.set(m.node, g);
        this.#anchors.set(m.node, m.anchor);
      }
    for (const n of graph.nodes) {
      for (const v of n.outputs) this.#makers.set(v, n);
      for (const v of new Set(n.inputs)) if (v !== null) this.#users.set(v, [...(this.#users.get(v) ?? []), n]);
    }
  }

  node(id: NodeId): Node | undefined {
    return this.#nodes.get(id);
  }

  groupOf(id: NodeId | undefined): Group | undefined {
    return id === undefined ? undefined : this.#groupOf.get(id);
  }

  members(group: Group): readonly Node[] {
    return group.members.flatMap((m) => this.#nodes.get(m.node) ?? []);
  }

  /** Bytes of a value; 0 when its shape is not known. */
  bytes(value: ValueId): number {
    const v = valueOf(this.graph, value);
    const shape = staticShape(v);
    return shape === undefined ? 0 : dtypeBytes(v.dtype, elements(shape));
  }

  /** A view: alone in its group, or taken into a nest that reads through it. */
  isView(node: Node): boolean {
    return this.groupOf(node.id)?.template === "view" || /(^| )view$/.test(this.#anchors.get(node.id) ?? "");
  }

  /** What a view shows in the end. */
  behind(value: ValueId): ValueId {
    for (let at = value; ;) {
      const maker = this.#makers.get(at);
      const [shown] = maker === undefined || !this.isView(maker) ? [] : maker.inputs;
      if (shown === undefined || shown === null) return at;
      at = shown;
    }
  }

  /** The node whose result a value shows in the end; undefined: an input or a constant. */
  maker(value: ValueId): Node | undefined {
    return this.#makers.get(this.behind(value));
  }

  /** Who reads a value in the end, and whether it, or a view of it, is a result of the graph. */
  readers(value: ValueId): { readonly nodes: ReadonlySet<Node>; readonly leaves: boolean } {
    const nodes = new Set<Node>();
    let leaves = false;
    const open = [value];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      leaves ||= this.#results.has(at);
      for (const user of this.#users.get(at) ?? []) {
        if (this.isView(user)) open.push(...user.outputs);
        else nodes.add(user);
      }
    }
    return { nodes, leaves };
  }

  /** In a nest each, every reader would read an intermediate back, and its maker would write it if nobody else makes it necessary. */
  of(group: Group): GroupTraffic {
    const reads = new Set<ValueId>();
    const writes: ValueId[] = [];
    let savedBytes = 0;
    for (const node of this.members(group)) {
      if (this.isView(node)) continue;
      for (const v of node.inputs) {
        const source = v === null ? undefined : this.behind(v);
        if (source !== undefined && this.groupOf(this.maker(source)?.id) !== group) reads.add(source);
      }
      for (const v of node.outputs) {
        const { nodes, leaves } = this.readers(v);
        const inside = [...nodes].filter((n) => this.groupOf(n.id) === group).length;
        const escapes = leaves || inside < nodes.size;
        if (escapes) writes.push(v);
        savedBytes += this.bytes(v) * (inside + (inside > 0 && !escapes ? 1 : 0));
      }
    }
    const sum = (values: Iterable<ValueId>): number => [...values].reduce((total, v) => total + this.bytes(v), 0);
    return { savedBytes, readBytes: sum(reads), writtenBytes: sum(writes), reads: [...reads], writes };
  }
}
