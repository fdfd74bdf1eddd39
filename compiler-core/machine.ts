/**
 * The machine that code is generated for, as data. Decisions read this and nothing else, so that the same model, options and profile
 * give the same code anywhere.
 */
import { userError } from "./messages.ts";
import type { TunedEntry } from "./tuned.ts";

/** CPU features that code generation knows, named as in /proc/cpuinfo. */
export const cpuFeatures = [
  "avx2",
  "fma",
  "f16c",
  "avx512f",
  "avx512bw",
  "avx512dq",
  "avx512vl",
  "avx512_vnni",
  "avx512_bf16",
  "avx512_fp16",
  "amx_tile",
  "amx_int8",
  "amx_bf16",
  "avx_vnni",
] as const;
export type CpuFeature = (typeof cpuFeatures)[number];

/**
 * Peaks that can be measured: Gflop/s or Gop/s of one core (a multiply-add counts two), GB/s of a copy, GHz of a dependent-add chain.
 * f32: FMA of the widest vectors; vnni: u8 x s8 dot products of the widest vectors; bf16, f16: vector units; amx...: tiles.
 */
export const peakNames = [
  "f32GflopsPerCore",
  "f32Avx2GflopsPerCore",
  "vnniGopsPerCore",
  "bf16GflopsPerCore",
  "f16GflopsPerCore",
  "amxInt8GopsPerCore",
  "amxBf16GflopsPerCore",
  "copyGBs",
  "ghz",
] as const;
export type PeakName = (typeof peakNames)[number];

/** Where data is read from, nearest first. */
export const memoryLevels = ["l1d", "l2", "l3", "memory"] as const;
export type MemoryLevel = (typeof memoryLevels)[number];

/** Read bandwidth in GB/s: of one core alone, and of all cores at once (absent: not measured). */
export interface LevelBandwidth {
  readonly core: number;
  readonly all?: number;
}

/** What a team of so many threads pays, in nanoseconds: for a barrier inside a run, and to start a run and see it end. */
export interface TeamCost {
  readonly threads: number;
  readonly barrierNs: number;
  readonly launchNs: number;
}

export interface MachineProfile {
  readonly name: string;
  readonly features: readonly CpuFeature[];
  /** Bytes. */
  readonly caches: { readonly l1d: number; readonly l2: number; readonly l3: number };
  /** Physical cores. */
  readonly cores: number;
  /** Logical CPUs per core; absent: not known. */
  readonly threadsPerCore?: number;
  /** Bytes of a cache line. */
  readonly lineBytes?: number;
  /** How many cores share one cache of a level; absent: not known. */
  readonly sharedBy?: Readonly<Partial<Record<"l1d" | "l2" | "l3", number>>>;
  /** Memory nodes (sockets, or parts of one). */
  readonly numaNodes?: number;
  /** Measured by `doctor --calibrate`; absent: not measured, never guessed. Profiles that are shipped say in `sources` where theirs are from. */
  readonly peaks?: Readonly<Partial<Record<PeakName, number>>>;
  readonly bandwidths?: Readonly<Partial<Record<MemoryLevel, LevelBandwidth>>>;
  /** Ascending by threads. */
  readonly teamCosts?: readonly TeamCost[];
  /** What a tuner found to be faster than the cost model's choice: see tuned.ts. `--tuned` adds what `bench --tune` has kept. */
  readonly tuned?: readonly TunedEntry[];
  /** Where figures come from: a member (`caches`, `peaks.ghz`) and a sentence that begins with published, derived, estimate or measured. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** Declared feature sets that code can be generated for, narrowest first. Sets, not a ladder: each lists what it needs. */
export const isaSets = {
  scalar: [],
  avx2: ["avx2", "fma", "f16c"],
  avx512: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
  "avx512-vnni": ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"],
  "avx512-bf16": ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16"],
  "avx512-fp16": ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"],
  // Every processor with tiles has FP16, so code for tiles may use it, too.
  amx: [
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
  ],
} as const satisfies Record<string, readonly CpuFeature[]>;

export type IsaName = keyof typeof isaSets;

/** The widest declared set the machine has. */
export function widestIsa(machine: MachineProfile): IsaName {
  const names = Object.keys(isaSets) as IsaName[];
  return names.filter((n) => isaSets[n].every((f) => machine.features.includes(f))).at(-1) ?? "scalar";
}

/** Features a set lacks on this machine: empty means the code can run. */
export function missingFeatures(isa: IsaName, machine: MachineProfile): readonly CpuFeature[] {
  return isaSets[isa].filter((f) => !machine.features.includes(f));
}

/** 32-bit lanes of the widest vectors of a set. */
export const f32Lanes = (isa: IsaName): number => (isa === "scalar" ? 1 : isa === "avx2" ? 8 : 16);

/** The feature set an `--isa` option means on this machine: `auto` is the widest declared one. */
export function resolveIsa(isa: string, machine: MachineProfile): IsaName {
  if (isa === "auto") return widestIsa(machine);
  if (isa in isaSets) return isa as IsaName;
  return userError(
    "usage",
    {},
    { what: `there is no feature set ${isa}; the sets are ${Object.keys(isaSets).join(", ")}`, help: "compile --help" },
  );
}
