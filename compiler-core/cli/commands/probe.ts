/** `fusionscope probe MODEL`: tensors in the middle of a run on the user's own data. */
import { userError } from "#core";
import {
  dimsOfGiven,
  firstDivergence,
  inputsOf,
  lowPrecisionErrors,
  openSessionModel,
  probeTensors,
  readGiven,
  typeText,
  writeValueFile,
  type GivenTensor,
  type ModelInputs,
  type Probed,
  type ProbeSettings,
} from "#core/io";
import type { Divergence, ErrorReport } from "#protocol";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, requireCode, type Compiled } from "../request.ts";
import { printable } from "../text/align.ts";
import { divergenceText, errorsText, tensorText } from "../text/probe.ts";

export const probe: CommandRunner = async (context) => {
  const { tensor: names = [], diverge = false, errors = false, seed = 1 } = context.options;
  if (names.length === 0 && !diverge && !errors)
    userError("usage", {}, { what: "probe needs --tensor NAME, --diverge or --errors", help: "probe --help" });
  const given = givenTensors(context);
  const compiled = compileFromLine({ ...context, options: { ...context.options, dim: { ...given.dims, ...context.options.dim } } });
  try {
    requireCode(compiled);
    const { model, compilation } = compiled;
    const inputs = inputsOf(model, compilation, given.tensors, seed);
    const settings: ProbeSettings = { ...nativeSettings(context), inputs: inputs.values, onStep: context.log };
    const tensors = names.length === 0 ? undefined : await probeTensors(model, compilation, names, settings);
    const written = tensors?.map((t) => writeTensor(t, context.options.output));
    const divergence = diverge ? await firstDivergence(model, compilation, settings) : undefined;
    const report = errors ? await lowPrecisionErrors(model, compilation, settings) : undefined;
    return resultOf(compiled, inputs, seed, { written, divergence, report });
  } finally {
    compiled.model.close();
  }
};

/** What was given for inputs, and the extents that follow from it: known before the model is compiled. */
function givenTensors({ arguments: [file = ""], options: { data, input } }: CommandContext): {
  readonly tensors: ReadonlyMap<number, GivenTensor>;
  readonly dims: Readonly<Record<string, number>>;
} {
  const model = openSessionModel(file);
  try {
    const tensors = readGiven(model.graph, { ...(data === undefined ? {} : { folder: data }), files: input ?? {} });
    return { tensors, dims: dimsOfGiven(model.graph, tensors) };
  } finally {
    model.close();
  }
}

/** A tensor as it is reported: without its elements, which may have gone to a file. */
type Written = Omit<Probed, "value"> & { readonly file?: string };

function writeTensor({ value, ...tensor }: Probed, folder: string | undefined): Written {
  const file = folder === undefined ? undefined : writeValueFile(folder, tensor.name, value);
  return file === undefined ? tensor : { ...tensor, file };
}

interface Parts {
  readonly written: readonly Written[] | undefined;
  readonly divergence: Divergence | undefined;
  readonly report: ErrorReport | undefined;
}

function resultOf(compiled: Compiled, inputs: ModelInputs, seed: number, { written, divergence, report }: Parts) {
  const { graph } = compiled.compilation;
  const given = inputs.values.map((value, i) => ({
    name: graph.values[graph.inputs[i] ?? -1]?.name ?? `#${i}`,
    type: typeText(value),
    from: inputs.from[i] ?? "random",
  }));
  const ok = divergence?.ok !== false;
  const json = {
    ...identity(compiled),
    seed,
    inputs: given,
    ok,
    ...(written === undefined ? {} : { tensors: written }),
    ...(divergence === undefined ? {} : { divergence }),
    ...(report === undefined ? {} : { errors: report }),
  };
  const text = [
    ...given.map(
      (i) =>
        `input ${printable(i.name)} ${i.type}: ${i.from === "random" ? `random numbers, seed ${seed}` : `from ${i.from === "data" ? "the folder" : "a file"}`}`,
    ),
    ...(written ?? []).flatMap((t) => ["", ...tensorText(t)]),
    ...(divergence === undefined ? [] : ["", ...divergenceText(divergence)]),
    ...(report === undefined ? [] : ["", ...errorsText(report)]),
  ];
  return { json, text, exit: ok ? (0 as const) : (1 as const) };
}
