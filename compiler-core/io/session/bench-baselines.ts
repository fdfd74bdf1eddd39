/** What a model is timed against, in the same process: ONNX Runtime, oneDNN's primitives, our own code with the optional passes off. */
import type { MachineProfile } from "../../machine.ts";
import { asUserError, UserError, userError } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import { otherWords } from "../../protocol/index.ts";
import type { TensorFileRef } from "../../protocol/runner.ts";
import { optionalPasses } from "./ablate.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { compileModel } from "./compile.ts";
import type { SessionModel } from "./model.ts";
import type { LoadedModel, NativeHost } from "./native-host.ts";
import { onednnPlan } from "./onednn/plan.ts";
import { farFrom } from "./onednn/same-results.ts";

/** Baselines that run beside ours; `stored:FILE` is a result that is read instead. */
export const baselineNames = ["ort", "onednn", "plain"] as const;
export const storedPrefix = "stored:";

export interface BaselineSubject {
  readonly model: SessionModel;
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  /** Of the baseline `default`. */
  readonly usual?: MachineProfile | undefined;
  /** Of the baseline `other`. */
  readonly against?: CompileOptions | undefined;
  /** Ours, loaded in the same host, and its inputs. */
  readonly ours: LoadedModel;
  readonly inputs: readonly TensorFileRef[];
}

export interface LoadedBaseline {
  readonly loaded: LoadedModel;
  /** How it is done, for people. */
  readonly note?: string;
}

export interface MissingBaseline {
  readonly baseline: string;
  readonly why: string;
}

type Loader = (host: NativeHost, subject: BaselineSubject, settings: BuildSettings) => Promise<LoadedBaseline | { readonly why: string }>;

const loaders: Readonly<Record<string, Loader>> = {
  ort: async (host, { model, options }) => ({ loaded: await host.loadOrt(model.path, options.threads) }),
  onednn: loadOnednn,
  plain: loadPlain,
  default: loadDefault,
  other: loadOther,
};

/** Codes of errors that say that a baseline cannot take part here. */
const absences: readonly string[] = ["ort-missing", "ort-failed", "onednn-missing", "onednn-failed"];

/**
 * Loads the baselines; those that cannot take part are listed with the reason. `needed`: ONNX Runtime that is not there ends the benchmark;
 * oneDNN's library is an extra of the system, whose absence is only listed.
 * @throws baseline-missing
 */
export async function loadBaselines(
  host: NativeHost,
  subject: BaselineSubject,
  names: readonly string[],
  needed: boolean,
  settings: BuildSettings,
): Promise<{ readonly loaded: readonly LoadedBaseline[]; readonly missing: readonly MissingBaseline[] }> {
  const loaded: LoadedBaseline[] = [];
  const missing: MissingBaseline[] = [];
  for (const name of names) {
    const load = loaders[name];
    if (load === undefined) continue;
    try {
      const found = await load(host, subject, settings);
      if ("loaded" in found) loaded.push(found);
      else missing.push({ baseline: name, why: found.why });
    } catch (e) {
      if (!(e instanceof UserError) || !absences.includes(e.code)) throw e;
      if (needed && e.code === "ort-missing") userError("baseline-missing", {}, { name, what: e.message }, e);
      missing.push({ baseline: name, why: `${e.message} (${e.next})` });
    }
  }
  return { loaded, missing };
}

/** Its results are held against ours before it is timed. */
async function loadOnednn(host: NativeHost, { model, options, machine, ours, inputs }: BaselineSubject) {
  const mapped = onednnPlan(model, options, machine);
  if ("why" in mapped) return mapped;
  const { primitives, ...loaded } = await host.loadOnednn(mapped.plan, options.threads);
  const mine = await host.run(ours, inputs);
  const theirs = await host.run(loaded, inputs);
  const rounds = mapped.plan.steps.some((s) => s.destination.dtype === "u8" || s.destination.dtype === "i8");
  const differs = mine.map((m, i) => farFrom(m, theirs[i], rounds)).find((d) => d !== undefined);
  if (differs !== undefined) {
    await host.unload(loaded);
    return { why: `it computes something else: ${differs}` };
  }
  const slow = primitives.filter((p) => p.implementation.startsWith("ref"));
  const parts = [
    `oneDNN ${loaded.version ?? ""}: ${primitives.length} primitives`,
    `${primitives.reduce((sum, p) => sum + p.postOps, 0)} post-ops in them`,
    ...(slow.length === 0 ? [] : [`only a reference implementation of ${slow.map((p) => `${p.kind} ${p.what}`).join(", ")}`]),
  ];
  return { loaded, note: parts.join("; ") };
}

/** Our own code with the parameters that the compiler chooses by itself. */
async function loadDefault(host: NativeHost, { model, options, machine, usual }: BaselineSubject, settings: BuildSettings) {
  const chosen = compileModel(model, { ...options, force: [], forbid: [] }, usual ?? machine);
  if (chosen.error !== undefined) return { why: chosen.error.message };
  if (chosen.source === undefined) return { why: "there is no code" };
  return { loaded: { ...(await host.load(await buildCode(chosen.source, settings), "default")), version: "parameters as usual" } };
}

/** Our own code for other options. */
async function loadOther(host: NativeHost, { model, options, machine, against }: BaselineSubject, settings: BuildSettings) {
  const other = compileModel(model, against ?? options, machine);
  if (other.error !== undefined) return { why: other.error.message };
  if (other.source === undefined) return { why: "with the other options there is no code" };
  return {
    loaded: { ...(await host.load(await buildCode(other.source, settings), "other")), version: otherWords(options, against ?? options) },
  };
}

/** Our own code with every optional pass off. */
async function loadPlain(host: NativeHost, { model, options, machine }: BaselineSubject, settings: BuildSettings) {
  const without = optionalPasses();
  const plain = compileModel(model, { ...options, without, force: [], forbid: [] }, machine);
  if (plain.error !== undefined) return { why: plain.error.message };
  if (plain.source === undefined) return { why: "without the optional passes there is no code" };
  try {
    const built = await buildCode(plain.source, settings);
    return { loaded: { ...(await host.load(built, "plain")), version: `${without.length} passes off` } };
  } catch (e) {
    const error = asUserError(e);
    if (error.code === "cancelled") throw error;
    return { why: error.message };
  }
}
