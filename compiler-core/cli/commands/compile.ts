/** `fusionscope compile MODEL`: everything up to the native build. */
import { isModule, userError } from "#core";
import {
  buildCode,
  emitAssembly,
  emitCompilation,
  estimateBuilt,
  exportModel,
  requireStandAlone,
  type BuiltCode,
  type ExportedModel,
} from "#core/io";
import type { CompilationSummary, PassEvent } from "#protocol";
import type { CommandContext, CommandResult, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, type Compiled } from "../request.ts";
import { alignColumns, printable, textTable } from "../text/align.ts";
import { coverageText } from "../text/coverage.ts";
import { estimateText } from "../text/hot-spots.ts";
import { bytesText, flopsText, plural, timeText } from "../text/units.ts";

export const compile: CommandRunner = async (context) => {
  const compiled = compileFromLine(context);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    if (context.options.output !== undefined) requireExportable(compiled, context);
    return await finish(context, compiled);
  } finally {
    compiled.model.close();
  }
};

/** Before anything is built: a model that cannot be taken away is refused. */
function requireExportable({ compilation, summary }: Compiled, { options }: CommandContext): void {
  requireStandAlone(summary);
  if (compilation.error === undefined && compilation.source === undefined)
    userError("usage", {}, { what: `--only-until ${options["only-until"] ?? ""} leaves no code for -o`, help: "--help" });
}

async function finish(context: CommandContext, compiled: Compiled): Promise<CommandResult> {
  const { compilation, summary } = compiled;
  const { emit, output } = context.options;
  const { source } = compilation;
  // Before the build: what a compiler refuses is there to be looked at.
  const texts = emit === undefined ? [] : emitCompilation(compilation, emit);
  const exported =
    output === undefined || source === undefined ? undefined : await exportModel(source, summary, output, nativeSettings(context));
  // What is taken away is the build, unless its assembly is wanted, too.
  const code =
    source === undefined || (exported !== undefined && emit === undefined && context.options.static !== true)
      ? undefined
      : await buildCode(source, nativeSettings(context));
  const built = code ?? exported?.build;
  const emitted = emit === undefined ? undefined : [...texts, ...(code === undefined ? [] : emitAssembly(code, emit))];
  const estimate = context.options.static === true && code !== undefined ? await estimateBuilt(compilation, code) : undefined;
  const notBuilt = built === undefined ? (compilation.error?.message ?? whyNoCode(summary, context)) : undefined;
  const json = {
    ...identity(compiled),
    passes: summary.passes,
    partitions: partitions(compiled),
    holes: summary.holes ?? [],
    coverage: summary.coverage,
    groups: groupRows(compiled),
    verdicts: summary.verdicts,
    ...(summary.pairs === undefined ? {} : { pairs: summary.pairs }),
    buffers: summary.buffers,
    kernels: summary.kernels,
    fusion: summary.fusion ?? [],
    ...(summary.memory === undefined ? {} : { memory: summary.memory }),
    unsupported: summary.unsupported,
    arenaBytes: summary.arenaBytes,
    arenaBytesWithoutReuse: summary.arenaBytesWithoutReuse,
    constantBytes: summary.constantBytes,
    packedBytes: summary.packedBytes ?? 0,
    releasedBytes: releasedBytes(compiled),
    flops: summary.flops,
    bytes: summary.bytes,
    buildMs: built?.buildMs ?? 0,
    cached: built?.cached ?? false,
    built: built !== undefined,
    ...(built === undefined ? { notBuilt } : { sourceHash: built.hash, sharedObject: built.sharedObject }),
    ...(emitted === undefined ? {} : { emitted }),
    ...(estimate === undefined ? {} : { estimate }),
    ...(exported === undefined ? {} : { exported: { folder: exported.folder, files: exported.files, weightBytes: exported.weightBytes } }),
  };
  return {
    json,
    text: [
      ...summaryText(compiled, built),
      ...(notBuilt === undefined ? [] : [`not built: ${notBuilt}`]),
      ...(exported === undefined ? [] : exportedText(exported)),
      ...estimateText(estimate),
    ],
    error: compilation.error,
  };
}

const exportedText = ({ folder, files, weightBytes }: ExportedModel): string[] => [
  "",
  `written to ${printable(folder)}: ${files.join(", ")} (weights ${bytesText(weightBytes)})`,
  `to run it there: cmake -S . -B build && cmake --build build && build/model_run`,
];

function whyNoCode(summary: CompilationSummary, { options }: CommandContext): string {
  const [first] = summary.unsupported;
  if (options["only-until"] !== undefined) return `stopped after ${options["only-until"]}`;
  return first === undefined
    ? "no code was generated"
    : `${plural(summary.unsupported.length, "node")} ${summary.unsupported.length === 1 ? "is" : "are"} not compiled, the first is ${first.node} ${first.opType}: ${first.reason}`;
}

/** Native code and holes by turns; with the names of the loop nests. */
function partitions({ summary }: Compiled): object[] {
  return (summary.partitions ?? []).map((p) => ({
    ...p,
    kernels: summary.kernels.filter((k) => p.groups.includes(k.group)).map((k) => k.name),
  }));
}

