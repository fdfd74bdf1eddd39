/** `fusionscope bench MODEL`: times compiled code, interleaved with its baselines. */
import { userError, type CompileOptions } from "#core";
import {
  baselineNames,
  benchModel,
  checkOptions,
  findOrtLibrary,
  groupSources,
  localMachine,
  requireRunnable,
  resolveNode,
  storedPrefix,
  type Extracted,
} from "#core/io";
import { benchCommand, type BenchScope } from "#protocol";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { otherOptions } from "../other-options.ts";
import { extractTo } from "./extract.ts";
import { tuneFromLine } from "./bench-tune.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode, type Compiled } from "../request.ts";
import { benchText } from "../text/bench.ts";
import { hotSpotText, rooflineText } from "../text/hot-spots.ts";
import { inPlaceText } from "../text/in-place.ts";

export const bench: CommandRunner = async (context) => {
  if (context.options.tune === true) return tuneFromLine(context);
  const {
    seed = 1,
    seconds = 2,
    runs,
    sessions,
    cold = false,
    isolated = false,
    sample = false,
    static: priced = false,
    compare,
  } = context.options;
  const regions = context.options.regions === true || isolated;
  const baselines = baselinesOf(context);
  const compiled = compileFromLine(context, context.options.data);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    requireCode(compiled);
    const scope = benchScope(context, compiled);
    const { model, compilation, options, machine } = compiled;
    const exported = await exportPart(context, compiled, scope);
    const { other } = context.options;
    const against = other === undefined ? undefined : otherOptions(other, options);
    if (against !== undefined) refuseOther(compiled, against, scope);
    const measured = { scope, baselines, against, seed, seconds, runs, sessions, regions, isolated, sample, static: priced, cold, compare };
    const outcome = await benchModel(model, compilation, options, machine, {
      ...nativeSettings(context),
      ...measured,
      data: context.options.data,
      needBaselines: context.options.baseline !== undefined,
      onStep: progressLog(context),
    });
    for (const { baseline, why } of outcome.missing) context.log(`baseline ${baseline} is missing: ${why}`);
    const { missing, notes } = outcome;
    const result = { ...outcome.result, reproduce: reproduceLine(context, compiled, measured) };
    for (const { text } of result.warnings ?? []) context.log(`warning: ${text}`);
    return {
      json: {
        ...identity(compiled),
        ...result,
        coverage: compiled.summary.coverage,
        missing,
        ...(notes.length > 0 ? { notes } : {}),
        ...exported,
      },
      text: [
        ...benchText(compiled.model.name, compiled.summary, { result, missing, notes }),
        ...inPlaceText(result),
        ...hotSpotText(result),
        ...rooflineText(result),
      ],
      ...(result.comparison?.regression === true ? { exit: 1 as const } : {}),
    };
  } finally {
    compiled.model.close();
  }
};

/** Writes the part that is timed, if that is asked for: `--export`. */
async function exportPart(context: CommandContext, compiled: Compiled, scope: BenchScope): Promise<{ readonly exported?: Extracted }> {
  const file = context.options.export;
  if (file === undefined) return {};
  if (scope.kind === "model") userError("usage", {}, { what: "--export needs --nodes or --group", help: "bench --help" });
  const sources = scope.kind === "nodes" ? scope.nodes : groupSources(compiled.compilation, scope.group);
  const exported = await extractTo(context, compiled, sources, file);
  context.log(`the part is in ${exported.file}, its values in ${exported.data}`);
  return { exported };
}

/** What was asked for, with the defaults that matter written out. */
function reproduceLine(
  { options }: CommandContext,
  { model, compilation, options: code }: Compiled,
  measured: Parameters<typeof benchCommand>[2],
): string {
  const { seconds, sessions, runs, seed } = options;
  const path = (node: number): string => compilation.graph.sources[node]?.path ?? `#${node}`;
  return benchCommand(model.path, code, { ...measured, seconds, sessions, runs, seed }, path);
}

/** Checks the options of the other build. @throws usage, and what `checkOptions` throws */
function refuseOther({ model, machine }: Compiled, other: CompileOptions, scope: BenchScope): void {
  if (scope.kind !== "model" && other.force.length + other.forbid.length > 0)
    userError("usage", {}, { what: "--other with --force or --forbid is of a whole model only", help: "bench --help" });
  checkOptions(model, other, machine);
  requireRunnable(other, machine, localMachine());
}

function benchScope({ options }: CommandContext, { model }: Compiled): BenchScope {
  const { nodes, group } = options;
  if (nodes !== undefined && group !== undefined)
    userError("usage", {}, { what: "--nodes and --group exclude each other", help: "bench --help" });
  if (nodes !== undefined) return { kind: "nodes", nodes: nodes.map((reference) => resolveNode(model, reference)) };
  return group === undefined ? { kind: "model" } : { kind: "group", group };
}

function baselinesOf({ options }: CommandContext): readonly string[] {
  if (options.baseline === undefined) return findOrtLibrary() === undefined ? [] : ["ort"];
  const names: readonly string[] = ["none", ...baselineNames];
  const strange = options.baseline.find((name) => !names.includes(name) && !name.startsWith(storedPrefix));
  if (strange !== undefined)
    userError(
      "usage",
      {},
      { what: `there is no baseline ${strange}: choose ${names.join(", ")} or ${storedPrefix}FILE`, help: "bench --help" },
    );
  return options.baseline.filter((name) => name !== "none");
}

function progressLog({ log }: CommandContext): (text: string, done: number | null) => void {
  let last = "";
  return (text, done) => {
    const line = done === null ? text : `${text} ${Math.floor(done * 4) * 25} %`;
    if (line !== last) log(line);
    last = line;
  };
}
