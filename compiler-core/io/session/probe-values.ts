/** Values of a model's tensors in one run: of the compiled code, of ONNX Runtime, and of an evaluation in f64. */
import { compile, type Compilation } from "../../compile.ts";
import { valueOf, type Graph, type ValueId } from "../../graph/ir.ts";
import { bug, UserError } from "../../messages.ts";
import { valueInfo } from "../../onnx/builder.ts";
import type { OnnxModel } from "../../onnx/model.ts";
import { ancestorsOf, extractNodes } from "../extract-nodes.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { referenceGraph } from "./check.ts";
import type { SessionModel } from "./model.ts";
import type { HostSettings, NativeHost } from "./native-host.ts";
import { observableValues, observe, withoutPadding } from "./observe.ts";
import { writeModelFile } from "./record.ts";
import type { RunValue } from "./run-value.ts";
import { Scratch } from "./scratch.ts";

export interface ProbeSettings extends BuildSettings, HostSettings {
  /** Values for the inputs of the model, in its order. */
  readonly inputs: readonly RunValue[];
  /** Told what begins. */
  readonly onStep?: (text: string) => void;
}

/** Names of the tensors of the main graph that nodes make, in the order of the file. */
export function madeNames({ graph }: OnnxModel): readonly string[] {
  return [...new Set(graph.nodes.flatMap((n) => n.outputs).filter((name) => name !== ""))];
}

/** Values of the main graph by ONNX name: inputs, initializers, results of nodes. Names are unique there; later ones are of copies. */
export function valuesByName(graph: Graph): ReadonlyMap<string, ValueId> {
  const map = new Map<string, ValueId>();
  for (const value of graph.values) if (value !== undefined && value.name !== "" && !map.has(value.name)) map.set(value.name, value.id);
  return map;
}

/** What the code as it was compiled makes of these values: those that pass from nest to nest in memory, and outputs. */
export async function observedValues(
  compilation: Compilation,
  wanted: readonly ValueId[],
  host: NativeHost,
  settings: ProbeSettings,
): Promise<ReadonlyMap<ValueId, RunValue>> {
  const observable = observableValues(compilation);
  const { source, values } = observe(compilation, wanted);
  const outputs = await runSource({ source }, host, settings);
  const found = new Map<ValueId, RunValue>();
  const { graph } = compilation;
  graph.outputs.forEach((id, i) => wanted.includes(id) && found.set(id, outputs[i] ?? bug(`output ${i} is missing`)));
  values.forEach((id, i) => {
    const value = outputs[graph.outputs.length + i] ?? bug(`value %${id} was not given out`);
    found.set(id, withoutPadding(value, observable.get(id) ?? bug(`value %${id} is not observable`)));
  });
  return found;
}

/** The same for values that never are in memory as they are: the model is compiled once more, with them as outputs. Throws its errors. */
export async function writtenOutValues(
  imported: Graph,
  { options, machine }: Compilation,
  wanted: readonly ValueId[],
  host: NativeHost,
  settings: ProbeSettings,
): Promise<ReadonlyMap<ValueId, RunValue>> {
  const graph = { ...imported, outputs: [...imported.outputs, ...wanted] };
  const made = compile(graph, options, machine, { now: () => performance.now() });
  if (made.error !== undefined) throw made.error;
  const outputs = await runSource(made, host, settings);
  return new Map(wanted.map((id, i) => [id, outputs[imported.outputs.length + i] ?? bug(`output %${id} is missing`)]));
}

async function runSource({ source }: Pick<Compilation, "source">, host: NativeHost, settings: ProbeSettings): Promise<RunValue[]> {
  const { plan } = source ?? bug("there is no code to run");
  settings.onStep?.("building");
  const built = await buildCode(source!, settings);
  settings.onStep?.("running");
  const loaded = await host.load(built);
  const files = host.inputFiles(
    plan.inputs.map((i) => i.name),
    settings.inputs,
  );
  try {
    return await host.runValues(loaded, files);
  } finally {
    await host.unload(loaded);
  }
}

export interface OrtValues {
  readonly version: string;
  /** By ONNX name. */
  readonly values: ReadonlyMap<string, RunValue>;
}

/** What ONNX Runtime makes of the tensors with these names, or why it does not. Only what leads to them is run. Throws `cancelled`. */
export async function ortValues(
  model: SessionModel,
  compilation: Compilation,
  names: readonly string[],
  host: NativeHost,
  settings: ProbeSettings,
): Promise<OrtValues | { readonly because: string }> {
  const whole = model.file.model;
  const typed = referenceGraph(compilation);
  const given = new Map(typed.inputs.map((id, i) => [valueOf(typed, id).name, settings.inputs[i]!] as const));
  const wanted = names.filter((name) => !given.has(name));
  const values = new Map(names.flatMap((name) => (given.has(name) ? [[name, given.get(name)!] as const] : [])));
  if (wanted.length === 0) return { version: "", values };
  const part = extractNodes(whole, ancestorsOf(whole, wanted), () => undefined);
  const prefix = { ...part.model, graph: { ...part.model.graph, outputs: wanted.map((n) => valueInfo(n, undefined)) } };
  const scratch = new Scratch();
  try {
    const file = scratch.path("probed.onnx");
    writeModelFile(prefix, file, model.file.store);
    settings.onStep?.("running ONNX Runtime");
    const loaded = await host.loadOrt(file, 1);
    const files = host.inputFiles(
      part.inputs,
      part.inputs.map((n) => given.get(n) ?? bug(`nothing is known of ${n}`)),
    );
    const found = await host.runValues(loaded, files);
    loaded.outputs.forEach((name, i) => values.set(name, found[i]!));
    await host.unload(loaded);
    return { version: loaded.version ?? "", values };
  } catch (e) {
    if (!(e instanceof UserError) || e.code === "cancelled") throw e;
    return { because: e.message };
  } finally {
    scratch.close();
  }
}
