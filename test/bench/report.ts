/** docs/benchmarks.md from the rows that are kept. */
import type { BenchResult, PeaksResult, Ratio } from "#protocol";
import { peakRows } from "#core/io";
import { boundOf } from "./bound.ts";
import { graphCompilerRatios } from "./graph-compiler.ts";
import type { CaseFigures, Stored } from "./measure.ts";
import { familyOf } from "./rows.ts";

type Cells = readonly string[];

function table(head: Cells, body: readonly Cells[]): string[] {
  const line = (cells: Cells): string => `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...body.map(line), ""];
}

/** The page. `command`: what was typed. */
export function reportText(stored: readonly Stored[], command: string): string {
  const peaks = new Map(stored.flatMap((s) => (s.peaks === undefined ? [] : [[s.row.threads, s.peaks] as const])));
  const lines = [
    "# Benchmarks",
    "",
    `Written by \`${command.trim()}\`; the figures are in benchmarks.json beside this page. Every ratio is that of runs taken in turns in the same`,
    "processes, with its 95 % interval; above 1, the code of this project is faster. The control is the same code against itself: no ratio means",
    "more than what its interval leaves open. [Decision 3](decisions/0003-yardstick.md) says how it is measured.",
    "",
    ...machineLines(stored),
    ...peakLines(peaks),
    ...launchLines(stored),
    ...kernelLines(stored),
    ...caseLines(stored, peaks),
    ...modelLines(stored),
    ...failureLines(stored),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function machineLines(stored: readonly Stored[]): string[] {
  const results = stored.flatMap((s) => (s.case === undefined ? [] : [s.case.result]));
  const facts = results[0]?.machine;
  if (facts === undefined) return [];
  const versions = new Map(results.flatMap((r) => Object.entries(r.machine?.versions ?? {})));
  const ghz = results.flatMap((r) => [r.machine?.ghz.before, r.machine?.ghz.after]).filter((g): g is number => typeof g === "number");
  const loads = results.flatMap((r) => r.machine?.load.before ?? []);
  const dates = stored.map((s) => s.date).sort();
  const kib = (bytes: number): string => (bytes === 0 ? "?" : `${bytes / 1024} KiB`);
  return [
    "## Machine",
    "",
    `- ${facts.cpu}: ${facts.cores} cores, ${facts.cpus} CPUs${facts.smt === true ? " (SMT)" : ""}${facts.virtual ? ", virtual" : ""}; L1 ${kib(facts.caches.l1d)}, L2 ${kib(facts.caches.l2)}, L3 ${kib(facts.caches.l3)}`,
    `- ${facts.features.join(", ")}`,
    `- ${facts.system}, governor ${facts.governor ?? "not known"}; ${Math.min(...ghz).toFixed(2)} to ${Math.max(...ghz).toFixed(2)} GHz seen; load before a measurement at most ${Math.max(...loads).toFixed(2)}`,
    `- ${[...versions].map(([name, version]) => `${name} ${version}`).join(", ")}`,
    `- measured ${dates[0] ?? ""} to ${dates.at(-1) ?? ""}`,
    "",
  ];
}

function peakLines(peaks: ReadonlyMap<number, PeaksResult>): string[] {
  if (peaks.size === 0) return [];
  const rows = [...peaks].flatMap(([threads, p]) =>
    peakRows(p).map((r): Cells => [
      r.name,
      String(threads),
      `${r.value.toPrecision(4)} ${r.unit}`,
      r.share === undefined ? "" : `${(100 * r.share).toFixed(1)} %`,
    ]),
  );
  return [
    "## Peaks",
    "",
    "Measured in the same run; the share is of what two full-width units do per cycle at the frequency seen.",
    "",
    ...table(["what", "threads", "measured", "of the units"], rows),
  ];
}

function launchLines(stored: readonly Stored[]): string[] {
  const teams = stored.flatMap((s) => s.launch ?? []);
  if (teams.length === 0) return [];
  const ns = (n: number): string => `${n.toFixed(0)} ns`;
  const rows = teams.map(({ threads, launchNs, barrierNs, openmp }): Cells => [
    String(threads),
    ns(launchNs),
    ns(barrierNs),
    ...(openmp.valid ? [ns(openmp.launchNs), ns(openmp.barrierNs)] : [openmp.why, ""]),
  ]);
  return [
    "## Launching a nest, passing a barrier",
    "",
    ...table(["threads", "launch", "barrier", "OpenMP: parallel region", "OpenMP: barrier"], rows),
  ];
}

function kernelLines(stored: readonly Stored[]): string[] {
  const figures = stored.flatMap((s) => (s.kernel ?? []).map((f) => ({ source: s.row.name, ...f })));
  if (figures.length === 0) return [];
  const rows = figures.map((f): Cells => [
    f.name,
    f.simd ?? "",
    f.gops === undefined ? "" : f.gops.toFixed(1),
    f.gbs === undefined ? "" : f.gbs.toFixed(1),
    f.fraction === undefined ? "" : `${(100 * f.fraction).toFixed(1)} %`,
  ]);
  return [
    "## Kernels",
    "",
    "One thread; the share is of the peak that was measured in turns with it.",
    "",
    ...table(["kernel", "vectors", "Gop/s", "GB/s", "of the peak"], rows),
  ];
}

const ratioCell = (r: Ratio | undefined): string =>
  r === undefined ? "-" : `${r.median.toFixed(3)} [${r.ci95[0].toFixed(3)}, ${r.ci95[1].toFixed(3)}]`;
const timeCell = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(4));

