/** A part of a model as a model of its own, with the values that flow into it: for timing a fusion group or a selection of nodes. */
import fs from "node:fs";
import type { Compilation } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { staticShape, type Graph, type Value, type ValueId } from "../../graph/ir.ts";
import type { NdArray } from "../../graph/ndarray.ts";
import { userError, UserError } from "../../messages.ts";
import { tensorType } from "../../onnx/builder.ts";
import { encodeModel } from "../../onnx/writer.ts";
import { extractNodes } from "../extract-nodes.ts";
import { randomInputs } from "../random-inputs.ts";
import { inputsById, referenceGraph } from "./check.ts";
import { openSessionModel, type SessionModel } from "./model.ts";

export interface CutModel {
  readonly model: SessionModel;
  /** Values for its inputs, in order: what flows there in the whole model on random inputs, where that can be evaluated. */
  readonly inputs: readonly NdArray[];
  /** Set when the values are random instead, with the reason. */
  readonly randomBecause?: string;
}

/** The main graph's nodes with these indices (into `Graph.sources`). Throws `cut-inside`. */
export function sourcePositions(graph: Graph, sources: readonly number[]): number[] {
  return sources.map((index) => {
    const path = graph.sources[index]?.path ?? `#${index}`;
    const position = /^#(\d+)$/.exec(path)?.[1];
    return position === undefined ? userError("cut-inside", {}, { ref: path }) : Number(position);
  });
}

/** Cuts the nodes out, writes them as a model to `file`, and opens that. The caller closes it. */
export function cutModel(model: SessionModel, compilation: Compilation, sources: readonly number[], file: string, seed: number): CutModel {
  const graph = referenceGraph(compilation);
  const byName = valuesByName(graph);
  const typeOf = (name: string): ReturnType<typeof tensorType> | undefined => {
    const value = byName.get(name);
    const shape = value === undefined ? undefined : staticShape(value);
    return value === undefined || shape === undefined ? undefined : tensorType(value.dtype, shape);
  };
  const part = extractNodes(model.file.model, sourcePositions(graph, sources), typeOf);
  fs.writeFileSync(file, encodeModel(part.model, { store: model.file.store }));
  const cut = openSessionModel(file);
  try {
    return {
      model: cut,
      ...flowingInputs(
        model,
        graph,
        cut,
        part.inputs.map((name) => byName.get(name)?.id),
        seed,
      ),
    };
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

function flowingInputs(
  model: SessionModel,
  graph: Graph,
  cut: SessionModel,
  ids: readonly (ValueId | undefined)[],
  seed: number,
): Pick<CutModel, "inputs" | "randomBecause"> {
  const random = (why: string): Pick<CutModel, "inputs" | "randomBecause"> => ({
    inputs: randomInputs(cut.graph, cut.graph, seed),
    randomBecause: why,
  });
  const want = ids.filter((id) => id !== undefined);
  if (want.length < ids.length) return random("a value at the cut is not known by name");
  try {
    const values = evaluateGraph(graph, inputsById(graph, randomInputs(model.graph, graph, seed)), { want });
    return { inputs: want.map((id) => values.get(id) as NdArray) };
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    return random(e.message);
  }
}
