/** Writes everything a compilation made into a folder: snapshots as numbered IR text, the C++, the plan, the assembly. */
import fs from "node:fs";
import path from "node:path";
import type { ArtifactPlan } from "../../codegen/plan.ts";
import { isModule, type Compilation, type Snapshot } from "../../compile.ts";
import { printGraph } from "../../graph/print.ts";
import { userError } from "../../messages.ts";
import { printModule } from "../../tensor/index.ts";
import { compilationSummary } from "../../trace/summary.ts";
import { jsonText } from "../json.ts";
import type { BuiltCode } from "./build.ts";

/** The text form of a snapshot. */
export const snapshotText = (snapshot: Snapshot): string => (isModule(snapshot) ? printModule(snapshot) : printGraph(snapshot));

/**
 * Writes into `folder` (made if it is not there) and returns the names of the files, in order. Unchanged snapshots are not repeated.
 * Throws `file-unwritable`.
 */
export function emitCompilation(compilation: Compilation, folder: string): string[] {
  const files: [string, string][] = [];
  compilation.passes.forEach((pass, stage) => {
    const snapshot = compilation.snapshots[stage];
    if (snapshot === undefined || (stage > 0 && snapshot === compilation.snapshots[stage - 1])) return;
    files.push([`${String(stage).padStart(2, "0")}-${pass.name}.ir`, snapshotText(snapshot)]);
  });
  const { source } = compilation;
  if (source !== undefined) {
    files.push(["model.cpp", source.text]);
    files.push(["lines.json", jsonText({ schema: 1, lines: source.lines }) + "\n"]);
    files.push(["plan.json", jsonText({ schema: 1, ...describePlan(source.plan) }) + "\n"]);
  }
  files.push(["summary.json", jsonText({ schema: 1, ...compilationSummary(compilation) }) + "\n"]);
  for (const [name, text] of files) writeText(path.join(folder, name), text);
  return files.map(([name]) => name);
}

/** Writes the assembly of a build beside the rest. */
export function emitAssembly(built: BuiltCode, folder: string): string[] {
  writeText(path.join(folder, "model.s"), built.assembly);
  return ["model.s"];
}

/** The plan without what only this process can read. */
function describePlan(plan: ArtifactPlan): object {
  const weights = plan.weights.map(({ name, dtype, shape, bytes, range }) => ({ name, dtype, shape, bytes, range }));
  return { ...plan, weights };
}

/** Writes a text file, folders included. Throws `file-unwritable`. */
export function writeText(file: string, text: string): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  } catch (e) {
    userError("file-unwritable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
  }
}
