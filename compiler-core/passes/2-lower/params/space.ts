/**
 * What can be chosen about a fusion group's loops, as data: named axes with values that read plainly. The tuner measures points of it, sliders offer
 * its values; both come back as an entry of the machine profile that the passes read.
 */
import type { Graph, Group } from "../../../graph/ir.ts";
import type { PassContext } from "../../pass.ts";
import type { ConvProblem } from "../conv-space.ts";
import type { Params } from "../gemm-problem.ts";
import type { GemmProblem } from "../gemm-space.ts";

export interface ParamAxis {
  readonly name: string;
  /** In one phrase. */
  readonly what: string;
  readonly values: readonly (number | string)[];
}

/** A position on every axis. Many choices may lead to the same point. */
export type Choice = readonly number[];

/** What its points are measured as: see compiler-core/io/session/tune-measure.ts. */
export type ParamProblem =
  | { readonly kind: "gemm"; readonly problem: GemmProblem }
  | { readonly kind: "conv"; readonly problem: ConvProblem }
  | { readonly kind: "chain" };

export interface ParamSpace {
  readonly of: ParamProblem;
  /** How the problem is named in tuned entries: kernels, sizes, instruction set, threads. */
  readonly key: string;
  /** Of one run. */
  readonly flops: number;
  readonly axes: readonly ParamAxis[];
  /** What the compiler chose, and the choice that is nearest to it. */
  readonly before: Params;
  readonly chosen: Choice;
  /** The parameters that a choice stands for. */
  readonly pointOf: (choice: Choice) => Params;
  /** Nanoseconds by the cost model. */
  readonly predict: (point: Params) => number;
  readonly textOf: (point: Params) => string;
  /** What the cost model thinks best, best first: where a search begins. */
  readonly ranked: () => readonly Choice[];
}

export interface NoSpace {
  readonly why: string;
}

/** Makes the space of a group of the last graph. */
export type SpaceMaker = (graph: Graph, group: Group, ctx: Pick<PassContext, "options" | "machine">) => ParamSpace | NoSpace;

/** Identity of a point. */
export const paramsKey = (params: Params): string =>
  Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join(" ");

/** Choices that differ on one axis. */
export const neighboursOf = ({ axes }: ParamSpace, choice: Choice): readonly Choice[] =>
  axes.flatMap(({ values }, axis) => values.flatMap((_, i) => (i === choice[axis] ? [] : [choice.map((c, a) => (a === axis ? i : c))])));

/** Distinct points; `exact` is false where there are more choices than were looked at. */
export function countPoints(space: ParamSpace, most = 20_000): { readonly points: number; readonly exact: boolean } {
  const sizes = space.axes.map((a) => a.values.length);
  const choices = sizes.reduce((a, b) => a * b, 1);
  const step = Math.max(1, choices / most);
  const found = new Set<string>();
  for (let at = 0; at < choices; at += step) {
    let rest = Math.floor(at);
    const choice = sizes.map((size) => {
      const i = rest % size;
      rest = Math.floor(rest / size);
      return i;
    });
    found.add(paramsKey(space.pointOf(choice)));
  }
  return { points: found.size, exact: step === 1 };
}
