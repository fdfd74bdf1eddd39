/** `fusionscope explain MODEL NODE`: what became of one ONNX node, and why. */
import { explainNode, resolveNode, type Explanation } from "#core/io";
import type { Verdict } from "#protocol";
import type { CommandRunner } from "../command.ts";
import { compileFromLine, identity } from "../request.ts";
import { printable, shorten, textTable } from "../text/align.ts";

export const explain: CommandRunner = (context) => {
  const compiled = compileFromLine(context);
  try {
    const reference = context.arguments[1] ?? "";
    if (!reference.startsWith("%")) resolveNode(compiled.model, reference);
    const explanation = explainNode(compiled.compilation, reference);
    return { json: { ...identity(compiled), ...explanation }, text: explanationText(explanation) };
  } finally {
    compiled.model.close();
  }
};

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

export function verdictTable(verdicts: readonly Verdict[]): string[] {
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
