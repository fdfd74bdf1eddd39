/** A running native process with models loaded into it: ours and ONNX Runtime's, fed and read through files. */
import fs from "node:fs";
import os from "node:os";
import type { ArtifactPlan, PlannedWeight } from "../../codegen/plan.ts";
import type { NdArray } from "../../graph/ndarray.ts";
import { bug, UserError, userError } from "../../messages.ts";
import type { DeclaredInputs } from "../../onnx/hole-model.ts";
import type { OnednnPrimitive } from "../../protocol/onednn.ts";
import type { LoadParams, RunOutput, TargetId, TensorFileRef, WeightRange } from "../../protocol/runner.ts";
import { onednnLibrary } from "../onednn-library.ts";
import { findOrtLibrary } from "../ort-library.ts";
import { RunnerClient } from "../runner-client.ts";
import type { BuiltCode } from "./build.ts";
import { holeParams } from "./hole-files.ts";
import type { DraftPlan } from "./onednn/plan.ts";
import { packedKey, withPacked } from "./packed-cache.ts";
import { isNumbers, isSequence, typeText, type RunValue } from "./run-value.ts";
import { Scratch } from "./scratch.ts";

export interface HostSettings {
  /** For one request to the runner. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** A model that can be run. `name` labels it in benchmarks. */
export interface LoadedModel {
  readonly target: TargetId;
  readonly name: string;
  readonly plan: ArtifactPlan | undefined;
  /** Names of the outputs, in the order that `run` gives them. */
  readonly outputs: readonly string[];
  /** Of ONNX Runtime. */
  readonly version?: string;
}

type PackedFile = LoadParams["packed"];

/** What a run writes to. The system would hand out more memory than there is, and end some process or other when it is used. */
function mustFit({ inputs, outputs, arenaBytes, packedBytes, scratchBytes, threads }: ArtifactPlan): void {
  const tensors = [...inputs, ...outputs].reduce((sum, { bytes }) => sum + bytes, 0);
  const needed = tensors + arenaBytes + packedBytes + threads * scratchBytes;
  const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  if (needed > os.totalmem())
    userError("runner-resources", {}, { what: `a run needs ${gib(needed)} GiB of memory, this machine has ${gib(os.totalmem())}` });
}

export class NativeHost {
  private constructor(
    readonly client: RunnerClient,
    private readonly scratch: Scratch,
    private readonly settings: HostSettings,
  ) {}

  /** Starts a runner. `close` must be called. */
  static async start(settings: HostSettings = {}): Promise<NativeHost> {
    const client = await RunnerClient.start();
    return new NativeHost(client, new Scratch(), settings);
  }

  /** Options of one request; `settings` given here come first. */
  request(settings: HostSettings = {}) {
    const { timeoutSeconds, signal, onProgress } = { ...this.settings, ...settings };
    return { signal, onProgress, timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000 };
  }

  /** Loads compiled code with its weights and does the constant work of the first run. `prefix`: of its symbols, where one object holds many models. `kept`: what that work makes may stay on disk. */
  async load(built: Pick<BuiltCode, "sharedObject" | "plan">, name = "ours", prefix = "", kept = true): Promise<LoadedModel> {
    const { plan } = built;
    mustFit(plan);
    const weights = plan.weights.map((w) => this.weight(w));
    const load = (declared: DeclaredInputs, packed?: PackedFile) =>
      this.client.request(
        "load",
        {
          so: built.sharedObject,
          weights,
          threads: plan.threads,
          prefix,
          ...(packed === undefined ? {} : { packed }),
          ...holeParams(plan, this.scratch, declared),
        },
        this.request(),
      );
    const loadWith = (packed?: PackedFile) =>
      load("known", packed).catch((refused: unknown) => {
        // It knows more of a part's inputs than it would in the whole model, where it may accept what it finds when it runs.
        if (!(refused instanceof UserError) || refused.code !== "hole-invalid") throw refused;
        return load("types", packed).catch(() => {
          throw refused;
        });
      });
    const key = kept ? packedKey(built, prefix, weights) : undefined;
    const { target } = await (key === undefined ? loadWith() : withPacked(key, loadWith));
    return { target, name, plan, outputs: plan.outputs.map((o) => o.name) };
  }

