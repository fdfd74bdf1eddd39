/** What is looked at once the times are known: ceilings of the machine, hot lines, estimates of loops, counters by region and thread. */
import type { Compilation } from "../../compile.ts";
import { withDerived } from "../../counters/derive.ts";
import type { MachineProfile } from "../../machine.ts";
import type { BenchRegion, BenchResult, CounterValue } from "../../protocol/bench.ts";
import type { PeaksResult, ProfileResult, RunnerCounter, TensorFileRef } from "../../protocol/runner.ts";
import { measuredCeilings, roofline, type Ceiling } from "../../roofline.ts";
import { measureCeilings } from "../calibrate.ts";
import type { BuiltCode } from "./build.ts";
import { codeMap, estimateCode, sampleCode } from "./hot-spots.ts";
import type { LoadedModel, NativeHost } from "./native-host.ts";

export interface ObserveSettings {
  /** Sample the code by a timer, so that lines and instructions have their share of the time. */
  readonly sample?: boolean;
  /** Price its loops with llvm-mca. */
  readonly static?: boolean;
  readonly onStep?: (text: string, done: number | null) => void;
}

export type Observed = Pick<BenchResult, "hotSpots" | "estimate"> & {
  readonly ceilings?: readonly Ceiling[];
  readonly notes: readonly string[];
};

/** How long code is sampled. */
const sampleSeconds = 2;

/** @throws the errors of the runner */
export async function observe(
  host: NativeHost,
  code: {
    readonly compilation: Compilation;
    readonly built: BuiltCode;
    readonly ours: LoadedModel;
    readonly inputs: readonly TensorFileRef[];
  },
  machine: MachineProfile,
  peaks: PeaksResult | undefined,
  settings: ObserveSettings,
): Promise<Observed> {
  const found =
    peaks === undefined
      ? {}
      : { ceilings: measuredCeilings(peaks, await measureCeilings(host.client, machine, peaks.threads, host.request())) };
  if (settings.sample !== true && settings.static !== true) return { ...found, notes: [] };
  const map = await codeMap(code.compilation, code.built);
  if ("why" in map) return { ...found, notes: [`lines and loops are not known: ${map.why}`] };
  if (settings.sample === true) settings.onStep?.("sampling", null);
  const hotSpots = settings.sample === true ? await sampleCode(host, code.ours, code.inputs, map, { seconds: sampleSeconds }) : undefined;
  if (settings.static === true) settings.onStep?.("pricing the loops", null);
  const estimate = settings.static === true ? await estimateCode(code.built, code.compilation.machine, map, hotSpots) : undefined;
  return { ...found, ...(hotSpots === undefined ? {} : { hotSpots }), ...(estimate === undefined ? {} : { estimate }), notes: [] };
}

/** A result with what was observed; its roofline has the groups' points. */
export function withObserved(
  result: BenchResult,
  machine: MachineProfile,
  { hotSpots, estimate, ceilings }: Omit<Observed, "notes">,
): BenchResult {
  return {
    ...result,
    counters: withDerived(result.counters),
    ...(ceilings === undefined ? {} : { roofline: roofline(result, machine, ceilings) }),
    ...(hotSpots === undefined ? {} : { hotSpots }),
    ...(estimate === undefined ? {} : { estimate }),
  };
}

/** A counter as the result has it. */
export const counterValue = (c: RunnerCounter): CounterValue =>
  c.valid ? { value: c.value, valid: true, ...(c.scale > 1 ? { scale: c.scale } : {}) } : { value: null, valid: false, why: c.why };

/** Regions with their counters: of each thread, and the sums over those threads that were in the region. */
export function withRegionCounters(regions: readonly BenchRegion[], counted: ProfileResult["counters"]): BenchRegion[] {
  if (counted === undefined) return [...regions];
  return regions.map((region) => {
    const rows = counted.threads.map((t) => t[region.group] ?? null);
    const own = rows.map((row) =>
      row === null ? undefined : Object.fromEntries(Object.entries(row).map(([n, c]) => [n, counterValue(c)])),
    );
    const threads = region.threads?.map((t, i) => (own[i] === undefined ? t : { ...t, counters: withDerived(own[i]) }));
    const there = own.filter((o) => o !== undefined);
    return {
      ...region,
      ...(threads === undefined ? {} : { threads }),
      ...(there.length === 0 ? {} : { counters: withDerived(sumOf(there)) }),
    };
  });
}

/** Sums over threads; a counter that one of them lacks is missing, with that one's reason. */
function sumOf(threads: readonly Readonly<Record<string, CounterValue>>[]): Record<string, CounterValue> {
  const names = Object.keys(threads[0] ?? {});
  return Object.fromEntries(
    names.map((name): [string, CounterValue] => {
      const all = threads.map((t) => t[name]);
      const lacking = all.find((c) => c?.valid !== true);
      if (lacking !== undefined) return [name, lacking];
      const scale = Math.max(...all.map((c) => c?.scale ?? 1));
      const value = all.reduce((sum, c) => sum + (c?.value ?? 0), 0);
      return [name, { value, valid: true, ...(scale > 1 ? { scale } : {}) }];
    }),
  );
}
