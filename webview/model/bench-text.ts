/** What a benchmark says in words: which is faster and how sure that is, what differs between two runs, how they compare. */
import type { BenchResult, BenchRun, CounterValue, PanelOptions, Ratio } from "#protocol";
import type { Finding } from "../draw/forest.ts";
import { t } from "../strings.ts";
import { digits, visible } from "./format.ts";

const names: Readonly<Record<string, string>> = {
  ort: "ONNX Runtime",
  onednn: "oneDNN",
  plain: "Optional passes off",
  default: "The compiler's choice",
};

/** A baseline as people call it. */
export function baselineName(baseline: string): string {
  const known = Object.hasOwn(names, baseline) ? names[baseline] : undefined;
  if (known !== undefined) return t(known);
  return baseline.startsWith("stored:") ? t("Stored: {0}", visible(baseline.slice(7).split("/").pop() ?? "")) : visible(baseline);
}

/** A ratio as a factor; near 1 with as many digits as tell it from 1. */
export const ratioText = (ratio: number): string => `${Math.abs(ratio - 1) < 0.1 ? ratio.toFixed(3) : digits(ratio)}×`;

/**
 * Whether a ratio (above 1: ours is faster) means something: its interval leaves out 1, and does not lie wholly inside of what the same code
 * differs from itself.
 */
export function findingOf({ ci95: [low, high] }: Ratio, control: Ratio): Finding {
  if (!(low > 1) && !(high < 1)) return "undecided";
  const [least, most] = control.ci95;
  if (low >= least && high <= most) return "undecided";
  return low > 1 ? "faster" : "slower";
}

/** One sentence about a baseline. */
export function comparisonText(baseline: string, ratio: Ratio, control: Ratio): string {
  const name = baselineName(baseline);
  const interval = `${ratioText(ratio.ci95[0])} – ${ratioText(ratio.ci95[1])}`;
  const finding = findingOf(ratio, control);
  if (finding === "undecided") return t("No difference to {0} that can be told from noise ({1}).", name, interval);
  return finding === "faster"
    ? t("{0} times as fast as {1} ({2}).", digits(ratio.median), name, interval)
    : t("Slower than {0}: {1} times as fast ({2}).", name, digits(ratio.median), interval);
}

export function controlText({ control }: Pick<BenchResult, "control">): string {
  const { median, ci95 } = control;
  return ci95[0] <= 1 && ci95[1] >= 1
    ? t("The same code against itself gives {0}: ratios nearer to 1 than that band mean nothing.", digits(median))
    : t(
        "The same code against itself gives {0}, and its interval leaves out 1: something else was running. Do not trust the ratios.",
        digits(median),
      );
}

/** Options that are not those of the other run, as `threads 1 → 2`. */
export function optionChanges(from: BenchRun, to: BenchRun): string[] {
  const [a, b] = [from.options, to.options];
  const plain: readonly (readonly [string, string, string])[] = [
    ["isa", from.result.isa, to.result.isa],
    ["threads", String(a.threads), String(b.threads)],
    ["precision", a.precision, b.precision],
    ...allKeys(a.dims, b.dims).map((name) => [name, said(a.dims[name]), said(b.dims[name])] as const),
    ...allKeys(from.params ?? {}, to.params ?? {}).map((name) => [name, said(from.params?.[name]), said(to.params?.[name])] as const),
    ["scope", from.result.scope, to.result.scope],
    ["processor", from.result.machine?.cpu ?? "", to.result.machine?.cpu ?? ""],
    ...["fusionscope", "compiler"].map(
      (name) => [name, from.result.machine?.versions[name] ?? "", to.result.machine?.versions[name] ?? ""] as const,
    ),
  ];
  const changed = plain
    .filter(([, before, after]) => before !== after && before + after !== "")
    .map(([name, before, after]) => `${visible(name)} ${visible(before) || "?"} → ${visible(after) || "?"}`);
  return [
    ...changed,
    ...listChanges(t("without"), a.without, b.without),
    ...pairChanges(t("fused by force"), a.force, b.force),
    ...pairChanges(t("never fused"), a.forbid, b.forbid),
  ];
}

