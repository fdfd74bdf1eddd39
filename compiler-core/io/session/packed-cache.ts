/**
 * Packed constants on disk: what the constant work of a module makes of its weights, kept beside the builds by the content of both. An entry is
 * checked whenever it is read; entries share the cache's limit with the builds.
 */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../messages.ts";
import type { WeightRange } from "../../protocol/runner.ts";
import { cachedBuild, contentKey, defaultCacheRoot } from "../build-cache.ts";
import type { BuiltCode } from "./build.ts";

/** Less is packed in the time it takes to open a file. */
const leastBytes = 4 * 2 ** 20;
/** Of weights in files of more bytes than this, samples are read: with size and time of the file they tell a change. */
const wholeBytes = 16 * 2 ** 20;
const sampleBytes = 4096;
const samples = 256;

export const packedName = "packed.bin";

/** What identifies the bytes of a weight: all of them, or samples and the identity of a large file. */
function contentOf({ file, offset, length }: WeightRange): readonly (string | Uint8Array)[] {
  const handle = fs.openSync(file, "r");
  try {
    const part = (at: number, size: number): Uint8Array => {
      const bytes = new Uint8Array(size);
      fs.readSync(handle, bytes, 0, size, at);
      return bytes;
    };
    if (length <= wholeBytes) return [part(offset, length)];
    const { size, mtimeMs, ino } = fs.fstatSync(handle);
    const step = (length - sampleBytes) / (samples - 1);
    return [`${size} ${mtimeMs} ${ino}`, ...Array.from({ length: samples }, (_, i) => part(offset + Math.floor(i * step), sampleBytes))];
  } finally {
    fs.closeSync(handle);
  }
}

/** The key of a module's packed constants; undefined where they are not kept: little to pack, or a build that is not kept, either. */
export function packedKey(
  { sharedObject, plan }: Pick<BuiltCode, "sharedObject" | "plan">,
  prefix: string,
  weights: readonly WeightRange[],
): string | undefined {
  const build = path.dirname(sharedObject);
  if (plan.packedBytes < leastBytes || path.dirname(build) !== defaultCacheRoot()) return undefined;
  const read = weights.filter((_, i) => plan.weights[i]?.packed === true);
  const parts = read.flatMap((w) => [`${w.offset} ${w.length}`, ...contentOf(w)]);
  return contentKey(["packed 1", path.basename(build), prefix, String(plan.packedBytes), ...parts]);
}

/**
 * Loads with the packed constants of `key`: from the entry that is there, or made and kept. `load` gets the file, and whether it is to be written.
 * A cache that cannot be written is no reason not to load.
 */
export async function withPacked<T>(key: string, load: (packed?: { file: string; keep?: boolean }) => Promise<T>): Promise<T> {
  let made: T | undefined;
  const make = async (draft: string): Promise<void> => {
    made = await load({ file: path.join(draft, packedName), keep: true });
  };
  const entry = await cachedBuild(key, make, { bySize: true }).catch((e: unknown) => {
    if (e instanceof UserError && (e.code === "cache-full" || e.code === "file-unwritable")) return undefined;
    throw e;
  });
  return made ?? load(entry === undefined ? undefined : { file: path.join(entry.folder, packedName) });
}
