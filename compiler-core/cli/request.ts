/** From parsed options to a compilation: what `compile`, `run`, `check`, `bench`, `explain` and `inspect` have in common. */
import {
  asUserError,
  compilationSummary,
  defaultOptions,
  dimExtents,
  userError,
  type Compilation,
  type CompileOptions,
  type CppSource,
  type MachineProfile,
} from "#core";
import {
  checkOptions,
  compileModel,
  dimsOfData,
  localMachine,
  openSessionModel,
  machineOf,
  requireRunnable,
  withTuned,
  type SessionModel,
} from "#core/io";
import type { CompilationSummary } from "#protocol";
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
 * stays open: weights are read from it later. Stored inputs in `dataFolder` decide the symbolic dimensions that are not given.
 */
export function compileFromLine(context: CommandContext, dataFolder?: string): Compiled {
  const { options: values, signal } = context;
  const profile = values.machine === undefined ? localMachine() : machineOf(values.machine);
  const machine = values.tuned === true ? withTuned(profile) : profile;
  const model = openSessionModel(context.arguments[0] ?? "");
  try {
    const given = compileOptions(values);
    const options = dataFolder === undefined ? given : { ...given, dims: { ...dimsOfData(model.graph, dataFolder), ...given.dims } };
    checkOptions(model, options, machine);
    const compilation = compileModel(model, options, machine, { cancelled: () => signal.aborted });
    return { model, options, machine, compilation, summary: compilationSummary(compilation) };
  } catch (e) {
    model.close();
    throw asUserError(e);
  }
}

/** The code, for commands that run it here: throws the error of the pass that failed, what is not compiled, or what this machine lacks. */
export function requireCode({ compilation, summary, options, machine }: Compiled): CppSource {
  if (compilation.error !== undefined) throw compilation.error;
  const { source } = compilation;
  if (source === undefined) {
    refuseUnsupported(summary);
    return userError("usage", {}, { what: `--only-until ${options.onlyUntil ?? ""} leaves no code to run`, help: "--help" });
  }
  requireRunnable(options, machine, localMachine());
  return source;
}

/** Throws `nodes-unsupported` when nodes are left out. */
export function refuseUnsupported(summary: CompilationSummary): void {
  const { unsupported, sources } = summary;
  if (unsupported.length === 0) return;
  // An ONNX node can stand for several operators: it is named once.
  const rows = [...new Map(unsupported.map((u) => [u.node, u])).values()];
  const list = rows.slice(0, 4).map((u) => `${u.node} ${u.opType} (${u.reason})`);
  const more = rows.length > list.length ? ", ..." : "";
  userError("nodes-unsupported", {}, { count: rows.length, total: sources.length, list: list.join(", ") + more });
}

/** The members that every result about a compilation begins with. */
export function identity(compiled: Compiled): Readonly<Record<string, unknown>> {
  const { isa, threads, precision } = compiled.summary;
  const { model, compilation } = compiled;
  return { model: model.path, isa, threads, precision, dims: dimExtents(model.graph, compilation.graph) };
}
