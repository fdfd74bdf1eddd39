/** Machine profiles as files: `--machine FILE`, and the one that `doctor --calibrate` keeps for this machine. */
import fs from "node:fs";
import path from "node:path";
import { cpuFeatures, peakNames, type CpuFeature, type MachineProfile } from "../machine.ts";
import { asUserError, userError } from "../messages.ts";
import { cacheFolder } from "./cache-folder.ts";
import { detectMachine } from "./machine-detect.ts";

/** Reads and checks a profile. Throws `file-unreadable` and `machine-profile`. */
export function readMachineProfile(file: string): MachineProfile {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (e) {
    return userError("file-unreadable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "it cannot be opened" }, e);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (e) {
    return userError("machine-profile", {}, { path: file, what: `it is not JSON: ${e instanceof Error ? e.message : String(e)}` });
  }
  const wrong = (what: string): never => userError("machine-profile", {}, { path: file, what });
  return checkProfile(data, wrong);
}

function checkProfile(data: unknown, wrong: (what: string) => never): MachineProfile {
  if (!isRecord(data)) return wrong("it is not an object");
  const known = ["name", "features", "caches", "cores", "peaks"];
  const extra = Object.keys(data).find((k) => !known.includes(k));
  if (extra !== undefined) wrong(`it has an unknown member ${JSON.stringify(extra)}`);
  const { name, features, caches, cores, peaks } = data;
  if (typeof name !== "string") return wrong("name is not a text");
  if (!Array.isArray(features)) return wrong("features is not a list");
  const strange = (features as unknown[]).find((f) => !cpuFeatures.includes(f as CpuFeature));
  if (strange !== undefined) wrong(`feature ${JSON.stringify(strange)} is not known`);
  if (!isRecord(caches)) return wrong("caches is not an object");
  const size = (key: string): number => (isCount(caches[key]) ? caches[key] : wrong(`caches.${key} is not a number of bytes`));
  if (!isCount(cores) || cores < 1) return wrong("cores is not a number of cores");
  const profile = {
    name,
    features: cpuFeatures.filter((f) => features.includes(f)),
    caches: { l1d: size("l1d"), l2: size("l2"), l3: size("l3") },
    cores,
  };
  if (peaks === undefined) return profile;
  if (!isRecord(peaks)) return wrong("peaks is not an object");
  for (const [key, value] of Object.entries(peaks)) {
    if (!(peakNames as readonly string[]).includes(key)) wrong(`peak ${JSON.stringify(key)} is not known`);
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) wrong(`peaks.${key} is not a positive number`);
  }
  return { ...profile, peaks: peaks as MachineProfile["peaks"] };
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const isCount = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v) && v >= 0;

const calibrationFile = (): string => path.join(cacheFolder(), "machine.json");

/** This machine's profile: the calibrated one when it was made on a machine like this, else what is detected. */
export function localMachine(): MachineProfile {
  const { profile } = detectMachine();
  const kept = calibration();
  const same = kept !== undefined && JSON.stringify({ ...kept, peaks: undefined }) === JSON.stringify({ ...profile, peaks: undefined });
  return same ? kept : profile;
}

/** The kept profile; undefined when there is none or it is damaged. */
export function calibration(): MachineProfile | undefined {
  try {
    return readMachineProfile(calibrationFile());
  } catch (e) {
    if (asUserError(e).code === "bug") throw e;
    return undefined;
  }
}

/** Keeps a profile with measured peaks for later compilations. Returns the file's path. */
export function keepCalibration(profile: MachineProfile): string {
  const file = calibrationFile();
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, JSON.stringify(profile, undefined, 2) + "\n");
    fs.renameSync(draft, file);
  } catch (e) {
    userError("file-unwritable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
  }
  return file;
}
