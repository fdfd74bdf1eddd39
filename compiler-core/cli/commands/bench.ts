/** `fusionscope bench MODEL`: times compiled code, interleaved with its baselines. */
import { userError } from "#core";
import { benchModel, findOrtLibrary, resolveNode, type BenchOutcome } from "#core/io";
import type { BenchResult, BenchScope, CounterValue, Timing } from "#protocol";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode, type Compiled } from "../request.ts";
import { coverageText } from "../text/coverage.ts";
import { alignColumns, printable, textTable } from "../text/align.ts";
import { bytesText, flopsText, percentText, rateText, ratioText, timeText } from "../text/units.ts";

export const bench: CommandRunner = async (context) => {
  const { seed = 1, seconds = 2, runs, regions = false } = context.options;
  const compiled = compileFromLine(context);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    requireCode(compiled);
    const scope = benchScope(context, compiled);
    const { model, compilation, options, machine } = compiled;
    const baselines = baselineNames(context);
    const onStep = progressLog(context);
    const outcome = await benchModel(model, compilation, options, machine, {
      ...nativeSettings(context),
      scope,
      baselines,
      needBaselines: context.options.baseline !== undefined,
      seed,
      seconds,
      runs,
      regions,
      onStep,
    });
    for (const { baseline, why } of outcome.missing) context.log(`baseline ${baseline} is missing: ${why}`);
    const { missing, notes, result } = outcome;
    return {
      json: { ...identity(compiled), ...result, coverage: compiled.summary.coverage, missing, ...(notes.length > 0 ? { notes } : {}) },
      text: benchText(compiled, outcome),
    };
  } finally {
    compiled.model.close();
  }
};

function benchScope({ options }: CommandContext, { model }: Compiled): BenchScope {
  const { nodes, group } = options;
  if (nodes !== undefined && group !== undefined)
    userError("usage", {}, { what: "--nodes and --group exclude each other", help: "bench --help" });
  if (nodes !== undefined) return { kind: "nodes", nodes: nodes.map((reference) => resolveNode(model, reference)) };
  return group === undefined ? { kind: "model" } : { kind: "group", group };
}

function baselineNames({ options }: CommandContext): readonly string[] {
  if (options.baseline === undefined) return findOrtLibrary() === undefined ? [] : ["ort"];
  return options.baseline.filter((name) => name !== "none");
}

function progressLog({ log }: CommandContext): (text: string, done: number | null) => void {
  let last = "";
  return (text, done) => {
    const line = done === null ? text : `${text} ${Math.floor(done * 4) * 25} %`;
    if (line !== last) log(line);
    last = line;
  };
}

function benchText({ model, summary }: Compiled, { result, notes }: BenchOutcome): string[] {
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
    `${printable(model.name)}, ${result.scope}: ${result.isa}, ${result.threads} thread${result.threads === 1 ? "" : "s"}, ${result.precision}`,
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
    ...notes.map((n) => `note: ${n}`),
  ];
}

const interval = (r: BenchResult["control"] | undefined): string =>
  r === undefined ? "" : `${ratioText(r.median)} (${ratioText(r.ci95[0])} - ${ratioText(r.ci95[1])})`;

function facts(r: BenchResult, control: BenchResult["control"]): string[][] {
  const peak =
    r.peakGflops === null
      ? "not measured"
      : `${rateText(r.peakGflops)} measured now, ${percentText(r.gflops / r.peakGflops)} of it reached`;
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
  return textTable<BenchResult["regions"][number]>(
    [
      { title: "group", align: "right", cell: (g) => String(g.group) },
      { title: "time", align: "right", cell: (g) => timeText(g.ns / 1e6) },
      { title: "share", align: "right", cell: (g) => percentText(g.ns / total) },
    ],
    r.regions,
  );
}

function counterTable(counters: Readonly<Record<string, CounterValue>>): string[] {
  return textTable<[string, CounterValue]>(
    [
      { title: "counter", cell: ([name]) => name },
      { title: "per run", align: "right", cell: ([, c]) => (c.value === null ? "missing" : c.value.toPrecision(4)) },
      { title: "", cell: ([, c]) => c.why ?? "" },
    ],
    Object.entries(counters),
  );
}
