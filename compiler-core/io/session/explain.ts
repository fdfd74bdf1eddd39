/** What became of one ONNX node, or of one operator of the graph: the nodes that carry it, stage by stage, and every decision taken about them. */
import { isModule, type Compilation } from "../../compile.ts";
import type { Graph, Node } from "../../graph/ir.ts";
import { findSource } from "../../graph/node-ref.ts";
import { userError } from "../../messages.ts";
import { isOthersEdge, type KernelInfo, type PassEvent, type SourceNodeInfo, type Verdict } from "../../protocol/index.ts";
import { printModuleWithLines } from "../../tensor/index.ts";
import { loopSteps } from "../../trace/loop-steps.ts";
import { compilationSummary } from "../../trace/summary.ts";

/** The nodes of a stage that compute (a part of) the ONNX node. Only stages at which they change are listed. */
export interface LineageStep {
  readonly stage: number;
  readonly pass: string;
  readonly level: string;
  /** Rules of the pass that made these nodes, joined by commas. */
  readonly rule?: string;
  /** Graph nodes; at tensor level the loop nests (regions) with the number of their statements as name. */
  readonly nodes: readonly { readonly id: number; readonly op: string; readonly name: string }[];
}

/** Where an operator of the last graph comes from: the pass that first had it, the rule, and what that rule took. */
export interface Introduction {
  readonly node: number;
  readonly op: string;
  readonly stage: number;
  readonly pass: string;
  readonly rule?: string;
  readonly note?: string;
  readonly from: readonly { readonly id: number; readonly op: string }[];
}

export interface Explanation {
  readonly node: SourceNodeInfo;
  readonly lineage: readonly LineageStep[];
  readonly introduced: readonly Introduction[];
  readonly groups: readonly { readonly id: number; readonly name: string; readonly template: string }[];
  readonly code: readonly {
    readonly group: number;
    readonly kernel: string;
    readonly irLines: readonly number[];
    readonly cppLines: readonly number[];
  }[];
  /** Lines that work for the node, in the last Tensor IR text and in the C++ file. */
  readonly lines: { readonly ir: readonly number[]; readonly cpp: readonly number[] };
  readonly verdicts: readonly Verdict[];
}

/** Explains what `reference` names: an ONNX node, or `%12`, a node of the graph. Throws `no-such-node` and `ambiguous-node`. */
export function explainNode(compilation: Compilation, reference: string): Explanation {
  const { graph } = compilation;
  const chosen = reference.startsWith("%") ? graphNode(compilation, reference) : undefined;
  const sources = chosen?.origin ?? [findSource(graph.sources, reference)];
  const first = graph.sources[sources[0] ?? -1] ?? { path: reference, opType: "?", domain: "", name: "" };
  const last = chosen === undefined || !graph.nodes.includes(chosen) ? carriers(graph, sources) : [chosen];
  const lineage = lineageOf(compilation, sources, new Set(last.map((n) => n.id)));
  const ids = new Set(last.map((n) => n.id));
  const groups = graph.groups.filter((g) => g.members.some((m) => ids.has(m.node)));
  const origins = new Map(graph.nodes.map((n) => [n.id, n.origin]));
  const own = {
    ends: ids,
    selected: new Set(chosen === undefined ? [] : [chosen.id]),
    sources: new Set(sources),
    origin: (id: number) => origins.get(id) ?? [],
  };
  const kernels = compilationSummary(compilation).kernels.filter((k) => groups.some((g) => g.id === k.group));
  return {
    node: { path: first.path, opType: first.opType, domain: first.domain, name: first.name },
    lineage,
    introduced: last.map((node) => introductionOf(compilation, node)),
    groups: groups.map(({ id, name: title, template }) => ({ id, name: title, template })),
    code: kernels.map((k: KernelInfo) => ({ group: k.group, kernel: k.name, irLines: k.irLines, cppLines: k.cppLines })),
    lines: linesOf(compilation, ids),
    verdicts: compilation.verdicts.filter(
      (v) => isAbout(v, ids, carriedBy(lineage), new Set(groups.map((g) => g.id))) && !isOthersEdge(v, own),
    ),
  };
}

/** Nodes of the graph that carried it at any stage: decisions before the last graph speak of those. */
const carriedBy = (lineage: readonly LineageStep[]): ReadonlySet<number> =>
  new Set(lineage.flatMap((step) => (step.level === "tensor" || step.level === "code" ? [] : step.nodes.map((n) => n.id))));

/** Fusion is decided on edges of the last graph; everything else on nodes of any stage, or on a whole group. */
function isAbout(v: Verdict, last: ReadonlySet<number>, ever: ReadonlySet<number>, groups: ReadonlySet<number>): boolean {
  if (v.subject === "fusion") return v.nodes.some((n) => last.has(n)) || (v.behind !== undefined && last.has(v.behind));
  return v.nodes.some((n) => ever.has(n) || last.has(n)) || (v.group !== undefined && groups.has(v.group));
}