interface CaseRow {
  readonly name: string;
  readonly threads: number;
  readonly figures: CaseFigures;
}

const caseRows = (stored: readonly Stored[], section: string): CaseRow[] =>
  stored.flatMap((s) =>
    s.row.section === section && s.case !== undefined ? [{ name: s.row.name, threads: s.row.threads, figures: s.case }] : [],
  );

const baselineText = (result: BenchResult, name: string): string => timeCell(result.baselines[name]?.medianMs ?? NaN).replace("NaN", "-");

function caseLines(stored: readonly Stored[], peaks: ReadonlyMap<number, PeaksResult>): string[] {
  const rows = caseRows(stored, "cases");
  if (rows.length === 0) return [];
  const families = [...new Set(rows.map((r) => familyOf(r.name)))];
  const threads = [...new Set(rows.map((r) => r.threads))].sort((a, b) => a - b);
  const parts = families.flatMap((family) =>
    threads.flatMap((t) => {
      const own = rows.filter((r) => familyOf(r.name) === family && r.threads === t);
      return own.length === 0 ? [] : familyLines(family, t, own, peaks.get(t));
    }),
  );
  return [
    "## The 44 cases",
    "",
    "Milliseconds are medians. The bound of a case is the longer of its operations at the measured peak of its arithmetic, and its operands, results",
    "and weights, each once, at the bandwidth of the cache that holds them; the share is bound over time. Graph Compiler: the ratio to ONNX Runtime",
    "that oneDNN Graph Compiler itself reaches (on a Sapphire Rapids with AMX, test/bench/graph-compiler.ts), and ours over it.",
    "[Decision 10](decisions/0010-attention-limits.md) says what bounds attention where ours is lower.",
    "",
    ...parts,
  ];
}

