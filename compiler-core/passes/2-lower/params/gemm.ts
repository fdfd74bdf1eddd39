/** The space of a matrix product on its own: f32, or packed bytes. */
import { gemmShape } from "../../../templates/gemm-shape.ts";
import type { Graph, Group, Node } from "../../../graph/ir.ts";
import { f32Lanes } from "../../../machine.ts";
import { bug } from "../../../messages.ts";
import { coreFigures, pointText, predictGemm, rankGemm } from "../gemm-cost.ts";
import { gemmProblem, packedProblem, pointOfParams, type Params } from "../gemm-problem.ts";
import { gemmAxes, gemmProblemKey, plainChoice, pointOf, type GemmChoice, type GemmPoint, type GemmProblem } from "../gemm-space.ts";
import type { PassContext } from "../../pass.ts";
import type { Choice, ParamSpace, SpaceMaker } from "./space.ts";
import { nodeOf } from "../../../graph/find-node.ts";

type Axis = keyof GemmChoice;

const what: Readonly<Record<Axis, string>> = {
  grid: "threads across rows x columns (x depth)",
  tile: "register tile, rows x columns",
  rowBlocks: "blocks that a thread's rows are walked in",
  columnBlocks: "blocks that its columns are walked in",
  depthSteps: "passes over the depth k",
  order: "the outer one of the loops over blocks",
  copyA: "1: rows of A are copied to a place of their own",
};

/** Axes in an order in which each settles fields of the point that the later ones build on. */
const settled: readonly (readonly [Axis, readonly (keyof GemmPoint)[]])[] = [
  ["tile", ["mr", "nr"]],
  ["grid", ["rowsPerThread", "colsPerThread", "parts"]],
  ["rowBlocks", ["mc"]],
  ["columnBlocks", ["nc"]],
  ["depthSteps", ["kc"]],
  ["order", ["order"]],
  ["copyA", ["copyA"]],
];

/** The choice that leads to a point, axis by axis. */
function choiceOf(p: GemmProblem, point: GemmPoint): GemmChoice {
  const axes = gemmAxes(p);
  return settled.reduce((choice: GemmChoice, [axis, fields]) => {
    const tried = (axes[axis] as readonly GemmChoice[Axis][]).map((value): GemmChoice => ({ ...choice, [axis]: value }));
    const same = tried.find((c) => {
      const made = pointOf(c, p);
      return fields.every((f) => made[f] === point[f]);
    });
    return same ?? choice;
  }, plainChoice(p));
}

const said = (axis: Axis, value: GemmChoice[Axis], p: GemmProblem): number | string => {
  if (typeof value === "number" || typeof value === "string") return value;
  const [first, second, third = 1] = value;
  return axis === "tile" ? `${first} x ${second * f32Lanes(p.isa)}` : `${first} x ${second}${third === 1 ? "" : ` x ${third}`}`;
};

/** The problem of a group's product, as free as it was before its weight was packed; undefined: its kernel has no parameters. */
function gemmProblemOf(graph: Graph, group: Group, ctx: Pick<PassContext, "options" | "machine">): GemmProblem | undefined {
  const leader: Node = nodeOf(graph, group.leader) ?? bug(`group ${group.id} has no leader`);
  if (leader.op === "matmul" && group.params["kernel"] === "gemm_f32") {
    const { panel: _, ...problem } = gemmProblem(graph, leader, gemmShape(graph, leader), ctx);
    return problem;
  }
  return packedProblem(graph, leader, ctx);
}

export const gemmSpace: SpaceMaker = (graph, group, ctx) => {
  const leader = nodeOf(graph, group.leader);
  const problem = gemmProblemOf(graph, group, ctx);
  if (problem === undefined) {
    const kernel = group.params["kernel"] ?? leader?.attrs["kernel"] ?? "its kernel";
    return { why: `the parameters of ${typeof kernel === "string" ? kernel : "its kernel"} follow from its sizes` };
  }
  // Bytes are packed once, to panels of any width; what they are packed to now is what the point has.
  const before = pointOfParams(group.params, problem);
  const { panel: _, ...free } = problem;
  return spaceOfGemm(free, before, ctx);
};

/** The space of a problem, around what was chosen. */
function spaceOfGemm(p: GemmProblem, before: GemmPoint, { machine }: Pick<PassContext, "machine">): ParamSpace {
  const axes = gemmAxes(p);
  const names = Object.keys(axes) as Axis[];
  const toChoice = (choice: GemmChoice): Choice =>
    names.map((name) => {
      const value = said(name, choice[name], p);
      return Math.max(
        0,
        (axes[name] as readonly GemmChoice[Axis][]).findIndex((v) => said(name, v, p) === value),
      );
    });
  const fromChoice = (choice: Choice): GemmChoice =>
    Object.fromEntries(
      names.map((name, i) => [name, (axes[name] as readonly GemmChoice[Axis][])[choice[i] ?? 0]]),
    ) as unknown as GemmChoice;
  const figures = coreFigures(machine, p.isa, p.threads);
  const typed = (point: Params): GemmPoint => point as unknown as GemmPoint;
  return {
    of: { kind: "gemm", problem: p },
    key: gemmProblemKey(p),
    flops: 2 * p.m * p.n * p.k * p.batch,
    axes: names.map((name) => ({
      name,
      what: what[name],
      values: (axes[name] as readonly GemmChoice[Axis][]).map((value) => said(name, value, p)),
    })),
    before: { ...before },
    chosen: toChoice(choiceOf(p, before)),
    pointOf: (choice) => ({ ...pointOf(fromChoice(choice), p) }),
    predict: (point) => predictGemm(figures, p, typed(point)),
    textOf: (point) => pointText(typed(point)),
    ranked: () => [toChoice(plainChoice(p)), ...rankGemm(machine, p).map(({ choice }) => toChoice(choice))],
  };
}
