/** The driver of rewrite rules: rules look at one node and return a patch or nothing; it applies them until none fires. */
import { bug } from "../messages.ts";
import type { PassContext } from "../passes/pass.ts";
import { GraphEditor } from "./edit.ts";
import type { Patch } from "./patch.ts";
import type { Graph, Node, NodeId } from "./ir.ts";
import type { OpName } from "./ops/index.ts";

export interface Rule {
  /** `pass/rule`. */
  readonly name: string;
  /** Operators of the node it matches: the one nearest to the outputs. */
  readonly ops: readonly OpName[];
  /** The patch for this node, or undefined when the rule does not apply. */
  readonly rewrite: (node: Node, editor: GraphEditor) => Patch | undefined;
}

/** No sensible set of rules rewrites one node more often than this. */
const maxRewritesPerNode = 64;

/**
 * Applies rules to a fixed point, nodes in order. A node is looked at again only when it or a neighbour changed, so the work is linear in
 * nodes and firings. Every firing is reported as a hit.
 */
export function applyRules(graph: Graph, rules: readonly Rule[], ctx: Pick<PassContext, "hit">): Graph {
  const editor = new GraphEditor(graph);
  const byOp = new Map<OpName, Rule[]>();
  for (const rule of rules) for (const op of rule.ops) byOp.set(op, [...(byOp.get(op) ?? []), rule]);
  const queue: NodeId[] = graph.nodes.map((n) => n.id);
  const queued = new Set(queue);
  let budget = maxRewritesPerNode * (graph.nodes.length + 16);
  const enqueue = (id: NodeId | undefined): void => {
    if (id === undefined || queued.has(id)) return;
    queued.add(id);
    queue.push(id);
  };
  for (let at = 0; at < queue.length; at++) {
    const id = queue[at]!;
    queued.delete(id);
    const node = editor.node(id);
    if (node === undefined) continue;
    for (const rule of byOp.get(node.op) ?? []) {
      const patch = rule.rewrite(node, editor);
      if (patch === undefined) continue;
      if (budget-- <= 0) bug(`rules do not come to an end, the last is ${rule.name}`, { node: node.name });
      fire(rule, node, patch, editor, ctx, enqueue);
      break;
    }
  }
  return editor.finish();
}

function fire(
  rule: Rule,
  node: Node,
  patch: Patch,
  editor: GraphEditor,
  ctx: Pick<PassContext, "hit">,
  enqueue: (id: NodeId | undefined) => void,
): void {
  const { added, removed } = editor.apply(node, patch);
  const before = removed.map((n) => n.id).sort((a, b) => a - b);
  ctx.hit({ rule: rule.name, before, after: added, ...(patch.note === undefined ? {} : { note: patch.note }) });
  for (const id of added) enqueue(id);
  // Users see a new operand; operands of what is gone have fewer users.
  const outputs = [...node.outputs, ...patch.outputs.filter((v) => v !== undefined)];
  for (const v of outputs) for (const user of editor.users(v)) enqueue(user.id);
  for (const n of removed) for (const v of n.inputs) enqueue(editor.producer(v)?.id);
}
