/**
 * A selection in plain words: what the drawing says, for screen readers, for copying into a report. Pure function of the
 * record of a compilation.
 */
import type { CompilationSummary, Fact, SourceNodeInfo, Verdict } from "#protocol";
import { operatorOf, type StageGraph, type StageNode } from "../document/stage-names.ts";

export interface Described {
  readonly stage: number;
  readonly nodes: readonly number[];
  readonly sources: readonly number[];
}

export function describeSelection(summary: CompilationSummary, graph: StageGraph, selection: Described): string {
  const pass = summary.passes.find((p) => p.index === selection.stage);
  const lines = [
    `Model ${summary.model}, ISA ${summary.isa}, ${summary.threads} thread(s), ${summary.precision}`,
    `Stage ${selection.stage}: ${pass?.name ?? "import"}`,
  ];
  const nodes = chosenNodes(graph, selection);
  if (nodes.length === 0) lines.push("", "Nothing of this stage is selected.");
  for (const node of nodes) lines.push("", ...describeNode(node, graph, summary));
  const verdicts = summary.verdicts.filter((verdict) => nodes.some((node) => verdict.nodes.includes(node.id)));
  if (verdicts.length > 0) lines.push("", "Decisions", ...verdicts.map(describeVerdict));
  return `${lines.join("\n")}\n`;
}

/** The selected nodes; without any, what the selected ONNX nodes became. */
function chosenNodes(graph: StageGraph, { nodes, sources }: Described): StageNode[] {
  const direct = nodes.flatMap((id) => graph.nodes.get(id) ?? []);
  return direct.length > 0 ? direct : [...graph.nodes.values()].filter((node) => node.origin.some((source) => sources.includes(source)));
}

function describeNode(node: StageNode, graph: StageGraph, summary: CompilationSummary): string[] {
  const group = summary.groups.find((g) => g.members.some((member) => member.node === node.id));
  return [
    `${operatorOf(node)}${node.name === "" ? "" : ` "${node.name}"`} (node ${node.id})`,
    `  reads  ${node.inputs.map((id) => describeValue(id, graph)).join(", ") || "nothing"}`,
    `  writes ${node.outputs.map((id) => describeValue(id, graph)).join(", ")}`,
    ...(node.attrs === "" || node.attrs === "{}" ? [] : [`  with   ${node.attrs}`]),
    Number.isFinite(node.flops)
      ? `  costs  ${node.flops} flop, ${node.bytes} bytes`
      : `  costs  not known: ${node.op === "opaque" ? "it is not compiled" : "its shapes are not known"}`,
    `  from   ${node.origin.map((i) => describeSource(summary.sources[i])).join(", ")}`,
    ...(group === undefined ? [] : [`  fused  in ${group.name} (${group.template}) with ${group.members.length - 1} other node(s)`]),
  ];
}

function describeValue(id: number, graph: StageGraph): string {
  const value = graph.values.get(id);
  if (value === undefined) return id < 0 ? "(none)" : `%${id}`;
  return `%${id} ${value.dtype}[${value.shape}]${value.constant ? " constant" : ""}`;
}

const describeSource = (source: SourceNodeInfo | undefined): string => (source === undefined ? "?" : `${source.path} ${source.opType}`);

const describeVerdict = (verdict: Verdict): string =>
  `  ${verdict.accepted ? "yes" : "no "} ${verdict.rule}: ${verdict.because}${verdict.facts.length > 0 ? ` (${verdict.facts.map(describeFact).join(", ")})` : ""}`;

const describeFact = (fact: Fact): string => `${fact.name} ${fact.value}${fact.unit === undefined ? "" : ` ${fact.unit}`}`;
