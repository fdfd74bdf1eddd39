/**
 * What one step of a quantised value may change in an output. Two right ways to compute in floats can fall on two sides of the edge between two
 * codes; from there on they differ by a step, and both are right.
 */
import { valueOf, type Graph, type Node, type ValueId } from "../graph/ir.ts";
import { toNumbers } from "../graph/ndarray.ts";
import { hasTrait } from "../graph/ops/index.ts";
import { constantData } from "../graph/types.ts";
import { isFloat } from "../support/dtype.ts";
import { contracting } from "./accuracy.ts";

/** A step of every operand of a reduction, against its sum of absolute products: quantised values have 256 codes, half of them on one side of 0. */
const stepsPerMagnitude = 2 ** -7;

/** 0 where nothing is rounded to codes before the output; one code for integers. `magnitude`: of the last reduction before it. */
export function quantisationStep(graph: Graph, output: ValueId, magnitude: number): number {
  const producers = new Map<ValueId, Node>(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  if (!roundsBefore(output, producers)) return 0;
  if (!isFloat(valueOf(graph, output).dtype)) return 1;
  let step = 0;
  const open = [output];
  const seen = new Set<Node>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = producers.get(id);
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    if (node.op === "dequantize-linear") step += scaleOf(graph, node);
    else if (contracting.includes(node.op) || hasTrait(node.op, "view")) open.push(...node.inputs.filter((v) => v !== null));
    else if (roundsBefore(id, producers)) step += stepsPerMagnitude * magnitude;
  }
  return step;
}

function roundsBefore(output: ValueId, producers: ReadonlyMap<ValueId, Node>): boolean {
  const open = [output];
  const seen = new Set<Node>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = producers.get(id);
    if (node === undefined || seen.has(node)) continue;
    if (node.op === "quantize-linear" || node.op === "round") return true;
    seen.add(node);
    for (const v of node.inputs) if (v !== null) open.push(v);
  }
  return false;
}

/** The greatest scale; 0 when it is not known at compile time. */
function scaleOf(graph: Graph, dequantize: Node): number {
  const scale = dequantize.inputs[1];
  const data = scale == null ? undefined : constantData(graph, valueOf(graph, scale));
  return data === undefined ? 0 : toNumbers(data).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
}
