/** `fusionscope inspect MODEL -o FILE`: the inspector with this compilation in it, as one page that needs nothing else. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import {
  asmReply,
  cppReply,
  dimExtents,
  graphDelta,
  isModule,
  isaSets,
  missingFeatures,
  passInfos,
  snapshotReply,
  StringTable,
  userError,
  type Graph,
  type IsaName,
} from "#core";
import { buildCode, detectMachine, packageRoot, writeText } from "#core/io";
import type { GraphDelta, Hello, PanelOptions, TextReply, ToPage } from "#protocol";
import { pageHtml } from "../../../webview/page-html.ts";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, type Compiled } from "../request.ts";
import { bytesText } from "../text/units.ts";

export const inspect: CommandRunner = async (context) => {
  const output = context.options.output ?? userError("usage", {}, { what: "inspect needs -o FILE", help: "inspect --help" });
  const compiled = compileFromLine(context);
  try {
    const recorded = { messages: messages(compiled), texts: await texts(context, compiled) };
    const [script, style] = [pagePart("webview.js"), pagePart("webview.css")];
    const html = pageHtml({ nonce: randomBytes(18).toString("base64url"), script, style, title: compiled.model.name, recorded });
    writeText(output, html);
    const bytes = Buffer.byteLength(html);
    return { json: { path: path.resolve(output), bytes }, text: [`${output}: ${bytesText(bytes)}`], error: compiled.compilation.error };
  } finally {
    compiled.model.close();
  }
};

/** A file of the built page. Throws `not-built`. */
function pagePart(name: string): string {
  const file = path.join(packageRoot(), "dist", name);
  try {
    return fs.readFileSync(file, "utf8");
  } catch (e) {
    return userError("not-built", {}, { what: `${file} is missing` }, e);
  }
}

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
    trusted: true,
    cannotRun: "this page is a record of one compilation",
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

/** Every text that the page can ask for, by `kind:stage`. Without a compiler here the assembly is left out. */
async function texts(context: CommandContext, { compilation }: Compiled): Promise<Record<string, TextReply>> {
  const replies: Record<string, TextReply> = {};
  compilation.snapshots.forEach((snapshot, stage) => (replies[`ir:${stage}`] = snapshotReply(snapshot)));
  const { source } = compilation;
  if (source === undefined) return replies;
  const stages = compilation.snapshots.map((_, stage) => stage);
  const cpp = cppReply(source);
  for (const stage of stages) replies[`cpp:${stage}`] = cpp;
  try {
    const { assembly, sourceFile } = await buildCode(source, nativeSettings(context));
    const asm = asmReply(assembly, source, path.basename(sourceFile));
    for (const stage of stages) replies[`asm:${stage}`] = asm;
  } catch (e) {
    context.log(`no assembly: ${e instanceof Error ? e.message : String(e)}`);
  }
  return replies;
}
