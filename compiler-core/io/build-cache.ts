/**
 * Builds kept between runs, each in a folder named by the content it was made from. An entry appears whole or not at all (made under another
 * name, synced, renamed) and is checked against its manifest whenever it is used; a damaged one is made again.
 */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { userError } from "../messages.ts";
import { cacheFolder } from "./cache-folder.ts";
import { environment } from "./environment.ts";

/** Bytes that all entries may take together before the least recently used ones go. */
const cacheLimitBytes = 2 * 2 ** 30;

/** The limit that the user has set (in MiB), or the usual one. What is not a number of MiB is not one. */
export function cacheLimit(): number {
  const mib = Number(environment("FUSIONSCOPE_CACHE_MIB") ?? NaN);
  return Number.isFinite(mib) && mib > 0 ? mib * 2 ** 20 : cacheLimitBytes;
}

const manifestName = "manifest.json";

interface Manifest {
  readonly schema: 1;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

export interface CacheResult {
  /** Folder that holds the entry's files. Read only. */
  readonly folder: string;
  readonly cached: boolean;
}

export interface BuildCacheOptions {
  /** Default: `builds` in the user's cache folder. */
  readonly root?: string;
  readonly limitBytes?: number;
  /** Neither look for an entry nor keep one: what is made is gone when the process ends. */
  readonly fresh?: boolean;
  /** Trust files that have their size: for large ones that the reader checks itself. */
  readonly bySize?: boolean;
}

/** Where builds are kept unless told otherwise. */
export const defaultCacheRoot = (): string => path.join(cacheFolder(), "builds");

/** Key of an entry: a hash over parts, each told apart from its neighbours by its length. */
export function contentKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 40);
}

const underway = new Map<string, Promise<CacheResult>>();

/**
 * The entry of `key`, made by `make` (which fills the empty folder it is given) unless it is there and sound. Two callers in this process
 * share one making; two processes both make it and one result stays. With `fresh` it is made anew, elsewhere, and not kept.
 * @throws cache-full when the disk is full, file-unwritable when the folder cannot be written, and whatever `make` throws
 */
export function cachedBuild(key: string, make: (folder: string) => Promise<void>, options: BuildCacheOptions = {}): Promise<CacheResult> {
  if (options.fresh === true) return makeAlone(make);
  const root = options.root ?? defaultCacheRoot();
  const folder = path.join(root, key);
  const existing = underway.get(folder);
  if (existing !== undefined) return existing;
  const promise = findOrMake(root, folder, make, options).finally(() => underway.delete(folder));
  underway.set(folder, promise);
  return promise;
}

