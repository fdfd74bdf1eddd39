/** Times a model with each optional pass switched off, all variants taking turns: what every pass is worth on this machine. */
import type { Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { asUserError, bug } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import { pipeline } from "../../pipeline.ts";
import type { Timing } from "../../protocol/index.ts";
import { pairedRatio, quantile, sortNumbers, timing } from "../statistics.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { referenceGraph } from "./check.ts";
import { compileModel } from "./compile.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type HostSettings, type LoadedModel } from "./native-host.ts";
import { randomModelInputs } from "./run-inputs.ts";

export interface AblationSettings extends BuildSettings, HostSettings {
  readonly seed: number;
  /** Measuring time for each variant. */
  readonly seconds: number;
  readonly onStep?: (text: string) => void;
}

export interface AblationRow {
  readonly pass: string;
  readonly medianMs: number;
  /** Time without the pass over time with it, round by round. */
  readonly ratio: number;
  readonly ci95: readonly [number, number];
  /** Why there is no number. */
  readonly why?: string;
}

export interface Ablation {
  readonly base: Timing;
  readonly rows: readonly AblationRow[];
}

/** Names of the passes that can be switched off, each once. */
export const optionalPasses = (): string[] => [...new Set(pipeline.filter((p) => p.optional).map((p) => p.name))];

interface Variant {
  readonly pass: string;
  readonly loaded?: LoadedModel;
  readonly why?: string;
}

/** A variant that does not compile or build is a row with the reason. */
export async function ablateModel(
  model: SessionModel,
  full: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  settings: AblationSettings,
): Promise<Ablation> {
  const source = full.source ?? bug("there is no code to time");
  const host = await NativeHost.start(settings);
  try {
    const base = await host.load(await buildCode(source, settings), "all passes");
    const variants: Variant[] = [];
    for (const pass of optionalPasses().filter((p) => !options.without.includes(p))) {
      settings.onStep?.(`building without ${pass}`);
      variants.push(await loadVariant(model, pass, source.text, options, machine, settings, host));
    }
    const inputs = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      randomModelInputs(model, referenceGraph(full), settings.seed),
    );
    const loaded = [base, ...variants.flatMap((v) => (v.loaded === undefined ? [] : [v.loaded]))];
    settings.onStep?.(`timing ${loaded.length} variants`);
    const candidates = loaded.map((m) => ({ target: m.target, label: m.name, inputs }));
    const total = settings.seconds * loaded.length;
    const params = { candidates, minSeconds: total, maxSeconds: 4 * total + 10 };
    const timed = await host.client.request("bench", params, { ...host.request(), timeoutMs: 1000 * (4 * total + 60) });
    const samples = new Map(timed.candidates.map((c) => [c.label, c.ns.map((round) => round.map((ns) => ns / 1e6))]));
    const baseRounds = samples.get(base.name) ?? bug("the runner left a candidate out");
    return {
      base: timing(baseRounds.flat()),
      rows: variants.map((v) => rowOf(v, v.loaded === undefined ? undefined : samples.get(v.loaded.name), baseRounds)),
    };
  } finally {
    await host.close();
  }
}

async function loadVariant(
  model: SessionModel,
  pass: string,
  baseText: string,
  options: CompileOptions,
  machine: MachineProfile,
  settings: AblationSettings,
  host: NativeHost,
): Promise<Variant> {
  try {
    const compilation = compileModel(model, { ...options, without: [...options.without, pass] }, machine);
    if (compilation.error !== undefined) return { pass, why: compilation.error.message };
    if (compilation.source === undefined) return { pass, why: "without it there is no code" };
    if (compilation.source.text === baseText) return { pass, why: "the code is the same without it" };
    return { pass, loaded: await host.load(await buildCode(compilation.source, settings), `without ${pass}`) };
  } catch (e) {
    const error = asUserError(e);
    if (error.code === "cancelled") throw error;
    return { pass, why: error.message };
  }
}

type Rounds = readonly (readonly number[])[];

function rowOf({ pass, why }: Variant, rounds: Rounds | undefined, base: Rounds): AblationRow {
  if (rounds === undefined) return { pass, medianMs: NaN, ratio: 1, ci95: [1, 1], why: why ?? "not timed" };
  const medians = (list: Rounds): number[] => list.map((round) => quantile(sortNumbers(round), 0.5));
  const { median, ci95 } = pairedRatio(medians(rounds), medians(base));
  return { pass, medianMs: timing(rounds.flat()).medianMs, ratio: median, ci95 };
}
