/** Many variants of one model in one shared object: headers are read once, and one linker run serves all. For measuring them, not for keeping. */
import type { CppSource } from "../../codegen/index.ts";
import { prefixOf, unitOf } from "../../codegen/together.ts";
import { bug } from "../../messages.ts";
import { buildModule } from "../native-build.ts";
import type { BuiltCode, BuildSettings } from "./build.ts";

/** One of them: what `NativeHost.load` needs. */
export interface VariantCode extends Pick<BuiltCode, "sharedObject" | "plan"> {
  /** Of its symbols. */
  readonly prefix: string;
}

/**
 * Builds sources for one instruction set together.
 * @returns one variant for each source, in order
 * @throws compiler-missing, compile-failed, compiler-timeout, cache-full, file-unwritable, isa-not-here, cancelled
 */
export async function buildTogether(sources: readonly CppSource[], settings: BuildSettings = {}): Promise<readonly VariantCode[]> {
  const { cache = true, timeoutSeconds, signal } = settings;
  const built = await buildModule({
    sources: [{ name: "variants.cpp", text: unitOf(sources.map((s) => s.text)) }],
    isa: sources[0]?.plan.isa ?? bug("nothing to build"),
    parts: 1,
    fresh: !cache,
    signal,
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
  });
  return sources.map(({ plan }, i) => ({ sharedObject: built.so, plan, prefix: prefixOf(i) }));
}
