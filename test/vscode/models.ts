// Folders with models for the windows of a test, and what the command says about them.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../../scripts/setup/terminal.mjs";
import { vscodeVersions } from "../suites.mjs";

/**
 * Why a test does not run in this VS Code. What happens behind the page is the same in every version: the newer ones see the main thread
 * of use (inspector.test.ts, host.test.ts), the rest with the long tests.
 */
export const onlyOldest: string | undefined =
  (process.env["FUSIONSCOPE_VSCODE"] ?? vscodeVersions[0]?.server) === vscodeVersions[0]?.server || process.env["FUSIONSCOPE_LONG"] === "1"
    ? undefined
    : `in VS Code ${vscodeVersions[0]?.vscode} only; in every version with npm run test:long`;

export const example = path.join(root, "test/data/example-mlp.onnx");

export interface ModelFolder {
  readonly path: string;
  remove(): void;
}

/** A folder with the given files under the given names. */
export function modelFolder(files: Readonly<Record<string, string>>): ModelFolder {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-models-"));
  for (const [name, source] of Object.entries(files)) cpSync(source, path.join(folder, name));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Cuts a file off in its middle. */
export function cutOff(file: string): void {
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
}

/** The object that the command prints with --json. */
export async function commandJson(args: readonly string[]): Promise<Record<string, unknown>> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [path.join(root, "dist/cli.mjs"), ...args, "--json"], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A pass takes another time in every run; everything else is the same. */
export function withoutTimes(passes: unknown): unknown {
  return (passes as Record<string, unknown>[]).map((pass) => ({ ...pass, ms: undefined }));
}
