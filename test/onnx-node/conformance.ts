/**
 * `npm run conformance -- [FOLDER] [--out FILE] [--only TEXT] [--light]`: every case of the ONNX project's backend tests by ONNX Runtime and by us, as a
 * table: compiled without fallback, with holes on ONNX Runtime, failed with the reason. `--light`: the nine whole CNNs, too, which take long.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { compileModel, dimsOfData, localMachine, openSessionModel, packageRoot, runStored } from "#core/io";
import { defaultOptions } from "#core";
import { lightCnnProblem, lightCnns, withoutLightCnns } from "../models/light-cnn.ts";
import { buildUnit, caseNames, closeHost, compileCase, runCase, runningHost, tolerance, type Compiled } from "./native-case.ts";
import { runtimeProblem } from "./runtime-case.ts";
import { prefixOf } from "./unit.ts";

type Way = "native" | "native, small inputs as constants" | "with holes" | "failed";
interface Outcome {
  readonly name: string;
  readonly way: Way;
  /** What ran on ONNX Runtime, or what went wrong. */
  readonly note: string;
  /** Why ONNX Runtime does not pass; undefined: it does. */
  readonly runtime: string | undefined;
}

const collections = ["node", "simple", "pytorch-converted", "pytorch-operator"];
const casesPerUnit = 50;
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: "docs/conformance.md" },
    only: { type: "string", default: "" },
    light: { type: "boolean", default: false },
  },
});
const top = path.resolve(positionals[0] ?? path.join(packageRoot(), "../shared/onnx-backend"));

/** Text of an error without the folders of this machine. */
const message = (e: unknown): string => withoutFolders(e instanceof Error ? e.message : String(e)).slice(0, 160);
const withoutFolders = (text: string): string => text.replaceAll("\n", " ").replace(/(?:\/[\w.@-]+)+\/(?=[\w.@-]+)/g, "");

/** Runs the cases that compile whole; the others come back with the reason. */
async function natively(root: string, names: readonly string[]): Promise<Map<string, { way: Way; note: string }>> {
  const found = new Map<string, { way: Way; note: string }>();
  const compiled: Compiled[] = [];
  for (const name of names) {
    try {
      const made = compileCase(root, name);
      if (typeof made === "string") found.set(name, { way: "failed", note: made });
      else compiled.push(made);
    } catch (e) {
      found.set(name, { way: "failed", note: message(e) });
    }
  }
  for (let from = 0; from < compiled.length; from += casesPerUnit) {
    const unit = compiled.slice(from, from + casesPerUnit);
    const so = await buildUnit(unit);
    for (const [i, one] of unit.entries()) found.set(one.name, await ran(one, so, i));
    process.stderr.write(
      `${path.basename(root)}: ${Math.min(from + casesPerUnit, compiled.length)} of ${compiled.length} compiled cases\n`,
    );
  }
  return found;
}

async function ran(one: Compiled, so: string, i: number): Promise<{ way: Way; note: string }> {
  try {
    const skipped = await runCase(one, so, prefixOf(i));
    if (skipped !== undefined) return { way: "failed", note: skipped };
    return { way: one.note === "" ? "native" : "native, small inputs as constants", note: "" };
  } catch (e) {
    return { way: "failed", note: message(e) };
  } finally {
    one.model.close();
  }
}

/** The case with whatever is not compiled on ONNX Runtime. */
async function withHoles(folder: string, before: string): Promise<{ way: Way; note: string }> {
  const model = openSessionModel(path.join(folder, "model.onnx"));
  try {
    const data = path.join(folder, "test_data_set_0");
    const compilation = compileModel(model, { ...defaultOptions, dims: dimsOfData(model.graph, data) }, localMachine());
    if (compilation.error !== undefined) throw compilation.error;
    const { outputs, ok } = await runStored(compilation, { folder: data, ...tolerance });
    const bad = outputs.find((o) => !o.ok);
    const ops = [...new Set(compilation.unsupported.map((u) => u.opType))].join(", ");
    return ok ? { way: "with holes", note: ops } : { way: "failed", note: `${bad?.name ?? ""}: ${bad?.why ?? before}` };
  } catch (e) {
    return { way: "failed", note: message(e) };
  } finally {
    model.close();
  }
}

