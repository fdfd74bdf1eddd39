/** Runs the command as a user does: its own process, its own streams. */
import { execFile } from "node:child_process";
import path from "node:path";
import { findOrtLibrary, findToolchain, packageRoot } from "#core/io";

export const root = packageRoot();
export const exampleModel = path.join(root, "test/data/example-mlp.onnx");
export const sharedModels = path.join(root, "../shared/models");

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bin/fusionscope` with these words. `env` adds to the environment; an undefined value takes a variable out of it. */
export function fusionscope(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  timeout = 120_000,
): Promise<Finished> {
  const program = path.join(root, "bin/fusionscope");
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...words],
      { env: { ...process.env, ...env }, timeout, maxBuffer: 2 ** 28, encoding: "utf8" },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** The one object on stdout. */
export function jsonOf({ stdout, stderr }: Finished): Record<string, unknown> {
  const lines = stdout.split("\n");
  if (lines.length !== 2 || lines[1] !== "")
    throw new Error(`stdout is not one line but ${lines.length - 1}: ${stdout.slice(0, 200)} ${stderr.slice(0, 500)}`);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

/** A reason to skip what needs a compiler, or false. */
export const noCompiler: string | false = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);

/** A reason to skip what compares with ONNX Runtime, or false. */
export const noOrt: string | false = findOrtLibrary() === undefined ? "onnxruntime-node is not installed" : false;
