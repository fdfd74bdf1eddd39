/**
 * Graph IR: a graph of tensor operators, as plain immutable data.
 *
 * Nodes name their inputs by value id, never by object, so replacing one node keeps all others: snapshots of a whole
 * compilation share structure, and the difference of two of them is a comparison of identities.
 */
import type { DType } from "../support/dtype.ts";
import type { BodyStore } from "./bodies.ts";
import type { ConstantStore } from "./constants.ts";
import type { OpName } from "./ops/index.ts";

export type ValueId = number;
export type NodeId = number;
export type ConstId = number;

/** A known extent, or the name of a symbolic one (gone after `specialise-dims`). */
export type Dim = number | string;
export type Shape = readonly Dim[];

/**
 * How a tensor lies in memory. `plain` is row-major. `blocked` lists the outer loops over axes (outermost first), then the inner
 * blocks (outermost first): a K x N matrix in panels of 32 columns is `{outer: [1, 0], inner: [{axis: 1, size: 32}]}`, text `B/bn32`-like.
 * Extents are padded up to whole blocks with zeros.
 */
export type Layout = "plain" | BlockedLayout;
export interface BlockedLayout {
  readonly outer: readonly number[];
  readonly inner: readonly { readonly axis: number; readonly size: number }[];
}

/** Where a value's shape came from; shown to the user. */
export type ShapeSource = "declared" | "inferred" | "set" | "unknown";

export interface Value {
  readonly id: ValueId;
  /** The ONNX name, or a derived one: may be empty, repeated or hostile text. Never used to look anything up. */
  readonly name: string;
  readonly dtype: DType;
  /** Undefined: not even the rank is known. */
  readonly shape: Shape | undefined;
  readonly shapeSource: ShapeSource;
  readonly layout: Layout;
  /** Set for values known at compile time: their data is in the graph's constant store. */
  readonly constant?: ConstId;
}

/** Attribute values are JSON-like; tensors inside attributes are constants; 64-bit integers that are not safe are bigint. */
export type AttrValue = number | bigint | string | boolean | readonly number[] | readonly string[] | readonly AttrValue[] | undefined;
export type Attrs = Readonly<Record<string, AttrValue>>;

/** When a node's work is done: at every run, or once at the first run because all its inputs are constants. */
export type Phase = "run" | "init";

export interface Node {
  readonly id: NodeId;
  readonly op: OpName;
  /** A readable name, from ONNX or derived; for display only. */
  readonly name: string;
  /** An absent optional input is null. */
  readonly inputs: readonly (ValueId | null)[];
  readonly outputs: readonly ValueId[];
  readonly attrs: Attrs;
  /** Indices into `Graph.sources`: the ONNX nodes this one computes (a part of). Carried by every rewrite, sorted, never empty. */
  readonly origin: readonly number[];
  readonly phase: Phase;
}

/** A node of the ONNX file, as the user knows it. */
export interface SourceNode {
  /** Position in the file's node list, with the path through subgraphs and functions: `#12`, `#12/then_branch/#3`. */
  readonly path: string;
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly outputs: readonly string[];
  /** The values it reads (absent operands null, then what its subgraphs capture) and makes, as imported: what it takes to run it as it is. */
  readonly reads?: readonly (ValueId | null)[];
  readonly makes?: readonly (ValueId | null)[];
  /** A repetition of a loop body: the source it is a copy of. */
  readonly copyOf?: number;
}

/**
 * A fusion group: nodes that become one loop nest. `anchor` says how deep inside the leader's nest a node is computed
 * (see passes/2-lower/fuse.ts for the anchors of each template).
 */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Name of the template that writes the nest. */
  readonly template: string;
  /** In execution order. */
  readonly members: readonly { readonly node: NodeId; readonly anchor: string }[];
  /** The node the template is built around. */
  readonly leader: NodeId;
  readonly phase: Phase;
  /** Parameters chosen for the template: plain numbers and words, part of the generated code's identity. */
  readonly params: Readonly<Record<string, number | string>>;
}

export interface Graph {
  readonly name: string;
  /** In a topological order. */
  readonly nodes: readonly Node[];
  /** Indexed by id; removed values are undefined. */
  readonly values: readonly (Value | undefined)[];
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  /** Next unused node id. Value ids: `values.length`. */
  readonly nextNode: NodeId;
  /** Append-only and shared by all snapshots of a compilation. */
  readonly constants: ConstantStore;
  readonly sources: readonly SourceNode[];
  /** Bodies of control flow; append-only and shared like the constants. Absent: there are none. */
  readonly bodies?: BodyStore;
  /** Empty until the fusion pass. Every node of the run phase that is compiled belongs to exactly one group. */
  readonly groups: readonly Group[];
}

/** The value with this id; asking for a removed one is a bug of ours. */
export function valueOf(graph: Graph, id: ValueId): Value {
  const v = graph.values[id];
  if (v === undefined) throw new Error(`value %${id} is not in graph ${graph.name}`);
  return v;
}

/** The static extents of a value; undefined when the rank or any extent is not known yet. */
export function staticShape(value: Value): readonly number[] | undefined {
  return value.shape !== undefined && value.shape.every((d) => typeof d === "number") ? (value.shape as readonly number[]) : undefined;
}

/** Number of elements of a static shape; 1 for a scalar. */
export const elements = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);