async function collection(name: string): Promise<Outcome[]> {
  const root = path.join(top, name);
  if (!fs.existsSync(root)) return [];
  const names = caseNames(root).filter((n) => n.includes(given.only));
  const ours = await natively(root, names);
  const outcomes: Outcome[] = [];
  for (const one of names) {
    const folder = path.join(root, one);
    const first = ours.get(one) ?? { way: "failed", note: "not tried" };
    const { way, note } = first.way === "failed" ? await withHoles(folder, first.note) : first;
    outcomes.push({ name: one, way, note, runtime: await runtimeProblem(await runningHost(), folder) });
  }
  return outcomes;
}

/** The whole CNNs, which have stored outputs only. */
async function light(): Promise<Outcome[]> {
  if (withoutLightCnns !== undefined) return [];
  const outcomes: Outcome[] = [];
  for (const name of lightCnns.filter((n) => n.includes(given.only))) {
    const problem = await lightCnnProblem(name, 1);
    process.stderr.write(`light: ${name}\n`);
    const runtime = await lightCnnProblem(name, 1, "runtime");
    outcomes.push({ name: `light_${name}`, way: problem === undefined ? "native" : "failed", note: problem ?? "", runtime });
  }
  return outcomes;
}

const ways: readonly Way[] = ["native", "native, small inputs as constants", "with holes", "failed"];
const cell = (text: string): string => text.replaceAll("|", "\\|");

function summary(all: ReadonlyMap<string, readonly Outcome[]>): string[] {
  const rows = [...all].map(([name, outcomes]) => {
    const passes = outcomes.filter((o) => o.runtime === undefined);
    const counts = ways.map((w) => passes.filter((o) => o.way === w).length);
    const more = outcomes.filter((o) => o.runtime !== undefined && o.way.startsWith("native")).length;
    const share = (100 * ((counts[0] ?? 0) + (counts[1] ?? 0))) / Math.max(1, passes.length);
    return `| ${name} | ${outcomes.length} | ${passes.length} | ${counts.join(" | ")} | ${share.toFixed(1)} % | ${more} |`;
  });
  const head = `| collection | cases | ONNX Runtime passes | ${ways.join(" | ")} | without fallback | native where ONNX Runtime fails |`;
  return [head, `|${" --- |".repeat(ways.length + 5)}`, ...rows];
}

function table(title: string, outcomes: readonly Outcome[], third: (o: Outcome) => string): string[] {
  if (outcomes.length === 0) return [];
  const rows = outcomes.map((o) => `| ${o.name} | ${cell(o.note)} | ${cell(third(o))} |`);
  return ["", `## ${title}`, "", "| case | what | ONNX Runtime |", "| --- | --- | --- |", ...rows];
}

const all = new Map<string, Outcome[]>();
for (const name of collections) all.set(name, await collection(name));
if (given.light) all.set("light", await light());
await closeHost();
const every = [...all.values()].flat();
const runtimeText = (o: Outcome): string => (o.runtime === undefined ? "passes" : withoutFolders(o.runtime).slice(0, 100));
const lines = [
  "# Conformance with the ONNX project's backend tests",
  "",
  "Written by `npm run conformance`; the counts of the ways are over the cases that ONNX Runtime passes.",
  ...(given.light ? [] : ["The nine whole CNNs of the collection `light` are a test of their own (`npm run test:long -- light-cnns`)."]),
  "",
  ...summary(all),
  ...table(
    "Failed where ONNX Runtime passes",
    every.filter((o) => o.way === "failed" && o.runtime === undefined),
    runtimeText,
  ),
  ...table(
    "Partly on ONNX Runtime",
    every.filter((o) => o.way === "with holes"),
    runtimeText,
  ),
  ...table(
    "Neither passes",
    every.filter((o) => o.way === "failed" && o.runtime !== undefined),
    runtimeText,
  ),
  "",
];
fs.writeFileSync(given.out, lines.join("\n"));
process.stderr.write(`${summary(all).join("\n")}\n${given.out}\n`);
