/** From parsed options to a compilation: what `compile`, `run`, `check`, `bench`, `explain` and `inspect` have in common. */
import {
  asUserError,
  compilationSummary,
  defaultOptions,
  userError,
  type Compilation,
  type CompilationSummary,
  type CompileOptions,
  type MachineProfile,
} from "#core";
import { checkOptions, compileModel, localMachine, openSessionModel, readMachineProfile, type SessionModel } from "#core/io";
import type { CommandContext } from "./command.ts";
import type { OptionValues } from "./option-table.ts";

export interface Compiled {
  readonly model: SessionModel;
  readonly options: CompileOptions;
  /** The machine that code is made for. */
  readonly machine: MachineProfile;
  readonly compilation: Compilation;
  readonly summary: CompilationSummary;
}

export function compileOptions(values: OptionValues): CompileOptions {
  return {
    isa: values.isa ?? defaultOptions.isa,
    threads: values.threads ?? defaultOptions.threads,
    precision: values.precision === "bf16" ? "bf16" : "f32",
    dims: values.dim ?? {},
    without: values.without ?? [],
    force: values.force ?? [],
    forbid: values.forbid ?? [],
    ...(values["only-until"] === undefined ? {} : { onlyUntil: values["only-until"] }),
  };
}

/**
 * Opens and compiles the model that the command line names. A failed pass is in `compilation.error`; everything else throws. The model
 * stays open: weights are read from it later.
 */
export function compileFromLine(context: CommandContext): Compiled {
  const { options: values, signal } = context;
  const options = compileOptions(values);
  const machine = values.machine === undefined ? localMachine() : readMachineProfile(values.machine);
  const model = openSessionModel(context.arguments[0] ?? "");
  try {
    checkOptions(model, options, machine);
    const compilation = compileModel(model, options, machine, { cancelled: () => signal.aborted });
    return { model, options, machine, compilation, summary: compilationSummary(compilation) };
  } catch (e) {
    model.close();
    throw asUserError(e);
  }
}

/** Ends with the error of the pass that failed, or with what is not compiled, when code is needed. */
export function requireCode({ compilation, summary }: Compiled): void {
  if (compilation.error !== undefined) throw compilation.error;
  if (compilation.source === undefined) refuseUnsupported(summary);
}

/** Throws `nodes-unsupported` when nodes are left out. */
export function refuseUnsupported(summary: CompilationSummary): void {
  const { unsupported, sources } = summary;
  if (unsupported.length === 0) return;
  const list = unsupported.slice(0, 4).map((u) => `${u.node} ${u.opType} (${u.reason})`);
  const more = unsupported.length > list.length ? ", ..." : "";
  userError("nodes-unsupported", {}, { count: unsupported.length, total: sources.length, list: list.join(", ") + more });
}

/** The members that every result about a compilation begins with. */
export function identity(compiled: Compiled): Readonly<Record<string, unknown>> {
  const { isa, threads, precision } = compiled.summary;
  return { model: compiled.model.path, isa, threads, precision, dims: compiled.summary.dims };
}
