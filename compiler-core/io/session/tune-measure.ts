/** How points of a search space are measured: by the hundred in one build where a header takes parameters as arguments, else as code of the compiler's own, several in a build. */
import type { ParamSpace } from "../../passes/2-lower/params/index.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import { RunnerClient } from "../runner-client.ts";
import type { Budget } from "./tune-budget.ts";
import { convTable } from "./tune-conv.ts";
import { gemmTable } from "./tune-gemm.ts";
import { PointHarness, type PointTable } from "./tune-harness.ts";
import type { PartSettings, PartSubject } from "./tune-part.ts";
import type { SearchPace } from "./tune-search.ts";
import { measureVariants } from "./tune-variants.ts";

/** Nanoseconds of points, in order; Infinity where there was no time for one. */
export type Measure = (points: readonly Params[]) => Promise<readonly number[]>;

export interface Measurer {
  readonly isMeasurable: (point: Params) => boolean;
  readonly measure: Measure;
  /** How many points a generation of the search has. */
  readonly pace?: SearchPace;
  readonly close: () => Promise<void>;
}

export interface MeasureSettings extends PartSettings {
  readonly budget: Budget;
  /** Nothing that takes long is begun after so many seconds; the budget's own end is later. */
  readonly seconds: number;
}

/** Of one measurement at least: the clock and the barriers around it must not matter. */
const leastNs = 20_000;
/** Of one request: between them the tuner looks whether it is cancelled. */
const requestNs = 1e9;

function tableOf({ of }: ParamSpace): PointTable | { readonly why: string } | undefined {
  if (of.kind === "gemm") return gemmTable(of.problem);
  return of.kind === "conv" ? convTable(of.problem) : undefined;
}

/** What measures a space, or why nothing can. Throws the errors of building and loading. */
export async function openMeasurer(
  space: ParamSpace,
  subject: PartSubject,
  settings: MeasureSettings,
): Promise<Measurer | { readonly why: string }> {
  const table = tableOf(space);
  if (table === undefined) return measureVariants(space, subject, settings);
  return "why" in table ? table : measureTable(space, table, settings);
}

async function measureTable(space: ParamSpace, table: PointTable, settings: MeasureSettings): Promise<Measurer | { readonly why: string }> {
  const { budget } = settings;
  if (!budget.allows("harness"))
    return { why: `the budget leaves ${budget.left().toFixed(1)} s, too little to build what measures its points` };
  const client = await RunnerClient.start();
  try {
    const harness = await budget.timed("harness", () => PointHarness.open(client, table, settings, settings.seed));
    return {
      isMeasurable: table.isMeasurable,
      measure: (points) => inRequests(harness, space, points),
      close: async () => {
        await harness.close();
        await client.close();
      },
    };
  } catch (e) {
    await client.close();
    throw e;
  }
}

/** Requests of about a second. */
async function inRequests(harness: PointHarness, space: ParamSpace, points: readonly Params[]): Promise<readonly number[]> {
  const times: number[] = [];
  let rows: { readonly point: Params; readonly repeat: number }[] = [];
  let expected = 0;
  const flush = async (): Promise<void> => {
    if (rows.length > 0) times.push(...(await harness.measure(rows)));
    rows = [];
    expected = 0;
  };
  for (const point of points) {
    const ns = Math.max(1, space.predict(point));
    const repeat = Math.max(1, Math.ceil(leastNs / ns));
    rows.push({ point, repeat });
    expected += ns * repeat;
    if (expected > requestNs) await flush();
  }
  await flush();
  return times;
}
