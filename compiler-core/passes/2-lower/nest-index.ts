/** Who reads what between groups: the questions that merging of nests asks. */
import { elements, staticShape, valueOf, type Graph, type Group, type Node, type NodeId, type ValueId } from "../../graph/ir.ts";
import { bug } from "../../messages.ts";
import { usersOf } from "./node-kind.ts";
import { isResult } from "../../graph/find-node.ts";

export class NestIndex {
  readonly #nodes: ReadonlyMap<NodeId, Node>;
  readonly #groupOf = new Map<NodeId, Group>();
  readonly #makers = new Map<ValueId, Node>();

  constructor(readonly graph: Graph) {
    this.#nodes = new Map(graph.nodes.map((n) => [n.id, n]));
    for (const n of graph.nodes) for (const v of n.outputs) this.#makers.set(v, n);
    for (const g of graph.groups) for (const m of g.members) this.#groupOf.set(m.node, g);
  }

  node(id: NodeId): Node {
    return this.#nodes.get(id) ?? bug(`no node ${id}`);
  }
  groupOf(node: Node): Group {
    return this.#groupOf.get(node.id) ?? bug("a node without group", { node: node.name });
  }
  maker(value: ValueId): Node | undefined {
    return this.#makers.get(value);
  }
  members(group: Group): readonly Node[] {
    return group.members.map((m) => this.node(m.node));
  }
  leader(group: Group): Node {
    return this.node(group.leader);
  }
  users(value: ValueId): readonly Node[] {
    return usersOf(this.graph, value);
  }
  shape(value: ValueId): readonly number[] {
    return staticShape(valueOf(this.graph, value)) ?? [];
  }
  isOutput(value: ValueId): boolean {
    return isResult(this.graph, value);
  }

  /** Values of a group that another group reads, or the graph gives out. */
  escaping(group: Group): readonly ValueId[] {
    return this.members(group)
      .flatMap((n) => n.outputs)
      .filter((v) => this.isOutput(v) || this.users(v).some((u) => this.groupOf(u) !== group));
  }

  /**
   * Who reads a value in the end, reshapes that keep rows together looked through. `views` are the groups of those reshapes; `leaves`: it, or one
   * of its other shapes, is a result of the graph.
   */
  readers(value: ValueId): {
    readonly users: readonly { node: Node; value: ValueId }[];
    readonly views: readonly Group[];
    readonly leaves: boolean;
  } {
    const users: { node: Node; value: ValueId }[] = [];
    const views: Group[] = [];
    let leaves = this.isOutput(value);
    for (const user of this.users(value)) {
      const group = this.groupOf(user);
      const [out] = user.outputs;
      const keepsRows =
        out !== undefined &&
        group.template === "view" &&
        (user.op === "reshape" || user.op === "identity") &&
        this.shape(out).at(-1) === this.shape(value).at(-1);
      if (!keepsRows) {
        users.push({ node: user, value });
        continue;
      }
      const behind = this.readers(out);
      users.push(...behind.users);
      views.push(group, ...behind.views);
      leaves ||= behind.leaves;
    }
    return { users, views, leaves };
  }

  bytes(value: ValueId): number {
    return 4 * elements(this.shape(value));
  }
}