/** The newest form of a node of any stage. */
function graphNode({ snapshots }: Compilation, reference: string): Node {
  for (const s of [...snapshots].reverse()) {
    const node = isModule(s) ? undefined : s.nodes.find((n) => `%${n.id}` === reference);
    if (node !== undefined) return node;
  }
  return userError("no-such-node", {}, { ref: reference });
}

function lineageOf(compilation: Compilation, sources: readonly number[], last: ReadonlySet<number>): LineageStep[] {
  const steps: LineageStep[] = [];
  let before: readonly Node[] = [];
  for (const pass of compilation.passes) {
    const snapshot = compilation.snapshots[pass.index];
    if (snapshot === undefined || isModule(snapshot)) continue;
    const nodes = carriers(snapshot, sources);
    const same = nodes.length === before.length && nodes.every((n) => before.some((old) => old.id === n.id));
    if (pass.index > 0 && same) continue;
    const rules = pass.index === 0 && nodes.length === 0 ? ["import/constant"] : rulesFor(pass, nodes, before);
    before = nodes;
    steps.push({
      stage: pass.index,
      pass: pass.name,
      level: pass.level,
      nodes: nodes.map(({ id, op, name }) => ({ id, op, name })),
      ...(rules.length > 0 ? { rule: rules.join(", ") } : {}),
    });
  }
  const loops = loopSteps(compilation, last).map(({ stage, pass, level, regions }): LineageStep => ({
    stage,
    pass,
    level,
    nodes: regions.map(({ group, name, statements }) => ({ id: group, op: "region", name: `${name}: ${statements} statements` })),
  }));
  return [...steps, ...loops];
}

/** What appeared is explained by the rules that made it; where nothing did, what vanished by the rules that took it. */
function rulesFor(pass: PassEvent, nodes: readonly Node[], before: readonly Node[]): readonly string[] {
  const now = new Set(nodes.map((n) => n.id));
  const gone = new Set(before.map((n) => n.id).filter((id) => !now.has(id)));
  const made = pass.hits.filter((hit) => hit.after.some((id) => now.has(id)));
  const found = made.length > 0 ? made : pass.hits.filter((hit) => hit.before.some((id) => gone.has(id)));
  return [...new Set(found.map((h) => h.rule))];
}

const carriers = (graph: Graph, sources: readonly number[]): readonly Node[] =>
  graph.nodes.filter((n) => n.origin.some((source) => sources.includes(source)));

/** The first stage that has the node, with the rule that made it; without a rule, the nodes with a common origin that went at that stage. */
export function introductionOf({ passes, snapshots }: Compilation, node: Node): Introduction {
  let before: Graph | undefined;
  for (const pass of passes) {
    const snapshot = snapshots[pass.index];
    if (snapshot === undefined || isModule(snapshot) || snapshot === before) continue;
    if (snapshot.nodes.some((n) => n.id === node.id)) return introducedBy(pass, node, before, snapshot);
    before = snapshot;
  }
  return { node: node.id, op: node.op, stage: 0, pass: "import", from: [] };
}

function introducedBy(pass: PassEvent, node: Node, before: Graph | undefined, now: Graph): Introduction {
  const { id, op } = node;
  const found = { node: id, op, stage: pass.index, pass: pass.name };
  if (before === undefined) return { ...found, from: [] };
  const hit = pass.hits.find((h) => h.after.includes(id) && !h.before.includes(id));
  const old = new Map(before.nodes.map((n) => [n.id, n]));
  const left = new Set(now.nodes.map((n) => n.id));
  const gone = before.nodes.filter((n) => !left.has(n.id) && n.origin.some((source) => node.origin.includes(source)));
  const ids = hit?.before ?? gone.map((n) => n.id);
  return {
    ...found,
    ...(hit === undefined ? {} : { rule: hit.rule, ...(hit.note === undefined ? {} : { note: hit.note }) }),
    from: ids.map((from) => ({ id: from, op: old.get(from)?.op ?? "?" })),
  };
}

function linesOf({ module, source }: Compilation, nodes: ReadonlySet<number>): Explanation["lines"] {
  const own = (lines: readonly { readonly line: number; readonly nodes: readonly number[] }[]): readonly number[] => [
    ...new Set(lines.filter((l) => l.nodes.some((n) => nodes.has(n))).map((l) => l.line)),
  ];
  return { ir: module === undefined ? [] : own(printModuleWithLines(module).lines), cpp: own(source?.lines ?? []) };
}
