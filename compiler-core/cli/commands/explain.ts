/** `fusionscope explain MODEL NODE`: what became of one ONNX node, why, and what its loops are estimated to cost. */
import { buildCode, estimateBuilt, explainNode, resolveNode, type Explanation } from "#core/io";
import { compilationSummary, type Compilation } from "#core";
import type { FusionGroup, StaticEstimate, Verdict } from "#protocol";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity } from "../request.ts";
import { printable, shorten, textTable } from "../text/align.ts";
import { estimateText } from "../text/hot-spots.ts";
import { bytesText, timeText } from "../text/units.ts";

export const explain: CommandRunner = async (context) => {
  const compiled = compileFromLine(context);
  try {
    const { compilation } = compiled;
    const reference = context.arguments[1] ?? "";
    if (!reference.startsWith("%")) resolveNode(compiled.model, reference);
    const explanation = explainNode(compilation, reference);
    const own = new Set(explanation.groups.map((g) => g.id));
    const estimates = (compilationSummary(compilation).fusion ?? []).filter((g) => own.has(g.group));
    const estimate = await staticEstimate(context, compilation, own);
    return {
      json: { ...identity(compiled), ...explanation, estimates, ...(estimate === undefined ? {} : { estimate }) },
      text: [...explanationText(explanation), ...costTable(estimates), ...estimateText(estimate)],
    };
  } finally {
    compiled.model.close();
  }
};

/** What llvm-mca says of the loops of these groups, where that was asked for: it takes a build. */
async function staticEstimate(
  context: CommandContext,
  compilation: Compilation,
  groups: ReadonlySet<number>,
): Promise<StaticEstimate | undefined> {
  const { source } = compilation;
  if (context.options.static !== true || source === undefined) return undefined;
  const estimate = await estimateBuilt(compilation, await buildCode(source, nativeSettings(context)));
  if (!estimate.valid) return estimate;
  return { ...estimate, loops: estimate.loops.filter((l) => l.group !== undefined && groups.has(l.group)) };
}

/** Figures of the cost model: for comparing choices with each other. */
function costTable(groups: readonly FusionGroup[]): string[] {
  if (groups.length === 0) return [];
  const ns = (value: number | undefined): string => (value === undefined ? "" : timeText(value / 1e6));
  return [
    "",
    "estimates of the cost model, not measurements:",
    ...textTable<FusionGroup>(
      [
        { title: "group", align: "right", cell: (g) => String(g.group) },
        { title: "kind", cell: (g) => g.kind },
        { title: "time", align: "right", cell: (g) => ns(g.cost?.ns) },
        { title: "arithmetic", align: "right", cell: (g) => ns(g.cost?.computeNs) },
        { title: "memory", align: "right", cell: (g) => ns(g.cost?.memoryNs) },
        { title: "done again", align: "right", cell: (g) => ns(g.cost?.recomputeNs) },
        { title: "barriers", align: "right", cell: (g) => ns(g.cost?.launchNs) },
        { title: "pieces", align: "right", cell: (g) => String(g.cost?.pieces ?? "") },
        { title: "read", align: "right", cell: (g) => bytesText(g.readBytes) },
        { title: "written", align: "right", cell: (g) => bytesText(g.writtenBytes) },
        { title: "saved", align: "right", cell: (g) => bytesText(g.savedBytes) },
        { title: "works on", cell: (g) => `${bytesText(g.footprint.bytes)} (${g.footprint.level})` },
      ],
      groups,
    ),
  ];
}

function explanationText(e: Explanation): string[] {
  const title = `${e.node.path} ${e.node.domain === "" ? "" : `${e.node.domain}.`}${e.node.opType}${e.node.name === "" ? "" : ` "${printable(e.node.name)}"`}`;
  const lines = [title, "", ...lineageTable(e), "", ...e.introduced.map(introductionLine)];
  if (e.groups.length > 0) lines.push("", ...e.groups.map((g) => `group ${g.id} ${printable(g.name)}, template ${g.template}`));
  for (const c of e.code)
    lines.push(`kernel ${printable(c.kernel)}: Tensor IR lines ${c.irLines.join("-")}, C++ lines ${c.cppLines.join("-")}`);
  if (e.lines.cpp.length > 0) lines.push(`its own lines: Tensor IR ${spansText(e.lines.ir)}; C++ ${spansText(e.lines.cpp)}`);
  if (e.verdicts.length > 0) lines.push("", ...verdictTable(e.verdicts));
  return lines;
}

/** `%12 transpose: introduced by pass 5 recognise, rule recognise/attention, from %3 matmul` */
function introductionLine({ node, op, stage, pass, rule, from }: Explanation["introduced"][number]): string {
  const made = stage === 0 ? "as it was imported" : `introduced by pass ${stage} ${pass}${rule === undefined ? "" : `, rule ${rule}`}`;
  const list = from.map((n) => `%${n.id} ${n.op}`).join(", ");
  return `%${node} ${op}: ${made}${list === "" ? "" : `, from ${shorten(list, 80)}`}`;
}

/** `4-7, 12` */
function spansText(lines: readonly number[]): string {
  const sorted = [...lines].sort((a, b) => a - b);
  const starts = sorted.filter((line, i) => line !== (sorted[i - 1] ?? NaN) + 1);
  const ends = sorted.filter((line, i) => line + 1 !== sorted[i + 1]);
  return starts.map((start, i) => (start === ends[i] ? String(start) : `${start}-${ends[i]}`)).join(", ") || "none";
}

function lineageTable(e: Explanation): string[] {
  return textTable(
    [
      { title: "stage", align: "right", cell: (s: Explanation["lineage"][number]) => String(s.stage) },
      { title: "after pass", cell: (s) => s.pass },
      { title: "rule", cell: (s) => s.rule ?? "" },
      {
        title: "becomes",
        cell: (s) =>
          shorten(
            s.nodes.map((n) => (s.level === "tensor" || n.op === "region" ? n.name : `%${n.id} ${n.op}`)).join(", ") || "nothing",
            100,
          ),
      },
    ],
    e.lineage,
  );
}

function verdictTable(verdicts: readonly Verdict[]): string[] {
  return textTable<Verdict>(
    [
      { title: "decision", cell: (v) => v.subject },
      { title: "", cell: (v) => (v.accepted ? "yes" : "no") },
      { title: "rule", cell: (v) => v.rule },
      { title: "because", cell: (v) => v.because },
    ],
    verdicts,
  );
}
