/** A benchmark's result for people. */
import { precisionOf } from "#core";
import type { BenchOutcome } from "#core/io";
import type { BenchResult, CompilationSummary, CounterValue, Timing } from "#protocol";
import { alignColumns, printable, textTable } from "./align.ts";
import { coverageText } from "./coverage.ts";
import { bytesText, flopsText, percentText, rateText, ratioText, timeText } from "./units.ts";

export function benchText(name: string, summary: CompilationSummary, { result, notes }: BenchOutcome): string[] {
  const { ours, baselines, speedup, control } = result;
  const rows: [string, Timing, string][] = [
    ["ours", ours, ""],
    ...Object.entries(baselines).map(([name, t]): [string, Timing, string] => [`${name} ${t.version}`, t, interval(speedup[name])]),
  ];
  const time =
    (pick: (t: Timing) => number) =>
    ([, t]: (typeof rows)[number]) =>
      timeText(pick(t));
  return [
    `${printable(name)}, ${result.scope}: ${result.isa}, ${result.threads} thread${result.threads === 1 ? "" : "s"}, ${result.precision}, ${result.cache ?? "warm"} caches`,
    "",
    ...textTable(
      [
        { title: "candidate", cell: ([name]: (typeof rows)[number]) => printable(name) },
        { title: "median", align: "right", cell: time((t) => t.medianMs) },
        { title: "95 % interval", cell: ([, t]) => `${timeText(t.ci95[0])} - ${timeText(t.ci95[1])}` },
        { title: "min", align: "right", cell: time((t) => t.minMs) },
        { title: "p95", align: "right", cell: time((t) => t.p95Ms) },
        { title: "runs", align: "right", cell: ([, t]) => String(t.runs) },
        { title: "ours is faster by", cell: ([, , ratio]) => ratio },
      ],
      rows,
    ),
    "",
    ...alignColumns([...facts(result, control), ["compiled", coverageText(summary)]]),
    ...(result.regions.length > 0 ? ["", ...regionTable(result)] : []),
    "",
    ...counterTable(result.counters),
    ...comparisonLines(result),
    ...notes.map((n) => `note: ${n}`),
    ...(result.warnings ?? []).map((w) => `warning: ${w.text}`),
    ...(result.reproduce === undefined ? [] : ["", `again: ${result.reproduce}`]),
  ];
}

function comparisonLines({ comparison: c }: BenchResult): string[] {
  if (c === undefined) return [];
  const how = c.method === "absolute" ? "by its times" : `by its ratio to ${c.through ?? "a baseline"}`;
  const verdict = c.regression ? "SLOWER" : c.ratio.ci95[0] > 1 ? "faster" : "no difference beyond doubt";
  return ["", `${printable(c.with)}${c.date === null ? "" : `, ${c.date}`}, ${how}: ${interval(c.ratio)}: ${verdict}`];
}

const interval = (r: BenchResult["control"] | undefined): string =>
  r === undefined ? "" : `${ratioText(r.median)} (${ratioText(r.ci95[0])} - ${ratioText(r.ci95[1])})`;

/** What the arithmetic of this code can reach at most: bytes are multiplied faster than floats. */
function ceilingOf({
  roofline,
  kernels,
  precision,
  peakGflops,
}: BenchResult): { readonly name: string; readonly value: number } | undefined {
  const own = precisionOf(kernels, precision);
  const fastest = (roofline?.ceilings ?? []).filter((c) => c.precision === own).reduce((most, c) => Math.max(most, c.value), 0);
  const found = roofline?.ceilings.find((c) => c.precision === own && c.value === fastest);
  return found ?? (peakGflops === null ? undefined : { name: "f32 FMA", value: peakGflops });
}

function facts(r: BenchResult, control: BenchResult["control"]): string[][] {
  const ceiling = ceilingOf(r);
  const peak =
    ceiling === undefined
      ? "not measured"
      : `${rateText(ceiling.value)} (${ceiling.name}) measured now, ${percentText(r.gflops / ceiling.value)} of it reached`;
  const traffic = r.bytes / (r.ours.medianMs * 1e6);
  const copy =
    r.peakGBs === null
      ? "not measured"
      : `${r.peakGBs.toFixed(1)} GB/s copied from memory; the code moves ${traffic.toFixed(1)} GB/s when nothing is cached`;
  return [
    ["control (ours again)", interval(control)],
    ["work", `${flopsText(r.flops)}, ${bytesText(r.bytes)}`],
    ["rate", rateText(r.gflops)],
    ["peak", peak],
    ["memory", copy],
  ];
}

function regionTable(r: BenchResult): string[] {
  const total = r.regions.reduce((sum, g) => sum + g.ns, 0);
  const waiting = (g: BenchResult["regions"][number]): number => Math.max(0, ...(g.threads ?? []).map((t) => t.waitNs));
  return textTable<BenchResult["regions"][number]>(
    [
      { title: "group", align: "right", cell: (g) => String(g.group) },
      { title: "time", align: "right", cell: (g) => timeText(g.ns / 1e6) },
      { title: "share", align: "right", cell: (g) => percentText(g.ns / total) },
      { title: "longest wait", align: "right", cell: (g) => (r.threads > 1 ? timeText(waiting(g) / 1e6) : "") },
      { title: "on its own", align: "right", cell: (g) => (g.isolated === undefined ? "" : timeText(g.isolated.medianMs)) },
      { title: "what", cell: (g) => printable(g.name ?? "") },
    ],
    r.regions,
  );
}

/** What was counted as a table; what was not, by reason. */
function counterTable(counters: Readonly<Record<string, CounterValue>>): string[] {
  const [there, missing] = [Object.entries(counters).filter(([, c]) => c.value !== null), new Map<string, string[]>()];
  for (const [name, { value, why = "no reason is known" }] of Object.entries(counters))
    if (value === null) missing.set(why, [...(missing.get(why) ?? []), name]);
  return [
    ...textTable<[string, CounterValue]>(
      [
        { title: "counter", cell: ([name]) => name },
        { title: "per run", align: "right", cell: ([, c]) => (c.value ?? NaN).toPrecision(4) },
        { title: "", cell: ([, c]) => c.why ?? "" },
      ],
      there,
    ),
    ...[...missing].map(([why, names]) => `missing: ${names.join(", ")} (${why})`),
  ];
}
