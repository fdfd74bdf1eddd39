/** From generated C++ to a shared object that is kept by content. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import type { ArtifactPlan, CppSource } from "../../codegen/index.ts";
import { bug } from "../../messages.ts";
import { buildModule } from "../native-build.ts";

export interface BuildSettings {
  /** False: build anew. */
  readonly cache?: boolean;
  /** For one run of the compiler. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Count time per fusion group: a slower build of the same code. */
  readonly profile?: boolean;
}

export interface BuiltCode {
  readonly sharedObject: string;
  /** Text of the assembly (Intel syntax); the object was assembled from it. */
  readonly assembly: string;
  /** The C++ file that its line information refers to. */
  readonly sourceFile: string;
  /** SHA-256 of the C++, hexadecimal. */
  readonly hash: string;
  /** Such as `g++ 12.2.0`. */
  readonly compiler: string;
  readonly buildMs: number;
  readonly cached: boolean;
  readonly plan: ArtifactPlan;
}

/**
 * Builds the code of a compilation.
 * @throws compiler-missing, compile-failed, compiler-timeout, cache-full, file-unwritable, isa-not-here, cancelled
 */
export async function buildCode(source: CppSource, settings: BuildSettings = {}): Promise<BuiltCode> {
  const { cache = true, timeoutSeconds, signal, profile } = settings;
  const built = await buildModule({
    sources: [{ name: "model.cpp", text: source.text, functions: source.functions }],
    isa: source.plan.isa,
    assembly: true,
    fresh: !cache,
    profile,
    signal,
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
  });
  const assemblyFile = built.assembly[0] ?? bug("the build has no assembly");
  return {
    sharedObject: built.so,
    assembly: fs.readFileSync(assemblyFile, "utf8"),
    sourceFile: built.sources[0] ?? bug("the build has no source"),
    hash: createHash("sha256").update(source.text).digest("hex"),
    compiler: `${built.toolchain.command} ${built.toolchain.version}`,
    buildMs: built.buildMs,
    cached: built.cached,
    plan: source.plan,
  };
}
