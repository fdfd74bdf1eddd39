/** The search space of a matrix product for the tuner, and the measurements of its points. */
import { coreFigures, predictGemm, rankGemm } from "../../passes/2-lower/gemm-cost.ts";
import {
  gemmAxes,
  neighbours,
  plainChoice,
  pointKey,
  pointOf,
  type GemmChoice,
  type GemmPoint,
  type GemmProblem,
} from "../../passes/2-lower/gemm-space.ts";
import type { MachineProfile } from "../../machine.ts";
import { isMeasurable, type GemmHarness } from "./tune-harness.ts";
import type { SearchSpace } from "./tune-search.ts";

/** A point, with the choice that its neighbours are found from; a point from elsewhere has none, and no neighbours. */
export interface GemmTry {
  readonly point: GemmPoint;
  readonly choice?: GemmChoice;
}

const tryOf = (choice: GemmChoice, p: GemmProblem): GemmTry => ({ choice, point: pointOf(choice, p) });

/** The space of a problem, as far as its harness can measure it. */
export function gemmSearchSpace(p: GemmProblem, machine: MachineProfile): SearchSpace<GemmTry> {
  const figures = coreFigures(machine, p.isa, p.threads);
  const axes = gemmAxes(p);
  const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;
  const drawn = (random: () => number): GemmTry =>
    tryOf(
      {
        grid: pick(axes.grid, random),
        tile: pick(axes.tile, random),
        rowBlocks: pick(axes.rowBlocks, random),
        columnBlocks: pick(axes.columnBlocks, random),
        depthSteps: pick(axes.depthSteps, random),
        order: pick(axes.order, random),
        copyA: pick(axes.copyA, random),
      },
      p,
    );
  const plain = tryOf(plainChoice(p), p);
  return {
    key: ({ point }) => pointKey(point),
    predict: ({ point }) => predictGemm(figures, p, point),
    random: (random) => {
      for (let i = 0; i < 20; i++) {
        const made = drawn(random);
        if (isMeasurable(p, made.point)) return made;
      }
      return plain;
    },
    neighbours: ({ choice }) =>
      choice === undefined
        ? []
        : neighbours(choice, p)
            .map((c) => tryOf(c, p))
            .filter((t) => isMeasurable(p, t.point)),
  };
}

/** Where a search begins: the point that would be chosen, the plain one, and the first that the model ranks. */
export function gemmStart(p: GemmProblem, machine: MachineProfile, before: GemmPoint): readonly GemmTry[] {
  const ranked = rankGemm(machine, p)
    .slice(0, 12)
    .map(({ choice, point }) => ({ choice, point }));
  const key = pointKey(before);
  const own = ranked.find((r) => pointKey(r.point) === key) ?? { point: before };
  return [own, tryOf(plainChoice(p), p), ...ranked].filter((t) => isMeasurable(p, t.point));
}

/** Of one measurement at least: the clock and the barriers around it must not matter. */
const leastNs = 20_000;
/** Of one request: between them the tuner looks whether it is cancelled. */
const requestNs = 1e9;

/** Measures points in requests of about a second. */
export function gemmMeasure(harness: GemmHarness, space: SearchSpace<GemmTry>): (tries: readonly GemmTry[]) => Promise<readonly number[]> {
  return async (tries) => {
    const times: number[] = [];
    let rows: { readonly point: GemmPoint; readonly repeat: number }[] = [];
    let expected = 0;
    const flush = async (): Promise<void> => {
      if (rows.length > 0) times.push(...(await harness.measure(rows)));
      rows = [];
      expected = 0;
    };
    for (const t of tries) {
      const ns = Math.max(1, space.predict(t));
      const repeat = Math.max(1, Math.ceil(leastNs / ns));
      rows.push({ point: t.point, repeat });
      expected += ns * repeat;
      if (expected > requestNs) await flush();
    }
    await flush();
    return times;
  };
}
