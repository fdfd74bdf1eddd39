/** Writes workloads and their inputs to disk, and hashes them. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createFileSink } from "../../compiler-core/io/byte-source.ts";
import { writeTensorFile, type NamedTensor } from "../../compiler-core/io/tensor-file.ts";
import type { OnnxModel, OnnxValueInfo } from "../../compiler-core/onnx/model.ts";
import { writeModel } from "../../compiler-core/onnx/writer.ts";
import { bigModelName, writeBigModel } from "./big-model.ts";
import { defaultFill, workloads, type Workload } from "./catalog.ts";
import { generatedBytes } from "./fill.ts";

/** Where generated models are kept between runs, outside the repository. */
export function workloadCache(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  return path.join(base, "fusionscope", "workloads");
}

export function findWorkload(name: string): Workload {
  const found = workloads.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`there is no workload "${name}"; \`npm run workloads -- --list\` lists them`);
  return found;
}

/** Path of the generated model, which is made when it is not there yet. Written under a temporary name, so that half a file is never found. */
export function ensureWorkload(name: string, folder = workloadCache()): string {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.onnx`);
  if (fs.existsSync(file)) return file;
  if (name === bigModelName) return writeBigModel(folder);
  const partial = `${file}.${process.pid}.partial`;
  const sink = createFileSink(partial);
  writeModel(findWorkload(name).make(), sink);
  sink.close();
  fs.renameSync(partial, file);
  return file;
}

/** SHA-256 of the model file, without keeping it. */
export function hashModel(model: OnnxModel): string {
  const hash = createHash("sha256");
  writeModel(model, { write: (bytes) => hash.update(bytes) });
  return hash.digest("hex");
}

function staticDims(input: OnnxValueInfo, sizes: Readonly<Record<string, number>>): number[] {
  if (input.type?.kind !== "tensor") return [];
  return (input.type.dims ?? []).map((dim) => (dim.value === undefined ? (sizes[dim.param ?? ""] ?? 32) : Number(dim.value)));
}

/** Deterministic inputs of a workload; symbolic dims take their size from `sizes` (default 32). */
export function workloadInputs(workload: Workload, sizes: Readonly<Record<string, number>> = {}): NamedTensor[] {
  return workload.make().graph.inputs.map((input) => {
    const dims = staticDims(input, sizes);
    const dtype = input.type?.kind === "tensor" ? input.type.dtype : "f32";
    const fill = workload.inputs[input.name] ?? defaultFill(dtype);
    return { name: input.name, dtype, dims, bytes: generatedBytes(`input:${input.name}`, dtype, dims, fill) };
  });
}

/** Writes `input_0.pb`, `input_1.pb`, ... into `folder`. */
export function writeInputs(workload: Workload, folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
  workloadInputs(workload).forEach((tensor, i) => writeTensorFile(path.join(folder, `input_${i}.pb`), tensor));
}
