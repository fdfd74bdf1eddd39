/** What a module is compiled as: translation units that run in parallel, and kernels that other modules may have brought already. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isKernelUnit, kernelUnitText, placedAssembly, withoutUnits, type RegionText } from "../codegen/kernel-units.ts";
import { joinAssembly, partsOf, usefulParts } from "../codegen/parts.ts";
import { cachedBuild, contentKey } from "./build-cache.ts";
import { compile, type RunOptions, type Toolchain } from "./toolchain.ts";

export interface SourceFile {
  /** File name without folder, such as `model.cpp`: it appears in line information. */
  readonly name: string;
  readonly text: string;
  /** Its functions of regions: those that use microkernels are then compiled once for all models. */
  readonly functions?: readonly RegionText[];
}

/** One build, with everything that its units have in common. */
export interface UnitContext {
  readonly folder: string;
  readonly toolchain: Toolchain;
  readonly flags: readonly string[];
  /** Flags of the precompiled headers; empty where there are none, and then no kernel is compiled apart: it would read all headers for itself. */
  readonly prefix: readonly string[];
  readonly headers: string;
  /** Assembly is kept for people. */
  readonly assembly: boolean;
  /** Parts of each source; default: what is worth while. */
  readonly parts: number | undefined;
  readonly run: RunOptions;
}

/** A piece of work that leaves an object file, and its assembly where that is wanted. */
interface Unit {
  readonly of: string;
  /** Base name of its files. */
  readonly file: string;
  readonly make: (c: UnitContext) => Promise<void>;
}

const unitFile = "kernel.cpp";

/** Compiles all sources in the folder and returns the names of the objects; `NAME.s` is left for each source where assembly is wanted. */
export async function compileUnits(sources: readonly SourceFile[], context: UnitContext): Promise<readonly string[]> {
  const cores = os.availableParallelism();
  const at = (name: string): string => path.join(context.folder, name);
  const units = sources.flatMap((s) => unitsOf(s, context, cores));
  for (const { name, text } of sources) await fs.writeFile(at(name), text);
  await inParallel(units, cores, (unit) => unit.make(context));
  const divided = units.filter((u) => u.file !== u.of);
  if (context.assembly)
    for (const name of new Set(divided.map((u) => u.of))) {
      const texts = await Promise.all(divided.filter((u) => u.of === name).map((u) => fs.readFile(at(`${u.file}.s`), "utf8")));
      await fs.writeFile(at(`${name}.s`), joinAssembly(texts));
    }
  await Promise.all(divided.flatMap(({ file }) => [file, `${file}.s`].map((name) => fs.rm(at(name), { force: true }))));
  return units.map((u) => `${u.file}.o`);
}

function unitsOf(source: SourceFile, { prefix, parts }: UnitContext, cores: number): Unit[] {
  const { name, functions = [] } = source;
  const kernels = prefix.length === 0 || parts !== undefined ? [] : functions.filter(isKernelUnit);
  const text = withoutUnits(source.text, kernels);
  const rest = partsOf(text, name, parts ?? usefulParts(text, cores));
  const apart = rest.length > 1 || kernels.length > 0;
  return [
    ...rest.map((part, i): Unit => {
      const file = apart ? `${name}.${i}.cpp` : name;
      const named = rest.length > 1 || !apart ? part : `#line 1 "${name}"\n${part}`;
      return { of: name, file, make: (c) => compileText(c, file, apart ? named : undefined) };
    }),
    ...kernels.map((f, i): Unit => {
      const file = `${name}.k${i}.cpp`;
      return { of: name, file, make: (c) => placeKernel(c, f, file, name) };
    }),
  ];
}

/** @param text of a file that is not there yet */
async function compileText({ folder, toolchain, flags, prefix, assembly, run }: UnitContext, file: string, text?: string): Promise<void> {
  // Line information must not name the draft's folder, which is gone after the rename.
  const own = [...flags, ...prefix, `-ffile-prefix-map=${folder}=.`];
  if (text !== undefined) await fs.writeFile(path.join(folder, file), text);
  if (!assembly) return void (await compile(toolchain, [...own, "-c", file, "-o", `${file}.o`], run));
  // The object is assembled from the same text that is shown.
  await compile(toolchain, [...own, "-S", file, "-o", `${file}.s`], run);
  await compile(toolchain, ["-c", `${file}.s`, "-o", `${file}.o`], run);
}

/** A kernel's assembly, from the cache or compiled now, as part of this module. */
async function placeKernel(context: UnitContext, unit: RegionText, file: string, of: string): Promise<void> {
  const { folder, toolchain, flags, prefix, headers, run } = context;
  const text = kernelUnitText(unit);
  const key = contentKey(["kernel 1", toolchain.banner, flags.join(" "), headers, text]);
  const read = async (): Promise<string> => {
    const kernel = await cachedBuild(key, async (draft) => {
      await fs.writeFile(path.join(draft, unitFile), text);
      const own = [...flags, ...prefix, `-ffile-prefix-map=${draft}=.`];
      await compile(toolchain, [...own, "-S", unitFile, "-o", "kernel.s"], { ...run, cwd: draft });
    });
    return fs.readFile(path.join(kernel.folder, "kernel.s"), "utf8");
  };
  // Another process may clear the cache between finding and reading: a second time it is made.
  const assembly = await read().catch((e: NodeJS.ErrnoException) => {
    if (e.code === "ENOENT") return read();
    throw e;
  });
  await fs.writeFile(path.join(folder, `${file}.s`), placedAssembly(assembly, unitFile, unit, of));
  await compile(toolchain, ["-c", `${file}.s`, "-o", `${file}.o`], run);
}

/** Runs tasks, at most `limit` at a time, results in order. */
export async function inParallel<T, R>(items: readonly T[], limit: number, task: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await task(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