function groupRows({ compilation, summary }: Compiled): object[] {
  const { graph } = compilation;
  const origins = new Map(graph.nodes.map((n) => [n.id, n.origin]));
  return summary.groups.map((g) => {
    const sources = [...new Set(g.members.flatMap((m) => origins.get(m.node) ?? []))].sort((a, b) => a - b);
    return { ...g, onnxNodes: sources.map((i) => graph.sources[i]?.path ?? `#${i}`) };
  });
}

function summaryText(compiled: Compiled, built: Pick<BuiltCode, "cached" | "buildMs" | "compiler"> | undefined): string[] {
  const { summary, compilation } = compiled;
  const last = compilation.snapshots.at(-1);
  const lines = [
    `${printable(compiled.model.name)}: ${plural(summary.sources.length, "ONNX node")} -> ${plural(compilation.graph.nodes.length, "operator")} in ${plural(summary.groups.length, "group")}` +
      `, for ${summary.isa}, ${plural(summary.threads, "thread")}`,
    "",
    ...passTable(summary.passes),
    "",
  ];
  if (summary.groups.length > 0) lines.push(...groupTable(compiled), "");
  if (summary.unsupported.length > 0) lines.push(...holeTable(summary), "");
  for (const { kind, pair, done, because } of summary.pairs ?? [])
    lines.push(`--${kind} ${pair.join("+")}: ${done ? "done" : "not done"}, ${because}`);
  const facts: string[][] = [
    ["work", `${flopsText(summary.flops)}, ${bytesText(summary.bytes)} moved when nothing is cached`],
    ["constants", constantsText(compiled)],
    ["compiled", coverageText(summary)],
  ];
  if (last !== undefined && isModule(last))
    facts.push(["arena", `${bytesText(summary.arenaBytes)} (${bytesText(summary.arenaBytesWithoutReuse)} without reuse)`]);
  if (built !== undefined)
    facts.push(["native code", built.cached ? "from the cache" : `built in ${timeText(built.buildMs)} by ${printable(built.compiler)}`]);
  return [...lines, ...alignColumns(facts)];
}

function passTable(passes: readonly PassEvent[]): string[] {
  return textTable<PassEvent>(
    [
      { title: "#", align: "right", cell: (p) => String(p.index) },
      { title: "pass", cell: (p) => p.name },
      { title: "status", cell: (p) => p.status },
      { title: "time", align: "right", cell: (p) => (p.status === "skipped" ? "" : timeText(p.ms)) },
      { title: "ops", align: "right", cell: (p) => (p.opsBefore === p.opsAfter ? String(p.opsAfter) : `${p.opsBefore} -> ${p.opsAfter}`) },
      { title: "hits", align: "right", cell: (p) => (p.hits.length === 0 ? "" : String(p.hits.length)) },
      { title: "", cell: (p) => p.reason ?? "" },
    ],
    passes,
  );
}

/** What is not compiled, with the hole that runs it. */
function holeTable({ unsupported, holes = [] }: CompilationSummary): string[] {
  const holeOf = new Map(holes.flatMap((h) => h.nodes.map((n) => [n.node, `hole ${h.id}`] as const)));
  return textTable(
    [
      { title: "not compiled", cell: (u: CompilationSummary["unsupported"][number]) => u.node },
      { title: "operator", cell: (u) => u.opType },
      { title: "runs in", cell: (u) => holeOf.get(u.node) ?? "nowhere" },
      { title: "reason", cell: (u) => u.reason },
    ],
    unsupported,
  );
}

function groupTable({ compilation, summary }: Compiled): string[] {
  const ops = new Map(compilation.graph.nodes.map((n) => [n.id, n.op === "opaque" ? String(n.attrs["opType"]) : n.op]));
  return textTable(
    [
      { title: "group", align: "right", cell: (g: CompilationSummary["groups"][number]) => String(g.id) },
      { title: "template", cell: (g) => g.template },
      { title: "phase", cell: (g) => g.phase },
      { title: "operators", cell: (g) => g.members.map((m) => ops.get(m.node) ?? "?").join(" + ") },
      {
        title: "parameters",
        cell: (g) =>
          Object.entries(g.params)
            .map(([k, v]) => `${k}=${v}`)
            .join(" "),
      },
    ],
    summary.groups,
  );
}

/** Bytes of the constants that only the first run reads: packed then, and given back. */
const releasedBytes = ({ compilation }: Compiled): number =>
  (compilation.source?.plan.weights ?? []).reduce((sum, w) => sum + (w.once === true ? w.bytes : 0), 0);

function constantsText(compiled: Compiled): string {
  const { constantBytes, packedBytes = 0 } = compiled.summary;
  if (packedBytes === 0) return bytesText(constantBytes);
  return `${bytesText(constantBytes)}; packed once to ${bytesText(packedBytes)}, ${bytesText(releasedBytes(compiled))} of them then given back`;
}
