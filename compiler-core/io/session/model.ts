/** A model that is open for compiling: its file, its graph as imported, and its symbolic dimensions. */
import fs from "node:fs";
import path from "node:path";
import { valueOf, type Graph } from "../../graph/ir.ts";
import { importModel } from "../../onnx/import.ts";
import { openModel, type ModelFile } from "../model-file.ts";

export interface SessionModel {
  readonly path: string;
  /** File name. */
  readonly name: string;
  /** Size of the file; external data is not counted. */
  readonly bytes: number;
  readonly file: ModelFile;
  /** Stage 0: the graph as imported. */
  readonly graph: Graph;
  /** Symbolic dimensions of the inputs, in order of appearance. */
  readonly dims: readonly string[];
  close(): void;
}

/** Opens and imports a model. Weights stay on disk. Throws the coded errors of the reader and the importer. */
export function openSessionModel(file: string): SessionModel {
  const opened = openModel(file);
  try {
    const graph = importModel(opened.model, opened.store);
    const bytes = fs.statSync(file).size;
    return {
      path: path.resolve(file),
      name: path.basename(file),
      bytes,
      file: opened,
      graph,
      dims: symbolicDims(graph),
      close: () => opened.store.close(),
    };
  } catch (e) {
    opened.store.close();
    throw e;
  }
}

function symbolicDims(graph: Graph): string[] {
  const names = graph.inputs.flatMap((id) => (valueOf(graph, id).shape ?? []).filter((d) => typeof d === "string"));
  return [...new Set(names)];
}