function familyLines(family: string, threads: number, rows: readonly CaseRow[], peaks: PeaksResult | undefined): string[] {
  const body = rows.map(({ name, figures: { result, leastBytes } }): Cells => {
    const bound = peaks === undefined ? undefined : boundOf(name, result.flops, leastBytes, peaks);
    return [
      name,
      timeCell(result.ours.medianMs),
      baselineText(result, "ort"),
      baselineText(result, "onednn"),
      ratioCell(result.speedup["ort"]),
      ratioCell(result.speedup["onednn"]),
      ...peerCells(name, threads, result.speedup["ort"]),
      bound === undefined ? "-" : `${((100 * bound.ms) / result.ours.medianMs).toFixed(0)} % (${bound.peak})`,
      ratioCell(result.control),
      (result.warnings ?? []).map((w) => w.kind).join(", "),
    ];
  });
  const command = rows[0]?.figures.command ?? "";
  return [
    `### ${family}, ${threads} thread${threads === 1 ? "" : "s"}`,
    "",
    ...table(
      [
        "case",
        "ours, ms",
        "ONNX Runtime, ms",
        "oneDNN, ms",
        "to ONNX Runtime",
        "to oneDNN",
        "Graph Compiler",
        "ours over it",
        "of its bound",
        "control",
        "warnings",
      ],
      body,
    ),
    ...meansLine(rows, threads),
    `One of them again: \`${command}\``,
    "",
  ];
}

/** Our ratio to ONNX Runtime over that of oneDNN Graph Compiler. */
function overPeer(name: string, threads: number, ours: Ratio | undefined): number | undefined {
  const peer = graphCompilerRatios(name, threads);
  return peer === undefined || ours === undefined ? undefined : ours.median / peer.ort;
}

function peerCells(name: string, threads: number, ours: Ratio | undefined): Cells {
  const over = overPeer(name, threads, ours);
  return [graphCompilerRatios(name, threads)?.ort.toFixed(2) ?? "-", over === undefined ? "-" : over.toFixed(2)];
}

function meanText(ratios: readonly number[]): string {
  if (ratios.length === 0) return "none";
  const geometric = Math.exp(ratios.reduce((s, r) => s + Math.log(r), 0) / ratios.length);
  return `${geometric.toFixed(3)} (${ratios.length} cases, least ${Math.min(...ratios).toFixed(3)})`;
}

function meansLine(rows: readonly CaseRow[], threads: number): string[] {
  const to = (baseline: string): string => meanText(rows.flatMap(({ figures }) => figures.result.speedup[baseline]?.median ?? []));
  const peer = meanText(rows.flatMap(({ name, figures }) => overPeer(name, threads, figures.result.speedup["ort"]) ?? []));
  const absent = [...new Set(rows.flatMap(({ figures }) => figures.missing.map((m) => `${m.baseline}: ${m.why}`)))];
  return [
    `Geometric means: to ONNX Runtime ${to("ort")}; to oneDNN ${to("onednn")}; ours over Graph Compiler ${peer}.`,
    "",
    ...absent.map((why) => `Not there: ${why}\n`),
  ];
}

function modelLines(stored: readonly Stored[]): string[] {
  const rows = caseRows(stored, "models");
  if (rows.length === 0) return [];
  const body = rows.map(({ name, threads, figures: { result, missing } }): Cells => [
    name,
    String(threads),
    timeCell(result.ours.medianMs),
    baselineText(result, "ort"),
    baselineText(result, "onednn"),
    ratioCell(result.speedup["ort"]),
    ratioCell(result.speedup["onednn"]),
    ratioCell(result.control),
    [...(result.warnings ?? []).map((w) => w.kind), ...missing.map((m) => `no ${m.baseline}: ${m.why}`)].join("; "),
  ]);
  return [
    "## Whole models",
    "",
    ...table(
      ["model", "threads", "ours, ms", "ONNX Runtime, ms", "oneDNN, ms", "to ONNX Runtime", "to oneDNN", "control", "remarks"],
      body,
    ),
  ];
}

function failureLines(stored: readonly Stored[]): string[] {
  const failed = stored.filter((s) => s.failed !== undefined);
  return failed.length === 0
    ? []
    : [
        "## Not measured",
        "",
        ...table(
          ["row", "why"],
          failed.map((s): Cells => [s.row.id, s.failed ?? ""]),
        ),
      ];
}
