/**
 * Numbers that operators which are not compiled accept where they are lengths, counts, extents, masks or ids: by operator and operand, after
 * the documentation of ONNX and of com.microsoft.
 */
import type { Graph, Node, ValueId } from "../graph/ir.ts";
import { staticShape } from "../graph/ir.ts";

/** Whole numbers low .. high, both included. */
export interface IntegerRange {
  readonly low: number;
  readonly high: number;
}

type Rule = (graph: Graph, node: Node) => IntegerRange | undefined;

export const extentsOf = (graph: Graph, id: ValueId | null | undefined): readonly number[] => {
  const value = id == null ? undefined : graph.values[id];
  return (value === undefined ? undefined : staticShape(value)) ?? [];
};

const exactly = (n: number): IntegerRange => ({ low: n, high: n });
const always =
  (range: IntegerRange): Rule =>
  () =>
    range;

/** Extent `axis` of operand `i`, with the axis counted from the end where it is negative. */
const extent = (graph: Graph, node: Node, i: number, axis: number): number | undefined => extentsOf(graph, node.inputs[i]).at(axis);

/** Positions in the cache after the new ones were added: those of the past key (batch, heads, positions, width), and of the query. */
const totalLength = (graph: Graph, node: Node): number => (extent(graph, node, 3, 2) ?? 0) + (extent(graph, node, 0, 1) ?? 1);

/** Rows of a table that a whole number in an operand points into. */
const rowsOf =
  (table: number): Rule =>
  (graph, node) => {
    const rows = extent(graph, node, table, 0);
    return rows === undefined ? undefined : { low: 0, high: rows - 1 };
  };

/** Lengths of the unmasked part where the mask has one axis, else zeros and ones. */
const maskIndex =
  (mask: number): Rule =>
  (graph, node) =>
    extentsOf(graph, node.inputs[mask]).length === 1 ? { low: 1, high: extent(graph, node, 0, 1) ?? 1 } : { low: 0, high: 1 };

/** A few tokens more than the prompt has. */
const longerThanPrompt: Rule = (graph, node) => exactly((extent(graph, node, 0, 1) ?? 1) + 4);
const one = always(exactly(1));

const rules: Readonly<Record<string, Readonly<Record<number, Rule>>>> = {
  EmbedLayerNormalization: { 0: rowsOf(2), 1: rowsOf(4), 7: always({ low: 0, high: 1 }) },
  GroupQueryAttention: { 5: (graph, node) => exactly(totalLength(graph, node) - 1), 6: (graph, node) => exactly(totalLength(graph, node)) },
  Attention: { 3: maskIndex(3) },
  QAttention: { 5: maskIndex(5) },
  MultiHeadAttention: { 4: maskIndex(4) },
  BeamSearch: { 1: longerThanPrompt, 2: one, 3: always(exactly(2)), 4: one, 7: one, 8: one },
  GreedySearch: { 1: longerThanPrompt, 2: one, 4: one, 5: one },
  Sampling: { 1: longerThanPrompt, 2: one, 4: one, 5: one },
  // Every shape broadcasts to ones.
  expand: { 1: one },
  tile: { 1: always({ low: 1, high: 2 }) },
};

/** Operands with real numbers above 0 (penalties, temperatures): 1 is right for all. */
const positive: Readonly<Record<string, readonly number[]>> = {
  BeamSearch: [5, 6],
  GreedySearch: [3],
  Sampling: [3],
};

/** ONNX's name of what is not compiled (capitalised), ours of everything else. */
const opTypeOf = (node: Node): string => (node.op === "opaque" ? String(node.attrs["opType"]) : node.op);

/** What operand `operand` of a node may hold; undefined where nothing is known of it. */
export function operandRange(graph: Graph, node: Node, operand: number): IntegerRange | undefined {
  const opType = opTypeOf(node);
  return Object.hasOwn(rules, opType) ? rules[opType]?.[operand]?.(graph, node) : undefined;
}

/** Must real numbers in this operand be above 0? */
export function positiveOperand(node: Node, operand: number): boolean {
  const opType = opTypeOf(node);
  return Object.hasOwn(positive, opType) && positive[opType]?.includes(operand) === true;
}

/** Is operand 0 a prompt, whose tokens the node's own bodies look up? */
export const isPrompt = (node: Node, operand: number): boolean =>
  operand === 0 && ["BeamSearch", "GreedySearch", "Sampling"].includes(opTypeOf(node));