const allKeys = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
const said = (value: number | string | undefined): string => (value === undefined ? t("default") : String(value));
const pairChanges = (what: string, a: PanelOptions["force"], b: PanelOptions["force"]): string[] =>
  listChanges(
    what,
    a.map((pair) => pair.join("+")),
    b.map((pair) => pair.join("+")),
  );

function listChanges(what: string, a: readonly string[], b: readonly string[]): string[] {
  const more = b.filter((item) => !a.includes(item)).map((item) => `+ ${what} ${visible(item)}`);
  return [...a.filter((item) => !b.includes(item)).map((item) => `− ${what} ${visible(item)}`), ...more];
}

/** Two runs that were not measured in turns. */
export interface RunRatio {
  /** Time of the first over that of the second: above 1, the second is faster. */
  readonly ratio: Ratio;
  /** The baseline that took part in both: the state of the machine cancels. */
  readonly through?: string;
}

/** Absolute, with an interval as wide as both together; and through each baseline that took part in both. */
export function runRatios(from: BenchResult, to: BenchResult): RunRatio[] {
  const quotient = (a: { readonly at: number; readonly ci95: readonly [number, number] }, b: typeof a): Ratio => ({
    median: a.at / b.at,
    ci95: [a.ci95[0] / b.ci95[1], a.ci95[1] / b.ci95[0]],
  });
  const time = ({ ours }: BenchResult): Parameters<typeof quotient>[0] => ({ at: ours.medianMs, ci95: ours.ci95 });
  const shared = Object.keys(from.speedup).filter((name) => to.speedup[name] !== undefined);
  const through = shared.map((name): RunRatio => {
    const [a, b] = [from.speedup[name] as Ratio, to.speedup[name] as Ratio];
    // speedup = theirs / ours: the later one over the earlier one is ours before over ours now.
    return { ratio: quotient({ at: b.median, ci95: b.ci95 }, { at: a.median, ci95: a.ci95 }), through: name };
  });
  return [{ ratio: quotient(time(from), time(to)) }, ...through];
}

type Counters = Readonly<Record<string, CounterValue>>;

/** Counters that have no value, by the reason, the reason that concerns most of them first. */
export function missingCounters(counters: Counters): readonly { readonly why: string; readonly names: readonly string[] }[] {
  const groups = new Map<string, string[]>();
  for (const [name, { value, valid, why = t("no reason given") }] of Object.entries(counters)) {
    if (valid && value !== null) continue;
    const list = groups.get(why);
    if (list) list.push(name);
    else groups.set(why, [name]);
  }
  return [...groups].map(([why, list]) => ({ why, names: list })).sort((a, b) => b.names.length - a.names.length);
}

export const countersWithValues = (counters: Counters): readonly (readonly [name: string, value: number, scale: number])[] =>
  Object.entries(counters).flatMap(([name, { value, valid, scale = 1 }]) =>
    valid && value !== null ? [[name, value, scale] as const] : [],
  );

/** Figures that say more than counts: per instruction, per cycle. Only from counters that are there. */
export function derivedRates(counters: Counters): readonly (readonly [name: string, text: string])[] {
  const value = (...known: readonly string[]): number => {
    const found = known.map((name) => counters[name]).find((c) => c?.valid === true && c.value !== null);
    return found?.value ?? NaN;
  };
  const [cycles, instructions] = [value("cycles"), value("instructions")];
  const rows: readonly (readonly [string, number, string])[] = [
    [t("instructions per cycle"), instructions / cycles, ""],
    [t("branch misses"), (100 * value("branch-misses")) / value("branches", "branch-instructions"), " %"],
    [t("L1 misses per 1,000 instructions"), (1000 * value("l1d-misses", "l1d-read-misses")) / instructions, ""],
    [t("L2 misses per 1,000 instructions"), (1000 * value("l2-misses")) / instructions, ""],
    [t("last-level misses per 1,000 instructions"), (1000 * value("llc-misses", "cache-misses")) / instructions, ""],
  ];
  return rows.filter(([, rate]) => Number.isFinite(rate)).map(([name, rate, unit]) => [name, `${digits(rate)}${unit}`] as const);
}

/** The command in a reason, if there is one, to be copied: what stands between back-ticks. */
export const commandIn = (why: string): string | undefined => /`([^`]+)`/.exec(why)?.[1];
