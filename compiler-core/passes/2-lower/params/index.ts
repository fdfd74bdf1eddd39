/** Which templates have parameters to choose: one row each. */
import type { Graph } from "../../../graph/ir.ts";
import type { PassContext } from "../../pass.ts";
import { chainSpace } from "./chain.ts";
import { convSpace } from "./conv.ts";
import { gemmSpace } from "./gemm.ts";
import type { NoSpace, ParamSpace, SpaceMaker } from "./space.ts";

const spaces: Readonly<Record<string, SpaceMaker>> = {
  matmul: gemmSpace,
  conv: convSpace,
  chain: chainSpace,
};

/** The space of a group of the last graph, or why there is nothing to choose. */
export function paramSpace(graph: Graph, id: number, ctx: Pick<PassContext, "options" | "machine">): ParamSpace | NoSpace {
  const group = graph.groups.find((g) => g.id === id);
  if (group === undefined) return { why: `there is no group ${id}` };
  const make = spaces[group.template];
  if (make === undefined || group.phase !== "run") return { why: `the template ${group.template} has no parameters to choose` };
  return make(graph, group, ctx);
}

export type { Choice, NoSpace, ParamAxis, ParamProblem, ParamSpace } from "./space.ts";
export { countPoints, neighboursOf, paramsKey } from "./space.ts";
