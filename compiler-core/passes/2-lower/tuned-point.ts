/** Parameters from the machine profile in place of what the compiler would choose, with a verdict on them. */
import type { Group } from "../../graph/ir.ts";
import { findTuned, type TunedEntry } from "../../tuned.ts";
import type { PassContext } from "../pass.ts";
import type { Params } from "./gemm-problem.ts";
import { gemmProblemKey, pointProblem, type GemmPoint, type GemmProblem } from "./gemm-space.ts";

/** What would be chosen without, and what it is predicted to cost. */
export interface Untuned {
  readonly text: string;
  readonly cost: number;
  readonly unit: string;
}

/** The tuned parameters for the problem `key`; undefined: there are none, or `wrong` says why they cannot be used. */
export function tunedParams(
  key: string,
  wrong: (params: Params) => string | undefined,
  { text, cost, unit }: Untuned,
  group: Group,
  ctx: PassContext,
  rule = "choose-tiles/tuned",
): Params | undefined {
  const entry = findTuned(ctx.machine.tuned, key);
  if (entry === undefined) return undefined;
  const because = wrong(entry.params);
  ctx.verdict({
    subject: "schedule",
    accepted: because === undefined,
    rule,
    nodes: [group.leader],
    group: group.id,
    because:
      because === undefined
        ? `the machine profile has tuned parameters for this: ${gainText(entry)}`
        : `the tuned parameters of the machine profile do not fit: ${because}`,
    facts: [{ name: "predicted, without tuning", value: cost, unit }],
    alternatives: [{ choice: text, cost, unit: `${unit}, predicted` }],
  });
  return because === undefined ? entry.params : undefined;
}

/** The tuned point of a matrix product. */
export function tunedPoint(p: GemmProblem, untuned: Untuned, group: Group, ctx: PassContext): GemmPoint | undefined {
  const params = tunedParams(gemmProblemKey(p), (found) => pointProblem(found, p), untuned, group, ctx);
  return params as GemmPoint | undefined;
}

const gainText = ({ gain }: TunedEntry): string =>
  gain === undefined
    ? "not measured against the predicted ones"
    : `measured to be ${gain.median.toFixed(3)} times as fast as the predicted ones (95 % interval ${gain.ci95.map((x) => x.toFixed(3)).join(" to ")})`;
