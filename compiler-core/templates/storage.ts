/**
 * Where graph values lie, and how templates read them: views are followed to the value they look at, constants of one element become
 * literals, everything else is a buffer. A value that is reached through a reshape, or written by a nest over single elements, lies
 * flat (one axis); all others keep their extents, with rows padded where a GEMM would otherwise hit one cache set over and over.
 */
import { bug } from "../messages.ts";
import { elements, staticShape, valueOf, type Graph, type Node, type Value, type ValueId } from "../graph/ir.ts";
import { decode } from "../graph/ndarray.ts";
import { physicalShape } from "../graph/layout.ts";
import * as x from "../tensor/build.ts";
import type { BufferId, Expr, Ref, Scope } from "../tensor/ir.ts";
import { portsOf, type Ports } from "./ports.ts";
import { rowMajor, viewStrides } from "./view-strides.ts";
import { broadcastIndex, viewMaps } from "./views.ts";
import { linear, times, unlinear, type ModuleBuilder } from "./module-builder.ts";

/** The place of an element: an index per axis, or its row-major offset. */
export type Place = { readonly index: readonly Expr[] } | { readonly offset: Expr };

export interface StoragePlan {
  /** Views that are read in place. */
  readonly views: ReadonlyMap<ValueId, Node>;
  /** Values with a flat buffer. */
  readonly flat: ReadonlySet<ValueId>;
  /** Row pitch in elements, where it is not the extent of the last axis. */
  readonly pitch: ReadonlyMap<ValueId, number>;
}

export class Storage {
  readonly #buffers = new Map<ValueId, BufferId>();
  readonly #phase = new Map<ValueId, "init" | "run">();
  /** Values of which the present nest keeps some rows, from `base` on. */
  readonly #rows = new Map<ValueId, { readonly buffer: BufferId; readonly base: Expr }>();
  #weights = 0;
  /** Where the values that enter and leave stand. */
  readonly ports: Ports;

