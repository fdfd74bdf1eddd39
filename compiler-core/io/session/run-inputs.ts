/** Random inputs for a model as its file declares them: what is no tensor has no type in the graph. */
import type { Graph } from "../../graph/ir.ts";
import { evaluable } from "../../graph/ndarray.ts";
import type { OnnxDim, OnnxGraph, OnnxType } from "../../onnx/model.ts";
import { asDType } from "../../onnx/ops/build-call.ts";
import { isFloat, type DType } from "../../support/dtype.ts";
import { randomRunInputs, randomSource, randomTensor } from "../random-inputs.ts";
import type { Compilation } from "../../compile.ts";
import { referenceGraph } from "./check.ts";
import type { SessionModel } from "./model.ts";
import { storedInputs } from "./stored-run.ts";
import { isNumbers, type RunValue } from "./run-value.ts";

/** Tensors of these extents in sequences: of one shape, so that they can be stacked and joined. */
const itemShape = [2, 3];
const itemCount = 3;
const few = { low: 0, high: 7 };
/** For an extent that an optional tensor does not declare. */
const anyExtent = 4;

/** Inputs of a compiled model: those of a folder (`input_*.pb`), or random ones. Throws `data-folder` and `input-mismatch`. */
export function modelInputs(
  model: SessionModel,
  compilation: Compilation,
  { data, seed }: { readonly data?: string; readonly seed: number },
): readonly RunValue[] {
  return data === undefined ? randomModelInputs(model, referenceGraph(compilation), seed) : storedInputs(compilation, data);
}

/** As `randomRunInputs`; sequences of numbers hold a few tensors of one shape. */
export function randomModelInputs(model: SessionModel, typed: Graph, seed: number): RunValue[] {
  const declared = new Map(model.file.model.graph.inputs.map((v) => [v.name, v.type]));
  const random = randomSource(seed + 1);
  return randomRunInputs(model.graph, typed, seed).map((tensor, i): RunValue => {
    const name = typed.values[typed.inputs[i] ?? -1]?.name ?? "";
    const type = declared.get(name);
    const optional = optionalShape(type, () => contentDims(model.file.model.graph, name));
    if (optional !== undefined && isNumbers(tensor))
      return randomTensor(tensor.dtype, optional, isFloat(tensor.dtype) ? undefined : few, random);
    const dtype = sequenceOf(type);
    if (dtype === undefined) return tensor;
    const range = isFloat(dtype) ? undefined : few;
    return { kind: "sequence", items: Array.from({ length: itemCount }, () => randomTensor(dtype, itemShape, range, random)) };
  });
}

/** The extents of an optional tensor; undefined for anything else, and where not even its rank is declared. */
function optionalShape(type: OnnxType | undefined, content: () => readonly OnnxDim[]): readonly number[] | undefined {
  if (type?.kind !== "optional" || type.element?.kind !== "tensor") return undefined;
  const known = type.element.dims?.every((d) => d.value !== undefined) === true ? [] : content();
  return type.element.dims?.map((d, axis) => Number(d.value ?? known[axis]?.value ?? anyExtent));
}

/** The extents that the model, or a graph in it, declares for what it takes out of an optional value. */
function contentDims(graph: OnnxGraph, optional: string): readonly OnnxDim[] {
  const types = new Map([...graph.valueInfos, ...graph.outputs].map((v) => [v.name, v.type]));
  for (const node of graph.nodes) {
    const type = node.opType === "OptionalGetElement" && node.inputs[0] === optional ? types.get(node.outputs[0] ?? "") : undefined;
    if (type?.kind === "tensor" && type.dims !== undefined) return type.dims;
    const inner = node.attributes.flatMap((a) => (a.kind === "graph" ? contentDims(a.value, optional) : []));
    if (inner.length > 0) return inner;
  }
  return [];
}

/** The element type of a sequence of tensors of numbers; undefined for anything else. */
function sequenceOf(type: OnnxType | undefined): DType | undefined {
  if (type?.kind !== "sequence" || type.element?.kind !== "tensor") return undefined;
  const dtype = asDType(type.element.dtype);
  return dtype !== undefined && evaluable(dtype) ? dtype : undefined;
}
