/** Runs the compiler on an open model. */
import { compile, type Compilation, type CompileHooks } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CompileOptions } from "../../options.ts";
import type { SessionModel } from "./model.ts";

/** Compiles with this process's clock. Never throws for what the model contains: see `Compilation.error`. */
export function compileModel(
  model: SessionModel,
  options: CompileOptions,
  machine: MachineProfile,
  hooks: Omit<CompileHooks, "now"> = {},
): Compilation {
  return compile(model.graph, options, machine, { now: () => performance.now(), importMs: model.importMs, ...hooks });
}
