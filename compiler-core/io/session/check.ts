/** Compares compiled code with ONNX Runtime or with our evaluator, on random inputs, by the errors of both against f64. */
import type { Compilation } from "../../compile.ts";
import { evaluateGraph } from "../../graph/eval.ts";
import { valueOf, type Graph, type ValueId } from "../../graph/ir.ts";
import type { NdArray } from "../../graph/ndarray.ts";
import { bug, userError } from "../../messages.ts";
import { accuracy, magnitudeOperands, reductionMagnitude, spread, type Accuracy, type Spread } from "../accuracy.ts";
import { randomInputs } from "../random-inputs.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type HostSettings } from "./native-host.ts";

export interface CheckSettings extends BuildSettings, HostSettings {
  readonly against: "ort" | "eval";
  readonly seed: number;
  /** Told what begins. */
  readonly onStep?: (text: string) => void;
}

export interface CheckedOutput extends Accuracy, Spread {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface CheckResult {
  readonly against: "ort" | "eval";
  /** Of ONNX Runtime. */
  readonly version?: string;
  readonly outputs: readonly CheckedOutput[];
  readonly ok: boolean;
}

/** The graph that results are held against: as imported, with all shapes known. */
export function referenceGraph(compilation: Compilation): Graph {
  const index = compilation.passes.findIndex((p) => p.name === "infer-shapes");
  const snapshot = compilation.snapshots[index];
  return snapshot !== undefined && "nodes" in snapshot ? snapshot : bug("there is no snapshot with shapes");
}

/** Inputs of a compiled model by value id. */
export function inputsById(graph: Graph, inputs: readonly NdArray[]): Map<ValueId, NdArray> {
  return new Map(graph.inputs.map((id, i) => [id, inputs[i] ?? bug(`no data for input ${i}`)]));
}

/**
 * Units in the last place allowed beside twice the reference's own error. The evaluator rounds each sum once, so its error says little about
 * what many roundings in a row may cost: it grants more.
 */
const slack = { ort: 4, eval: 16 } as const;

/** Builds, runs once on random inputs, and compares. Throws `ort-missing`, `ort-failed`, `not-evaluable` and the errors of building and running. */
export async function checkModel(model: SessionModel, compilation: Compilation, settings: CheckSettings): Promise<CheckResult> {
  const { source } = compilation;
  if (source === undefined) return bug("there is no code to check");
  const graph = referenceGraph(compilation);
  const inputs = randomInputs(model.graph, graph, settings.seed);
  const given = inputsById(graph, inputs);
  const want = [...new Set([...graph.outputs, ...magnitudeOperands(graph, graph.outputs)])];
  const exact = evaluateGraph(graph, given, { mode: "f64", want });
  settings.onStep?.("building");
  const built = await buildCode(source, settings);
  const host = await NativeHost.start(settings);
  try {
    settings.onStep?.("running");
    const files = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      inputs,
    );
    const ours = await host.run(await host.load(built), files);
    const reference =
      settings.against === "ort" ? await runOrt(host, model, source.plan.threads, files) : { outputs: evaluated(graph, given) };
    const outputs = graph.outputs.map((id, i) => compareOutput(graph, id, exact, ours[i], reference.outputs[i], slack[settings.against]));
    return {
      against: settings.against,
      ...("version" in reference ? { version: reference.version } : {}),
      outputs,
      ok: outputs.every((o) => o.ok),
    };
  } finally {
    await host.close();
  }
}

async function runOrt(
  host: NativeHost,
  model: SessionModel,
  threads: number,
  files: Parameters<NativeHost["run"]>[1],
): Promise<{ outputs: NdArray[]; version: string | undefined }> {
  const ort = await host.loadOrt(model.path, threads);
  return { outputs: await host.run(ort, files), version: ort.version };
}

function evaluated(graph: Graph, given: ReadonlyMap<ValueId, NdArray>): NdArray[] {
  const values = evaluateGraph(graph, given);
  return graph.outputs.map((id) => values.get(id) ?? bug(`output %${id} was not evaluated`));
}

function compareOutput(
  graph: Graph,
  id: ValueId,
  values: ReadonlyMap<ValueId, NdArray>,
  ours: NdArray | undefined,
  reference: NdArray | undefined,
  ulps: number,
): CheckedOutput {
  const { name } = valueOf(graph, id);
  const exact = values.get(id);
  if (ours === undefined || reference === undefined || exact === undefined) return bug(`output ${name} is missing`);
  if (reference.shape.join() !== ours.shape.join()) {
    userError("output-shape", {}, { name, ours: ours.shape.join("x"), reference: reference.shape.join("x") });
  }
  const magnitude = reductionMagnitude(graph, id, values);
  return { name, dtype: ours.dtype, shape: ours.shape, ...accuracy(ours, reference, exact, magnitude, ulps), ...spread(ours) };
}