  private weight({ range, inline, bytes, name, once }: PlannedWeight): WeightRange {
    const kept = once === true ? { once } : {};
    if (range !== undefined) return { ...range, ...kept };
    const data = inline?.() ?? bug(`weight ${name} has no data`);
    return { file: this.scratch.write("weight.bin", data), offset: 0, length: bytes, ...kept };
  }

  /** Loads a model file into ONNX Runtime. Throws `ort-missing` and `ort-failed`. */
  async loadOrt(model: string, threads: number): Promise<LoadedModel> {
    const library = findOrtLibrary();
    if (library === undefined) return userError("ort-missing", {}, { what: "the package onnxruntime-node is not installed" });
    const { target, version, outputs } = await this.client.request("load-ort", { library, model, threads }, this.request());
    return { target, name: "ort", plan: undefined, outputs, version };
  }

  /** Loads a list of oneDNN primitives. Throws `onednn-missing` and `onednn-failed`. */
  async loadOnednn(draft: DraftPlan, threads: number): Promise<LoadedModel & { readonly primitives: readonly OnednnPrimitive[] }> {
    const buffers = draft.buffers.map(({ bytes, data }) =>
      data === undefined ? { bytes } : { bytes, file: this.scratch.write("constant.bin", data) },
    );
    const params = { library: onednnLibrary(), plan: { ...draft, buffers }, threads };
    const { target, version, primitives } = await this.client.request("load-onednn", params, this.request());
    return { target, name: "onednn", plan: undefined, outputs: draft.outputs.map((_, i) => `${i}`), version, primitives };
  }

  /** Inputs as files, by name: they stay until the host is closed. */
  inputFiles(names: readonly string[], values: readonly RunValue[]): TensorFileRef[] {
    return values.map((v, i) => this.inputFile(names[i] ?? "", v));
  }

  private inputFile(name: string, v: RunValue): TensorFileRef {
    return isSequence(v) ? { file: "", name, items: v.items.map((item) => this.inputFile(name, item)) } : this.scratch.tensor(name, v);
  }

  /** Runs once; outputs in the model's order, which must be tensors of numbers (`runner-unsupported` otherwise). */
  async run(model: LoadedModel, inputs: readonly TensorFileRef[]): Promise<NdArray[]> {
    const values = await this.runValues(model, inputs);
    return values.map((v, i) =>
      isNumbers(v) ? v : userError("runner-unsupported", {}, { what: `output ${model.outputs[i] ?? i} is a ${typeText(v)}` }),
    );
  }

  /** Runs once; outputs in the model's order, whatever they are. */
  async runValues(model: LoadedModel, inputs: readonly TensorFileRef[]): Promise<RunValue[]> {
    const files = model.outputs.map(() => this.scratch.path("output.bin"));
    const { outputs } = await this.client.request(
      "run",
      { target: model.target, inputs, outputs: files.map((file) => ({ file })) },
      this.request(),
    );
    return files.map((file, i) => {
      const planned = model.plan?.outputs[i];
      const written = outputs[i] ?? bug(`the runner left output ${i} out`);
      return this.value(file, planned === undefined || planned.host !== undefined ? written : { ...written, ...planned });
    });
  }

  private value(file: string, { kind, dtype, shape, items }: RunOutput): RunValue {
    if (kind !== undefined) return { kind, items: (items ?? []).map((item, i) => this.value(`${file}.${i}`, item)) };
    const read = this.scratch.read(file, dtype ?? "unknown", shape ?? []);
    fs.rmSync(file, { force: true });
    return read;
  }

  async unload(model: Pick<LoadedModel, "target">): Promise<void> {
    await this.client.request("unload", { target: model.target }, this.request());
  }

  async close(): Promise<void> {
    await this.client.close();
    this.scratch.close();
  }
}
