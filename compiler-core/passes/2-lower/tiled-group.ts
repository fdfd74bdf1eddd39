/** What every choice of tiles for a product ends with. */
import type { Group } from "../../graph/ir.ts";
import type { PassContext } from "../pass.ts";
import type { Params } from "./gemm-problem.ts";

/** The group with the parameters that were chosen for its leader, which are recorded. */
export function tiledGroup(group: Group, params: Params, ctx: PassContext): Group {
  const note = Object.entries(params)
    .map(([name, v]) => `${name}=${v}`)
    .join(" ");
  ctx.hit({ rule: "choose-tiles/gemm", before: [group.leader], after: [group.leader], note });
  return { ...group, params };
}
