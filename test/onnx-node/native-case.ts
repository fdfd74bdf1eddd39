/** One ONNX test case as native code: compiled by itself, built together with others, run on its stored inputs, held against its stored outputs. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { defaultOptions, UserError } from "#core";
import {
  buildModule,
  compareStored,
  compileModel,
  dimsOfData,
  findToolchain,
  localMachine,
  NativeHost,
  openSessionModel,
  readTensorFolder,
  type SessionModel,
} from "#core/io";
import { decode, evaluable } from "../../compiler-core/graph/ndarray.ts";
import type { ArtifactPlan } from "../../compiler-core/codegen/plan.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { bake, disputed, rounded } from "../onnx-ops/onnx-case.ts";
import { quickBuilds, unitOf } from "./unit.ts";

/** The tolerances of the ONNX project's own runner. */
export const tolerance = { rtol: 1e-3, atol: 1e-7 };
const machine = localMachine();
/** Why nothing can be built here. */
export const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);

export interface Compiled {
  readonly root: string;
  readonly name: string;
  /** What was done to the case so that it compiles; for its name in the report. */
  readonly note: string;
  readonly model: SessionModel;
  readonly text: string;
  readonly plan: ArtifactPlan;
}

/** One reason for all of them, or the summary of a run would be a list of operators; `fusionscope compile MODEL` says which and why. */
const notYet = "an operator or element type that is not compiled";

/**
 * The case as code, or the reason why it is skipped. Many cases pass as inputs what a compiler must know (shapes, axes, k ...): where such a
 * case does not compile, its small inputs are taken as constants of the model (the first one only if nothing else helps), and its name says so.
 */
export function compileCase(root: string, name: string): Compiled | string {
  if (disputed[name] !== undefined) return disputed[name];
  const direct = compileAs(root, name, undefined);
  if (typeof direct !== "string") return direct;
  for (const first of [1, 0]) {
    const baked = compileAs(root, name, first);
    if (typeof baked !== "string") return { ...baked, note: " (small inputs as constants)" };
  }
  return direct;
}

function compileAs(root: string, name: string, firstBaked: number | undefined): Compiled | string {
  const folder = path.join(root, name);
  const data = path.join(folder, "test_data_set_0");
  let opened: SessionModel | undefined;
  try {
    opened = openSessionModel(path.join(folder, "model.onnx"));
    const model = firstBaked === undefined ? opened : withConstants(opened, data, firstBaked);
    if (model === undefined) {
      opened.close();
      return "nothing to take as a constant";
    }
    const dims = dimsOfData(model.graph, data);
    const { source, error, unsupported } = compileModel(model, { ...defaultOptions, dims }, machine);
    if (source !== undefined && unsupported.length === 0) return { root, name, note: "", model, text: source.text, plan: source.plan };
    opened.close();
    if (error?.exit === 70) throw error;
    return error?.code ?? (unsupported.length > 0 ? notYet : "no code");
  } catch (e) {
    opened?.close();
    if (e instanceof UserError && e.exit !== 70) return e.code;
    throw e;
  }
}

/** The model with its small inputs from number `first` on as constants; undefined when it has none. */
function withConstants(model: SessionModel, data: string, first: number): SessionModel | undefined {
  const baked = bake(model.file.model, readTensorFolder(data, "input"), first);
  if (baked.graph.inputs.length === model.file.model.graph.inputs.length) return undefined;
  const { path: file, name, bytes, importMs, dims, structureHash, close } = model;
  const graph = importModel(baked, model.file.store);
  return { path: file, name, bytes, importMs, file: model.file, graph, dims, defaultDims: {}, structureHash, close };
}

let host: NativeHost | undefined;
export const closeHost = async (): Promise<void> => host?.close();

/** A runner; a new one when a case brought the last one down. */
export async function runningHost(): Promise<NativeHost> {
  if (host?.client.alive !== true) host = await NativeHost.start({ timeoutSeconds: 30 });
  return host;
}

/** Runs a case of a built unit; throws where the outputs differ. Returns why it was skipped. */
export async function runCase({ root, name, plan, model }: Compiled, sharedObject: string, prefix: string): Promise<string | undefined> {
  const folder = path.join(root, name, "test_data_set_0");
  const inputs = readTensorFolder(folder, "input");
  const wanted = readTensorFolder(folder, "output");
  const byName = new Map(model.file.model.graph.inputs.map((input, i) => [input.name, inputs[i]]));
  const values = plan.inputs.map((p) => {
    const data = byName.get(p.name);
    return data !== undefined && evaluable(data.dtype as DType) ? decode(p.dtype, p.shape, data.bytes) : undefined;
  });
  const given = values.filter((v) => v !== undefined);
  if (given.length < plan.inputs.length) return "an input without data";
  const runner = await runningHost();
  const loaded = await runner.load({ sharedObject, plan }, name, prefix);
  const outputs = await runner.run(
    loaded,
    runner.inputFiles(
      plan.inputs.map((p) => p.name),
      given,
    ),
  );
  await runner.unload(loaded);
  outputs.forEach((out, i) => {
    const result = compareStored(
      plan.outputs[i]?.name ?? "",
      out,
      wanted[i],
      rounded[name] === undefined ? tolerance : { ...tolerance, atol: 1e-6 },
    );
    assert.ok(result.ok, `${result.name}: ${result.why ?? ""}`);
  });
  return undefined;
}

/** The shared object of many cases: their symbols begin with `prefixOf(index)`. */
export async function buildUnit(unit: readonly Compiled[]): Promise<string> {
  const source = { name: "model.cpp", text: unitOf(unit.map((c) => c.text)) };
  const { so } = await buildModule({ sources: [source], isa: unit[0]?.plan.isa ?? "scalar", quick: quickBuilds });
  return so;
}

/** The folders below `root` that hold a case. */
export const caseNames = (root: string): string[] =>
  fs
    .readdirSync(root)
    .filter((name) => fs.existsSync(path.join(root, name, "model.onnx")))
    .sort();
