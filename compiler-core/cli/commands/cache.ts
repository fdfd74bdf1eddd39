/** `fusionscope cache info|clear`: what is kept between runs. */
import fs from "node:fs";
import path from "node:path";
import { userError } from "#core";
import { cacheFolder } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { bytesText } from "../text/units.ts";

/** What this program keeps: nothing else of the folder is counted or removed. */
const kept = ["builds", "machine.json"];

interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

export const cache: CommandRunner = ({ arguments: [action] }) => {
  const folder = cacheFolder();
  const before = usage(folder);
  if (action === "clear") clear(folder);
  const { entries, bytes } = usage(folder);
  const removed = before.entries - entries;
  const what =
    action === "clear" ? `removed ${removed} files (${bytesText(before.bytes - bytes)})` : `${entries} files, ${bytesText(bytes)}`;
  return { json: { folder, entries, bytes, removed }, text: [`${folder}: ${what}`] };
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

function clear(folder: string): void {
  for (const name of kept) {
    const at = path.join(folder, name);
    try {
      fs.rmSync(at, { recursive: true, force: true });
    } catch (e) {
      userError("file-unwritable", {}, { path: at, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
    }
  }
}
