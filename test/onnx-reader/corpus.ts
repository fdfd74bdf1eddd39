/** Models that tests read: those of the repository, and the shared corpus beside it where it is there. */
import fs from "node:fs";
import path from "node:path";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxSparseTensor, OnnxTensor } from "../../compiler-core/onnx/model.ts";
import { readTensor, type TensorStore } from "../../compiler-core/onnx/tensor-data.ts";
import { UserError } from "../../compiler-core/messages.ts";

/** The root of the repository: tests are run from there. */
export const root = process.cwd();
export const sharedModels = path.join(root, "..", "shared", "models");
export const sharedBackend = path.join(root, "..", "shared", "onnx-backend");

/** Reason to skip a test that needs the shared corpus, or false. */
export function missing(folder: string): string | false {
  return fs.existsSync(folder) ? false : `${path.relative(root, folder)} is not here`;
}

export function filesBelow(folder: string, suffix: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(suffix)).map((name) => path.join(folder, name));
}

/** Every tensor of a model: initialisers, sparse ones, attributes, in subgraphs and functions too. */
export function tensorsOf(model: OnnxModel): OnnxTensor[] {
  const found: OnnxTensor[] = [];
  const sparse = ({ values, indices }: OnnxSparseTensor): void => {
    for (const part of [values, indices]) if (part !== undefined) found.push(part);
  };
  const attribute = (item: OnnxAttribute): void => {
    if (item.kind === "tensor") found.push(item.value);
    else if (item.kind === "tensors") found.push(...item.value);
    else if (item.kind === "graph") graph(item.value);
    else if (item.kind === "graphs") item.value.forEach(graph);
    else if (item.kind === "sparse") sparse(item.value);
  };
  const graph = (item: OnnxGraph): void => {
    found.push(...item.initializers);
    item.sparseInitializers.forEach(sparse);
    for (const node of item.nodes) node.attributes.forEach(attribute);
  };
  graph(model.graph);
  for (const { nodes, attributeDefaults } of model.functions) {
    attributeDefaults.forEach(attribute);
    for (const node of nodes) node.attributes.forEach(attribute);
  }
  return found;
}

/** A model with tensor values in place of where they lie, so that copies in other files compare equal; unreadable data by its code. */
export function withValues(value: unknown, store: TensorStore): unknown {
  if (Array.isArray(value)) return value.map((item) => withValues(item, store));
  if (typeof value !== "object" || value === null) return value;
  if ("data" in value && "dtype" in value) {
    const { data: _, ...rest } = value as OnnxTensor;
    return { ...rest, value: valueOrCode(value as OnnxTensor, store) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withValues(item, store)]));
}

function valueOrCode(tensor: OnnxTensor, store: TensorStore): unknown {
  try {
    const { bytes, strings } = readTensor(store, tensor);
    return strings ?? Buffer.from(bytes).toString("base64");
  } catch (error) {
    if (error instanceof UserError && error.code !== "bug") return error.code;
    throw error;
  }
}
