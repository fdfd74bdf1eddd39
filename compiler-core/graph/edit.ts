/**
 * Edits of a graph as graph passes make them: nodes are replaced by patches, ids of outputs stay, dead nodes go, origins are carried.
 * The graph itself is never changed; `finish` returns it when nothing happened.
 */
import { bug } from "../messages.ts";
import { isStatic } from "./dims.ts";
import { staticShape, type Graph, type Node, type NodeId, type Value, type ValueId } from "./ir.ts";
import { encode, type NdArray } from "./ndarray.ts";
import { PatchBuilder, type Patch } from "./patch.ts";
import { constantData } from "./types.ts";

/** Neighbours in the list of nodes. */
interface Link {
  node: Node;
  prev: NodeId | undefined;
  next: NodeId | undefined;
}

export class GraphEditor {
  readonly #graph: Graph;
  readonly #links = new Map<NodeId, Link>();
  readonly #values: (Value | undefined)[];
  readonly #producer = new Map<ValueId, NodeId>();
  readonly #users = new Map<ValueId, Set<NodeId>>();
  readonly #outputs: ReadonlySet<ValueId>;
  readonly #knowledge = new Map<number, NdArray | undefined>();
  #first: NodeId | undefined;
  #nextNode: NodeId;
  #changed = false;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#values = [...graph.values];
    this.#outputs = new Set(graph.outputs);
    this.#nextNode = graph.nextNode;
    graph.nodes.forEach((node, i) => {
      this.#links.set(node.id, { node, prev: graph.nodes[i - 1]?.id, next: graph.nodes[i + 1]?.id });
      this.#attach(node);
    });
    this.#first = graph.nodes[0]?.id;
  }

  /** The node with this id as it is now; undefined when it is gone. */
  node(id: NodeId): Node | undefined {
    return this.#links.get(id)?.node;
  }
  value(id: ValueId): Value {
    return this.#values[id] ?? bug(`value %${id} is not in graph ${this.#graph.name}`);
  }
  producer(id: ValueId | null | undefined): Node | undefined {
    const node = id == null ? undefined : this.#producer.get(id);
    return node === undefined ? undefined : this.node(node);
  }
  users(id: ValueId): readonly Node[] {
    return [...(this.#users.get(id) ?? [])].sort((a, b) => a - b).map((n) => this.node(n)!);
  }
  /** Can `to` stand for `old` without a copy? A graph output needs a producer of its own. */
  canDrop(old: ValueId, to: ValueId): boolean {
    return !this.isOutput(old) || (this.producer(to) !== undefined && !this.isOutput(to));
  }
  isOutput(id: ValueId): boolean {
    return this.#outputs.has(id);
  }
  /** Is this value read once, and not by the outside? */
  hasOneUse(id: ValueId): boolean {
    return !this.isOutput(id) && this.#users.get(id)?.size === 1 && this.users(id)[0]!.inputs.filter((i) => i === id).length === 1;
  }
  staticShape(id: ValueId): readonly number[] | undefined {
    return staticShape(this.value(id));
  }
  isConstant(id: ValueId | null | undefined): boolean {
    return id != null && this.value(id).constant !== undefined;
  }
  /** The data of a constant of at most `limit` elements. */
  constant(id: ValueId | null | undefined, limit = 65536): NdArray | undefined {
    if (id == null) return undefined;
    const v = this.value(id);
    if (v.constant === undefined || !isStatic(v.shape) || v.shape.reduce((a, d) => a * d, 1) > limit) return undefined;
    if (!this.#knowledge.has(v.constant)) this.#knowledge.set(v.constant, constantData(this.#graph, v));
    return this.#knowledge.get(v.constant);
  }
  /** Starts a patch for the outputs of `root`; `covers` are all nodes whose work it takes over, the root included. */
  patch(root: Node, covers: readonly Node[] = [root]): PatchBuilder {
    return new PatchBuilder(this, root, covers, this.#values.length, this.#nextNode);
  }
  get graph(): Graph {
    return this.#graph;
  }

  /** Applies a patch in place of `root`; returns the nodes that were added and those that are gone. */
  apply(root: Node, patch: Patch): { readonly added: readonly NodeId[]; readonly removed: readonly Node[] } {
    this.#changed = true;
    for (const v of patch.values) this.#values[v.id] = v;
    const renamed = new Map<ValueId, ValueId>();
    root.outputs.forEach((old, i) => {
      const to = patch.outputs[i];
      if (to !== undefined && to !== old && patch.nodes.some((n) => n.outputs.includes(to))) renamed.set(to, old);
    });
    const added = patch.nodes.map((n) => renameNode(n, renamed));
    this.#detach(root);
    for (const n of added) this.#insertBefore(root.id, n);
    for (const [fresh, old] of renamed) this.#adopt(fresh, old);
    this.#nextNode = Math.max(this.#nextNode, ...added.map((n) => n.id + 1));
    const ids = added.map((n) => n.id);
    root.outputs.forEach((old, i) => {
      const to = patch.outputs[i];
      if (to !== undefined && !renamed.has(to) && to !== old) ids.push(...this.#redirect(old, to, root));
    });
    return { added: ids, removed: [root, ...this.#unlink(root)] };
  }

  /** Replaces a node by one with the same id, operands count and outputs. */
  replace(node: Node): void {
    const link = this.#links.get(node.id) ?? bug(`node #${node.id} is gone`);
    this.#detach(link.node);
    link.node = node;
    this.#attach(node);
    this.#changed = true;
  }
  setValue(value: Value): void {
    this.#values[value.id] = value;
    this.#changed = true;
  }
  /** Makes a value a constant; its producer goes if nothing else needs it. */
  makeConstant(id: ValueId, data: NdArray): void {
    const { constants } = this.#graph;
    const constant = constants.add(data.dtype, data.shape, encode(data));
    this.setValue({ ...this.value(id), dtype: data.dtype, shape: data.shape, constant });
  }
  /** Takes a node out whose outputs nobody needs any more; also what only it needed. */
  remove(node: Node): readonly Node[] {
    this.#changed = true;
    this.#detach(node);
    return [node, ...this.#unlink(node)];
  }
  isDead(node: Node): boolean {
    return node.outputs.every((id) => !this.isOutput(id) && (this.#users.get(id)?.size ?? 0) === 0);
  }
  /** Adds a constant that patches may name. */
  addConstant(name: string, data: NdArray, like: number): Value {
    return {
      id: like,
      name,
      dtype: data.dtype,
      shape: data.shape,
      shapeSource: "inferred",
      layout: "plain",
      constant: this.#graph.constants.add(data.dtype, data.shape, encode(data)),
    };
  }

  /** The edited graph; the very graph it started from if nothing changed. */
  finish(): Graph {
    if (!this.#changed) return this.#graph;
    const nodes: Node[] = [];
    for (let id = this.#first; id !== undefined; id = this.#links.get(id)!.next) nodes.push(this.#links.get(id)!.node);
    const used = new Set<ValueId>([...this.#graph.inputs, ...this.#graph.outputs]);
    for (const n of nodes) for (const id of [...n.inputs, ...n.outputs]) if (id !== null) used.add(id);
    const values = this.#values.map((v, i) => (used.has(i) ? v : undefined));
    return { ...this.#graph, nodes, values, nextNode: this.#nextNode };
  }

  #attach(node: Node): void {
    for (const id of node.outputs) this.#producer.set(id, node.id);
    for (const id of node.inputs) {
      if (id === null) continue;
      const users = this.#users.get(id);
      if (users === undefined) this.#users.set(id, new Set([node.id]));
      else users.add(node.id);
    }
  }
  #detach(node: Node): void {
    for (const id of node.outputs) if (this.#producer.get(id) === node.id) this.#producer.delete(id);
    for (const id of node.inputs) if (id !== null) this.#users.get(id)?.delete(node.id);
  }
  #insertBefore(at: NodeId, node: Node): void {
    const next = this.#links.get(at) ?? bug(`node #${at} is gone`);
    const { prev } = next;
    this.#links.set(node.id, { node, prev, next: at });
    next.prev = node.id;
    if (prev === undefined) this.#first = node.id;
    else this.#links.get(prev)!.next = node.id;
    this.#attach(node);
  }
  /** Removes a detached node from the list, then all producers that became useless. */
  #unlink(node: Node): Node[] {
    const { prev, next } = this.#links.get(node.id)!;
    if (prev === undefined) this.#first = next;
    else this.#links.get(prev)!.next = next;
    if (next !== undefined) this.#links.get(next)!.prev = prev;
    this.#links.delete(node.id);
    const removed: Node[] = [];
    for (const id of new Set(node.inputs)) {
      const p = this.producer(id);
      if (p === undefined || !this.isDead(p)) continue;
      this.#detach(p);
      removed.push(p, ...this.#unlink(p));
    }
    return removed;
  }
  /** The value made by a patch takes the id and name of the one it replaces. */
  #adopt(fresh: ValueId, old: ValueId): void {
    const [a, b] = [this.value(fresh), this.value(old)];
    this.#values[fresh] = undefined;
    const same = a.dtype === b.dtype && String(a.shape) === String(b.shape) && a.layout === b.layout && a.constant === b.constant;
    if (!same) this.#values[old] = { ...a, id: old, name: b.name };
  }
  /** All readers of `old` read `to` instead. A graph output keeps its id: the producer of `to` makes it, or a copy does. */
  #redirect(old: ValueId, to: ValueId, root: Node): readonly NodeId[] {
    if (!this.isOutput(old)) this.#moveUsers(old, to);
    else if (this.canDrop(old, to)) this.#rename(to, old);
    else {
      const id = this.#nextNode++;
      this.#insertBefore(root.id, { ...root, id, op: "identity", inputs: [to], outputs: [old], attrs: {} });
      return [id];
    }
    return [];
  }
  #rename(to: ValueId, old: ValueId): void {
    const producer = this.producer(to)!;
    this.#detach(producer);
    this.#links.get(producer.id)!.node = renameNode(producer, new Map([[to, old]]));
    this.#attach(this.#links.get(producer.id)!.node);
    this.#moveUsers(to, old);
  }
  #moveUsers(from: ValueId, to: ValueId): void {
    for (const user of this.users(from)) {
      this.#detach(user);
      const node = { ...user, inputs: user.inputs.map((id) => (id === from ? to : id)) };
      this.#links.get(user.id)!.node = node;
      this.#attach(node);
    }
  }
}

const renameNode = (n: Node, names: ReadonlyMap<ValueId, ValueId>): Node =>
  n.outputs.some((id) => names.has(id)) || n.inputs.some((id) => id !== null && names.has(id))
    ? {
        ...n,
        inputs: n.inputs.map((id) => (id === null ? null : (names.get(id) ?? id))),
        outputs: n.outputs.map((id) => names.get(id) ?? id),
      }
    : n;
