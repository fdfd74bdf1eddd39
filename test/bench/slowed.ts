/** Code that is deliberately slower by a share of its time: the yardstick's own test. */
import type { Compilation } from "#core";
import { bug } from "../../compiler-core/messages.ts";

/**
 * The same compilation with a pause of `ns` in every run, on the thread that the others wait for. `ticksPerNs`: of the machine's time-stamp counter.
 */
export function slowedBy(compilation: Compilation, ns: number, ticksPerNs: number): Compilation {
  const source = compilation.source ?? bug("there is no code");
  const entry = /void fs_run\(fs_context\* \w+, int (\w+), int \w+\) \{\n/.exec(source.text);
  if (entry === null) throw new Error("the entry of a run was not found in the generated code");
  const ticks = Math.round(ns * ticksPerNs);
  const pause = `  if (${entry[1] ?? "tid"} == 0) for (const uint64_t begun = fs_ticks(); fs_ticks() - begun < ${ticks}ull;) fs_cpu_relax();\n`;
  const at = entry.index + entry[0].length;
  return { ...compilation, source: { ...source, text: source.text.slice(0, at) + pause + source.text.slice(at) } };
}
