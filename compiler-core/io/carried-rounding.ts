/**
 * How much of an output is left to rounding. Sharp functions magnify what was rounded before them: a softmax of scores near 100 turns the last
 * bits of a long sum into the first digits of a probability, whoever computes it. So the graph is evaluated again in f64 with noise as large as the
 * roundings of any right f32 implementation, and the change is what such an implementation may differ by (Monte Carlo arithmetic, Parker 1997).
 */
import { evaluateGraph, evaluateNode } from "../graph/eval.ts";
import { valueOf, type Graph, type Node, type ValueId } from "../graph/ir.ts";
import type { NdArray } from "../graph/ndarray.ts";
import { hasTrait } from "../graph/ops/index.ts";
import { accumulating, difference, epsilons, magnitudes } from "./accuracy.ts";
import { randomSource } from "./random-inputs.ts";

/** Evaluations with other noise: the greatest change of all counts. */
const samples = 2;

/**
 * Greatest change of each wanted output. Sums and products of many numbers change by up to one unit in the last place of their sum of absolute
 * products, every other result by up to half a unit of its own. `exact`: the outputs without noise.
 */
export function carriedRounding(
  graph: Graph,
  given: ReadonlyMap<ValueId, NdArray>,
  exact: ReadonlyMap<ValueId, NdArray>,
  want: readonly ValueId[],
): Map<ValueId, number> {
  const found = new Map<ValueId, number>();
  for (let seed = 1; seed <= samples; seed++) {
    const random = randomSource(seed);
    const instead = (node: Node, inputs: readonly (NdArray | null)[], results: readonly NdArray[]): readonly NdArray[] =>
      hasTrait(node.op, "view") ? results : results.map((r, i) => noisy(graph, node, inputs, r, i, random));
    const values = evaluateGraph(graph, given, { mode: "f64", want, instead });
    for (const id of want) {
      const [a, b] = [values.get(id)?.data, exact.get(id)?.data];
      if (!(a instanceof Float64Array) || !(b instanceof Float64Array)) continue;
      const change = a.reduce((m, v, i) => Math.max(m, difference(v, b[i] ?? NaN)), 0);
      found.set(id, Math.max(found.get(id) ?? 0, Number.isFinite(change) ? change : 0));
    }
  }
  return found;
}

function noisy(
  graph: Graph,
  node: Node,
  inputs: readonly (NdArray | null)[],
  result: NdArray,
  output: number,
  random: () => number,
): NdArray {
  const { data } = result;
  const epsilon = epsilons[valueOf(graph, node.outputs[output] ?? -1).dtype];
  if (!(data instanceof Float64Array) || epsilon === undefined) return result;
  const sums = accumulating.includes(node.op) ? evaluateNode(graph, node, inputs.map(absolute), "f64")[output]?.data : undefined;
  const unit = (v: number, i: number): number => (sums instanceof Float64Array ? (sums[i] ?? 0) : v / 2) * epsilon;
  return { ...result, data: data.map((v, i) => (Number.isFinite(v) ? v + (2 * random() - 1) * unit(v, i) : v)) };
}

const absolute = (nd: NdArray | null): NdArray | null => magnitudes(nd ?? undefined);
