/** Builds a graph node by node; types are inferred as nodes are added. Used by the importer and by tests. */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import { BodyStore } from "./bodies.ts";
import { ConstantStore, type FileRange } from "./constants.ts";
import { dimNames, isStatic } from "./dims.ts";
import { inferOp, smallLimit, withDefaults } from "./infer.ts";
import { bakeLate } from "./late.ts";
import type { Attrs, Dim, Graph, Node, Shape, ShapeSource, SourceNode, Value, ValueId } from "./ir.ts";
import { count, encode, evaluable, type NdArray } from "./ndarray.ts";
import { opOf, type OpName } from "./ops/index.ts";
import { isRefusal, type Refusal, type TensorType } from "./ops/op.ts";
import { constantData } from "./types.ts";

export interface NodeOptions {
  readonly name?: string;
  readonly origin?: readonly number[];
  /** Number of outputs, default 1. */
  readonly outputs?: number;
}

/** A refused node, thrown by `add`: the caller decides what stands in its place. */
export class RefusedOp extends Error {
  constructor(
    readonly op: OpName,
    readonly refusal: Refusal,
  ) {
    super(`${op}: ${refusal.reason}`);
  }
}

export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #values: Value[] = [];
  readonly #inputs: ValueId[] = [];
  readonly #outputs: ValueId[] = [];
  readonly #sources: SourceNode[] = [];
  readonly constants: ConstantStore;
  readonly bodies: BodyStore;
  #nextNode = 0;

  constructor(
    readonly name: string,
    constants = new ConstantStore(),
    bodies = new BodyStore(),
  ) {
    this.constants = constants;
    this.bodies = bodies;
  }

  source(node: SourceNode): number {
    return this.#sources.push(node) - 1;
  }

  /** Notes the values that a node of the file reads (undefined when one of them is missing) and makes; gives the source as it is now. */
  sourceValues(index: number, reads: readonly (ValueId | null)[] | undefined, makes: readonly (ValueId | null)[]): SourceNode {
    const now: SourceNode = { ...(this.#sources[index] ?? bug(`no source ${index}`)), ...(reads === undefined ? {} : { reads }), makes };
    this.#sources[index] = now;
    return now;
  }

  input(name: string, dtype: DType, shape: Shape | undefined): ValueId {
    const id = this.#value({ name, dtype, shape, shapeSource: shape === undefined ? "unknown" : "declared" });
    this.#inputs.push(id);
    return id;
  }

  /** Does the extent follow from the extents of graph inputs, so that it is a number once those are? */
  followsFromInputs(dim: Dim): boolean {
    if (typeof dim === "number") return true;
    return dimNames(dim).every((name) => this.#inputs.some((id) => this.value(id).shape?.includes(name)));
  }

  /** A constant from data in memory. */
  constant(name: string, data: NdArray): ValueId {
    return this.#constant(name, data.dtype, data.shape, this.constants.add(data.dtype, data.shape, encode(data)));
  }

  /** A constant whose bytes are read when asked for. */
  lazyConstant(name: string, dtype: DType, shape: readonly number[], read: () => Uint8Array, range?: FileRange): ValueId {
    return this.#constant(name, dtype, shape, this.constants.addLazy(dtype, shape, read, range));
  }

  /** A constant of strings, read when asked for. */
  stringConstant(name: string, shape: readonly number[], strings: () => readonly string[]): ValueId {
    return this.#constant(name, "string", shape, this.constants.addStrings(shape, strings));
  }

  /** A constant that another graph has already, over the same store. */
  sharedConstant({ name, dtype, shape, constant }: Value): ValueId {
    return this.#value({ name, dtype, shape, shapeSource: "declared", ...(constant === undefined ? {} : { constant }) });
  }

  #constant(name: string, dtype: DType, shape: readonly number[], constant: number): ValueId {
    return this.#value({ name, dtype, shape, shapeSource: "declared", constant });
  }

  #value(v: Omit<Value, "id" | "layout">): ValueId {
    const id = this.#values.length;
    this.#values.push({ id, layout: "plain", ...v });
    return id;
  }

  type(id: ValueId): TensorType {
    return this.value(id);
  }

  value(id: ValueId): Value {
    return this.#values[id] ?? bug(`no value %${id}`);
  }

  /** The data of a small constant. */
  known(id: ValueId): NdArray | undefined {
    const v = this.value(id);
    if (v.constant === undefined || !isStatic(v.shape) || count(v.shape) > smallLimit || !evaluable(v.dtype)) return undefined;
    return constantData({ constants: this.constants }, v);
  }

  /**
   * Adds a node and returns its outputs; late operands that are constants become attributes. Throws `RefusedOp` when the operator cannot have
   * these operands.
   */
  add(op: OpName, given: readonly (ValueId | null)[], attrs: Attrs = {}, options: NodeOptions = {}): readonly ValueId[] {
    const row = opOf(op);
    const data = (ids: readonly (ValueId | null)[]) => (i: number) => (ids[i] == null ? undefined : this.known(ids[i]));
    const { inputs, attrs: full } = bakeLate(row, { inputs: given, attrs: withDefaults(op, attrs) }, data(given));
    const types = inputs.map((id) => (id === null ? null : this.type(id)));
    const canonical = row.normalise?.(types, full) ?? full;
    const found = inferOp(op, { inputs: types, attrs: canonical, outputs: options.outputs ?? 1, known: data(inputs) });
    if (isRefusal(found)) throw new RefusedOp(op, found);
    return this.#push(op, inputs, canonical, found, options);
  }

  /** Adds an opaque node with the types its outputs are declared to have. */
  addOpaque(
    inputs: readonly (ValueId | null)[],
    attrs: Attrs,
    types: readonly TensorType[],
    options: NodeOptions = {},
  ): readonly ValueId[] {
    return this.#push("opaque", inputs, withDefaults("opaque", attrs), types, options, "declared");
  }

  #push(
    op: OpName,
    inputs: readonly (ValueId | null)[],
    attrs: Attrs,
    types: readonly TensorType[],
    options: NodeOptions,
    from: ShapeSource = "inferred",
  ): readonly ValueId[] {
    const name = options.name ?? "";
    const outputs = types.map((t) =>
      this.#value({ name, dtype: t.dtype, shape: t.shape, shapeSource: t.shape === undefined ? "unknown" : from }),
    );
    this.#nodes.push({ id: this.#nextNode++, op, name, inputs, outputs, attrs, origin: options.origin ?? [], phase: "run" });
    return outputs;
  }

  /** Gives a value its ONNX name, and the shape that is declared for it where that says more than the inferred one. */
  declare(id: ValueId, name: string, shape?: Shape): void {
    const v = this.value(id);
    const merged = mergeShapes(v.shape, shape);
    const shapeSource = v.shape === merged ? v.shapeSource : "declared";
    this.#values[id] = { ...v, name, shape: merged, shapeSource };
  }

  output(id: ValueId): void {
    this.#outputs.push(id);
  }

  /** A point to come back to. */
  mark(): readonly [nodes: number, values: number, nextNode: number] {
    return [this.#nodes.length, this.#values.length, this.#nextNode];
  }

  /** Forgets the nodes and values added since `mark`. */
  rewind([nodes, values, nextNode]: readonly [number, number, number]): void {
    this.#nodes.length = nodes;
    this.#values.length = values;
    this.#nextNode = nextNode;
  }

  finish(): Graph {
    return {
      name: this.name,
      nodes: this.#nodes,
      values: this.#values,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nextNode: this.#nextNode,
      constants: this.constants,
      sources: this.#sources,
      ...(this.bodies.size > 0 ? { bodies: this.bodies } : {}),
      groups: [],
    };
  }
}

/** What two descriptions of one shape say together: numbers before names, names before `?`. The first wins a contradiction. */
export function mergeShapes(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.length !== b.length) return a;
  const out = a.map((d, i) => {
    const other = b[i]!;
    return typeof d === "string" && (typeof other === "number" || (d.includes("?") && !other.includes("?"))) ? other : d;
  });
  return out.every((d, i) => d === a[i]) ? a : out;
}
