// Folders with models for the windows of a test, and what the command says about them.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../../scripts/setup/terminal.mjs";
import { vscodeVersions } from "../suites.mjs";

const served = process.env["FUSIONSCOPE_VSCODE"] ?? vscodeVersions[0]?.server;

/** Why a test that is made for one version does not run in this one. */
const onlyIn = (version: (typeof vscodeVersions)[number] | undefined): string | undefined =>
  served === version?.server || process.env["FUSIONSCOPE_LONG"] === "1"
    ? undefined
    : `in VS Code ${version?.vscode} only; in every version with npm run test:long`;

/**
 * What happens behind the page is the same in every version: all see the main thread of use (inspector.test.ts, host.test.ts), the rest is
 * shared out between the oldest and the newest, which run beside each other.
 */
export const onlyOldest = onlyIn(vscodeVersions[0]);
export const onlyNewest = onlyIn(vscodeVersions.at(-1));

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
