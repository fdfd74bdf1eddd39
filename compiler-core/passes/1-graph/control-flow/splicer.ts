/**
 * A graph that is written anew, node after node, with bodies of control flow copied into it. Types, and the data of small values, are known
 * for every node as soon as it is written: so a condition that follows from shapes or from the number of an iteration is known in time.
 */
import type { BodyInstance } from "../../../graph/bodies.ts";
import { inferOp, knownOutputs, smallLimit } from "../../../graph/infer.ts";
import type { Attrs, Graph, Node, NodeId, Shape, SourceNode, Value, ValueId } from "../../../graph/ir.ts";
import { bakeLate } from "../../../graph/late.ts";
import { count, encode, fromValues, type NdArray } from "../../../graph/ndarray.ts";
import { isStatic } from "../../../graph/dims.ts";
import { opOf, type OpName } from "../../../graph/ops/index.ts";
import { isRefusal, type InferCall, type Refusal } from "../../../graph/ops/op.ts";
import { constantData } from "../../../graph/types.ts";
import { bug } from "../../../messages.ts";
import type { DType } from "../../../support/dtype.ts";

/** Thrown while a node is being replaced: why it has to stay. */
export class Stays {
  constructor(readonly reason: string) {}
}
/** ... because its body cannot be run with operands of these shapes: whoever runs it gets an error. */
export class Impossible extends Stays {}
export const stays = (reason: string): never => {
  throw new Stays(reason);
};

/** Operators that all loops of a graph together may become: each costs the C++ compiler some 30 ms. */
export const maxNodes = 1024;

/** What a copy of a body stands for: the node it replaces, and the number of the iteration. */
export interface Copy {
  readonly node: Node;
  readonly body: number;
  readonly iteration?: number;
}

export class Splicer {
  readonly values: (Value | undefined)[];
  readonly nodes: Node[] = [];
  readonly sources: SourceNode[];
  readonly #known = new Map<ValueId, NdArray | undefined>();
  /** Operators that loops have become so far. */
  unrolled = 0;
  #nextNode: NodeId;

  constructor(readonly graph: Graph) {
    this.values = [...graph.values];
    this.sources = [...graph.sources];
    this.#nextNode = graph.nextNode;
  }

  value(id: ValueId): Value {
    return this.values[id] ?? bug(`value %${id} is not in graph ${this.graph.name}`);
  }
  staticShape(id: ValueId): readonly number[] {
    const { shape, name } = this.value(id);
    return isStatic(shape) ? shape : stays(`the shape of "${name}" is not known at compile time`);
  }

  /** The data of a small value that is known at compile time. */
  data(id: ValueId): NdArray | undefined {
    if (!this.#known.has(id)) {
      const v = this.value(id);
      const small = v.constant !== undefined && isStatic(v.shape) && count(v.shape) <= smallLimit;
      this.#known.set(id, small ? constantData(this.graph, v) : undefined);
    }
    return this.#known.get(id);
  }

