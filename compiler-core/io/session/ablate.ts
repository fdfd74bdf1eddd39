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
import { moduleFigures, type ModuleFigures } from "./module-figures.ts";
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
  /** Of the compilation without the pass; absent where there is none. */
  readonly figures?: ModuleFigures;
  /** How often rules of the pass fired with all passes on, and verdicts of it that were accepted and refused. */
  readonly hits: number;
  readonly accepted: number;
  readonly refused: number;
  /** Why there is no number, or why it makes no difference. */
  readonly why?: string;
}

export interface Ablation {
  readonly base: Timing;
  readonly figures: ModuleFigures;
  readonly rows: readonly AblationRow[];
}

/** Names of the passes that can be switched off, each once. */
export const optionalPasses = (): string[] => [...new Set(pipeline.filter((p) => p.optional).map((p) => p.name))];

interface Variant {
  readonly pass: string;
  readonly figures?: ModuleFigures;
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
      variants.push(await loadVariant(model, pass, full, options, machine, settings, host));
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
      figures: moduleFigures(full),
      rows: variants.map((v) => ({
        ...rowOf(v, v.loaded === undefined ? undefined : samples.get(v.loaded.name), baseRounds),
        ...activity(full, v.pass),
      })),
    };
  } finally {
    await host.close();
  }
}

async function loadVariant(
  model: SessionModel,
  pass: string,
  full: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  settings: AblationSettings,
  host: NativeHost,
): Promise<Variant> {
  try {
    const compilation = compileModel(model, { ...options, without: [...options.without, pass] }, machine);
    if (compilation.error !== undefined) return { pass, why: compilation.error.message };
    if (compilation.source === undefined) return { pass, why: "without it there is no code" };
    const figures = moduleFigures(compilation);
    if (compilation.source.text === full.source?.text) return { pass, figures, why: idle(full, pass) };
    return { pass, figures, loaded: await host.load(await buildCode(compilation.source, settings), `without ${pass}`) };
  } catch (e) {
    const error = asUserError(e);
    if (error.code === "cancelled") throw error;
    return { pass, why: error.message };
  }
}

type Rounds = readonly (readonly number[])[];

type TimedRow = Omit<AblationRow, "hits" | "accepted" | "refused">;

/** What the pass did with all passes on. */
function activity({ passes, verdicts }: Compilation, pass: string): Pick<AblationRow, "hits" | "accepted" | "refused"> {
  const own = verdicts.filter((v) => v.rule.startsWith(`${pass}/`));
  return {
    hits: passes.filter((p) => p.name === pass).reduce((n, p) => n + p.hits.length, 0),
    accepted: own.filter((v) => v.accepted).length,
    refused: own.filter((v) => !v.accepted).length,
  };
}

/** Why the code is the same: the pass found nothing, or refused what it found, or others did its work. */
function idle(full: Compilation, pass: string): string {
  const { hits, refused } = activity(full, pass);
  const runs = full.passes.filter((p) => p.name === pass);
  const first = full.verdicts.find((v) => v.rule.startsWith(`${pass}/`) && !v.accepted);
  const reason = runs.find((p) => p.status === "skipped")?.reason;
  if (reason !== undefined) return `the code is the same: it did not run (${reason})`;
  if (runs.some((p) => p.status === "changed") || hits > 0) return "the code is the same: what it does, later passes do as well";
  if (first !== undefined) return `the code is the same: it refused ${refused} time${refused === 1 ? "" : "s"}, first: ${first.because}`;
  return "the code is the same: there is nothing in this model for it to do";
}

function rowOf({ pass, figures, why }: Variant, rounds: Rounds | undefined, base: Rounds): TimedRow {
  const known = figures === undefined ? {} : { figures };
  if (rounds === undefined) return { pass, medianMs: NaN, ratio: 1, ci95: [1, 1], ...known, why: why ?? "not timed" };
  const medians = (list: Rounds): number[] => list.map((round) => quantile(sortNumbers(round), 0.5));
  const { median, ci95 } = pairedRatio(medians(rounds), medians(base));
  return { pass, medianMs: timing(rounds.flat()).medianMs, ratio: median, ci95, ...known };
}
