/**
 * Profiles of machines that are not here, shipped with the package: what the compiler would decide there. Code for them is made and shown; running
 * it is refused when this machine lacks what it needs.
 */
import fs from "node:fs";
import path from "node:path";
import type { MachineProfile } from "../machine.ts";
import { userError } from "../messages.ts";
import { readMachineProfile } from "./machine-profile.ts";
import { nearest } from "./nearest-name.ts";
import { packageRoot } from "./package-root.ts";

export interface ReferenceMachine {
  /** What `--machine` takes. */
  readonly name: string;
  readonly profile: MachineProfile;
}

/** Relative to the package: scripts that package and `.vscodeignore` name it, too. */
const folder = (): string => path.join(packageRoot(), "compiler-core", "machines");

/** Names of the profiles that come with the package, sorted. */
export function referenceNames(): string[] {
  const files = fs.existsSync(folder()) ? fs.readdirSync(folder()) : [];
  return files
    .filter((f) => f.endsWith(".json"))
    .map((f) => f.slice(0, -".json".length))
    .sort();
}

/** All of them. @throws machine-profile when one is damaged */
export const referenceMachines = (): ReferenceMachine[] =>
  referenceNames().map((name) => ({ name, profile: readMachineProfile(path.join(folder(), `${name}.json`)) }));

/**
 * The profile that `--machine` means: a name of the list, or a file. What looks like a path is one.
 * @throws machine-unknown, file-unreadable, machine-profile
 */
export function machineOf(nameOrFile: string): MachineProfile {
  const names = referenceNames();
  if (names.includes(nameOrFile)) return readMachineProfile(path.join(folder(), `${nameOrFile}.json`));
  if (/[/\\.]/.test(nameOrFile) || fs.existsSync(nameOrFile)) return readMachineProfile(nameOrFile);
  const near = nearest(nameOrFile, names);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  return userError("machine-unknown", {}, { name: nameOrFile, hint, names: names.join(", ") });
}
