/** Checks that data read from somewhere is a machine profile. */
import {
  cpuFeatures,
  memoryLevels,
  peakNames,
  type CpuFeature,
  type LevelBandwidth,
  type MachineProfile,
  type MemoryLevel,
  type PeakName,
  type TeamCost,
} from "./machine.ts";
import { checkTuned } from "./tuned.ts";

/** Says what is wrong with the data; does not return. */
export type Refuse = (what: string) => never;

type Optional = Omit<MachineProfile, "name" | "features" | "caches" | "cores">;

/** One reader per optional member; each refuses what is not its type. */
const optional: { readonly [K in keyof Required<Optional>]: (value: unknown, wrong: Refuse) => Required<Optional>[K] } = {
  threadsPerCore: (v, wrong) => atLeastOne(v, "threadsPerCore", wrong),
  lineBytes: (v, wrong) => atLeastOne(v, "lineBytes", wrong),
  numaNodes: (v, wrong) => atLeastOne(v, "numaNodes", wrong),
  sharedBy: (v, wrong) => members(v, "sharedBy", ["l1d", "l2", "l3"] as const, (x, at) => atLeastOne(x, at, wrong), wrong),
  peaks: (v, wrong) =>
    members(
      v,
      "peaks",
      peakNames,
      (x, at) => positive(x, at, wrong),
      wrong,
      (key) => `peak ${JSON.stringify(key)} is not known`,
    ),
  bandwidths: (v, wrong) => members(v, "bandwidths", memoryLevels, (x, at) => bandwidth(x, at, wrong), wrong),
  teamCosts: (v, wrong) =>
    Array.isArray(v) ? v.map((x: unknown, i) => teamCost(x, `teamCosts[${i}]`, wrong)) : wrong("teamCosts is not a list"),
  tuned: (v, wrong) => checkTuned(v, wrong),
  sources: (v, wrong) => {
    if (!isRecord(v)) return wrong("sources is not an object");
    for (const [key, text] of Object.entries(v)) if (typeof text !== "string") wrong(`sources.${key} is not a text`);
    return v as Record<string, string>;
  },
};

/** The profile that the data is, with its members in the order of the type. `wrong` is called for the first thing that does not fit. */
export function checkProfile(data: unknown, wrong: Refuse): MachineProfile {
  if (!isRecord(data)) return wrong("it is not an object");
  const known = ["name", "features", "caches", "cores", ...Object.keys(optional)];
  const extra = Object.keys(data).find((k) => !known.includes(k));
  if (extra !== undefined) wrong(`it has an unknown member ${JSON.stringify(extra)}`);
  const { name, features, caches, cores } = data;
  if (typeof name !== "string") return wrong("name is not a text");
  if (!Array.isArray(features)) return wrong("features is not a list");
  const strange = (features as unknown[]).find((f) => !cpuFeatures.includes(f as CpuFeature));
  if (strange !== undefined) wrong(`feature ${JSON.stringify(strange)} is not known`);
  if (!isRecord(caches)) return wrong("caches is not an object");
  const size = (key: string): number => (isCount(caches[key]) ? caches[key] : wrong(`caches.${key} is not a number of bytes`));
  if (!isCount(cores) || cores < 1) return wrong("cores is not a number of cores");
  const found = Object.entries(optional).flatMap(([key, read]) =>
    data[key] === undefined ? [] : [[key, read(data[key], wrong)] as const],
  );
  return {
    name,
    features: cpuFeatures.filter((f) => features.includes(f)),
    caches: { l1d: size("l1d"), l2: size("l2"), l3: size("l3") },
    cores,
    ...(Object.fromEntries(found) as Optional),
  };
}

function bandwidth(value: unknown, at: string, wrong: Refuse): LevelBandwidth {
  if (!isRecord(value)) return wrong(`${at} is not an object`);
  const core = positive(value.core, `${at}.core`, wrong);
  return value.all === undefined ? { core } : { core, all: positive(value.all, `${at}.all`, wrong) };
}

function teamCost(value: unknown, at: string, wrong: Refuse): TeamCost {
  if (!isRecord(value)) return wrong(`${at} is not an object`);
  return {
    threads: atLeastOne(value.threads, `${at}.threads`, wrong),
    barrierNs: positive(value.barrierNs, `${at}.barrierNs`, wrong),
    launchNs: positive(value.launchNs, `${at}.launchNs`, wrong),
  };
}

function members<K extends MemoryLevel | PeakName, V>(
  value: unknown,
  at: string,
  keys: readonly K[],
  read: (value: unknown, at: string) => V,
  wrong: Refuse,
  unknown = (key: string): string => `${at} has an unknown member ${JSON.stringify(key)}`,
): Partial<Record<K, V>> {
  if (!isRecord(value)) return wrong(`${at} is not an object`);
  for (const key of Object.keys(value)) if (!(keys as readonly string[]).includes(key)) wrong(unknown(key));
  return Object.fromEntries(keys.flatMap((k) => (value[k] === undefined ? [] : [[k, read(value[k], `${at}.${k}`)]]))) as Partial<
    Record<K, V>
  >;
}

const positive = (v: unknown, at: string, wrong: Refuse): number =>
  typeof v === "number" && v > 0 && Number.isFinite(v) ? v : wrong(`${at} is not a positive number`);
const atLeastOne = (v: unknown, at: string, wrong: Refuse): number =>
  isCount(v) && v >= 1 ? v : wrong(`${at} is not a whole number above 0`);
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const isCount = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v) && v >= 0;
