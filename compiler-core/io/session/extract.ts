/** A part of a model as files that any tool can take: an ONNX model, and what flows through it as test data in the layout of the ONNX project. */
import fs from "node:fs";
import path from "node:path";
import type { Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { userError, UserError } from "../../messages.ts";
import { writeTensorFile } from "../tensor-file.ts";
import { cutModel, type CutSettings } from "./cut.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost } from "./native-host.ts";
import { fileBytes, isSequence, typeText, type RunValue } from "./run-value.ts";

export interface ExtractedValue {
  readonly name: string;
  /** `f32 2x3`. */
  readonly type: string;
}

export interface Extracted {
  /** Absolute path of the model, and bytes of all of its files. */
  readonly file: string;
  readonly bytes: number;
  /** Absolute path of the folder with `input_*.pb` and `output_*.pb`. */
  readonly data: string;
  readonly inputs: readonly ExtractedValue[];
  readonly outputs: readonly ExtractedValue[];
  /** Where the values come from. */
  readonly recordedBy: string;
  readonly notes: readonly string[];
}

/** A model file ends at 2 GiB: greater weights lie beside it. */
const externalBytes = 2 ** 28;

/**
 * Writes the nodes with these indices (into `Graph.sources`) to `file`, and their inputs and outputs to `test_data_set_0` beside it, whose tensors of
 * an earlier part go. Throws `cut-inside`, `file-unwritable` and `cancelled`.
 */
export async function extractPart(
  model: SessionModel,
  compilation: Compilation,
  machine: MachineProfile,
  sources: readonly number[],
  file: string,
  settings: CutSettings,
): Promise<Extracted> {
  const target = path.resolve(file);
  const folder = path.join(path.dirname(target), "test_data_set_0");
  if (target === model.path) userError("usage", {}, { what: "the part would replace the model it is taken from", help: "extract --help" });
  return writing(target, async () => {
    fs.mkdirSync(folder, { recursive: true });
    const cut = await cutModel(model, compilation, machine, sources, target, { ...settings, withOutputs: true, externalBytes });
    try {
      const { graph } = cut.model.file.model;
      const notes = cut.randomBecause === undefined ? [] : [`inputs are random: ${cut.randomBecause}`];
      const outputs = cut.outputs ?? (await computed(cut.model, cut.inputs, settings, notes));
      for (const old of fs.readdirSync(folder)) if (/^(input|output)_\d+\.pb$/.test(old)) fs.rmSync(path.join(folder, old));
      const [ins, outs] = [graph.inputs.map((i) => i.name), graph.outputs.map((o) => o.name)];
      notes.push(...writeValues(folder, "input", ins, cut.inputs), ...writeValues(folder, "output", outs, outputs));
      const described = (names: readonly string[], values: readonly RunValue[]): ExtractedValue[] =>
        values.map((v, i) => ({ name: names[i] ?? "", type: typeText(v) }));
      return {
        file: target,
        bytes: [target, `${target}.data`].reduce((sum, f) => sum + (fs.statSync(f, { throwIfNoEntry: false })?.size ?? 0), 0),
        data: folder,
        inputs: described(ins, cut.inputs),
        outputs: described(outs, outputs),
        recordedBy: cut.recordedBy ?? "random numbers",
        notes,
      };
    } finally {
      cut.model.close();
    }
  });
}

/** Outputs of the part itself, where the whole model could not be run. */
async function computed(part: SessionModel, inputs: readonly RunValue[], settings: CutSettings, notes: string[]): Promise<RunValue[]> {
  const host = await NativeHost.start(settings);
  try {
    const target = await host.loadOrt(part.path, 1);
    const names = part.file.model.graph.inputs.map((i) => i.name);
    return await host.runValues(target, host.inputFiles(names, inputs));
  } catch (e) {
    if (!(e instanceof UserError) || e.code === "cancelled") throw e;
    notes.push(`there are no outputs to compare with: ${e.message}`);
    return [];
  } finally {
    await host.close();
  }
}

/** Writes what a tensor file can hold; says what it cannot. */
function writeValues(folder: string, prefix: "input" | "output", names: readonly string[], values: readonly RunValue[]): string[] {
  return values.flatMap((value, i) => {
    if (isSequence(value)) return [`${prefix} ${i} is a ${typeText(value)}: it is not written`];
    const strings = "strings" in value ? { strings: value.strings } : {};
    const tensor = { name: names[i] ?? "", dtype: value.dtype, dims: value.shape, bytes: fileBytes(value), ...strings };
    writeTensorFile(path.join(folder, `${prefix}_${i}.pb`), tensor);
    return [];
  });
}

async function writing<T>(target: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code;
    if (e instanceof UserError || code === undefined) throw e;
    return userError("file-unwritable", {}, { path: target, what: code }, e);
  }
}
