/**
 * Gives every matrix product with a constant right operand the layout its kernel reads best, as constant work: the packing runs
 * once, at the first run, and products that share a weight share the packed copy.
 */
import { staticShape, valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import { columnPanels, layoutText } from "../../graph/layout.ts";
import type { Layout } from "../../graph/ir.ts";
import { gemmChoices } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import { elements } from "../../graph/ir.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import { operand } from "../../templates/template.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { gemmProblem, panelWidth } from "./gemm-problem.ts";
import { packBlocks } from "./block-packing.ts";
import { packInteger } from "./integer-packing.ts";

export const packWeights = graphPass({
  name: "pack-weights",
  why: "Puts constant matrices into the column panels a GEMM kernel reads with unit stride, once, at the first run.",
  optional: true,
  run,
});

interface Packing {
  readonly layout: Layout;
  readonly transpose: boolean;
}

function run(graph: Graph, ctx: PassContext): Graph {
  const values = [...graph.values];
  const packed = new Map<string, ValueId>();
  let nextNode = graph.nextNode;
  const integers = new Map<string, readonly ValueId[]>();
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    if (node.op === "matmul-integer") {
      const made = packInteger(graph, node, nextNode, values.length, integers, ctx);
      if (made === undefined) return [node];
      nextNode += made.nodes.length - 1;
      values.push(...made.values);
      ctx.hit({ rule: "pack-weights/integers", before: [node.id], after: made.nodes.map((n) => n.id) });
      return made.nodes;
    }
    if (node.op === "matmul-blocks") {
      const made = packBlocks(graph, node, nextNode, values.length, integers, ctx);
      if (made === undefined) return [node];
      nextNode += made.nodes.length - 1;
      values.push(...made.values);
      ctx.hit({ rule: "pack-weights/blocks", before: [node.id], after: made.nodes.map((n) => n.id) });
      return made.nodes;
    }
    const packing = node.op === "matmul" ? choose(graph, node, ctx) : undefined;
    if (packing === undefined) return [node];
    const source = valueOf(graph, operand(node, 1));
    const key = `${source.id} ${layoutText(packing.layout)} ${packing.transpose}`;
    const known = packed.get(key);
    const target = known ?? values.length;
    const fresh: Node[] = [];
    if (known === undefined) {
      packed.set(key, target);
      const s = staticShape(source) ?? [];
      const shape = packing.transpose ? [...s.slice(0, -2), s.at(-1) ?? 1, s.at(-2) ?? 1] : s;
      const { constant: _, ...rest } = source;
      values.push({ ...rest, id: target, name: `${source.name}.packed`, shape, shapeSource: "inferred", layout: packing.layout });
      fresh.push({
        id: nextNode++,
        op: "reorder",
        name: `pack ${source.name}`,
        inputs: [source.id],
        outputs: [target],
        phase: "init",
        origin: node.origin,
        attrs: { layout: layoutText(packing.layout), transpose: packing.transpose },
      });
    }
    const { transB: _, ...attrs } = node.attrs;
    const rewired: Node = { ...node, inputs: [node.inputs[0] ?? null, target], attrs: { ...attrs, transB: false } };
    ctx.hit({
      rule: "pack-weights/panels",
      before: [node.id],
      after: [...fresh.map((n) => n.id), node.id],
      note: `${source.name} -> ${layoutText(packing.layout)}`,
    });
    return [...fresh, rewired];
  });
  return packed.size === 0 && integers.size === 0 ? graph : { ...graph, nodes, values, nextNode };
}

/** The packing that pays, with the verdict; undefined when B is better left as it is. */
function choose(graph: Graph, node: Node, ctx: PassContext): Packing | undefined {
  const b = valueOf(graph, operand(node, 1));
  const rank = staticShape(b)?.length ?? 0;
  if (b.dtype !== "f32" || b.constant === undefined || b.layout !== "plain" || rank < 2) return undefined;
  const s = gemmShape(graph, node);
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const ranking = gemmChoices({ m: s.m, n: s.n, k: s.k, isa, bConstant: true });
  const best = ranking[0]?.kernel.name;
  const transB = node.attrs["transB"] === true;
  const layout: Layout =
    best === "gemm_f32_dot"
      ? { outer: [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2], inner: [] }
      : columnPanels(rank, panelWidth(ctx.machine, gemmProblem(graph, node, s, ctx)));
  const stays = best === "gemm_f32_dot" && transB;
  ctx.verdict({
    subject: "layout",
    accepted: !stays,
    rule: stays ? "pack-weights/already-transposed" : "pack-weights/panels",
    because: stays
      ? `left as it is: ${best} reads n x k, which is how the weight lies`
      : `packed once to ${layoutText(layout)}: ${best} reads each step of k with unit stride`,
    facts: [
      { name: "bytes packed once", value: 4 * elements(staticShape(b) ?? []), unit: "B" },
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
    ],
    nodes: [node.id],
    value: b.id,
    alternatives: ranking.map((r) => ({
      choice: r.refused === undefined ? r.kernel.name : `${r.kernel.name}: ${r.refused}`,
      cost: r.score,
      unit: "estimated share of the peak",
    })),
  });
  return stays ? undefined : { layout, transpose: transB };
}
