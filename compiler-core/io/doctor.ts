/** What this machine offers for building, running and timing, each with the reason why not. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { isaSets, missingFeatures, type IsaName, type MachineProfile } from "../machine.ts";
import { cacheFolder } from "./cache-folder.ts";
import { environment } from "./environment.ts";
import { findMca } from "./llvm-mca.ts";

export interface DoctorItem {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, such as a version; "" when nothing was. */
  readonly value: string;
  /** Why it is not there and what to do about it. */
  readonly why?: string;
}

const run = promisify(execFile);

/** Finds a program on the PATH and asks for its version: the first line of `--version`. */
async function probeProgram(program: string): Promise<{ readonly version: string } | { readonly why: string }> {
  try {
    const { stdout } = await run(program, ["--version"], { timeout: 10_000, encoding: "utf8" });
    const line = stdout.split("\n").find((l) => /\d+\.\d+/.test(l)) ?? stdout.split("\n")[0] ?? "";
    return { version: line.trim() };
  } catch (e) {
    const error = e as NodeJS.ErrnoException & { stderr?: string };
    return {
      why: error.code === "ENOENT" ? "not on the PATH" : `it does not run: ${(error.stderr ?? error.message).split("\n")[0] ?? ""}`,
    };
  }
}

/** Programs that are used when they are there: what for, and the Debian package that holds them. */
const programs: readonly { readonly program: string; readonly use: string; readonly install: string }[] = [
  { program: "g++", use: "builds generated code", install: "apt-get install g++" },
  { program: "clang++", use: "builds generated code", install: "apt-get install clang" },
  { program: "objdump", use: "shows the assembly", install: "apt-get install binutils" },
];

async function programItems(): Promise<DoctorItem[]> {
  return Promise.all(
    programs.map(async ({ program, use, install }) => {
      const found = await probeProgram(program);
      return "version" in found
        ? { name: program, ok: true, value: found.version }
        : { name: program, ok: false, value: "", why: `${found.why}; ${use}: ${install}` };
    }),
  );
}

/** The analyser is taken by version, not by name: the default one of a distribution may be too old. */
async function mcaItem(): Promise<DoctorItem> {
  const found = await findMca();
  const name = "llvm-mca";
  return "why" in found
    ? { name, ok: false, value: "", why: `static estimates of loops: ${found.why}` }
    : { name, ok: true, value: `${found.command}, version ${found.version.split(" ")[1] ?? ""}` };
}

function cacheItem(): DoctorItem {
  const folder = cacheFolder();
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(folder);
    return { name: "cache folder", ok: true, value: `${folder} (${Math.floor((bavail * bsize) / 2 ** 20)} MiB free)` };
  } catch (e) {
    return {
      name: "cache folder",
      ok: false,
      value: folder,
      why: `cannot be written: ${(e as NodeJS.ErrnoException).code ?? "unknown"}; set FUSIONSCOPE_CACHE`,
    };
  }
}

/** The level above which the kernel refuses counters to ordinary users (perf_event_open(2)). */
function perfItem(): DoctorItem {
  const name = "perf events";
  const level = readNumber("/proc/sys/kernel/perf_event_paranoid");
  if (level === undefined) return { name, ok: false, value: "", why: "the kernel has no perf_event_open" };
  if (level > 2 && process.getuid?.() !== 0)
    return {
      name,
      ok: false,
      value: `perf_event_paranoid ${level}`,
      why: "allow counters with: sudo sysctl -w kernel.perf_event_paranoid=2",
    };
  const hardware = fs.existsSync("/sys/bus/event_source/devices/cpu");
  const value = `perf_event_paranoid ${level}`;
  if (!hardware)
    return {
      name,
      ok: true,
      value: `${value}, software events only`,
      why: "no hardware counters: the CPU's PMU is not visible (often so in virtual machines)",
    };
  return { name, ok: true, value: `${value}, hardware and software events` };
}

/** Huge pages for activations and packed weights: compiled models ask for them, the system may refuse. */
function hugePagesItem(): DoctorItem {
  const name = "huge pages";
  const modes = readText("/sys/kernel/mm/transparent_hugepage/enabled");
  const mode = modes === undefined ? undefined : /\[(\w+)\]/.exec(modes)?.[1];
  if (mode === undefined) return { name, ok: false, value: "", why: "the kernel has no transparent huge pages" };
  if (mode === "never")
    return { name, ok: false, value: mode, why: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled lets programs ask for them" };
  return { name, ok: true, value: `${mode}, asked for by buffers of 2 MiB and more` };
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function readNumber(file: string): number | undefined {
  try {
    const value = Number(fs.readFileSync(file, "utf8"));
    return Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Every feature set with what this machine lacks for it. */
export function isaItems(machine: MachineProfile): { readonly name: IsaName; readonly missing: readonly string[] }[] {
  return (Object.keys(isaSets) as IsaName[]).map((name) => ({ name, missing: missingFeatures(name, machine) }));
}

/** All findings except those that need the native runner. */
export async function doctorItems(): Promise<DoctorItem[]> {
  const compiler = environment("CXX");
  const chosen: DoctorItem[] = compiler === undefined ? [] : [await compilerItem(compiler)];
  const node: DoctorItem = { name: "node", ok: true, value: process.version };
  return [node, ...chosen, ...(await programItems()), await mcaItem(), perfItem(), hugePagesItem(), cacheItem()];
}

async function compilerItem(program: string): Promise<DoctorItem> {
  const found = await probeProgram(program);
  const name = `$CXX (${path.basename(program)})`;
  return "version" in found ? { name, ok: true, value: found.version } : { name, ok: false, value: program, why: found.why };
}
