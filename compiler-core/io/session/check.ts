/**
 * Compares compiled code with ONNX Runtime or with our evaluator, on random inputs: by the errors of both against f64 where that can be evaluated,
 * directly behind holes.
 */
import type { Compilation } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { type Graph, type ValueId } from "../../graph/ir.ts";
import type { NdArray } from "../../graph/ndarray.ts";
import type { ArtifactPlan } from "../../codegen/plan.ts";
import { bug, UserError, userError } from "../../messages.ts";
import { buildCode, type BuildSettings, type BuiltCode } from "./build.ts";
import { compareOutput, type CheckedOutput } from "./compare-output.ts";
import { bf16ProductsInARow } from "./bf16-depth.ts";
import { blockedValues, exactValues } from "./exact-values.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type HostSettings } from "./native-host.ts";
import { randomModelInputs } from "./run-inputs.ts";
import { isNumbers, type RunValue } from "./run-value.ts";

export type { CheckedOutput } from "./compare-output.ts";

export interface CheckSettings extends BuildSettings, HostSettings {
  readonly against: "ort" | "eval";
  readonly seed: number;
  /** What ONNX Runtime refuses, but we compile as a whole, is held against the evaluator instead. */
  readonly elseEval?: boolean;
  /** Told what begins. */
  readonly onStep?: (text: string) => void;
}

export interface CheckResult {
  readonly against: "ort" | "eval";
  /** Of ONNX Runtime. */
  readonly version?: string;
  /** Why the evaluator took the place of ONNX Runtime. */
  readonly note?: string;
  readonly outputs: readonly CheckedOutput[];
  readonly ok: boolean;
}

/** The graph that results are held against: as imported, with all shapes known. */
export function referenceGraph(compilation: Compilation): Graph {
  const index = compilation.passes.map((p) => p.name).lastIndexOf("infer-shapes");
  const snapshot = compilation.snapshots[index];
  return snapshot !== undefined && "nodes" in snapshot ? snapshot : bug("there is no snapshot with shapes");
}

/** Inputs of a compiled model by value id: those that are numbers. */
export function inputsById(graph: Graph, inputs: readonly RunValue[]): Map<ValueId, NdArray> {
  return new Map(
    graph.inputs.flatMap((id, i) => {
      const value = inputs[i] ?? bug(`no data for input ${i}`);
      return isNumbers(value) ? [[id, value] as const] : [];
    }),
  );
}

/** Builds, runs once on random inputs, and compares. Throws `ort-missing`, `ort-failed`, and the errors of building and running. */
export async function checkModel(model: SessionModel, compilation: Compilation, settings: CheckSettings): Promise<CheckResult> {
  const { source } = compilation;
  if (source === undefined) return bug("there is no code to check");
  const graph = referenceGraph(compilation);
  const inputs = randomModelInputs(model, graph, settings.seed);
  const given = inputsById(graph, inputs);
  settings.onStep?.("building");
  const built = await buildCode(source, settings);
  const host = await NativeHost.start(settings);
  try {
    settings.onStep?.("running");
    const files = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      inputs,
    );
    const ours = await runPlan(host, built, files).catch((e: unknown) => failedTogether(e, host, model, source.plan, files));
    const reference = await referenceOf(host, model, graph, source.plan, { files, given, settings });
    settings.onStep?.("evaluating in f64");
    const exact = exactValues(graph, given);
    const { against } = reference;
    const outputs = graph.outputs.map((id, i) =>
      compareOutput({
        graph,
        id,
        ours: ours[i],
        reference: reference.outputs[i],
        exact,
        against,
        bf16Products: bf16ProductsInARow(compilation.graph, compilation.graph.outputs[i]),
      }),
    );
    const { outputs: _, ...facts } = reference;
    return { ...facts, outputs, ok: outputs.every((o) => o.ok) };
  } finally {
    await host.close();
  }
}

async function runPlan(host: NativeHost, built: BuiltCode, files: InputFiles): Promise<RunValue[]> {
  return host.runValues(await host.load(built), files);
}

/**
 * A part that ONNX Runtime cannot run is its own matter where it cannot run the whole model on the same inputs, either: `ort-cannot-run`. Files
 * that it does not even load, and operators that it does not know, keep their errors.
 */
async function failedTogether(e: unknown, host: NativeHost, model: SessionModel, plan: ArtifactPlan, files: InputFiles): Promise<never> {
  if (!(e instanceof UserError) || (e.code !== "hole-failed" && e.code !== "hole-invalid")) throw e;
  const whole = await host.loadOrt(model.path, plan.threads).catch(() => {
    // What it does not load is wrong as a whole, however far its parts may come.
    if (e.code === "hole-failed") userError("hole-invalid", {}, e.holes, e);
    throw e;
  });
  const theirs = await host.runValues(whole, files).then(
    () => undefined,
    (x: unknown) => x,
  );
  if (theirs instanceof UserError && theirs.code === "ort-failed")
    userError("ort-cannot-run", {}, { what: String(theirs.holes["what"] ?? theirs.message) }, theirs);
  throw e;
}

/** An output that nothing but a part on ONNX Runtime computes has no reference where ONNX Runtime does not run the whole. */
type Reference = Pick<CheckResult, "against" | "version" | "note"> & { readonly outputs: readonly (RunValue | undefined)[] };
type InputFiles = Parameters<NativeHost["run"]>[1];

interface GivenInputs {
  readonly files: InputFiles;
  readonly given: ReadonlyMap<ValueId, NdArray>;
  readonly settings: CheckSettings;
}

async function referenceOf(
  host: NativeHost,
  model: SessionModel,
  graph: Graph,
  plan: ArtifactPlan,
  { files, given, settings }: GivenInputs,
): Promise<Reference> {
  if (settings.against === "eval") return { against: "eval", outputs: evaluated(graph, given) };
  try {
    const ort = await host.loadOrt(model.path, plan.threads);
    const outputs = await host.runValues(ort, files);
    return { against: "ort", ...(ort.version === undefined ? {} : { version: ort.version }), outputs };
  } catch (e) {
    if (!(e instanceof UserError) || e.code !== "ort-failed" || settings.elseEval !== true) throw e;
    const outputs = evaluated(graph, given);
    if (outputs.length > 0 && outputs.every((o) => o === undefined))
      userError("ort-cannot-run", {}, { what: String(e.holes["what"] ?? e.message) }, e);
    return { against: "eval", outputs, note: e.message };
  }
}

/** The outputs that the evaluator can compute: those that do not come from a part on ONNX Runtime. */
function evaluated(graph: Graph, given: ReadonlyMap<ValueId, NdArray>): (NdArray | undefined)[] {
  const blocked = blockedValues(graph, given);
  const want = graph.outputs.filter((id) => !blocked.has(id));
  const values = want.length === 0 ? new Map<ValueId, NdArray>() : evaluateGraph(graph, given, { want });
  return graph.outputs.map((id) => (blocked.has(id) ? undefined : (values.get(id) ?? bug(`output %${id} was not evaluated`))));
}
