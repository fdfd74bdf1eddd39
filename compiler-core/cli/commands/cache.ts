/** `fusionscope cache [info|clear]`: what is kept between runs. */
import fs from "node:fs";
import path from "node:path";
import { userError } from "#core";
import { cacheFolder, cacheLimit, removeWhole } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { bytesText } from "../text/units.ts";

/** What this program keeps: nothing else of the folder is counted or removed. */
const kept = ["builds", "tuned", "machine.json"];

interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

export const cache: CommandRunner = async ({ arguments: [action] }) => {
  const folder = cacheFolder();
  const limitBytes = cacheLimit();
  const before = usage(folder);
  if (action === "clear") await clear(folder);
  const { entries, bytes } = usage(folder);
  const removed = before.entries - entries;
  const what =
    action === "clear"
      ? `removed ${removed} files (${bytesText(before.bytes - bytes)})`
      : `${entries} files, ${bytesText(bytes)} of at most ${bytesText(limitBytes)} (FUSIONSCOPE_CACHE_MIB); the least recently used go first`;
  return { json: { folder, entries, bytes, removed, limitBytes }, text: [`${folder}: ${what}`] };
};

function usage(folder: string): Usage {
  return kept
    .map((name) => measure(path.join(folder, name)))
    .reduce((a, b) => ({ entries: a.entries + b.entries, bytes: a.bytes + b.bytes }));
}

/** Files and bytes under a path. Another process may be removing them at the same time. */
function measure(at: string): Usage {
  const stat = fs.lstatSync(at, { throwIfNoEntry: false });
  if (stat === undefined) return { entries: 0, bytes: 0 };
  if (!stat.isDirectory()) return { entries: 1, bytes: stat.size };
  const parts = list(at).map((name) => measure(path.join(at, name)));
  return parts.reduce((a, b) => ({ entries: a.entries + b.entries, bytes: a.bytes + b.bytes }), { entries: 0, bytes: 0 });
}

function list(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** Builds that run meanwhile begin again: what they find is whole or not there. */
async function clear(folder: string): Promise<void> {
  // What a killed process was about to remove goes, too.
  const gone = list(folder).filter((name) => name.startsWith(".gone-"));
  for (const name of [...kept, ...gone]) {
    const at = path.join(folder, name);
    try {
      await removeWhole(at);
    } catch (e) {
      userError("file-unwritable", {}, { path: at, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
    }
  }
}
