/** Runs native test programs on a processor that this machine is not: qemu-user's Haswell (AVX2, no AVX-512) and Nehalem (SSE only). */
import { execFile } from "node:child_process";
import type { ProgramRun } from "./native-program.ts";

/** What of qemu's processors stands for an instruction set: it has that and nothing wider. */
export const processors = { scalar: "Nehalem", avx2: "Haswell" } as const;

/** Flags of programs for it: see testing/check.hpp. */
export const emulatorFlags = ["-DCHECK_WITHOUT_GUARDS"] as const;

/** The emulator's version, or why there is none: for `skip`. qemu has emulated AVX2 since version 7.2. */
export function emulatorOrReason(): Promise<{ readonly version: string } | string> {
  return new Promise((resolve) => {
    execFile("qemu-x86_64", ["--version"], (error, stdout) => {
      const version = /version (\d+)\.(\d+)/.exec(stdout);
      if (error !== null || version === null) return resolve("qemu-x86_64 is not installed (apt-get install qemu-user)");
      const [major, minor] = [Number(version[1]), Number(version[2])];
      const tooOld = major < 7 || (major === 7 && minor < 2);
      resolve(tooOld ? `qemu-x86_64 ${version[0]} does not know AVX2 (7.2 does)` : { version: version[0] });
    });
  });
}

/** Runs a program on `processor`. Warnings about features that qemu lacks are left out of the output. */
export function runOn(processor: string, program: string, args: readonly string[] = [], timeout = 60_000): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const all = ["-cpu", processor, program, ...args];
    execFile("qemu-x86_64", all, { timeout, encoding: "utf8", maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const said = stderr.replace(/^qemu-x86_64: warning: TCG doesn't support.*\n/gm, "");
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? "killed"), output: stdout + said });
    });
  });
}
