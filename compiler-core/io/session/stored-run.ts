/** Runs a model on stored inputs and compares with stored outputs: the layout of the ONNX project's tests. */
import type { Compilation } from "../../compile.ts";
import { extentsOfInputs } from "../../graph/dim-extents.ts";
import { staticShape, valueOf, type Graph } from "../../graph/ir.ts";
import { decode, evaluable, toNumbers, type NdArray } from "../../graph/ndarray.ts";
import { bug, userError } from "../../messages.ts";
import { isFloat, type DType } from "../../support/dtype.ts";
import { difference, maxDifference } from "../accuracy.ts";
import { readTensorFolder, type NamedTensor } from "../tensor-file.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { NativeHost, type HostSettings } from "./native-host.ts";
import { isNumbers, isSequence, typeText, type RunTensor, type RunValue } from "./run-value.ts";

export interface StoredSettings extends BuildSettings, HostSettings {
  readonly folder: string;
  /** An element passes when |ours - stored| <= atol + rtol |stored|. */
  readonly rtol: number;
  readonly atol: number;
}

export interface StoredOutput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly ok: boolean;
  readonly why?: string;
}

export interface StoredRun {
  readonly outputs: readonly StoredOutput[];
  readonly ok: boolean;
  readonly buildMs: number;
  readonly cached: boolean;
}

/** Sizes of the symbolic dimensions that the stored inputs of a model decide, so that they need not be given. */
export function dimsOfData(graph: Graph, folder: string): Readonly<Record<string, number>> {
  const stored = readTensorFolder(folder, "input");
  return extentsOfInputs(graph, (i) => stored[i]?.dims);
}

/** Builds, runs, compares. @throws data-folder, input-mismatch, and the errors of building and running */
export async function runStored(compilation: Compilation, settings: StoredSettings): Promise<StoredRun> {
  const source = compilation.source ?? bug("there is no code to run");
  const { graph } = compilation;
  const inputs = storedInputs(compilation, settings.folder);
  const wanted = readTensorFolder(settings.folder, "output");
  if (wanted.length === 0) userError("data-folder", {}, { path: settings.folder, what: "there is no output_0.pb" });
  const built = await buildCode(source, settings);
  const host = await NativeHost.start(settings);
  try {
    const files = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      inputs,
    );
    const ours = await host.runValues(await host.load(built), files);
    const outputs = graph.outputs.map((id, i) =>
      compareValue(valueOf(graph, id).name, ours[i] ?? bug(`output ${i} is missing`), wanted[i], settings),
    );
    return { outputs, ok: outputs.every((o) => o.ok), buildMs: built.buildMs, cached: built.cached };
  } finally {
    await host.close();
  }
}

/** The inputs of a model from a folder, held against what it wants. Throws `data-folder` and `input-mismatch`. */
export function storedInputs({ graph }: Compilation, folder: string): RunTensor[] {
  const stored = readTensorFolder(folder, "input");
  if (stored.length !== graph.inputs.length) {
    userError("data-folder", {}, { path: folder, what: `the model has ${graph.inputs.length} inputs, the folder ${stored.length}` });
  }
  return graph.inputs.map((id, i) => {
    const value = valueOf(graph, id);
    const given = stored[i];
    const wrong = (what: string): never => userError("input-mismatch", {}, { name: value.name, what });
    if (given === undefined) return wrong("the folder has no file for it");
    // What the host keeps may have any shape: ONNX Runtime judges.
    const shape = staticShape(value) ?? given.dims;
    if (given.dtype !== value.dtype) return wrong(`the file holds ${given.dtype}, the model wants ${value.dtype}`);
    if (given.dims.join() !== shape.join())
      return wrong(`the file holds ${given.dims.join("x") || "a scalar"}, the model wants ${shape.join("x") || "a scalar"}`);
    return storedTensor(given, value.dtype);
  });
}

/** A tensor of a file as the runner takes it. */
export function storedTensor({ dims, bytes, strings = [] }: NamedTensor, dtype: DType): RunTensor {
  if (dtype === "string") return { dtype, shape: dims, strings };
  return evaluable(dtype) ? decode(dtype, dims, bytes) : { dtype, shape: dims, raw: bytes };
}

/** As `compareStored`, for anything that comes out of a run. */
export function compareValue(
  name: string,
  ours: RunValue,
  stored: NamedTensor | undefined,
  settings: Pick<StoredSettings, "rtol" | "atol">,
): StoredOutput {
  if (isNumbers(ours)) return compareStored(name, ours, stored, settings);
  const base = { name, dtype: isSequence(ours) ? ours.kind : ours.dtype, shape: isSequence(ours) ? [] : ours.shape };
  const no = (why: string): StoredOutput => ({ ...base, maxAbs: NaN, maxRel: NaN, ok: false, why });
  if (stored === undefined) return no("the folder has no file for it");
  if (isSequence(ours)) return no(`it is a ${typeText(ours)}, the file holds a tensor`);
  if (stored.dtype !== ours.dtype || stored.dims.join() !== ours.shape.join())
    return no(`the file holds ${stored.dtype} ${stored.dims.join("x")}`);
  const [a, b]: (readonly unknown[])[] = "strings" in ours ? [ours.strings, stored.strings ?? []] : [[...ours.raw], [...stored.bytes]];
  const bad = (a ?? []).findIndex((v, i) => v !== b?.[i]);
  return bad < 0
    ? { ...base, maxAbs: 0, maxRel: 0, ok: true }
    : no(`element ${bad} is ${JSON.stringify(a?.[bad])}, stored is ${JSON.stringify(b?.[bad])}`);
}

/** Holds an output against a stored one: |ours - stored| <= atol + rtol |stored|, element by element. */
export function compareStored(
  name: string,
  ours: NdArray,
  stored: NamedTensor | undefined,
  { rtol, atol }: Pick<StoredSettings, "rtol" | "atol">,
): StoredOutput {
  const { dtype, shape } = ours;
  const base = { name, dtype, shape };
  const no = (why: string): StoredOutput => ({ ...base, maxAbs: NaN, maxRel: NaN, ok: false, why });
  if (stored === undefined) return no("the folder has no file for it");
  if (stored.dtype !== dtype) return no(`the file holds ${stored.dtype}`);
  if (stored.dims.join() !== shape.join()) return no(`the file holds the shape ${stored.dims.join("x")}`);
  const [a, b] = [toNumbers(ours), toNumbers(decode(dtype, shape, stored.bytes))];
  const slack = (want: number): number => (isFloat(dtype) ? atol + rtol * Math.abs(want) : 0);
  const bad = a.findIndex((v, i) => difference(v, b[i] ?? NaN) > (Number.isFinite(b[i]) ? slack(b[i] ?? 0) : 0));
  const why = bad < 0 ? {} : { why: `element ${bad} is ${a[bad]}, stored is ${b[bad]}` };
  return { ...base, ...maxDifference(a, b), ok: bad < 0, ...why };
}
