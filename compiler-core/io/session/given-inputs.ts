/** The user's own data as inputs of a model: a folder in the layout of ONNX tests, files for single inputs, random numbers for what is left. */
import type { Compilation } from "../../compile.ts";
import { extentsOfInputs } from "../../graph/dim-extents.ts";
import { staticShape, valueOf, type Graph, type Value } from "../../graph/ir.ts";
import { userError } from "../../messages.ts";
import type { ProbeData } from "../../protocol/probe.ts";
import { didYouMean } from "../nearest-name.ts";
import { readNpyFile, readTensorFile, readTensorFolder, type NamedTensor } from "../tensor-file.ts";
import { referenceGraph } from "./check.ts";
import type { SessionModel } from "./model.ts";
import { randomModelInputs } from "./run-inputs.ts";
import type { RunValue } from "./run-value.ts";
import { storedTensor } from "./stored-run.ts";

/** A tensor that somebody gave, and where it is from. */
export interface GivenTensor {
  readonly tensor: NamedTensor;
  readonly from: "data" | "file";
}

/** By position of the input. Throws `input-unknown`, `data-folder`, `npy-format` and the errors of tensor files. */
export function readGiven(graph: Graph, { folder, files = {} }: ProbeData): ReadonlyMap<number, GivenTensor> {
  const given = new Map<number, GivenTensor>();
  const names = graph.inputs.map((id) => valueOf(graph, id).name);
  if (folder !== undefined) {
    const stored = readTensorFolder(folder, "input");
    if (stored.length === 0) userError("data-folder", {}, { path: folder, what: "there is no input_0.pb" });
    if (stored.length > names.length)
      userError("data-folder", {}, { path: folder, what: `the model has ${names.length} inputs, the folder ${stored.length}` });
    stored.forEach((tensor, i) => tensor !== undefined && given.set(i, { tensor, from: "data" }));
  }
  for (const [name, path] of Object.entries(files)) {
    const at = names.indexOf(name);
    if (at < 0)
      userError("input-unknown", {}, { name: JSON.stringify(name), hint: didYouMean(name, names), inputs: names.join(", ") || "none" });
    given.set(at, { tensor: readAny(name, path), from: "file" });
  }
  return given;
}

const readAny = (name: string, path: string): NamedTensor => (/\.npy$/i.test(path) ? { name, ...readNpyFile(path) } : readTensorFile(path));

/** Sizes of the symbolic dimensions that given tensors decide. */
export const dimsOfGiven = (graph: Graph, given: ReadonlyMap<number, GivenTensor>): Readonly<Record<string, number>> =>
  extentsOfInputs(graph, (i) => given.get(i)?.tensor.dims);

export interface ModelInputs {
  readonly values: readonly RunValue[];
  readonly from: readonly ("data" | "file" | "random")[];
}

/** Values for all inputs, held against what the model wants; random ones from `seed` where nothing was given. Throws `input-mismatch`. */
export function inputsOf(
  model: SessionModel,
  compilation: Compilation,
  given: ReadonlyMap<number, GivenTensor>,
  seed: number,
): ModelInputs {
  const graph = referenceGraph(compilation);
  const random = given.size < graph.inputs.length ? randomModelInputs(model, graph, seed) : [];
  const values = graph.inputs.map((id, i): RunValue => {
    const tensor = given.get(i)?.tensor;
    return tensor === undefined ? random[i]! : fitting(valueOf(graph, id), tensor);
  });
  return { values, from: graph.inputs.map((_, i) => given.get(i)?.from ?? "random") };
}

function fitting(value: Value, tensor: NamedTensor): RunValue {
  const wrong = (what: string): never => userError("input-mismatch", {}, { name: value.name, what });
  const text = (dims: readonly number[]): string => dims.join("x") || "a scalar";
  // What the host keeps may have any shape: ONNX Runtime judges.
  const shape = staticShape(value) ?? tensor.dims;
  const { dtype } = value;
  if (tensor.dtype !== dtype) return wrong(`the file holds ${tensor.dtype}, the model wants ${dtype}`);
  if (tensor.dims.join() !== shape.join()) return wrong(`the file holds ${text(tensor.dims)}, the model wants ${text(shape)}`);
  return storedTensor(tensor, dtype);
}
