/** What there is to choose for the template of a fusion group. */
import type { Graph } from "#core";
import type { TemplateSpace } from "#protocol";

/** Axes of the group's template with what the compiler chose; none, with the reason, where nothing can be chosen. */
export function templateSpace(graph: Graph, id: number): TemplateSpace {
  const group = graph.groups.find((g) => g.id === id);
  const none = (why: string): TemplateSpace => ({ group: id, template: group?.template ?? "", axes: [], why });
  if (group === undefined) return none(`there is no group ${id}`);
  return none(`the template "${group.template}" has no parameters to choose`);
}
