/** The record of a compilation that a page carries: what its host would have said, its texts, the graphs inside of the model. Nothing of the weights. */
import path from "node:path";
import {
  asmReply,
  bodyAt,
  bodyDelta,
  cppReply,
  dimExtents,
  graphDelta,
  isModule,
  isaSets,
  missingFeatures,
  opDocs,
  opsetsOf,
  passInfos,
  ruleDocs,
  snapshotReply,
  StringTable,
  type Graph,
  type IsaName,
} from "#core";
import { buildCode, demangled, detectMachine, instructionNotes } from "#core/io";
import type { GraphDelta, Hello, PanelOptions, TextReply, ToPage } from "#protocol";
import { packTexts, type PackedTexts, type Recorded } from "../../../webview/page-html.ts";
import type { CommandContext } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import type { Compiled } from "../request.ts";

export const recordOf = (compiled: Compiled): Recorded => ({ messages: messages(compiled), bodies: bodies(compiled) });

/** What the editor's host would have sent to a page. */
function messages(compiled: Compiled): ToPage[] {
  const { compilation, summary } = compiled;
  const generation = 1;
  const options: PanelOptions = {
    isa: compiled.options.isa,
    threads: compiled.options.threads,
    precision: compiled.options.precision,
    dims: compiled.options.dims,
    without: compiled.options.without,
    force: compiled.options.force,
    forbid: compiled.options.forbid,
  };
  const { error } = compilation;
  return [
    { type: "hello", hello: hello(compiled, options) },
    { type: "generation", generation, options },
    ...deltas(compiled).map((delta): ToPage => ({ type: "stage", generation, delta })),
    { type: "summary", generation, summary },
    ...(error === undefined
      ? []
      : [{ type: "failed" as const, generation, error: { code: error.code, message: error.message, next: error.next } }]),
  ];
}

function hello({ model, machine, compilation, options: { dims } }: Compiled, options: PanelOptions): Hello {
  const names = Object.keys(isaSets) as IsaName[];
  return {
    model: { name: model.name, path: model.path, bytes: model.bytes },
    options,
    isas: names.map((name) => ({ name, missing: missingFeatures(name, machine) })),
    maxThreads: detectMachine().cpus,
    dims: Object.entries(dimExtents(model.graph, compilation.graph)).map(([name, value]) => ({
      name,
      value,
      source: dims[name] === undefined ? "default" : "set",
    })),
    passes: passInfos,
    opsets: opsetsOf(model.file.model),
    opDocs,
    ruleDocs,
    trusted: true,
    cannotRun: "this page is a record of one compilation",
    recorded: true,
    strings: {},
  };
}

/** Graph snapshots as differences to the one before; unchanged ones are not repeated. */
function deltas({ compilation }: Compiled): GraphDelta[] {
  const strings = new StringTable();
  const list: GraphDelta[] = [];
  let last: { readonly stage: number; readonly graph: Graph } | undefined;
  compilation.snapshots.forEach((snapshot, stage) => {
    if (isModule(snapshot) || snapshot === last?.graph) return;
    list.push(graphDelta(stage, snapshot, last?.stage ?? -1, last?.graph, strings));
    last = { stage, graph: snapshot };
  });
  return list;
}

/** Every graph inside of the model, by its path: those that some node of the file lies in. */
function bodies({ model }: Compiled): Record<string, GraphDelta> {
  const indices = new Map(model.graph.sources.map((source, i) => [source.path, i]));
  const paths = new Set([...indices.keys()].flatMap((node) => /^(.*#\d+\/.+)\/#\d+$/.exec(node)?.[1] ?? []));
  const found: Record<string, GraphDelta> = {};
  for (const at of paths) {
    const body = bodyAt(model.file.model, at);
    if (body !== undefined) found[at] = bodyDelta(body, at, (inner) => indices.get(inner), new StringTable());
  }
  return found;
}

/** Every text that the page can ask for, by `kind:stage`. Without a compiler here the assembly is left out. */
export async function textsOf(context: CommandContext, { compilation, machine }: Compiled): Promise<PackedTexts> {
  const texts: Record<string, TextReply> = {};
  const { source, snapshots } = compilation;
  const forAll = (kind: string, text: TextReply): void => snapshots.forEach((_, stage) => (texts[`${kind}:${stage}`] = text));
  snapshots.forEach(
    (snapshot, stage) =>
      (texts[`ir:${stage}`] = snapshot === snapshots[stage - 1] ? (texts[`ir:${stage - 1}`] as TextReply) : snapshotReply(snapshot)),
  );
  if (source === undefined) return packTexts(texts);
  forAll("cpp", cppReply(source));
  try {
    const { assembly, sourceFile, plan } = await buildCode(source, nativeSettings(context));
    const reply = asmReply(assembly, source, path.basename(sourceFile));
    const [lines, notes] = await Promise.all([demangled(reply.lines), instructionNotes(reply.lines, plan.isa, machine)]);
    forAll("asm", { ...reply, lines, notes });
  } catch (e) {
    context.log(`no assembly: ${e instanceof Error ? e.message : String(e)}`);
  }
  return packTexts(texts);
}
