/** Builds of native code, cached by content: compiled models as shared objects, and the runner. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { IsaName } from "../machine.ts";
import { cachedBuild, contentKey } from "./build-cache.ts";
import { compileUnits, inParallel, type SourceFile } from "./module-units.ts";
import { packageRoot } from "./package-root.ts";
import { prefixFlags } from "./prefix-header.ts";
import { compile, compileFlags, findToolchain, type Toolchain } from "./toolchain.ts";

export type { SourceFile } from "./module-units.ts";

export interface ModuleBuild {
  readonly sources: readonly SourceFile[];
  readonly isa: IsaName;
  /** With region times (-DFS_PROFILE). */
  readonly profile?: boolean;
  /** Built fast, for a single run: see `compileFlags`. */
  readonly quick?: boolean;
  /** Translation units that each source is compiled as; default: what is worth while with the cores of this machine. */
  readonly parts?: number;
  /** Also produce assembly (Intel syntax). */
  readonly assembly?: boolean;
  readonly toolchain?: Toolchain;
  /** More options for the linker. */
  readonly link?: readonly string[];
  /** Build even if the cache has it, and keep nothing (`--no-cache`). */
  readonly fresh?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface BuiltModule {
  /** The shared object. */
  readonly so: string;
  /** One .s file per source, in order; empty unless asked for. */
  readonly assembly: readonly string[];
  /** Copies of the sources that the line information of `so` refers to. */
  readonly sources: readonly string[];
  readonly toolchain: Toolchain;
  readonly flags: readonly string[];
  readonly buildMs: number;
  readonly cached: boolean;
}

const nativeRoot = (): string => path.join(packageRoot(), "native");
/** What generated code may include. */
const headerFolders = ["runtime", "simd", "math", "kernels", "export"];

async function filesUnder(folder: string, endings: readonly string[]): Promise<string[]> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile() && endings.some((ending) => e.name.endsWith(ending)))
    .map((e) => path.join(e.parentPath, e.name))
    .sort();
}

async function contentOf(files: readonly string[], base: string): Promise<string[]> {
  const parts = await Promise.all(files.map(async (f) => [path.relative(base, f), await fs.readFile(f, "utf8")]));
  return parts.flat();
}

let headers: Promise<string> | undefined;

/** Hash of all headers that generated code may include; read once per process. */
export function hashOfHeaders(): Promise<string> {
  headers ??= (async () => {
    const files = (await Promise.all(headerFolders.map((f) => filesUnder(path.join(nativeRoot(), f), [".h", ".hpp"])))).flat();
    return contentKey(await contentOf(files, nativeRoot()));
  })();
  headers.catch(() => (headers = undefined));
  return headers;
}

/**
 * Compiles generated C++ to a shared object; several sources in parallel. Headers are found as `simd/simd.hpp`, `runtime/spmd.h`, ... (the
 * folder `native` is on the include path).
 * @throws compiler-missing, compile-failed, compiler-timeout, cache-full, isa-not-here, cancelled
 */
export async function buildModule(build: ModuleBuild): Promise<BuiltModule> {
  const started = performance.now();
  const toolchain = build.toolchain ?? (await findToolchain());
  const flags = [
    ...compileFlags(build.isa, toolchain, build),
    "-fPIC",
    "-fvisibility=hidden",
    `-I${nativeRoot()}`,
    ...(build.assembly === true ? ["-masm=intel"] : []),
  ];
  const parts = build.sources.flatMap((s) => [s.name, s.text]);
  const key = contentKey([
    "module 2",
    toolchain.banner,
    flags.join(" "),
    await hashOfHeaders(),
    build.assembly === true ? "asm" : "",
    (build.link ?? []).join(" "),
    ...parts,
  ]);
  const make = (folder: string): Promise<void> => makeModule(folder, build, toolchain, flags);
  const { folder, cached } = await cachedBuild(key, make, { fresh: build.fresh });
  const at = (name: string): string => path.join(folder, name);
  return {
    so: at("model.so"),
    assembly: build.assembly === true ? build.sources.map((s) => at(`${s.name}.s`)) : [],
    sources: build.sources.map((s) => at(s.name)),
    toolchain,
    flags,
    buildMs: performance.now() - started,
    cached,
  };
}

async function makeModule(folder: string, build: ModuleBuild, toolchain: Toolchain, flags: readonly string[]): Promise<void> {
  const run = { timeoutMs: build.timeoutMs, signal: build.signal, cwd: folder };
  const hash = await hashOfHeaders();
  const scalar = build.isa === "scalar";
  const prefix = build.fresh === true ? [] : await prefixFlags({ toolchain, flags, headers: hash, scalar }, run);
  const parts = build.parts ?? (build.quick === true ? 1 : undefined);
  const objects = await compileUnits(build.sources, {
    folder,
    toolchain,
    flags,
    prefix,
    headers: hash,
    assembly: build.assembly === true,
    parts,
    run,
  });
  const link = ["-shared", "-g1", "-pthread", "-Wl,-z,noexecstack", ...(build.link ?? [])];
  await compile(toolchain, [...link, ...objects, "-o", "model.so"], run);
  await Promise.all(objects.map((o) => fs.rm(path.join(folder, o))));
}

export interface BuiltRunner {
  readonly path: string;
  readonly buildMs: number;
  readonly cached: boolean;
}

interface RunnerRecipe {
  readonly toolchain: Toolchain;
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly key: string;
}

let recipe: Promise<RunnerRecipe> | undefined;

/**
 * The runner's program, built at first use; the cache is keyed by its sources and the compiler, which are read once per process. The program is
 * looked for every time: in a long session later builds may have taken its place in the cache.
 * @throws compiler-missing, compile-failed, cache-full
 */
export async function buildRunner(): Promise<BuiltRunner> {
  const started = performance.now();
  recipe ??= runnerRecipe();
  recipe.catch(() => (recipe = undefined));
  const { toolchain, sources, flags, key } = await recipe;
  const made = await cachedBuild(key, async (draft) => {
    const objects = await inParallel(sources, os.availableParallelism(), async (source) => {
      const object = path.join(draft, `${path.basename(source)}.o`);
      await compile(toolchain, [...flags, "-c", source, "-o", object]);
      return object;
    });
    await compile(toolchain, ["-pthread", ...objects, "-ldl", "-o", path.join(draft, "fusionscope-runner")]);
    await Promise.all(objects.map((o) => fs.rm(o)));
  });
  return { path: path.join(made.folder, "fusionscope-runner"), buildMs: performance.now() - started, cached: made.cached };
}

async function runnerRecipe(): Promise<RunnerRecipe> {
  const toolchain = await findToolchain();
  const folder = path.join(nativeRoot(), "runner");
  const sources = await filesUnder(folder, [".cpp"]);
  const inputs = [...(await filesUnder(folder, [".cpp", ".hpp"])), ...(await filesUnder(path.join(nativeRoot(), "runtime"), [".h"]))];
  const flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-pthread"];
  const key = contentKey(["runner 1", toolchain.banner, flags.join(" "), ...(await contentOf(inputs, nativeRoot()))]);
  return { toolchain, sources, flags, key };
}
