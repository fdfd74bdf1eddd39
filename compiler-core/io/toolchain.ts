/** The machine's C++ compiler: finding it, its flags per instruction set, running it. */
import { execFile, type ExecFileException } from "node:child_process";
import os from "node:os";
import type { IsaName } from "../machine.ts";
import { bug, userError } from "../messages.ts";
import { environment } from "./environment.ts";

export interface Toolchain {
  /** Program to run: a name on the PATH or a path. */
  readonly command: string;
  readonly kind: "gcc" | "clang";
  /** Such as 12.2.0. */
  readonly version: string;
  /** First line of `--version`: part of cache keys. */
  readonly banner: string;
}

/** Newest first within a kind; g++ first, because Debian's default compiler is there most often. */
const candidates: readonly string[] = [
  "g++",
  ...[16, 15, 14, 13, 12].map((v) => `g++-${v}`),
  "clang++",
  ...[22, 21, 20, 19, 18, 17, 16].map((v) => `clang++-${v}`),
];

/** The oldest major version with all intrinsics the kernels use. */
const oldest = { gcc: 12, clang: 14 } as const;

interface Finished {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Folder that relative paths start from: with it, messages name files as the user knows them. */
  readonly cwd?: string;
}

function run(command: string, args: readonly string[], { timeoutMs = 300_000, signal, cwd }: RunOptions): Promise<Finished> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void =>
      resolve({
        code: error === null ? 0 : (error.code ?? error.signal ?? (error.killed === true ? "timeout" : "unknown")),
        stdout,
        stderr,
      });
    // LC_ALL=C: compiler messages are parsed for their first error.
    execFile(
      command,
      [...args],
      { timeout: timeoutMs, encoding: "utf8", maxBuffer: 2 ** 26, signal, cwd, env: { ...process.env, LC_ALL: "C" } },
      done,
    );
  });
}

/** The compiler behind a command, or why it cannot be used. */
export async function probeCompiler(command: string): Promise<Toolchain | { readonly why: string }> {
  const { code, stdout } = await run(command, ["--version"], { timeoutMs: 10_000 });
  if (code === "ENOENT") return { why: "not on the PATH" };
  if (code !== 0) return { why: `does not run (${String(code)})` };
  const banner = stdout.split("\n")[0]?.trim() ?? "";
  const kind = /clang/i.test(banner) ? "clang" : "gcc";
  // "g++ (Debian 12.2.0-14+deb12u1) 12.2.0": the last version number is the compiler's own; clang's is the first.
  const versions = banner.match(/\d+\.\d+\.\d+/g) ?? [];
  const version = (kind === "clang" ? versions[0] : versions.at(-1)) ?? "";
  const major = Number(version.split(".")[0]);
  if (!(major >= oldest[kind]))
    return { why: `version ${version === "" ? "unknown" : version} is too old: ${kind} ${oldest[kind]} or newer is needed` };
  return { command, kind, version, banner };
}

let known: Promise<Toolchain> | undefined;

/**
 * The compiler to use: $CXX if set, else the first usable of g++, g++-N, clang++, clang++-N. Looked for once per process.
 * @throws compiler-missing
 */
export function findToolchain(): Promise<Toolchain> {
  known ??= search();
  known.catch(() => (known = undefined));
  return known;
}

async function search(): Promise<Toolchain> {
  const chosen = environment("CXX");
  let why = "no g++ or clang++ on the PATH";
  for (const command of chosen === undefined ? candidates : [chosen]) {
    const found = await probeCompiler(command);
    if ("command" in found) return found;
    if (chosen !== undefined || found.why !== "not on the PATH") why = `${command}: ${found.why}`;
  }
  return userError("compiler-missing", {}, { what: why });
}

/** Flags that choose the instruction set; native/simd/simd.hpp reads the macros they define. */
const isaFlags: Readonly<Record<IsaName, readonly string[]>> = {
  scalar: ["-march=x86-64"],
  avx2: ["-march=x86-64-v3"],
  avx512: ["-march=x86-64-v4", "-mprefer-vector-width=512"],
  "avx512-vnni": ["-march=x86-64-v4", "-mprefer-vector-width=512", "-mavx512vnni"],
  "avx512-bf16": ["-march=x86-64-v4", "-mprefer-vector-width=512", "-mavx512vnni", "-mavx512bf16"],
  "avx512-fp16": ["-march=x86-64-v4", "-mprefer-vector-width=512", "-mavx512vnni", "-mavx512bf16", "-mavx512fp16"],
  amx: [
    "-march=x86-64-v4",
    "-mprefer-vector-width=512",
    "-mavx512vnni",
    "-mavx512bf16",
    "-mavx512fp16",
    "-mamx-tile",
    "-mamx-int8",
    "-mamx-bf16",
  ],
};

export interface FlagOptions {
  /** With region times. */
  readonly profile?: boolean;
  /** For code that is run once, to see what it computes: built in half of the time, and slow. */
  readonly quick?: boolean;
}

/**
 * Flags of all generated code and kernels. -ffp-contract=off: a product and a sum are fused only where the code says fma, so that every
 * compiler gives the same values; never -ffast-math. -fno-strict-aliasing: buffers of different types share the arena. The two warnings are false alarms of g++ 12's own AVX-512 header.
 */
export function compileFlags(isa: IsaName, toolchain: Toolchain, options: FlagOptions = {}): string[] {
  const machine = os.arch() === "x64" ? isaFlags[isa] : isa === "scalar" ? [] : userError("isa-not-here", {}, { isa, arch: os.arch() });
  return [
    "-std=c++17",
    ...(options.quick === true ? ["-Og"] : ["-O3", "-g1"]),
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-fno-math-errno",
    "-fno-trapping-math",
    ...machine,
    "-Wall",
    "-Wextra",
    ...(toolchain.kind === "gcc" ? ["-Wno-uninitialized", "-Wno-maybe-uninitialized"] : ["-Wno-psabi"]),
    ...(options.profile === true ? ["-DFS_PROFILE"] : []),
  ];
}

/**
 * Runs the compiler.
 * @throws compile-failed with the first error line; compiler-timeout; cache-full when the disk is full
 */
export async function compile(
  toolchain: Toolchain,
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly warnings: string }> {
  const { timeoutMs = 300_000 } = options;
  const { code, stderr } = await run(toolchain.command, args, options);
  if (code === 0) return { warnings: stderr };
  if (options.signal?.aborted === true || code === "ABORT_ERR") return userError("cancelled", {});
  if (code === "SIGTERM" || code === "timeout")
    return userError("compiler-timeout", {}, { command: toolchain.command, seconds: timeoutMs / 1000 });
  if (/No space left on device/.test(stderr)) return userError("cache-full", {}, { path: os.tmpdir() });
  if (code === "ENOENT") return userError("compiler-missing", {}, { what: `${toolchain.command}: not on the PATH` });
  return userError(
    "compile-failed",
    {},
    { command: toolchain.command, version: toolchain.version, what: firstError(stderr) },
    new Error(stderr),
  );
}

/** The first line that tells an error, else the first line at all. */
export function firstError(stderr: string): string {
  const lines = stderr.split("\n").filter((l) => l.trim() !== "");
  return lines.find((l) => /\b(error|fatal)\b|undefined reference/i.test(l)) ?? lines[0] ?? bug("the compiler failed without a word");
}
