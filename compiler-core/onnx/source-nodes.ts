/**
 * The way from a source of the graph back to the node of the file it was read from, with what it takes to write that node into a model of its
 * own. Kept beside the graph: sources are plain data, nodes of a file are not part of the IR.
 */
import type { SourceNode } from "../graph/ir.ts";
import type { FlatNode } from "./flatten.ts";
import type { OnnxFunction, OnnxModel, OnnxType } from "./model.ts";
import type { TensorStore } from "./tensor-data.ts";

/** What the nodes of one file have in common. */
export interface SourceFile {
  readonly irVersion: number;
  readonly functions: readonly OnnxFunction[];
  /** Where tensors inside attributes lie. */
  readonly store: TensorStore;
  /** The declared type of a value of the main graph, and what was found out about sequences and maps, which have no other. */
  readonly declared: Map<string, OnnxType>;
}

export function sourceFile({ irVersion, functions, graph }: OnnxModel, store: TensorStore): SourceFile {
  const infos = [...graph.valueInfos, ...graph.inputs, ...graph.outputs];
  const declared = new Map(infos.flatMap(({ name, type }) => (type === undefined ? [] : [[name, type] as const])));
  return { irVersion, functions, store, declared };
}

export interface SourceRecord {
  readonly flat: FlatNode;
  readonly file: SourceFile;
}

const records = new WeakMap<SourceNode, SourceRecord>();

export const recordSource = (source: SourceNode, record: SourceRecord): void => void records.set(source, record);

/** Undefined for sources that were not imported from a file in this process (graphs from their text form, nodes of subgraphs). */
export const sourceRecord = (source: SourceNode | undefined): SourceRecord | undefined =>
  source === undefined ? undefined : records.get(source);

/** The names that a node reads, in the order of `SourceNode.reads`: its own operands, then what its subgraphs capture beyond them. */
export const namesRead = ({ node, captures }: FlatNode): readonly string[] => [
  ...node.inputs,
  ...captures.filter((c) => !node.inputs.includes(c)),
];