  /** A point to come back to. */
  mark(): readonly [number, number, number, number] {
    return [this.nodes.length, this.values.length, this.sources.length, this.unrolled];
  }
  /** Forgets what was written since. */
  rewind([nodes, values, sources, unrolled]: ReturnType<Splicer["mark"]>): void {
    for (const n of this.nodes.splice(nodes)) n.outputs.forEach((id) => this.#known.delete(id));
    for (let id = values; id < this.values.length; id++) this.#known.delete(id);
    this.values.length = values;
    this.sources.length = sources;
    this.unrolled = unrolled;
  }

  /** Writes a node whose results have their values already; gives the refusal when its operator cannot have these operands. */
  write(node: Node): Refusal | undefined {
    this.nodes.push(node);
    const row = opOf(node.op);
    const inputs = node.inputs.map((id) => (id === null ? null : this.value(id)));
    const known = (i: number): NdArray | undefined => (node.inputs[i] == null ? undefined : this.data(node.inputs[i]));
    const baked = bakeLate(row, { inputs, attrs: node.attrs }, known);
    const attrs = row.normalise?.(baked.inputs, baked.attrs) ?? baked.attrs;
    const call: InferCall = { inputs: baked.inputs, attrs, outputs: node.outputs.length, known };
    const types = inferOp(node.op, call);
    if (isRefusal(types)) return types;
    node.outputs.forEach((id, i) => {
      const [v, t] = [this.value(id), types[i]];
      if (t === undefined || (t.dtype === v.dtype && String(t.shape) === String(v.shape))) return;
      const shape = isStatic(t.shape) || v.shape === undefined ? t.shape : v.shape;
      this.values[id] = { ...v, dtype: t.dtype, shape, shapeSource: shape === v.shape ? v.shapeSource : "inferred" };
    });
    const data = knownOutputs(node.op, call, types);
    node.outputs.forEach((id, i) => this.#known.set(id, data?.[i]));
    return undefined;
  }

  /** A new value. */
  declare(name: string, dtype: DType, shape: Shape | undefined, constant?: number): ValueId {
    const id = this.values.length;
    const shapeSource = shape === undefined ? "unknown" : "inferred";
    this.values.push({ id, name, dtype, shape, shapeSource, layout: "plain", ...(constant === undefined ? {} : { constant }) });
    return id;
  }
  constant(name: string, data: NdArray): ValueId {
    const id = this.declare(name, data.dtype, data.shape, this.graph.constants.add(data.dtype, data.shape, encode(data)));
    this.#known.set(id, data);
    return id;
  }
  index(name: string, i: number): ValueId {
    return this.constant(name, fromValues("i64", [], [BigInt(i)]));
  }

  /** Adds a node of one result in the name of `from`. */
  add(from: Node, op: OpName, inputs: readonly ValueId[], attrs: Attrs, name: string): ValueId {
    const id = this.declare(name, "f32", undefined);
    this.#put(from, op, inputs, attrs, id);
    return id;
  }
  /** Gives the result `to` of `from` the value `value`. */
  give(from: Node, value: ValueId, to: ValueId): void {
    this.#put(from, "identity", [value], {}, to);
  }
  #put(from: Node, op: OpName, inputs: readonly ValueId[], attrs: Attrs, to: ValueId): void {
    const { name, origin, phase } = from;
    const refusal = this.write({ id: this.#nextNode++, op, name, inputs, outputs: [to], attrs, origin, phase });
    if (refusal !== undefined) stays(refusal.reason);
  }

  /** The value for a body's operand: what is known of it is a constant of the body. */
  #given(id: ValueId): Value {
    const v = this.value(id);
    const data = v.constant === undefined ? this.data(id) : undefined;
    return data === undefined ? v : this.value(this.constant(v.name, data));
  }

  /** Copies a body; `emit` writes each of its nodes. Gives the values of its outputs. */
  copy(copy: Copy, formals: readonly ValueId[], emit: (node: Node) => void): readonly ValueId[] {
    const { node } = copy;
    const body = (this.graph.bodies ?? bug("a graph without bodies")).get(copy.body);
    const operands = node.inputs.map((id) => (id === null ? null : this.#given(id)));
    const instance = body.instantiate(
      formals.map((id) => this.#given(id)),
      operands,
    );
    const ids = this.#adopt(instance);
    const origin = this.#origins(copy, body.source, body.attribute);
    for (const n of instance.graph.nodes) {
      emit({
        ...n,
        id: this.#nextNode++,
        inputs: n.inputs.map((id) => (id === null ? null : ids[id]!)),
        outputs: n.outputs.map((id) => ids[id]!),
        origin: origin(n.origin),
      });
    }
    return instance.graph.outputs.map((id) => ids[id]!);
  }

  /** Ids of an instance's values in this graph. */
  #adopt({ graph, bound }: BodyInstance): readonly (ValueId | undefined)[] {
    return graph.values.map((v) => {
      if (v === undefined) return undefined;
      return bound.get(v.id) ?? this.declare(v.name, v.dtype, v.shape, v.constant);
    });
  }

  /**
   * Sources of copied nodes: those of the node they stand for, and a source of their own, so that every instance of a node of the file can be
   * told apart. A body that is copied once keeps its sources.
   */
  #origins({ node, iteration }: Copy, first: number, attribute: string): (origin: readonly number[]) => readonly number[] {
    const made = new Map<number, number>();
    const from = `${this.sources[first]?.path ?? ""}/${attribute}`;
    const to = `${this.sources[node.origin.at(-1) ?? first]?.path ?? ""}/${attribute}${iteration === undefined ? "" : `@${iteration}`}`;
    const instance = (o: number): number => {
      const have = made.get(o);
      if (have !== undefined) return have;
      const source = this.sources[o] ?? bug(`no source ${o}`);
      const path = source.path.startsWith(from) ? to + source.path.slice(from.length) : source.path;
      const { reads: _, makes: __, ...plain } = source;
      const id = path === source.path ? o : this.sources.push({ ...plain, path, copyOf: source.copyOf ?? o }) - 1;
      made.set(o, id);
      return id;
    };
    return (origin) => [...new Set([...node.origin, ...origin.filter((o) => o > first).map(instance)])].sort((a, b) => a - b);
  }

  finish(): Graph {
    const { nodes, values, sources } = this;
    const used = new Set<ValueId>([...this.graph.inputs, ...this.graph.outputs]);
    for (const n of nodes) for (const id of [...n.inputs, ...n.outputs]) if (id !== null) used.add(id);
    return { ...this.graph, nodes, values: values.map((v, i) => (used.has(i) ? v : undefined)), sources, nextNode: this.#nextNode };
  }
}
