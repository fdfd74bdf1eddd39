/** Machine profiles as files: `--machine FILE`, and the one that `doctor --calibrate` keeps for this machine. */
import fs from "node:fs";
import path from "node:path";
import { type MachineProfile } from "../machine.ts";
import { checkProfile } from "../machine-check.ts";
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

const calibrationFile = (): string => path.join(cacheFolder(), "machine.json");

/** This machine's profile: the calibrated one when it was made on a machine like this, else what is detected. */
export function localMachine(): MachineProfile {
  const { profile } = detectMachine();
  const kept = calibration();
  return kept !== undefined && unmeasured(kept) === unmeasured(profile) ? kept : profile;
}

/** A profile's text without what a calibration adds; a file has its members in another order than what is detected. */
function unmeasured({ peaks: _p, bandwidths: _b, teamCosts: _t, sources: _s, ...machine }: MachineProfile): string {
  return JSON.stringify(Object.entries(machine).sort(([a], [b]) => (a < b ? -1 : 1)));
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
