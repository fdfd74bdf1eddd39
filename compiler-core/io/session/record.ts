/**
 * Values inside of a model, recorded from a run of it: what a part gets in its place is realistic in range, sparsity and order, as random numbers
 * are not. Only what leads to the values is run: on ONNX Runtime where it is installed, else compiled, else by the evaluator.
 */
import fs from "node:fs";
import path from "node:path";
import type { Compilation } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import type { MachineProfile } from "../../machine.ts";
import { UserError } from "../../messages.ts";
import { valueInfo } from "../../onnx/builder.ts";
import type { OnnxModel } from "../../onnx/model.ts";
import { externalTarget, writeModel } from "../../onnx/writer.ts";
import type { CompileOptions } from "../../options.ts";
import { createFileSink } from "../byte-source.ts";
import { ancestorsOf, extractNodes } from "../extract-nodes.ts";
import { findOrtLibrary } from "../ort-library.ts";
import type { TensorStore } from "../../onnx/tensor-data.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { inputsById, referenceGraph } from "./check.ts";
import { compileModel } from "./compile.ts";
import { openSessionModel, type SessionModel } from "./model.ts";
import { NativeHost, type HostSettings, type LoadedModel } from "./native-host.ts";
import type { RunValue } from "./run-value.ts";
import { Scratch } from "./scratch.ts";

export interface RecordSettings extends BuildSettings, HostSettings {
  /** Values for the inputs of the whole model, in its order. */
  readonly inputs: readonly RunValue[];
}

export interface Recording {
  /** By ONNX name. */
  readonly values: ReadonlyMap<string, RunValue>;
  /** For people: `a run of the whole model on ONNX Runtime 1.30`. */
  readonly by: string;
}

/** What was tried, and why it did not do. */
export interface NotRecorded {
  readonly because: string;
}

type Way = (model: SessionModel, file: string, fed: ReadonlyMap<string, RunValue>, settings: RecordSettings) => Promise<Recorded>;
interface Recorded {
  readonly names: readonly string[];
  readonly values: readonly RunValue[];
  readonly by: string;
}

/** Weights of this size and more go to a file of their own: a model file ends at 2 GiB. */
const externalBytes = 1 << 20;

/** Writes a model, with large tensors in a file beside it (`FILE.data`). */
export function writeModelFile(model: OnnxModel, file: string, store: TensorStore, threshold = externalBytes): void {
  const data = `${path.basename(file)}.data`;
  const [sink, weights] = [createFileSink(file), createFileSink(path.join(path.dirname(file), data))];
  try {
    writeModel(model, sink, { store, external: externalTarget(data, weights, threshold) });
  } finally {
    sink.close();
    weights.close();
  }
  const beside = path.join(path.dirname(file), data);
  if (fs.statSync(beside).size === 0) fs.rmSync(beside);
}

/** Records the values of the main graph with these ONNX names; never throws for what the model contains. Throws `cancelled`. */
export async function recordValues(
  model: SessionModel,
  compilation: Compilation,
  machine: MachineProfile,
  names: readonly string[],
  settings: RecordSettings,
): Promise<Recording | NotRecorded> {
  const whole = model.file.model;
  const typed = referenceGraph(compilation);
  const given = new Map(typed.inputs.map((id, i) => [typed.values[id]?.name ?? "", settings.inputs[i]] as const));
  const values = new Map<string, RunValue>();
  for (const name of names) {
    const value = given.get(name);
    if (value !== undefined) values.set(name, value);
  }
  const wanted = names.filter((n) => !values.has(n));
  if (wanted.length === 0) return { values, by: "inputs of the whole model" };
  const part = extractNodes(whole, ancestorsOf(whole, wanted), () => undefined);
  const fed = new Map(part.inputs.flatMap((n) => (given.get(n) === undefined ? [] : [[n, given.get(n) as RunValue] as const])));
  const unfed = part.inputs.find((n) => !fed.has(n));
  if (unfed !== undefined) return { because: `nothing is known of ${JSON.stringify(unfed)}, which it is computed from` };
  const prefix = { ...part.model, graph: { ...part.model.graph, outputs: wanted.map((n) => valueInfo(n, undefined)) } };
  const scratch = new Scratch();
  const failures: string[] = [];
  try {
    const file = scratch.path("before.onnx");
    writeModelFile(prefix, file, model.file.store);
    for (const way of [onOrt, compiled(compilation.options, machine), evaluated(compilation)]) {
      try {
        const found = await way(model, file, fed, settings);
        const at = new Map(found.names.map((n, i) => [n, found.values[i]] as const));
        const missing = wanted.find((n) => at.get(n) === undefined);
        if (missing !== undefined) throw new UserError("bug", {}, { what: `${missing} was not recorded` });
        for (const n of wanted) values.set(n, at.get(n) as RunValue);
        return { values, by: found.by };
      } catch (e) {
        if (!(e instanceof UserError) || e.code === "cancelled") throw e;
        failures.push(e.message);
      }
    }
    return { because: [...new Set(failures)].join("; ") };
  } finally {
    scratch.close();
  }
}

const onOrt: Way = async (_model, file, fed, settings) => {
  if (findOrtLibrary() === undefined) throw new UserError("ort-missing", {}, { what: "the package onnxruntime-node is not installed" });
  return onHost(settings, async (host) => {
    const target = await host.loadOrt(file, 1);
    const values = await host.runValues(target, host.inputFiles([...fed.keys()], [...fed.values()]));
    return { names: target.outputs, values, by: `a run of the whole model on ONNX Runtime ${target.version ?? ""}`.trim() };
  });
};

/** Our own code for what leads to the values. */
const compiled =
  (options: CompileOptions, machine: MachineProfile): Way =>
  async (_model, file, fed, settings) => {
    const before = openSessionModel(file);
    try {
      const dims = Object.fromEntries(Object.entries(options.dims).filter(([name]) => before.dims.includes(name)));
      const { onlyUntil: _, ...rest } = options;
      const made = compileModel(before, { ...rest, dims, force: [], forbid: [] }, machine);
      if (made.error !== undefined) throw made.error;
      const { source } = made;
      if (source === undefined) throw new UserError("nodes-unsupported", {}, { count: 1, total: 1, list: "no code" });
      const built = await buildCode(source, settings);
      return await onHost(settings, async (host) => {
        const target: LoadedModel = await host.load(built);
        const names = source.plan.inputs.map((i) => i.name);
        const values = await host.runValues(
          target,
          host.inputFiles(
            names,
            names.map((n) => fed.get(n) ?? [...fed.values()][names.indexOf(n)]!),
          ),
        );
        return { names: target.outputs, values, by: "a run of the whole model, compiled" };
      });
    } finally {
      before.close();
    }
  };

/** The evaluator on the graph as imported. */
const evaluated =
  (compilation: Compilation): Way =>
  (_model, _file, _fed, settings) => {
    const graph = referenceGraph(compilation);
    const values = evaluateGraph(graph, inputsById(graph, settings.inputs));
    const named = [...values].flatMap(([id, v]) => {
      const name = graph.values[id]?.name;
      return name === undefined ? [] : [[name, v] as const];
    });
    return Promise.resolve({
      names: named.map(([n]) => n),
      values: named.map(([, v]) => v),
      by: "the evaluator's values in the whole model",
    });
  };

async function onHost<T>(settings: HostSettings, body: (host: NativeHost) => Promise<T>): Promise<T> {
  const host = await NativeHost.start(settings);
  try {
    return await body(host);
  } finally {
    await host.close();
  }
}
