/** The search space of a fusion group's template, for people to choose from: named axes with values that read plainly, and back to a tuned entry. */
import type { Graph } from "../../graph/ir.ts";
import type { TemplateParams, TemplateSpace } from "../../protocol/index.ts";
import type { TunedEntry } from "../../tuned.ts";
import type { PassContext } from "../pass.ts";
import { paramSpace } from "./params/index.ts";

type Chosen = Pick<PassContext, "options" | "machine">;

/** Axes of a group of the last graph with what was chosen; none, with the reason, where there is nothing to choose. */
export function templateSpace(graph: Graph, id: number, chosen: Chosen): TemplateSpace {
  const space = paramSpace(graph, id, chosen);
  const template = graph.groups.find((g) => g.id === id)?.template ?? "";
  if ("why" in space) return { group: id, template, axes: [], why: space.why };
  return { group: id, template, axes: space.axes.map((axis, i) => ({ ...axis, chosen: space.chosen[i] ?? 0 })) };
}

/** The tuned entry that makes the compiler take these parameters; undefined: they are not of the group's space. */
export function entryOf(graph: Graph, id: number, params: TemplateParams, chosen: Chosen): TunedEntry | undefined {
  const space = paramSpace(graph, id, chosen);
  if ("why" in space) return undefined;
  const choice = space.axes.map(({ name, values }) => values.findIndex((value) => value === params[name]));
  if (choice.includes(-1)) return undefined;
  return { problem: space.key, params: space.pointOf(choice) };
}
