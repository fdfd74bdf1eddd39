/** A model that is open for compiling: its file, its graph as imported, and its symbolic dimensions. */
import { createHash } from "node:crypto";
import path from "node:path";
import { dimExtents } from "../../graph/dim-extents.ts";
import type { Graph } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import { printGraph } from "../../graph/print.ts";
import { UserError } from "../../messages.ts";
import { importModel } from "../../onnx/import.ts";
import { defaultOptions } from "../../options.ts";
import { specialiseDims, symbolicDims } from "../../passes/1-graph/specialise-dims.ts";
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
  /** Milliseconds that reading its structure and importing it took. */
  readonly importMs: number;
  /** Symbolic dimensions of the inputs, in order of appearance. */
  readonly dims: readonly string[];
  /** The extent of each when none is given; empty when no extents fit. */
  readonly defaultDims: Readonly<Record<string, number>>;
  /** Of everything that code and times depend on: operators, attributes, names, types, small constants. Two checkpoints of one architecture share it. */
  readonly structureHash: string;
  close(): void;
}

/** The extents that symbolic dimensions would get, were the model compiled with these; when these do not fit, only what is given. */
function dimsWhenCompiled(
  { graph }: Pick<SessionModel, "graph">,
  dims: Readonly<Record<string, number>>,
  machine: MachineProfile,
): Readonly<Record<string, number>> {
  try {
    const context = { options: { ...defaultOptions, dims }, machine, hit: () => undefined, verdict: () => undefined };
    return dimExtents(graph, specialiseDims.run(graph, context));
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    return dims;
  }
}

/** Extents do not depend on the machine. */
const anyMachine: MachineProfile = { name: "any", features: [], caches: { l1d: 0, l2: 0, l3: 0 }, cores: 1 };

/** Opens and imports a model. Weights stay on disk. Throws the coded errors of the reader and the importer. */
export function openSessionModel(file: string): SessionModel {
  const begun = performance.now();
  const opened = openModel(file);
  try {
    const graph = importModel(opened.model, opened.store);
    const importMs = performance.now() - begun;
    let defaults: Readonly<Record<string, number>> | undefined;
    let hash: string | undefined;
    return {
      path: path.resolve(file),
      name: path.basename(file),
      bytes: opened.store.source.size,
      file: opened,
      graph,
      importMs,
      dims: [...symbolicDims(graph)],
      get defaultDims() {
        return (defaults ??= dimsWhenCompiled({ graph }, {}, anyMachine));
      },
      get structureHash() {
        return (hash ??= createHash("sha256").update(printGraph(graph)).digest("hex"));
      },
      close: () => opened.store.close(),
    };
  } catch (e) {
    opened.store.close();
    throw e;
  }
}
