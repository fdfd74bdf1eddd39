/** Transposes and slices that were to be written out for a product, but whose readers take any row distance: they are read in place. */
import type { Graph, Group, Node, ValueId } from "../../graph/ir.ts";
import { operand, resultOf } from "../../templates/template.ts";
import { viewStrides } from "../../templates/view-strides.ts";
import type { Verdict } from "../../protocol/trace.ts";
import type { PassContext } from "../pass.ts";
import { isMatrix, stridesOf } from "./match-attention.ts";
import { NestIndex } from "./nest-index.ts";

/** The graph with copies that only nests of `readers` read as views. */
export function viewsOfCopies(graph: Graph, readers: ReadonlySet<number>, ctx: PassContext): Graph {
  const index = new NestIndex(graph);
  const changed = new Map<number, Group>();
  for (const group of graph.groups) {
    if (group.template !== "copy" || group.phase !== "run") continue;
    const node = index.leader(group);
    const strides = inPlace(index, node);
    if (strides === undefined || index.isOutput(resultOf(node)) || !readersTake(index, resultOf(node), strides, readers)) continue;
    changed.set(group.id, { ...group, template: "view", name: group.name.replace(/^copy_/, "view_") });
    ctx.verdict({
      subject: "layout",
      accepted: true,
      rule: "merge-nests/read-in-place",
      because: `not written out: the nest reads rows at a distance of ${Math.max(strides.at(-1) ?? 1, strides.at(-2) ?? 1)} elements`,
      facts: [{ name: "not copied", value: index.bytes(resultOf(node)), unit: "B" }],
      nodes: [node.id],
      value: resultOf(node),
    });
    for (const v of edgesOfView(index, node)) ctx.verdict(v);
  }
  return changed.size === 0 ? graph : { ...graph, groups: graph.groups.map((g) => changed.get(g.id) ?? g) };
}

/** What was said of its edges when it still was a copy is not so any more. */
function edgesOfView(index: NestIndex, node: Node): readonly Verdict[] {
  const told = (from: Node, to: Node, value: ValueId): Verdict => ({
    subject: "fusion",
    accepted: false,
    rule: "merge-nests/view",
    because: `nothing to fuse: ${node.op} was later made a view by merge-nests, 0 bytes are copied`,
    facts: [{ name: "copied", value: 0, unit: "B" }],
    nodes: [from.id, to.id],
    value,
  });
  const source = operand(node, 0);
  const maker = index.maker(source);
  const readers = (from: Node): readonly Verdict[] =>
    index.users(resultOf(from)).flatMap((user) => {
      const behind = user.op === "reshape" && index.groupOf(user).template === "view" ? readers(user) : [];
      return [told(from, user, resultOf(from)), ...behind];
    });
  return maker === undefined ? readers(node) : [told(maker, node, source), ...readers(node)];
}

/** Strides of a copy, were it a view. */
function inPlace(index: NestIndex, node: Node): readonly number[] | undefined {
  if (node.op !== "transpose" && node.op !== "slice") return undefined;
  const source = operand(node, 0);
  const strides = stridesOf(index, source);
  return strides && viewStrides(node, { shape: index.shape(source), strides }, index.shape(resultOf(node)));
}

/** What computes an operand element by element reads whole rows of it; a product on its bytes takes columns, too. */
function computedOperandTakes(index: NestIndex, group: Group, member: Node, strides: readonly number[], shape: readonly number[]): boolean {
  const result = resultOf(member);
  const [user, ...others] = index.users(result);
  if (user === undefined || others.length > 0 || index.groupOf(user) !== group || index.isOutput(result)) return false;
  if (index.shape(result).length !== shape.length) return false;
  if (user.op !== "matmul") return computedOperandTakes(index, group, user, strides, shape);
  const anchor = group.members.find((m) => m.node === user.id)?.anchor;
  const isNarrow = group.params[anchor === "mix" ? "mixKernel" : "scoresKernel"] !== undefined;
  return isMatrix(strides, shape, isNarrow && user.inputs[1] === result && user.inputs[0] !== result);
}

/** Every reader is a product of such a nest that finds its matrix, directly or under another shape. */
function readersTake(index: NestIndex, value: ValueId, strides: readonly number[], readers: ReadonlySet<number>): boolean {
  return index.users(value).every((user) => {
    const group = index.groupOf(user);
    if (group.template === "view" && user.op === "reshape") {
      const behind = viewStrides(user, { shape: index.shape(value), strides }, index.shape(resultOf(user)));
      return behind !== undefined && !index.isOutput(resultOf(user)) && readersTake(index, resultOf(user), behind, readers);
    }
    const asLeft = user.inputs[0] === value;
    const rest = user.inputs.slice(2).includes(value) || (asLeft && user.inputs[1] === value);
    const anchor = group.members.find((m) => m.node === user.id)?.anchor;
    if (readers.has(group.id) && anchor === "pre") return computedOperandTakes(index, group, user, strides, index.shape(value));
    if (!readers.has(group.id) || user.op !== "matmul" || rest || (asLeft && anchor === "mix")) return false;
    return isMatrix(strides, index.shape(value), !asLeft);
  });
}
