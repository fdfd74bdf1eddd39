/** Types of results of operators with subgraphs: what the subgraphs declare, else what their own nodes make. */
import type { Body } from "../graph/bodies.ts";
import { staticShape, valueOf } from "../graph/ir.ts";
import type { OnnxDim, OnnxGraph, OnnxNode, OnnxType } from "./model.ts";

/** Results of the body before those that become results of the node: Loop's condition. */
const leading: Readonly<Record<string, number>> = { If: 0, Scan: 0, Loop: 1 };

/** The type of result `i`; undefined where nothing is declared. Only branches give shapes: what a loop makes may grow. */
export function subgraphResult(node: OnnxNode, i: number): OnnxType | undefined {
  const skipped = Object.hasOwn(leading, node.opType) ? leading[node.opType] : undefined;
  if (skipped === undefined) return undefined;
  const bodies = node.attributes.flatMap((a): OnnxGraph[] => (a.kind === "graph" ? [a.value] : []));
  const types = bodies.map((b) => b.outputs[i + skipped]?.type);
  const [first, second] = types;
  if (first === undefined) return undefined;
  if (node.opType !== "If") return first.kind === "tensor" ? { kind: "tensor", dtype: first.dtype, denotation: "" } : first;
  if (first.kind !== "tensor" || second?.kind !== "tensor") return first;
  const dims = first.dims?.length === second.dims?.length ? first.dims?.map((d, axis) => common(d, second.dims?.[axis])) : undefined;
  return { kind: "tensor", dtype: first.dtype, denotation: "", ...(dims === undefined ? {} : { dims }) };
}

const common = (a: OnnxDim, b: OnnxDim | undefined): OnnxDim => (a.value !== undefined && a.value === b?.value ? a : { denotation: "" });

/**
 * The type of result `i` where nobody declares it: what the imported bodies make. A guess would be worse than an import: nodes behind it
 * would be refused for operands of types that they do not have.
 */
export function bodyResult(node: OnnxNode, bodies: readonly Body[], i: number): OnnxType | undefined {
  const skipped = Object.hasOwn(leading, node.opType) ? leading[node.opType] : undefined;
  if (skipped === undefined) return undefined;
  const made = bodies.flatMap(({ graph }) => {
    const id = graph.outputs[i + skipped];
    return id === undefined ? [] : [valueOf(graph, id)];
  });
  const [first, second] = made;
  if (first === undefined) return undefined;
  const [shape, other] = [staticShape(first), second && staticShape(second)];
  const same = node.opType === "If" && shape !== undefined && shape.join() === other?.join();
  const dims = same ? { dims: shape.map((d): OnnxDim => ({ value: d, denotation: "" })) } : {};
  return { kind: "tensor", dtype: first.dtype, denotation: "", ...dims };
}
