/**
 * What tuners have found, kept for later compilations: a file for each machine profile in the cache folder. Nothing reads it unless asked
 * (`--tuned`): compilation stays a function of model, options and machine profile, and tuned entries are part of the profile.
 */
import fs from "node:fs";
import path from "node:path";
import type { MachineProfile } from "../machine.ts";
import { UserError, userError } from "../messages.ts";
import { checkTuned, mergeTuned, type TunedEntry } from "../tuned.ts";
import { contentKey } from "./build-cache.ts";
import { cacheFolder } from "./cache-folder.ts";

/** Raised when kernels or parameters change so that older entries mean nothing. */
const version = 1;

/** The machine without its measured figures: those change with every calibration. */
const identityOf = ({ name, features, caches, cores }: MachineProfile): string => JSON.stringify({ name, features, caches, cores });

/** The file for a machine profile; it need not exist. */
export function tunedFile(machine: MachineProfile): string {
  return path.join(cacheFolder(), "tuned", `${contentKey([identityOf(machine)])}.json`);
}

/** The entries kept for a machine profile. A file that is damaged or of another version holds none. */
export function keptTuned(machine: MachineProfile): readonly TunedEntry[] {
  let text: string;
  try {
    text = fs.readFileSync(tunedFile(machine), "utf8");
  } catch {
    return [];
  }
  try {
    const data = JSON.parse(text) as { readonly version?: unknown; readonly tuned?: unknown };
    if (data.version !== version) return [];
    return checkTuned(data.tuned, (what) => userError("machine-profile", {}, { path: tunedFile(machine), what }));
  } catch (e) {
    if (e instanceof UserError || e instanceof SyntaxError || e instanceof TypeError) return [];
    throw e;
  }
}

/** Keeps entries in place of older ones for the same problems; `drop`: problems whose entries go. Returns the file. Throws `file-unwritable`. */
export function keepTuned(machine: MachineProfile, entries: readonly TunedEntry[], drop: readonly string[] = []): string {
  const file = tunedFile(machine);
  const tuned = mergeTuned(
    keptTuned(machine).filter((e) => !drop.includes(e.problem)),
    entries,
  );
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, JSON.stringify({ version, machine: machine.name, tuned }, undefined, 1) + "\n");
    fs.renameSync(draft, file);
  } catch (e) {
    userError("file-unwritable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
  }
  return file;
}

/** A profile with the entries kept for it; those it has itself come first. */
export function withTuned(machine: MachineProfile): MachineProfile {
  const kept = keptTuned(machine);
  return kept.length === 0 ? machine : { ...machine, tuned: mergeTuned(kept, machine.tuned ?? []) };
}
