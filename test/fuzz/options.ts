/** Options that a graph must mean the same with: threads, instruction sets, and any optional passes left out. */
import type { IsaName } from "../../compiler-core/machine.ts";
import type { CompileOptions } from "../../compiler-core/options.ts";
import { pipeline } from "../../compiler-core/pipeline.ts";
import { Random } from "../workloads/prng.ts";

/** Without these, what is only known once they ran would be a hole, and nothing would be compared. */
const needed = new Set(["fold-constants", "inline-control-flow"]);
const optional = [...new Set(pipeline.filter((p) => p.optional && !needed.has(p.name)).map((p) => p.name))];
const isas: readonly IsaName[] = ["avx512", "avx512-vnni", "avx512-bf16", "amx", "avx2", "scalar"];

/** The options that belong to a seed; half of the seeds leave passes out. */
export function drawnOptions(seed: string): Pick<CompileOptions, "isa" | "threads" | "without"> {
  const random = new Random(`options:${seed}`);
  const rate = random.uniform() < 0.5 ? 0 : random.uniform();
  return {
    isa: isas[random.integer(0, isas.length - 1)]!,
    threads: [1, 2, 3, 7][random.integer(0, 3)]!,
    without: optional.filter(() => random.uniform() < rate),
  };
}
