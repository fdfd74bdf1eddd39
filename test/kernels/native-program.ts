/** Builds a C++ test program of native/ for an instruction set and runs it: the tests of this folder are mostly in C++. */
import { execFile } from "node:child_process";
import path from "node:path";
import { missingFeatures, type IsaName } from "#core";
import {
  cachedBuild,
  compile,
  compileFlags,
  contentKey,
  detectMachine,
  findToolchain,
  hashOfHeaders,
  packageRoot,
  type Toolchain,
} from "#core/io";
import fs from "node:fs/promises";

/** The compiler, or why there is none: for `skip`. */
export async function compilerOrReason(): Promise<Toolchain | string> {
  try {
    return await findToolchain();
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/** Why code for this instruction set cannot run here; undefined when it can. */
export function cannotRun(isa: IsaName): string | undefined {
  const missing = missingFeatures(isa, detectMachine().profile);
  return missing.length === 0 ? undefined : `this machine lacks ${missing.join(", ")}`;
}

/** Builds native/`source` with the flags of generated code (and `extra`) and gives the program's path. */
export async function buildProgram(toolchain: Toolchain, source: string, isa: IsaName, extra: readonly string[] = []): Promise<string> {
  const native = path.join(packageRoot(), "native");
  const flags = [...compileFlags(isa, toolchain), ...extra, `-I${native}`, "-pthread"];
  const text = await fs.readFile(path.join(native, source), "utf8");
  const key = contentKey(["program 2", toolchain.banner, flags.join(" "), await hashOfHeaders(), source, text]);
  const { folder } = await cachedBuild(key, async (draft) => {
    await compile(toolchain, [...flags, path.join(native, source), "-o", path.join(draft, "program")]);
  });
  return path.join(folder, "program");
}

export interface ProgramRun {
  readonly code: number | string;
  readonly output: string;
}

export function runProgram(program: string, args: readonly string[] = [], timeout = 60_000): Promise<ProgramRun> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout, encoding: "utf8", maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? "killed"), output: stdout + stderr });
    });
  });
}
