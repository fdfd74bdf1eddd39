/** `fusionscope cache info|clear`: what is kept between runs. */
import fs from "node:fs";
import path from "node:path";
import { userError } from "#core";
import { cacheFolder } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { bytesText } from "../text/units.ts";

interface Usage {
  entries: number;
  bytes: number;
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
  const sum: Usage = { entries: 0, bytes: 0 };
  for (const entry of list(folder)) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      const inner = usage(at);
      sum.entries += inner.entries;
      sum.bytes += inner.bytes;
    } else {
      sum.entries++;
      // Another process may be clearing the same folder.
      sum.bytes += fs.lstatSync(at, { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return sum;
}

function list(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function clear(folder: string): void {
  for (const entry of list(folder)) {
    const at = path.join(folder, entry.name);
    try {
      fs.rmSync(at, { recursive: true, force: true });
    } catch (e) {
      userError("file-unwritable", {}, { path: at, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
    }
  }
}
