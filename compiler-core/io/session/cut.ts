/** A part of a model as a model of its own, with the values that flow into it: for timing a fusion group or a selection of nodes. */
import type { Compilation } from "../../compile.ts";
import { staticShape, type Graph, type Value } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import { userError } from "../../messages.ts";
import { tensorType } from "../../onnx/builder.ts";
import type { OnnxType } from "../../onnx/model.ts";
import { extractNodes } from "../extract-nodes.ts";
import { referenceGraph } from "./check.ts";
import { openSessionModel, type SessionModel } from "./model.ts";
import { recordValues, writeModelFile, type RecordSettings } from "./record.ts";
import { randomModelInputs } from "./run-inputs.ts";
import { isSequence, type RunValue } from "./run-value.ts";

export interface CutModel {
  readonly model: SessionModel;
  /** Values for its inputs, in order: what flows there in a run of the whole model, where that could be recorded. */
  readonly inputs: readonly RunValue[];
  /** What they come from, for people. */
  readonly recordedBy?: string;
  /** Set when the values are random instead, with the reason. */
  readonly randomBecause?: string;
  /** Values of its outputs in the same run, in order; only where they were asked for. */
  readonly outputs?: readonly RunValue[];
}

export interface CutSettings extends RecordSettings {
  /** Of random values, where nothing could be recorded. */
  readonly seed: number;
  /** Also record the outputs. */
  readonly withOutputs?: boolean;
  /** Weights of so many bytes and more lie beside the file; default: 1 MiB. */
  readonly externalBytes?: number;
}

/** The main graph's nodes with these indices (into `Graph.sources`). Throws `cut-inside`. */
function sourcePositions(graph: Graph, sources: readonly number[]): number[] {
  return sources.map((index) => {
    const path = graph.sources[index]?.path ?? `#${index}`;
    const position = /^#(\d+)$/.exec(path)?.[1];
    return position === undefined ? userError("cut-inside", {}, { ref: path }) : Number(position);
  });
}

/**
 * Cuts the nodes out, writes them as a model to `file` (large weights beside it), and opens that. The caller closes it. Its inputs have the types
 * and extents of the recorded values. Throws `cut-inside` and `cancelled`.
 */
export async function cutModel(
  model: SessionModel,
  compilation: Compilation,
  machine: MachineProfile,
  sources: readonly number[],
  file: string,
  settings: CutSettings,
): Promise<CutModel> {
  const graph = referenceGraph(compilation);
  const positions = sourcePositions(graph, sources);
  const byName = valuesByName(graph);
  const inferred = (name: string): OnnxType | undefined => {
    const value = byName.get(name);
    const shape = value === undefined ? undefined : staticShape(value);
    return value === undefined || shape === undefined ? undefined : tensorType(value.dtype, shape);
  };
  const plain = extractNodes(model.file.model, positions, inferred);
  const wanted = settings.withOutputs === true ? [...plain.inputs, ...plain.outputs] : plain.inputs;
  const recording = await recordValues(model, compilation, machine, wanted, settings);
  const known = "values" in recording ? recording.values : undefined;
  const typeOf = (name: string): OnnxType | undefined => {
    const value = known?.get(name);
    return value === undefined || isSequence(value) ? inferred(name) : tensorType(value.dtype, value.shape);
  };
  const part = extractNodes(model.file.model, positions, typeOf);
  writeModelFile(part.model, file, model.file.store, settings.externalBytes);
  const cut = openSessionModel(file);
  try {
    if ("because" in recording)
      return { model: cut, inputs: randomModelInputs(cut, cut.graph, settings.seed), randomBecause: recording.because };
    const take = (names: readonly string[]): RunValue[] => names.map((n) => recording.values.get(n)!);
    const outputs = settings.withOutputs === true ? { outputs: take(part.outputs) } : {};
    return { model: cut, inputs: take(part.inputs), recordedBy: recording.by, ...outputs };
  } catch (e) {
    cut.close();
    throw e;
  }
}

/** ONNX names are unique within the main graph; values that passes made have others. */
function valuesByName(graph: Graph): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>();
  for (const value of graph.values) if (value !== undefined && !map.has(value.name)) map.set(value.name, value);
  return map;
}
