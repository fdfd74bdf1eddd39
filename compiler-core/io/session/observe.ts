/**
 * Looking at values in the middle of compiled code without changing it: buffers that pass a value from one nest to another are handed out instead
 * of living in the arena, so that they are still there when the run has ended. Every nest stays as it is; only addresses differ.
 */
import { isModule, type Compilation } from "../../compile.ts";
import { emitCpp, type CppSource } from "../../codegen/index.ts";
import { elements, staticShape, valueOf, type Graph, type Value, type ValueId } from "../../graph/ir.ts";
import { count, type NdArray } from "../../graph/ndarray.ts";
import { bug } from "../../messages.ts";
import type { Buffer, BufferId, Module } from "../../tensor/ir.ts";
import { mapFuncs, mapStmts } from "../../tensor/rewrite.ts";
import { isNumbers, type RunValue } from "./run-value.ts";

/** Values that lie whole in a buffer of the arena, by the buffer that holds them, with the extents that they have there. */
export function observableValues({ graph, module, snapshots }: Compilation): ReadonlyMap<ValueId, Observable> {
  const found = new Map<ValueId, Observable>();
  if (module === undefined) return found;
  const first = snapshots.find(isModule) ?? module;
  const lowered = new Map(first.buffers.map((b) => [b.id, b]));
  for (const b of module.buffers) {
    const value = b.value === undefined ? undefined : graph.values[b.value];
    if (b.scope !== "arena" || value === undefined || value.layout !== "plain" || value.dtype !== b.dtype) continue;
    const shape = staticShape(value);
    const extents = lowered.get(b.id)?.shape;
    if (shape === undefined || extents === undefined || count(extents) !== count(b.shape)) continue;
    const physical = extentsOf(shape, extents);
    if (physical !== undefined) found.set(value.id, { buffer: b.id, shape, extents: physical });
  }
  return found;
}

export interface Observable {
  readonly buffer: BufferId;
  /** Of the value. */
  readonly shape: readonly number[];
  /** As it lies in memory: rows may be padded. */
  readonly extents: readonly number[];
}

/** Extents of the value's own rank; undefined where the buffer holds a part of it. */
function extentsOf(shape: readonly number[], extents: readonly number[]): readonly number[] | undefined {
  if (elements(extents) === elements(shape)) return shape;
  const padded = extents.length === shape.length && extents.every((d, i) => (i === shape.length - 1 ? d >= shape[i]! : d === shape[i]));
  return padded ? extents : undefined;
}

export interface Observation {
  /** The code, which gives the observed values after the outputs of the model, in this order. */
  readonly source: CppSource;
  readonly values: readonly ValueId[];
}

/** The compiled code with these values handed out; those that are not observable are left out. */
export function observe(compilation: Compilation, wanted: readonly ValueId[]): Observation {
  const { module = bug("there is no code to look into"), graph, options, machine } = compilation;
  const observable = observableValues(compilation);
  const values = [...new Set(wanted)].filter((id) => observable.has(id) && !graph.outputs.includes(id));
  const slots = module.buffers.filter((b) => b.scope === "output").length;
  const slotOf = new Map(values.map((id, i) => [observable.get(id)!.buffer, slots + i]));
  const source = emitCpp(handedOut(module, slotOf), withOutputs(graph, values, observable), options, machine);
  return { source, values };
}

function handedOut(module: Module, slotOf: ReadonlyMap<BufferId, number>): Module {
  const buffers = module.buffers.map((b): Buffer => {
    const slot = slotOf.get(b.id);
    if (slot === undefined) return b;
    const { offset: _, ...rest } = b;
    return { ...rest, scope: "output", slot };
  });
  const body = mapFuncs(module, (list) => mapStmts(list, (s) => (s.k === "alloc" && slotOf.has(s.buffer) ? [] : s)));
  return { ...body, buffers };
}

/** The graph with more outputs; their extents are those of memory, so that whole buffers are written. */
function withOutputs(graph: Graph, more: readonly ValueId[], observable: ReadonlyMap<ValueId, Observable>): Graph {
  const values = [...graph.values];
  for (const id of more) values[id] = { ...(values[id] as Value), shape: observable.get(id)!.extents };
  return { ...graph, values, outputs: [...graph.outputs, ...more] };
}

/** Cuts the padding of rows off a value that was read from its buffer. */
export function withoutPadding(value: RunValue, { shape, extents }: Observable): RunValue {
  if (!isNumbers(value) || shape === extents) return value;
  const [width, pitch] = [shape.at(-1) ?? 1, extents.at(-1) ?? 1];
  const rows = count(shape) / Math.max(1, width);
  const data = value.data.slice(0, count(shape));
  for (let r = 0; r < rows; r++) data.set(value.data.subarray(r * pitch, r * pitch + width) as never, r * width);
  return { dtype: value.dtype, shape, data } satisfies NdArray;
}

/** The name of a value in the ONNX file. */
export const nameOf = (graph: Graph, id: ValueId): string => valueOf(graph, id).name;
