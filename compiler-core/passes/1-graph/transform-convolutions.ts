/**
 * Convolutions with 3 x 3 taps by F(2x2, 3x3): 16 products for four elements instead of 36, where the sums and differences around them, and a kernel
 * that is 16/9 as large, cost less than that.
 */
import { GraphEditor } from "../../graph/edit.ts";
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { fromValues } from "../../graph/ndarray.ts";
import { intAttr, intsAttr } from "../../graph/ops/op.ts";
import { windowOf } from "../../graph/window.ts";
import { winogradKernel } from "../../graph/winograd.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const transformConvolutions = graphPass({
  name: "transform-convolutions",
  why: "Computes convolutions with 3 x 3 taps with fewer products, between sums and differences of the image and of the kernel.",
  optional: true,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  if (!graph.nodes.some((n) => n.op === "conv-last")) return graph;
  const e = new GraphEditor(graph);
  for (const node of graph.nodes) {
    const costs = node.op === "conv-last" ? costsOf(node, e) : undefined;
    if (costs === undefined) continue;
    const accepted = costs.transformed < costs.direct * worthwhile;
    const added = accepted ? rewrite(node, e) : [];
    if (accepted) ctx.hit({ rule: "transform-convolutions/winograd", before: [node.id], after: added });
    ctx.verdict({
      subject: "template",
      accepted,
      rule: "transform-convolutions/winograd",
      because: accepted
        ? "16 products for four elements instead of 36: it saves more than the transforms cost"
        : "the transforms and the larger kernel cost what the products would save",
      facts: [{ name: "tiles", value: costs.tiles }],
      nodes: accepted ? added.slice(-1) : [node.id],
      value: node.outputs[0]!,
      alternatives: [
        { choice: "F(2x2, 3x3)", cost: Math.round(costs.transformed), unit: "cycles, predicted" },
        { choice: "direct", cost: Math.round(costs.direct), unit: "cycles, predicted" },
      ],
    });
  }
  return e.finish();
}

/** The model has to promise this share of the direct form's time at most. */
const worthwhile = 0.9;
const lanes = 16;
/** Bytes of a kernel that a core brings in per cycle, and cycles to transform a tile for a vector of channels. */
const farBytes = 8;
const tileCycles = 64;
/** With fewer channels the transforms are most of the work. */
const leastChannels = 16;

interface Costs {
  readonly direct: number;
  readonly transformed: number;
  readonly tiles: number;
}

function costsOf(node: Node, e: GraphEditor): Costs | undefined {
  const x = e.staticShape(node.inputs[0]!);
  const kernel = intsAttr(node.attrs, "kernel");
  if (x?.length !== 4 || e.value(node.inputs[0]!).dtype !== "f32" || String(kernel) !== "3,3") return undefined;
  const [batch, rows, columns, channels] = x as readonly [number, number, number, number];
  const axes = windowOf(node.attrs, [rows, columns], kernel);
  const outputs = intAttr(node.attrs, "outputs");
  if (axes.some((a) => a.stride !== 1 || a.dilation !== 1) || channels < leastChannels || outputs < leastChannels) return undefined;
  const positions = batch * axes.reduce((n, a) => n * a.output, 1);
  const tiles = batch * axes.reduce((n, a) => n * Math.ceil(a.output / 2), 1);
  const vectors = (n: number): number => Math.ceil(n / lanes);
  const bytes = 4 * channels * outputs;
  return {
    direct: 9 * positions * channels * vectors(outputs) + (9 * bytes) / farBytes,
    transformed:
      16 * tiles * channels * vectors(outputs) + (16 * bytes) / farBytes + tileCycles * tiles * (vectors(channels) + vectors(outputs)),
    tiles,
  };
}

/** The kernel [9 x channels, outputs] becomes G w G', [16 x channels, outputs]: constant work. */
function rewrite(node: Node, e: GraphEditor): readonly number[] {
  const [x, w, start] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const [rows, outputs] = e.staticShape(w) as readonly [number, number];
  const channels = rows / 9;
  const p = e.patch(node);
  const reshape = (v: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [v], { shape, allowZero: true });
  const factors = p.constant("", fromValues("f32", [16, 9], winogradKernel.flat()));
  const taps = p.add("matmul", [factors, reshape(w, [9, channels * outputs])]);
  const matrix = reshape(taps, [16 * channels, outputs]);
  const patch = p.done(p.add("winograd-last", start == null ? [x, matrix] : [x, matrix, start], node.attrs));
  return e.apply(node, patch).added;
}
