/** The outputs of a graph in f64, as far as they can be evaluated, with the reason for the others. */
import { nodeCost } from "../../graph/cost.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { staticShape, valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import { evaluable, type NdArray } from "../../graph/ndarray.ts";
import { UserError } from "../../messages.ts";
import { magnitudeOperands } from "../accuracy.ts";

export interface ExactValues {
  /** Outputs and the operands of the reductions before them. */
  readonly values: ReadonlyMap<ValueId, NdArray>;
  /** Per output that is not there: why. */
  readonly missing: ReadonlyMap<ValueId, string>;
}

/** Work beyond this takes the evaluator minutes: floating-point operations, and elements read and written. */
const maxFlops = 4e9;
const maxBytes = 1e9;

export function exactValues(graph: Graph, given: ReadonlyMap<ValueId, NdArray>): ExactValues {
  const missing = new Map<ValueId, string>();
  const producers = new Map<ValueId, Node>(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const blocked = blockedValues(graph, given);
  for (const id of graph.outputs) {
    const why = blocked.get(id);
    if (why !== undefined) missing.set(id, why);
  }
  const outputs = [...new Set(graph.outputs)].filter((id) => !missing.has(id));
  const heavy = outputs.length === 0 ? undefined : tooMuch(graph, outputs, producers);
  const all = (why: string): ExactValues => ({
    values: new Map(),
    missing: new Map(graph.outputs.map((id) => [id, missing.get(id) ?? why])),
  });
  if (heavy !== undefined) return all(heavy);
  try {
    const want = [...new Set([...outputs, ...magnitudeOperands(graph, outputs)])];
    return { values: evaluateGraph(graph, given, { mode: "f64", want }), missing };
  } catch (e) {
    if (e instanceof UserError && e.code === "not-evaluable") return all(e.message);
    throw e;
  }
}

/** What no evaluation leads to, with the reason: results of opaque nodes and of what depends on them, unknown shapes, strings. */
export function blockedValues(graph: Graph, given: ReadonlyMap<ValueId, NdArray>): ReadonlyMap<ValueId, string> {
  const made = new Set(graph.nodes.flatMap((n) => n.outputs));
  const blocked = new Map<ValueId, string>();
  for (const id of graph.inputs) if (!given.has(id)) blocked.set(id, `input "${valueOf(graph, id).name}" holds no numbers`);
  for (const node of graph.nodes) {
    const before = node.inputs.find((id) => id !== null && blocked.has(id));
    const own = node.op === "opaque" ? `${String(node.attrs["opType"])} runs on ONNX Runtime` : undefined;
    const why = own ?? (before === undefined || before === null ? undefined : blocked.get(before));
    for (const id of node.outputs) {
      const v = valueOf(graph, id);
      if (why !== undefined) blocked.set(id, why);
      else if (staticShape(v) === undefined) blocked.set(id, `the shape of "${v.name}" is not known`);
      else if (!evaluable(v.dtype)) blocked.set(id, `elements of type ${v.dtype} are not evaluated`);
    }
  }
  for (const id of graph.outputs) if (!made.has(id) && !evaluable(valueOf(graph, id).dtype)) blocked.set(id, "it holds no numbers");
  return blocked;
}

function tooMuch(graph: Graph, outputs: readonly ValueId[], producers: ReadonlyMap<ValueId, Node>): string | undefined {
  const needed = new Set<Node>();
  const open = [...outputs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = producers.get(id);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) if (input !== null) open.push(input);
  }
  const costs = [...needed].map((n) => nodeCost(graph, n));
  const total = (pick: (c: { flops: number; bytes: number }) => number): number =>
    costs.reduce((sum, c) => sum + (Number.isFinite(pick(c)) ? pick(c) : 0), 0);
  return total((c) => c.flops) > maxFlops || total((c) => c.bytes) > maxBytes ? "an evaluation in f64 would take minutes" : undefined;
}
