/** What became of one ONNX node: the nodes that carry it, stage by stage, and every decision taken about them. */
import { isModule, type Compilation } from "../../compile.ts";
import type { Graph } from "../../graph/ir.ts";
import { findSource } from "../../graph/node-ref.ts";
import type { KernelInfo, RuleHit, SourceNodeInfo, Verdict } from "../../protocol/index.ts";
import { visitStmts } from "../../tensor/index.ts";
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

export interface Explanation {
  readonly node: SourceNodeInfo;
  readonly lineage: readonly LineageStep[];
  readonly groups: readonly { readonly id: number; readonly name: string; readonly template: string }[];
  readonly code: readonly {
    readonly group: number;
    readonly kernel: string;
    readonly irLines: readonly number[];
    readonly cppLines: readonly number[];
  }[];
  readonly verdicts: readonly Verdict[];
}

/** Explains the node that `reference` names. Throws `no-such-node` and `ambiguous-node`. */
export function explainNode(compilation: Compilation, reference: string): Explanation {
  const { graph } = compilation;
  const source = findSource(graph.sources, reference);
  const { path, opType, domain, name } = graph.sources[source] ?? { path: reference, opType: "?", domain: "", name: "" };
  const lineage = lineageOf(compilation, source);
  const ids = new Set(lineage.flatMap((step) => (step.level === "tensor" || step.level === "code" ? [] : step.nodes.map((n) => n.id))));
  const groups = graph.groups.filter((g) => g.members.some((m) => ids.has(m.node)));
  const kernels = compilationSummary(compilation).kernels.filter((k) => groups.some((g) => g.id === k.group));
  return {
    node: { path, opType, domain, name },
    lineage,
    groups: groups.map(({ id, name: title, template }) => ({ id, name: title, template })),
    code: kernels.map((k: KernelInfo) => ({ group: k.group, kernel: k.name, irLines: k.irLines, cppLines: k.cppLines })),
    verdicts: compilation.verdicts.filter(
      (v) => v.nodes.some((n) => ids.has(n)) || (v.group !== undefined && groups.some((g) => g.id === v.group)),
    ),
  };
}

function lineageOf(compilation: Compilation, source: number): LineageStep[] {
  const steps: LineageStep[] = [];
  let last: LineageStep["nodes"] = [];
  compilation.passes.forEach((pass, stage) => {
    const snapshot = compilation.snapshots[stage];
    if (snapshot === undefined) return;
    const nodes = isModule(snapshot) ? regionsOf(compilation, stage, source) : carriers(snapshot, source);
    if (stage > 0 && JSON.stringify(nodes) === JSON.stringify(last)) return;
    // What appeared is explained by the rules that made it, what vanished by the rules that took it.
    const [now, before] = [new Set(nodes.map((n) => n.id)), new Set(last.map((n) => n.id))];
    const touched = (hit: RuleHit): boolean =>
      hit.after.some((id) => now.has(id)) || (nodes.length === 0 && hit.before.some((id) => before.has(id)));
    const rules = stage === 0 && nodes.length === 0 ? ["import/constant"] : [...new Set(pass.hits.filter(touched).map((h) => h.rule))];
    last = nodes;
    steps.push({
      stage,
      pass: pass.name,
      level: pass.level,
      nodes,
      ...(rules.length > 0 && !isModule(snapshot) ? { rule: rules.join(", ") } : {}),
    });
  });
  return steps;
}

const carriers = (graph: Graph, source: number): LineageStep["nodes"] =>
  graph.nodes.filter((n) => n.origin.includes(source)).map(({ id, op, name }) => ({ id, op, name }));

/** The regions of a module in which statements work for the ONNX node. */
function regionsOf(compilation: Compilation, stage: number, source: number): LineageStep["nodes"] {
  const module = compilation.snapshots[stage];
  if (module === undefined || !isModule(module)) return [];
  const nodes = new Set(compilation.graph.nodes.filter((n) => n.origin.includes(source)).map((n) => n.id));
  const found: { id: number; op: string; name: string }[] = [];
  visitStmts([...module.init.body, ...module.run.body], (s) => {
    if (s.k !== "region") return;
    let statements = 0;
    visitStmts(s.body, (inner) => (statements += inner.origin.some((n) => nodes.has(n)) ? 1 : 0));
    if (statements > 0) found.push({ id: s.group, op: "region", name: `${s.name}: ${statements} statements` });
  });
  return found;
}
