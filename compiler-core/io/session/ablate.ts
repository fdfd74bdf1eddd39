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
  /** Only these passes; absent or empty: all that are optional. */
  readonly only?: readonly string[];
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

/** Which passes are switched off, one after the other. */
const passesToAblate = (options: CompileOptions, only: readonly string[] = []): string[] =>
  optionalPasses().filter((p) => !options.without.includes(p) && (only.length === 0 || only.includes(p)));

type Rounds = readonly (readonly number[])[];

/**
 * Each variant is loaded, timed in turns with the full compilation, and let go: many large models at once would not find room, and a slow one would
 * keep all others from being timed. A variant that does not compile or build is a row with the reason.
 */
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
    const inputs = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      randomModelInputs(model, referenceGraph(full), settings.seed),
    );
    const lab: Lab = { model, full, options, machine, settings, host, base, inputs };
    const passes = passesToAblate(options, settings.only);
    const baseMs: number[] = [];
    const rows: AblationRow[] = [];
    for (const [i, pass] of passes.entries()) {
      settings.onStep?.(`without ${pass} (${i + 1} of ${passes.length})`);
      const { row, of } = await ablateOne(lab, pass);
      baseMs.push(...of);
      rows.push({ ...row, ...activity(full, pass) });
    }
    if (baseMs.length === 0) baseMs.push(...(await timeTurns(lab, [base])).flat(2));
    return { base: timing(baseMs), figures: moduleFigures(full), rows };
  } finally {
    await host.close();
  }
}

/** What all rows have in common. */
interface Lab {
  readonly model: SessionModel;
  readonly full: Compilation;
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  readonly settings: AblationSettings;
  readonly host: NativeHost;
  readonly base: LoadedModel;
  readonly inputs: ReturnType<NativeHost["inputFiles"]>;
}

/** Milliseconds of the candidates, round by round, taking turns. */
async function timeTurns({ settings, host, inputs }: Lab, loaded: readonly LoadedModel[]): Promise<readonly Rounds[]> {
  const candidates = loaded.map((m) => ({ target: m.target, label: m.name, inputs }));
  const total = settings.seconds * loaded.length;
  const params = { candidates, minSeconds: total, maxSeconds: 4 * total + 10 };
  const timed = await host.client.request("bench", params, { ...host.request(), timeoutMs: 1000 * (4 * total + 120) });
  const samples = new Map(timed.candidates.map((c) => [c.label, c.ns.map((round) => round.map((ns) => ns / 1e6))]));
  return loaded.map((m) => samples.get(m.name) ?? bug("the runner left a candidate out"));
}

/** The row of one pass, and what the full compilation took beside it. */
async function ablateOne(lab: Lab, pass: string): Promise<{ readonly row: TimedRow; readonly of: readonly number[] }> {
  const { model, full, options, machine, settings, host, base } = lab;
  let figures: ModuleFigures | undefined;
  const untimed = (why: string): { readonly row: TimedRow; readonly of: readonly number[] } => ({
    row: { pass, medianMs: NaN, ratio: 1, ci95: [1, 1], ...(figures === undefined ? {} : { figures }), why },
    of: [],
  });
  try {
    const compilation = compileModel(model, { ...options, without: [...options.without, pass] }, machine);
    if (compilation.error !== undefined) return untimed(compilation.error.message);
    if (compilation.source === undefined) return untimed("without it there is no code");
    figures = moduleFigures(compilation);
    if (compilation.source.text === full.source?.text) return untimed(idle(full, pass));
    const other = await host.load(await buildCode(compilation.source, settings), `without ${pass}`);
    try {
      const [known = [], rounds = []] = await timeTurns(lab, [base, other]);
      return { row: rowOf(pass, figures, rounds, known), of: known.flat() };
    } finally {
      await host.unload(other);
    }
  } catch (e) {
    const error = asUserError(e);
    if (error.code === "cancelled") throw error;
    return untimed(error.message);
  }
}

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

function rowOf(pass: string, figures: ModuleFigures, rounds: Rounds, base: Rounds): TimedRow {
  const medians = (list: Rounds): number[] => list.map((round) => quantile(sortNumbers(round), 0.5));
  const { median, ci95 } = pairedRatio(medians(rounds), medians(base));
  return { pass, medianMs: timing(rounds.flat()).medianMs, ratio: median, ci95, figures };
}
