/**
 * The headers of generated code, precompiled: reading them is half a second of a compiler's time, more than a small model takes itself. Made when
 * the same flags are asked for a second time (a single build would lose by it), and kept in the build cache.
 */
import fs from "node:fs/promises";
import path from "node:path";
import { kernels } from "../kernels/index.ts";
import { asUserError } from "../messages.ts";
import { cachedBuild, contentKey, defaultCacheRoot } from "./build-cache.ts";
import { compile, type RunOptions, type Toolchain } from "./toolchain.ts";

export interface PrefixRequest {
  readonly toolchain: Toolchain;
  /** All flags of the units that will use it. */
  readonly flags: readonly string[];
  /** Hash of everything that it includes. */
  readonly headers: string;
  /** Code for machines without vectors: a macro chooses it, before the first header. */
  readonly scalar: boolean;
}

const always = ["runtime/spmd.h", "simd/simd.hpp", "simd/values.hpp", "math/math.hpp"];

/** What any generated file may include; its own includes find nothing left to do. */
function prefixText(scalar: boolean): string {
  const headers = [...always, ...[...new Set(kernels.flatMap((k) => k.headers))].sort()];
  return `${scalar ? "#define FS_FORCE_SCALAR 1\n" : ""}${headers.map((h) => `#include "${h}"\n`).join("")}`;
}

const known = new Map<string, Promise<readonly string[]>>();

/** Flags that let a unit use the precompiled headers; none where there are none yet, or none can be made. */
export async function prefixFlags(request: PrefixRequest, options: RunOptions = {}): Promise<readonly string[]> {
  // clang wants another kind of file, named otherwise.
  if (request.toolchain.kind !== "gcc") return [];
  const text = prefixText(request.scalar);
  const key = contentKey(["prefix 1", request.toolchain.banner, request.flags.join(" "), request.headers, text]);
  const made = known.get(key) ?? find(key, text, request, options);
  known.set(key, made);
  const flags = await made.catch((e: unknown) => {
    known.delete(key);
    throw e;
  });
  const file = flags.at(-1);
  if (file !== undefined && (await exists(file))) return flags;
  // None yet, or the cache was cleared since.
  known.delete(key);
  return [];
}

const exists = (file: string): Promise<boolean> =>
  fs.access(`${file}.gch`).then(
    () => true,
    () => false,
  );

async function find(key: string, text: string, { toolchain, flags }: PrefixRequest, options: RunOptions): Promise<readonly string[]> {
  if (!(await askedBefore(key))) return [];
  try {
    const { folder } = await cachedBuild(
      key,
      async (draft) => {
        const at = (name: string): string => path.join(draft, name);
        await fs.writeFile(at("prefix.hpp"), text);
        await compile(toolchain, [...flags, "-x", "c++-header", at("prefix.hpp"), "-o", at("prefix.hpp.gch")], { ...options, cwd: draft });
      },
      { bySize: true },
    );
    return ["-include", path.join(folder, "prefix.hpp")];
  } catch (e) {
    // What is wrong with the headers, the compiler or the disk will be told by the build itself.
    if (asUserError(e).code === "cancelled") throw e;
    return [];
  }
}

/** Leaves a note of the first request; without a place to leave it, there is no second one. */
async function askedBefore(key: string): Promise<boolean> {
  const root = defaultCacheRoot();
  try {
    await fs.mkdir(root, { recursive: true });
    await fs.writeFile(path.join(root, `.asked-${key}`), "", { flag: "wx" });
    return false;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === "EEXIST";
  }
}
