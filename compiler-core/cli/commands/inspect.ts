/** `fusionscope inspect MODEL -o FILE`: the inspector with this compilation in it, as one page that needs nothing else. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { userError } from "#core";
import { packageRoot, readOrtProfile, writeText } from "#core/io";
import { benchRunOf, type BenchRun } from "#protocol";
import { encodeRecorded, pageHtml } from "../../../webview/page-html.ts";
import type { CommandRunner } from "../command.ts";
import { compileFromLine } from "../request.ts";
import { bytesText } from "../text/units.ts";
import { recordOf, textsOf } from "./inspect-record.ts";

export const inspect: CommandRunner = async (context) => {
  const output = context.options.output ?? userError("usage", {}, { what: "inspect needs -o FILE", help: "inspect --help" });
  const compiled = compileFromLine(context);
  try {
    const { result, "ort-profile": profiled } = context.options;
    const runs = result === undefined ? {} : { runs: [storedRun(result, compiled.model.structureHash)] };
    const profile = profiled === undefined ? undefined : readOrtProfile(profiled, compiled.summary.sources);
    const record = compressed({ ...recordOf(compiled), ...runs, ...(profile === undefined ? {} : { profile }) });
    const texts = compressed(await textsOf(context, compiled));
    const [script, style] = [pagePart("webview.js"), pagePart("webview.css")];
    const elk = compressed(pagePart("elk-worker.js"));
    const title = compiled.model.name;
    const html = pageHtml({ nonce: randomBytes(18).toString("base64url"), script, style, title, recorded: { record, texts, elk } });
    writeText(output, html);
    const sizes = {
      bytes: Buffer.byteLength(html),
      pageBytes: script.length + style.length + elk.length,
      recordBytes: record.length,
      textBytes: texts.length,
    };
    const parts = `page ${bytesText(sizes.pageBytes)}, graphs and decisions ${bytesText(sizes.recordBytes)}, texts ${bytesText(sizes.textBytes)}`;
    return {
      json: { path: path.resolve(output), ...sizes, ...(profile === undefined ? {} : { ortProfile: profile }) },
      text: [`${output}: ${bytesText(sizes.bytes)} (${parts})`],
      error: compiled.compilation.error,
    };
  } finally {
    compiled.model.close();
  }
};

/** A stored benchmark of the model with this structure; older results do not say of which they are. Throws `bench-file` and `bench-model`. */
function storedRun(file: string, model: string): BenchRun {
  const refuse = (what: string, cause?: unknown): never => userError("bench-file", {}, { path: file, what }, cause);
  let data: unknown;
  try {
    data = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (e) {
    return refuse(e instanceof SyntaxError ? "it is not JSON" : e instanceof Error ? e.message : String(e), e);
  }
  const run = benchRunOf(data, path.basename(file)) ?? refuse("it has no times, ratios and control");
  if ((run.result.modelHash ?? model) !== model) userError("bench-model", {}, { path: file, model: run.model });
  return run;
}

/** As the page takes it: JSON with marks for typed arrays, compressed, in letters that HTML leaves alone. */
const compressed = (value: unknown): string => gzipSync(encodeRecorded(value), { level: 9 }).toString("base64");

/** A file of the built page. Throws `not-built`. */
function pagePart(name: string): string {
  const file = path.join(packageRoot(), "dist", name);
  try {
    return fs.readFileSync(file, "utf8");
  } catch (e) {
    return userError("not-built", {}, { what: `${file} is missing` }, e);
  }
}