/** Folders of builds that are not kept. */
const passing = new Set<string>();
process.on("exit", () => passing.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

async function makeAlone(make: (folder: string) => Promise<void>): Promise<CacheResult> {
  const folder = path.join(os.tmpdir(), `fusionscope-build-${process.pid}-${randomBytes(6).toString("hex")}`);
  passing.add(folder);
  try {
    await fs.mkdir(folder, { recursive: true });
    await make(folder);
  } catch (e) {
    await fs.rm(folder, { recursive: true, force: true }).catch(() => undefined); // what went wrong first is told
    passing.delete(folder);
    throwDiskError(e, folder);
  }
  return { folder, cached: false };
}

async function findOrMake(
  root: string,
  folder: string,
  make: (folder: string) => Promise<void>,
  options: BuildCacheOptions,
): Promise<CacheResult> {
  if (await isSound(folder, options.bySize)) {
    await touch(folder);
    return { folder, cached: true };
  }
  for (let attempt = 0; ; attempt++) {
    const draft = path.join(root, `.draft-${process.pid}-${randomBytes(6).toString("hex")}`);
    try {
      await fs.mkdir(draft, { recursive: true });
      await make(draft);
      await seal(draft);
      await publish(draft, folder);
      break;
    } catch (e) {
      // Another process may have cleared the cache, with the draft in it: then it is made once more.
      const wasCleared = attempt === 0 && !(await exists(draft));
      await fs.rm(draft, { recursive: true, force: true }).catch(() => undefined); // what went wrong first is told
      if (!wasCleared) throwDiskError(e, folder);
    }
  }
  await evict(root, folder, options.limitBytes ?? cacheLimit()).catch(() => undefined); // a cache that is too large is no fault of this build
  return { folder, cached: false };
}

const exists = (at: string): Promise<boolean> =>
  fs.access(at).then(
    () => true,
    () => false,
  );

/**
 * Removes a file or folder so that others see all of it or nothing: it is moved away first, to a name that nobody looks for.
 * @throws what the file system says
 */
export async function removeWhole(at: string): Promise<void> {
  const gone = path.join(path.dirname(at), `.gone-${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    await fs.rename(at, gone);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ENOENT") return;
    throw e;
  }
  await fs.rm(gone, { recursive: true, force: true });
}

const unwritable: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "EISDIR", "ENAMETOOLONG", "ELOOP"]);

/** Errors of the file system become coded ones, others pass. */
function throwDiskError(e: unknown, at: string): never {
  const code = (e as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT") userError("cache-full", {}, { path: at }, e);
  if (code !== undefined && unwritable.has(code)) userError("file-unwritable", {}, { path: at, what: code }, e);
  throw e;
}

/** Are all files of the manifest there, with their sizes and hashes? */
async function isSound(folder: string, bySize = false): Promise<boolean> {
  try {
    const manifest = JSON.parse(await fs.readFile(path.join(folder, manifestName), "utf8")) as Manifest;
    if (manifest.schema !== 1) return false;
    for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
      if (bySize) {
        if ((await fs.stat(path.join(folder, name))).size !== bytes) return false;
        continue;
      }
      const data = await fs.readFile(path.join(folder, name));
      if (data.length !== bytes || hashOf(data) !== sha256) return false;
    }
    return true;
  } catch {
    return false;
  }
}

const hashOf = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Writes the manifest and makes everything durable, so that a rename after it cannot expose half an entry. */
async function seal(draft: string): Promise<void> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const entry of await fs.readdir(draft, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const at = path.join(entry.parentPath, entry.name);
    const data = await fs.readFile(at);
    files[path.relative(draft, at)] = { bytes: data.length, sha256: hashOf(data) };
    await sync(at);
  }
  const manifest: Manifest = { schema: 1, files };
  await fs.writeFile(path.join(draft, manifestName), JSON.stringify(manifest));
  await sync(path.join(draft, manifestName));
  await sync(draft);
}

async function sync(at: string): Promise<void> {
  const handle = await fs.open(at, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames the draft into place. A sound entry that another process put there meanwhile wins; a damaged one is moved away first. */
async function publish(draft: string, folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await fs.rename(draft, folder);
      return;
    } catch (e) {
      const code = (e as NodeJS.ErrnoException).code;
      if ((code !== "ENOTEMPTY" && code !== "EEXIST") || attempt === 3) throw e;
      if (await isSound(folder)) return fs.rm(draft, { recursive: true, force: true });
      const damaged = `${draft}-damaged-${attempt}`;
      await fs.rename(folder, damaged).catch(() => undefined);
      await fs.rm(damaged, { recursive: true, force: true });
    }
  }
}

/** The time of last use is the manifest's modification time. */
async function touch(folder: string): Promise<void> {
  const now = new Date();
  await fs.utimes(path.join(folder, manifestName), now, now).catch(() => undefined);
}

interface Kept {
  readonly folder: string;
  readonly bytes: number;
  readonly used: number;
}

/** What processes leave that are killed, or that ask and build nothing: names by how they begin, with the age (ms) at which they are of no use. */
const leftovers: readonly (readonly [string, number])[] = [
  [".draft-", 3_600_000],
  [".gone-", 3_600_000],
  [".asked-", 30 * 86_400_000],
];

/** Removes the least recently used entries until all fit, and leftovers. Never `keep`. */
async function evict(root: string, keep: string, limit: number): Promise<void> {
  const entries: Kept[] = [];
  for (const entry of await fs.readdir(root, { withFileTypes: true })) {
    const folder = path.join(root, entry.name);
    const [, most] = leftovers.find(([start]) => entry.name.startsWith(start)) ?? [];
    if (most !== undefined) {
      const age = Date.now() - ((await fs.stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > most) await fs.rm(folder, { recursive: true, force: true });
    } else if (entry.isDirectory()) {
      entries.push(await measure(folder));
    }
  }
  let total = entries.reduce((sum, e) => sum + e.bytes, 0);
  for (const e of entries.sort((a, b) => a.used - b.used)) {
    if (total <= limit) return;
    if (e.folder === keep) continue;
    await removeWhole(e.folder);
    total -= e.bytes;
  }
}

async function measure(folder: string): Promise<Kept> {
  try {
    const at = path.join(folder, manifestName);
    const manifest = JSON.parse(await fs.readFile(at, "utf8")) as Manifest;
    const bytes = Object.values(manifest.files).reduce((sum, f) => sum + f.bytes, 0);
    return { folder, bytes, used: (await fs.stat(at)).mtimeMs };
  } catch {
    // Damaged or half removed by another process: first to go.
    return { folder, bytes: 0, used: 0 };
  }
}
