/** The profile of the machine that this process runs on, from what Linux says about it. Nothing is guessed: what is not known is 0. */
import fs from "node:fs";
import os from "node:os";
import type { CpuIdentity } from "../counters/events.ts";
import { cpuFeatures, type MachineProfile } from "../machine.ts";

/** What `detectMachine` finds beyond the profile; for `doctor`. */
export interface MachineFacts {
  readonly profile: MachineProfile;
  /** CPUs this process may use. */
  readonly cpus: number;
  /** Logical CPUs that share a core, such as [[0, 4], [1, 5]]; undefined when the system does not say. */
  readonly siblings: readonly (readonly number[])[] | undefined;
  /** Set by hypervisors: counters and frequencies may be missing or virtual. */
  readonly virtual: boolean;
  /** Which processor it is, for the events that it can count. */
  readonly identity: CpuIdentity;
}

/** Where the facts are read from; tests give folders of their own. */
export interface SystemFiles {
  readonly cpuinfo: string;
  readonly cpus: string;
}
const systemFiles: SystemFiles = { cpuinfo: "/proc/cpuinfo", cpus: "/sys/devices/system/cpu" };

/** Reads the facts about this machine. Never throws: an unknown system gives a profile without features. */
export function detectMachine(files: SystemFiles = systemFiles): MachineFacts {
  const info = readText(files.cpuinfo) ?? "";
  const flags = new Set(field(info, "flags").split(/\s+/));
  const siblings = coreSiblings(files.cpus);
  const profile: MachineProfile = {
    name: field(info, "model name") || os.cpus()[0]?.model || process.arch,
    features: cpuFeatures.filter((f) => flags.has(f)),
    caches: dataCaches(files.cpus),
    cores: siblings?.length ?? os.availableParallelism(),
    ...topology(files.cpus, siblings),
  };
  const identity = { vendor: field(info, "vendor_id"), family: Number(field(info, "cpu family")), model: Number(field(info, "model")) };
  return { profile, cpus: os.availableParallelism(), siblings, virtual: flags.has("hypervisor"), identity };
}

/** The first value of a field of /proc/cpuinfo; "" when it is not there. */
function field(info: string, name: string): string {
  const line = info.split("\n").find((l) => l.split(":")[0]?.trim() === name);
  return line === undefined ? "" : line.slice(line.indexOf(":") + 1).trim();
}

interface CacheFolder {
  readonly key: "l1d" | "l2" | "l3";
  /** The text of one of its files; "" when it is not there. */
  readonly read: (name: string) => string;
}

/** The data and unified caches of CPU 0. */
function dataCacheFolders(cpus: string): CacheFolder[] {
  return list(`${cpus}/cpu0/cache`)
    .filter((e) => /^index\d+$/.test(e))
    .flatMap((entry) => {
      const read = (name: string): string => readText(`${cpus}/cpu0/cache/${entry}/${name}`)?.trim() ?? "";
      const key = ({ "1": "l1d", "2": "l2", "3": "l3" } as const)[read("level") as "1" | "2" | "3"];
      return key === undefined || read("type") === "Instruction" ? [] : [{ key, read }];
    });
}

/** Sizes of the data and unified caches of CPU 0, in bytes; 0 where the system does not say. */
function dataCaches(cpus: string): MachineProfile["caches"] {
  const size = { l1d: 0, l2: 0, l3: 0 };
  for (const { key, read } of dataCacheFolders(cpus)) size[key] = parseSize(read("size"));
  return size;
}

/** What the system says beyond sizes; members that it does not know are left out. */
function topology(
  cpus: string,
  siblings: readonly (readonly number[])[] | undefined,
): Pick<MachineProfile, "threadsPerCore" | "lineBytes" | "sharedBy" | "numaNodes"> {
  const threadsPerCore = siblings?.[0]?.length;
  const lineBytes = Number(readText(`${cpus}/cpu0/cache/index0/coherency_line_size`)?.trim());
  const sharedBy: Partial<Record<"l1d" | "l2" | "l3", number>> = {};
  for (const { key, read } of dataCacheFolders(cpus)) {
    const sharers = parseCpuList(read("shared_cpu_list"));
    if (read("shared_cpu_list") !== "" && sharers.length > 0)
      sharedBy[key] = Math.max(1, Math.round(sharers.length / (threadsPerCore ?? 1)));
  }
  const numaNodes = list(`${cpus}/../node`).filter((e) => /^node\d+$/.test(e)).length;
  return {
    ...(threadsPerCore === undefined ? {} : { threadsPerCore }),
    ...(lineBytes > 0 ? { lineBytes } : {}),
    ...(Object.keys(sharedBy).length === 0 ? {} : { sharedBy }),
    ...(numaNodes === 0 ? {} : { numaNodes }),
  };
}

const multiples: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `32K` -> 32768. */
function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)$/.exec(text);
  return match === null ? 0 : Number(match[1]) * (multiples[match[2] ?? ""] ?? 0);
}

function coreSiblings(cpus: string): number[][] | undefined {
  const cores = new Map<string, number[]>();
  for (const entry of list(cpus).filter((e) => /^cpu\d+$/.test(e))) {
    const shared = readText(`${cpus}/${entry}/topology/thread_siblings_list`)?.trim();
    if (shared === undefined) continue;
    cores.set(shared, parseCpuList(shared));
  }
  return cores.size === 0 ? undefined : [...cores.values()].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** `0-2,8` -> [0, 1, 2, 8]. */
export function parseCpuList(text: string): number[] {
  return text.split(",").flatMap((range) => {
    const [from = NaN, to = from] = range.split("-").map(Number);
    return Number.isInteger(from) && Number.isInteger(to) && to >= from && to - from < 4096
      ? Array.from({ length: to - from + 1 }, (_, i) => from + i)
      : [];
  });
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}