  constructor(
    readonly graph: Graph,
    readonly builder: ModuleBuilder,
    readonly plan: StoragePlan,
  ) {
    for (const n of graph.nodes) for (const v of n.outputs) this.#phase.set(v, n.phase);
    this.ports = portsOf(graph);
    this.ports.host.forEach((v, slot) => this.#declareHost(valueOf(graph, v), slot));
    graph.inputs.forEach((v, i) => {
      const slot = this.ports.inputSlot(i);
      if (slot !== undefined) this.#declare(valueOf(graph, v), "input", slot);
    });
    graph.outputs.forEach((v, i) => {
      const slot = this.ports.outputSlot(i);
      if (slot !== undefined && this.#buffers.get(v) === undefined && valueOf(graph, v).constant === undefined)
        this.#declare(valueOf(graph, v), "output", slot);
    });
  }

  shape(value: ValueId): readonly number[] {
    return staticShape(valueOf(this.graph, value)) ?? bug(`value %${value} has no static shape`);
  }

  /** The buffer of a value that is not a view. Made when first asked for. */
  bufferOf(value: ValueId): BufferId {
    const known = this.#rows.get(value)?.buffer ?? this.#buffers.get(value);
    if (known !== undefined) return known;
    const v = valueOf(this.graph, value);
    if (v.constant !== undefined) return this.#declare(v, "weight", this.#weights++);
    return this.#declare(v, this.#phase.get(value) === "init" ? "packed" : "arena");
  }

  /** Rows `base ...` of a value, in a buffer of the thread's own: what the nest that is being written makes and uses up. */
  keepRows(value: ValueId, base: Expr, rows: number, pitch: number): BufferId {
    const v = valueOf(this.graph, value);
    const shape = this.plan.flat.has(value) ? [rows * (this.shape(value).at(-1) ?? 1)] : [rows, pitch];
    const buffer = this.builder.buffer({ name: v.name === "" ? `v${v.id}` : v.name, dtype: v.dtype, value, shape, scope: "thread" });
    this.#rows.set(value, { buffer, base });
    return buffer;
  }

  #rowsRef(value: ValueId, { buffer, base }: { readonly buffer: BufferId; readonly base: Expr }, place: Place): Ref {
    const shape = this.shape(value);
    const width = shape.at(-1) ?? 1;
    if (this.plan.flat.has(value)) return { buffer, index: [x.sub(toOffset(place, shape), times(base, width))] };
    const index = toIndex(place, shape);
    const row = linear(index.slice(0, -1), shape.slice(0, -1));
    return { buffer, index: [x.sub(row, base), index.at(-1) ?? x.index(0)] };
  }

  /** The place of an element in memory, views followed. */
  ref(value: ValueId, place: Place): Ref {
    const view = this.plan.views.get(value);
    if (view !== undefined) return this.#through(view, place);
    const rows = this.#rows.get(value);
    if (rows !== undefined) return this.#rowsRef(value, rows, place);
    const buffer = this.bufferOf(value);
    const shape = this.shape(value);
    if (this.plan.flat.has(value)) return { buffer, index: [toOffset(place, shape)] };
    return { buffer, index: toIndex(place, shape) };
  }

  /** Distance of neighbours in memory along each axis, in elements; undefined where there is none for all of them. */
  strides(value: ValueId): readonly number[] | undefined {
    const shape = this.shape(value);
    const view = this.plan.views.get(value);
    if (view !== undefined) return this.#stridesThrough(view, shape);
    if (valueOf(this.graph, value).layout !== "plain" || this.literal(value) !== undefined) return undefined;
    const extents = this.builder.bufferOf(this.bufferOf(value)).shape;
    if (this.plan.flat.has(value)) return rowMajor(shape);
    return rowMajor(this.#rows.has(value) ? [...shape.slice(0, -1), extents.at(-1) ?? 1] : extents);
  }

  #stridesThrough(view: Node, shape: readonly number[]): readonly number[] | undefined {
    const source = view.inputs[0] ?? bug("a view of nothing", { node: view.name });
    const strides = this.strides(source);
    return strides === undefined ? undefined : viewStrides(view, { shape: this.shape(source), strides }, shape);
  }

  /** An element of an operand that broadcasts to the shape `index` runs over. */
  read(value: ValueId, index: readonly Expr[]): Expr {
    const literal = this.literal(value);
    if (literal !== undefined) return literal;
    const shape = this.shape(value);
    return this.readAt(value, { index: broadcastIndex(index, shape) });
  }

  readAt(value: ValueId, place: Place): Expr {
    const at = this.ref(value, place);
    return x.load(at.buffer, at.index, valueOf(this.graph, value).dtype);
  }

  /** A constant of one element as a literal. */
  literal(value: ValueId): Expr | undefined {
    const v = valueOf(this.graph, value);
    if (v.constant === undefined || elements(this.shape(value)) !== 1) return undefined;
    const c = this.graph.constants.get(v.constant);
    const data = decode(c.dtype, c.shape, c.bytes()).data[0];
    if (data === undefined) return undefined;
    return x.constant(v.dtype === "bool" ? data !== 0 && data !== 0n : data, v.dtype);
  }

  #through(view: Node, place: Place): Ref {
    const source = view.inputs[0] ?? bug("a view of nothing", { node: view.name });
    const target = view.outputs[0] ?? bug("a view without result", { node: view.name });
    const map = viewMaps[view.op] ?? bug(`${view.op} is not a view`);
    const output = this.shape(target);
    if (map === "offset") return this.ref(source, { offset: toOffset(place, output) });
    return this.ref(source, { index: map(view, toIndex(place, output), { input: this.shape(source), output }) });
  }

  #declareHost(v: Value, slot: number): void {
    const name = v.name === "" ? `v${v.id}` : v.name;
    this.#buffers.set(v.id, this.builder.buffer({ name, dtype: v.dtype, scope: "host", value: v.id, shape: [], slot }));
  }

  #declare(v: Value, scope: Scope, slot?: number): BufferId {
    const shape = this.shape(v.id);
    const id = this.builder.buffer({
      name: v.name === "" ? `v${v.id}` : v.name,
      dtype: v.dtype,
      scope,
      value: v.id,
      shape: this.#extents(v, shape, scope),
      ...(slot === undefined ? {} : { slot }),
    });
    this.#buffers.set(v.id, id);
    return id;
  }

  #extents(v: Value, shape: readonly number[], scope: Scope): readonly number[] {
    if (this.plan.flat.has(v.id)) return [elements(shape)];
    const physical = physicalShape(shape, v.layout);
    const pitch = scope === "arena" ? this.plan.pitch.get(v.id) : undefined;
    return pitch === undefined ? physical : [...physical.slice(0, -1), pitch];
  }
}

const toOffset = (place: Place, shape: readonly number[]): Expr => ("offset" in place ? place.offset : linear(place.index, shape));
const toIndex = (place: Place, shape: readonly number[]): readonly Expr[] =>
  "index" in place ? place.index : unlinear(place.offset, shape);
