/** The search space of a fusion group's template, for people to choose from: named axes with values that read plainly, and back to a tuned entry. */
import type { Graph, Group, Node } from "../../graph/ir.ts";
import { f32Lanes } from "../../machine.ts";
import type { TemplateParams, TemplateSpace } from "../../protocol/index.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import type { TunedEntry } from "../../tuned.ts";
import type { PassContext } from "../pass.ts";
import { gemmProblem } from "./gemm-problem.ts";
import { gemmAxes, gemmCandidates, gemmProblemKey, plainChoice, pointOf, type GemmChoice, type GemmProblem } from "./gemm-space.ts";

type Chosen = Pick<PassContext, "options" | "machine">;
type Axis = keyof GemmChoice;

const what: Readonly<Record<Axis, string>> = {
  grid: "threads across rows x columns",
  tile: "register tile, rows x columns",
  rowBlocks: "blocks that a thread's rows are walked in",
  columnBlocks: "blocks that its columns are walked in",
  depthSteps: "passes over the depth k",
  order: "the outer one of the loops over blocks",
  copyA: "1: rows of A are copied to a place of their own",
};

/** What the compiler chose; parameters that are as usual are not in the group (see `templateParams`). */
function chosenOf(p: GemmProblem, { params }: Group): GemmChoice {
  const same = gemmCandidates(p).find(({ point }) => {
    const usual = { mr: pointOf(plainChoice(p), p).mr, nc: point.colsPerThread, order: "rows", ...params };
    return (["rowsPerThread", "colsPerThread", "mr", "nr", "mc", "nc", "kc", "order", "copyA"] as const).every(
      (name) => usual[name as keyof typeof usual] === point[name],
    );
  });
  return same?.choice ?? plainChoice(p);
}

const said = (axis: Axis, value: GemmChoice[Axis], p: GemmProblem): number | string => {
  if (typeof value === "number" || typeof value === "string") return value;
  return axis === "tile" ? `${value[0]} x ${value[1] * f32Lanes(p.isa)}` : `${value[0]} x ${value[1]}`;
};

/** The problem of a group's product, as free as it was before its weight was packed; or why there is none. */
function problemOf(
  graph: Graph,
  id: number,
  chosen: Chosen,
): { readonly group: Group; readonly problem: GemmProblem } | { readonly template: string; readonly why: string } {
  const group = graph.groups.find((g) => g.id === id);
  if (group === undefined) return { template: "", why: `there is no group ${id}` };
  const { template } = group;
  const leader: Node | undefined = graph.nodes.find((n) => n.id === group.leader);
  if (template !== "matmul" || leader === undefined) return { template, why: `the template ${template} has no parameters to choose` };
  if (group.params["kernel"] !== "gemm_f32")
    return { template, why: `the parameters of ${String(group.params["kernel"] ?? "its kernel")} follow from its sizes` };
  const { panel: _, ...problem } = gemmProblem(graph, leader, gemmShape(graph, leader), chosen);
  return { group, problem };
}

/** Axes of a group of the last graph with what was chosen; none, with the reason, where there is nothing to choose. */
export function templateSpace(graph: Graph, id: number, chosen: Chosen): TemplateSpace {
  const found = problemOf(graph, id, chosen);
  if ("why" in found) return { group: id, template: found.template, axes: [], why: found.why };
  const { group, problem } = found;
  const choice = chosenOf(problem, group);
  const axes = Object.entries(gemmAxes(problem)).map(([name, list]) => {
    const axis = name as Axis;
    const values = (list as readonly GemmChoice[Axis][]).map((value) => said(axis, value, problem));
    return { name, what: what[axis], values, chosen: Math.max(0, values.indexOf(said(axis, choice[axis], problem))) };
  });
  return { group: id, template: group.template, axes };
}

/** The tuned entry that makes the compiler take these parameters; undefined: they are not of the group's space. */
export function entryOf(graph: Graph, id: number, params: TemplateParams, chosen: Chosen): TunedEntry | undefined {
  const found = problemOf(graph, id, chosen);
  if ("why" in found) return undefined;
  const { problem } = found;
  const axes = gemmAxes(problem);
  const picked = (Object.keys(axes) as Axis[]).map((axis) => {
    const list: readonly GemmChoice[Axis][] = axes[axis];
    return [axis, list.find((value) => said(axis, value, problem) === params[axis])] as const;
  });
  if (picked.some(([, value]) => value === undefined)) return undefined;
  const point = pointOf(Object.fromEntries(picked) as unknown as GemmChoice, problem);
  return { problem: gemmProblemKey(problem), params: { ...point } };
}
