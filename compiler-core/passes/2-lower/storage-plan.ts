/** Decides how values lie in memory before any loop is written: which are views, which lie flat, which rows are padded. */
import { staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { partsOf } from "../../templates/chain-parts.ts";
import { isEven } from "../../templates/points.ts";
import type { StoragePlan } from "../../templates/storage.ts";
import { operand, resultOf } from "../../templates/template.ts";
import type { PassContext } from "../pass.ts";
import { usersOf } from "./node-kind.ts";
import { isResult } from "../../graph/find-node.ts";

/** Row pitches at multiples of this many bytes put the rows of a register tile into the same few sets of a first-level cache. */
const collidingBytes = 2048;
/** Fewer rows than a first-level cache has ways share a set without harm. */
const cacheWays = 8;
const rowsOf = (shape: readonly number[]): number => shape.slice(0, -1).reduce((a, d) => a * d, shape.length < 2 ? 0 : 1);
export const isCollidingPitch = (floats: number): boolean => floats > 0 && (floats * 4) % collidingBytes === 0;

export function storagePlan(merged: Graph, ctx: PassContext): StoragePlan {
  // How values lie follows from the nests that a chain was made of.
  const graph = { ...merged, groups: merged.groups.flatMap(partsOf) };
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const groupNodes = (g: Group): Node[] => g.members.map((m) => nodes.get(m.node)).filter((n): n is Node => n !== undefined);
  const views = new Map<ValueId, Node>();
  for (const g of graph.groups) if (g.template === "view") for (const n of groupNodes(g)) views.set(resultOf(n), n);
  const flat = new Set<ValueId>();
  for (const v of views.values()) if (v.op === "reshape" || v.op === "identity") flat.add(root(views, operand(v, 0)));
  for (const g of graph.groups)
    if (g.template === "copy")
      for (const n of groupNodes(g)) if (n.op === "reshape" || n.op === "identity") flat.add(root(views, operand(n, 0)));
  for (const g of graph.groups) {
    if (g.template !== "points" || !isEven(graph, groupNodes(g), views)) continue;
    for (const n of groupNodes(g)) {
      flat.add(resultOf(n));
      // Read by position too: as rows and columns, the elements of a stretch would not be consecutive.
      for (const v of n.inputs) if (v !== null && !isProductOperand(graph, v)) flat.add(root(views, v));
    }
  }
  for (const g of graph.groups) {
    if (g.template === "matmul" && ["matmul-packed", "matmul-bf16", "matmul-i4"].includes(groupNodes(g)[0]?.op ?? "")) {
      // Rows of all batches lie one after the other.
      for (const n of groupNodes(g).slice(0, 1)) flat.add(root(views, operand(n, 0)));
    }
    if (g.template === "conv-last") flat.add(root(views, operand(nodes.get(g.leader)!, 0)));
    if (g.template !== "conv") continue;
    // Its kernel and the members after it count elements from the start of an image.
    for (const n of groupNodes(g)) for (const v of n.outputs) flat.add(v);
    const leader = nodes.get(g.leader);
    if (leader !== undefined) flat.add(root(views, operand(leader, 0)));
  }
  return { views, flat, pitch: pitches(graph, views, flat, ctx) };
}

/** The left operand of a GEMM: its rows may have to be padded. */
const isProductOperand = (graph: Graph, v: ValueId): boolean => usersOf(graph, v).some((u) => u.op === "matmul" && u.inputs[0] === v);

/** The value a chain of views looks at in the end. */
function root(views: ReadonlyMap<ValueId, Node>, value: ValueId): ValueId {
  let at = value;
  for (let view = views.get(at); view !== undefined; view = views.get(at)) at = operand(view, 0);
  return at;
}

/** Intermediate values that a GEMM reads by rows get a padded pitch where their own would collide. */
function pitches(
  graph: Graph,
  views: ReadonlyMap<ValueId, Node>,
  flat: ReadonlySet<ValueId>,
  ctx: PassContext,
): ReadonlyMap<ValueId, number> {
  const pitch = new Map<ValueId, number>();
  const inNest = nestValues(graph);
  for (const node of graph.nodes) {
    if (node.phase === "init" || node.op === "opaque") continue;
    for (const v of node.outputs) {
      if (inNest.has(v)) continue;
      const shape = staticShape(valueOf(graph, v)) ?? [];
      const width = shape.at(-1) ?? 1;
      const read = usersOf(graph, v).some((u) => u.op === "matmul" && u.inputs[0] === v);
      const handedOver = usersOf(graph, v).some((u) => u.op === "opaque");
      if (!read || handedOver || rowsOf(shape) < cacheWays || flat.has(v) || views.has(v) || isResult(graph, v) || !isCollidingPitch(width))
        continue;
      pitch.set(v, width + 16);
      ctx.verdict({
        subject: "layout",
        accepted: true,
        rule: "lower/padded-rows",
        nodes: [node.id],
        value: v,
        because: `rows padded from ${width} to ${width + 16} elements: at ${width * 4} bytes apart, the rows of a tile share a few cache sets`,
        facts: [
          { name: "row", value: width * 4, unit: "B" },
          { name: "padded row", value: (width + 16) * 4, unit: "B" },
        ],
      });
    }
  }
  return pitch;
}

/** Values that never leave a nest of several products: they have scratch with a pitch of its own. */
function nestValues(graph: Graph): ReadonlySet<ValueId> {
  const found = new Set<ValueId>();
  const nests = new Map<number, number>();
  for (const g of graph.groups)
    if (g.template === "attention" || g.template === "matmul-rows") for (const m of g.members) nests.set(m.node, g.id);
  for (const n of graph.nodes) {
    const nest = nests.get(n.id);
    if (nest === undefined) continue;
    for (const v of n.outputs) if (usersOf(graph, v).every((u) => nests.get(u.id) === nest) && !isResult(graph, v)) found.add(v);
  }
  return found;
}
