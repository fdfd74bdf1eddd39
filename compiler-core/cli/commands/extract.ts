/** `fusionscope extract MODEL --nodes A,B -o PART.onnx`: a part of a model with the values that flow through it. */
import { userError } from "#core";
import { extractPart, groupSources, modelInputs, resolveNode, type Extracted } from "#core/io";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, type Compiled } from "../request.ts";
import { alignColumns, printable } from "../text/align.ts";
import { bytesText } from "../text/units.ts";

export const extract: CommandRunner = async (context) => {
  const file = context.options.output ?? userError("usage", {}, { what: "extract needs -o FILE", help: "extract --help" });
  const compiled = compileFromLine(context, context.options.data);
  try {
    const sources = partSources(context, compiled);
    const part = await extractTo(context, compiled, sources, file);
    return { json: { ...identity(compiled), ...extractedJson(compiled, sources, part) }, text: extractedText(part) };
  } finally {
    compiled.model.close();
  }
};

/** The ONNX nodes that --nodes or --group name. Throws `usage`, `group-unknown` and the errors of references. */
function partSources({ options: { nodes, group } }: CommandContext, { model, compilation }: Compiled): readonly number[] {
  if ((nodes === undefined) === (group === undefined))
    userError("usage", {}, { what: "extract needs either --nodes or --group", help: "extract --help" });
  if (nodes !== undefined) return nodes.map((reference) => resolveNode(model, reference));
  if (compilation.error !== undefined) throw compilation.error;
  return groupSources(compilation, group ?? 0);
}

/** Writes a part to a file with the values that the command line asks for. */
export function extractTo(context: CommandContext, compiled: Compiled, sources: readonly number[], file: string): Promise<Extracted> {
  const { model, compilation, machine } = compiled;
  const { seed = 1, data } = context.options;
  const inputs = modelInputs(model, compilation, { seed, data });
  return extractPart(model, compilation, machine, sources, file, { ...nativeSettings(context), seed, inputs });
}

const extractedJson = ({ model }: Compiled, sources: readonly number[], part: Extracted): Readonly<Record<string, unknown>> => ({
  nodes: sources.map((i) => model.graph.sources[i]?.path ?? `#${i}`),
  ...part,
});

/** What was written, for people. */
function extractedText({ file, bytes, data, inputs, outputs, recordedBy, notes }: Extracted): string[] {
  const list = (values: Extracted["inputs"]): string => values.map((v) => `${printable(v.name)} ${v.type}`).join(", ") || "none";
  return [
    ...alignColumns([
      ["model", `${printable(file)} (${bytesText(bytes)})`],
      ["values", `${printable(data)}: ${recordedBy}`],
      ["inputs", list(inputs)],
      ["outputs", list(outputs)],
    ]),
    ...notes.map((n) => `note: ${n}`),
  ];
}
