/**
 * From operators to loops: each fusion group becomes one region, written by its template in the plainest form. Every member stores its
 * whole result; making that fast is the business of the tensor passes.
 */
import { bug } from "../../messages.ts";
import { staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { templates } from "../../templates/index.ts";
import { ModuleBuilder } from "../../templates/module-builder.ts";
import { Storage } from "../../templates/storage.ts";
import type { Stmt } from "../../tensor/ir.ts";
import { lowerPass } from "../pass.ts";
import type { TemplateName } from "./draft.ts";
import { usersOf } from "./node-kind.ts";
import { passThrough } from "./pass-through.ts";
import { storagePlan } from "./storage-plan.ts";
import { isResult } from "../../graph/find-node.ts";

export const lower = lowerPass({
  name: "lower",
  why: "Writes the loop nest of every fusion group through its template.",
  optional: false,
  run: (graph, ctx) => {
    const builder = new ModuleBuilder();
    const storage = new Storage(graph, builder, storagePlan(graph, ctx));
    const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
    const region = (group: Group): Stmt[] => {
      const members = group.members.map((m) => nodes.get(m.node) ?? bug(`group ${group.id} names a missing node`));
      const template = templates[group.template as TemplateName] ?? bug(`no template ${group.template}`);
      if (group.template !== "hole" && members.every((n) => n.outputs.every((v) => isEmpty(graph, v)))) return [];
      const body = template({
        graph,
        group,
        nodes: members,
        builder,
        storage,
        machine: ctx.machine,
        escaping: escapingValues(graph, members),
      });
      return body.length === 0
        ? []
        : [
            builder.region(
              group.id,
              group.name,
              members.map((n) => n.id),
              body,
            ),
          ];
    };
    const phase = (p: Group["phase"]): Stmt[] => graph.groups.filter((g) => g.phase === p).flatMap(region);
    const init = phase("init");
    const run = [...phase("run"), ...passThrough(graph, builder, storage)];
    const maker = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n.id])));
    const allocs = builder.buffersIn("arena").map((b) =>
      builder.alloc(
        b.id,
        [maker.get(b.value ?? -1) ?? -1].filter((id) => id >= 0),
      ),
    );
    return builder.finish(graph.name, ctx.options.threads, init, [...allocs, ...run]);
  },
});

/** No elements: nothing to compute. */
const isEmpty = (graph: Graph, value: ValueId): boolean => (staticShape(valueOf(graph, value)) ?? []).includes(0);

/** Results that a node outside of the group reads, or that the graph gives out. */
function escapingValues(graph: Graph, members: readonly Node[]): ReadonlySet<ValueId> {
  const inside = new Set(members.map((n) => n.id));
  return new Set(members.flatMap((n) => n.outputs).filter((v) => isResult(graph, v) || usersOf(graph, v).some((u) => !inside.has(u.id))));
}
