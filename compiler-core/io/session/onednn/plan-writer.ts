/** What mapping a graph to oneDNN's primitives keeps: buffers, where each value lies, and the steps so far. */
import { constantArray } from "../../../graph/constant-array.ts";
import { evaluateGraph } from "../../../graph/eval.ts";
import { elements, staticShape, valueOf, type Graph, type Node, type ValueId } from "../../../graph/ir.ts";
import { encode, type NdArray } from "../../../graph/ndarray.ts";
import type { OnednnStep, OnednnView } from "../../../protocol/onednn.ts";

/** An operator that cannot be said with primitives. */
export class NotMapped extends Error {}

/** A value that is dequantised where it is read: numbers of 8 bits, and what they stand for. */
export interface Quantised {
  readonly view: OnednnView;
  /** One, or one per element of the last axis. */
  readonly scales: readonly number[];
  readonly zero: number;
  /** The 8-bit numbers, if they are known. */
  readonly constant?: NdArray;
}

export interface DraftBuffer {
  readonly bytes: number;
  readonly data?: Uint8Array;
}

const sizes: Readonly<Record<string, number>> = { f32: 4, i32: 4, u8: 1, i8: 1 };

/** Distances of a dense row-major tensor. */
export function denseStrides(dims: readonly number[]): number[] {
  const strides = dims.map(() => 1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (dims[i + 1] ?? 1);
  return strides;
}

export const isDense = ({ dims, strides }: OnednnView): boolean => {
  const dense = denseStrides(dims);
  return dims.every((d, i) => d === 1 || strides[i] === dense[i]);
};

export class PlanWriter {
  readonly buffers: DraftBuffer[] = [];
  readonly steps: OnednnStep[] = [];
  readonly places = new Map<ValueId, OnednnView>();
  readonly quantised = new Map<ValueId, Quantised>();
  /** Nodes that another one's primitive has done. */
  readonly done = new Set<number>();
  private readonly consumers = new Map<ValueId, Node[]>();
  private readonly producers = new Map<ValueId, Node>();
  private readonly known = new Map<ValueId, NdArray | undefined>();

  /** `before`: an earlier snapshot of the same graph, in which weights of 8 bits are not folded yet. */
  constructor(
    readonly graph: Graph,
    readonly before: Graph,
    readonly nodes: readonly Node[],
  ) {
    for (const n of nodes) for (const v of new Set(n.inputs)) if (v !== null) this.consumers.set(v, [...this.usesOf(v), n]);
    for (const n of [...before.nodes, ...graph.nodes]) for (const v of n.outputs) this.producers.set(v, n);
    for (const v of graph.inputs) {
      const known = staticShape(valueOf(graph, v));
      if (this.dtype(v) in sizes && known !== undefined) this.places.set(v, this.fresh(this.dtype(v), known));
    }
  }

  usesOf = (v: ValueId): readonly Node[] => this.consumers.get(v) ?? [];
  producerOf = (v: ValueId): Node | undefined => this.producers.get(v);

  /** The only reader of a value that is no result of the model. */
  soleUse(v: ValueId): Node | undefined {
    const uses = this.usesOf(v);
    return uses.length === 1 && !this.graph.outputs.includes(v) ? uses[0] : undefined;
  }

  shape(v: ValueId): readonly number[] {
    return staticShape(valueOf(this.graph, v)) ?? refuse("a shape that is not known");
  }

  dtype = (v: ValueId): string => valueOf(this.graph, v).dtype;

  /** The elements of a value that does not depend on the model's inputs. */
  constant(v: ValueId): NdArray | undefined {
    if (!this.known.has(v)) this.known.set(v, this.evaluate(v));
    return this.known.get(v);
  }

  private evaluate(v: ValueId): NdArray | undefined {
    const value = this.graph.values[v] ?? this.before.values[v];
    if (value === undefined) return undefined;
    if (value.constant !== undefined) return value.dtype === "string" ? undefined : constantArray(this.graph.constants.get(value.constant));
    const producer = this.producers.get(v);
    if (producer === undefined || producer.inputs.some((i) => i !== null && this.constant(i) === undefined)) return undefined;
    const graph = this.graph.nodes.includes(producer) ? this.graph : this.before;
    return evaluateGraph(graph, new Map(), { want: [v] }).get(v);
  }

  /** A known value of one element. */
  scalar(v: ValueId | null | undefined): number | undefined {
    const c = v === null || v === undefined ? undefined : this.constant(v);
    return c !== undefined && c.data.length === 1 ? Number(c.data[0]) : undefined;
  }

  buffer(bytes: number, data?: Uint8Array): number {
    this.buffers.push({ bytes, ...(data === undefined ? {} : { data }) });
    return this.buffers.length - 1;
  }

  /** A new dense tensor. */
  fresh(dtype: string, dims: readonly number[]): OnednnView {
    const size = sizes[dtype] ?? refuse(`values of type ${dtype}`);
    return { buffer: this.buffer(size * elements(dims)), dtype, dims, strides: denseStrides(dims) };
  }

  data(array: NdArray): OnednnView {
    if (!(array.dtype in sizes)) refuse(`values of type ${array.dtype}`);
    const bytes = encode(array);
    return { buffer: this.buffer(bytes.byteLength, bytes), dtype: array.dtype, dims: array.shape, strides: denseStrides(array.shape) };
  }

  has = (v: ValueId): boolean => this.places.has(v) || this.constant(v) !== undefined;

  /** Where a value lies; a dequantised one is written out first. */
  place(v: ValueId): OnednnView {
    const found = this.places.get(v) ?? this.written(v);
    this.places.set(v, found);
    return found;
  }

  private written(v: ValueId): OnednnView {
    const known = this.constant(v);
    if (known !== undefined) return this.data(known);
    if (this.graph.inputs.includes(v)) refuse(`values of type ${this.dtype(v)}`);
    const from = this.quantised.get(v) ?? refuse("a value that no primitive has made");
    const to = this.fresh("f32", from.view.dims);
    this.steps.push(dequantise(from, to));
    return to;
  }

  /** Dense, copied if it has to be. */
  dense(v: ValueId): OnednnView {
    const view = this.place(v);
    if (isDense(view)) return view;
    const to = this.fresh(view.dtype, view.dims);
    this.steps.push({ kind: "reorder", what: "a copy", source: view, destination: to });
    this.places.set(v, to);
    return to;
  }
}

/** Numbers of 8 bits to what they stand for. */
export function dequantise({ view, scales, zero }: Quantised, to: OnednnView): OnednnStep {
  if (scales.length !== 1) refuse("a scale per channel of a value that is not constant");
  return { kind: "reorder", what: "dequantise", source: view, destination: to, scales, sourceZero: zero };
}

export function refuse(why: string): never {
  throw new NotMapped(why);
}
