/** The roofline: what the machine can do at most, by arithmetic and by bandwidth, and where each piece of work lies below it. Pure. */
import { countedBytes, countedFlops } from "./counters/derive.ts";
import { memoryLevels, type MachineProfile, type MemoryLevel, type PeakName } from "./machine.ts";
import type { BenchResult, Roofline } from "./protocol/bench.ts";
import type { PeakFigure, PeaksResult } from "./protocol/runner.ts";

export type Ceiling = Roofline["ceilings"][number];
type Point = Roofline["points"][number];

const levelNames: Readonly<Record<MemoryLevel, string>> = { l1d: "L1d", l2: "L2", l3: "L3", memory: "memory" };

/** What each peak is for; among those of one precision the highest is the ceiling. */
const computePeaks: readonly {
  readonly measured: keyof Omit<PeaksResult, "threads" | "ghz" | "copyGBs" | "read">;
  readonly kept: PeakName;
  readonly name: string;
  readonly precision: string;
}[] = [
  { measured: "fmaF32", kept: "f32GflopsPerCore", name: "f32 FMA", precision: "f32" },
  { measured: "fmaF32Avx2", kept: "f32Avx2GflopsPerCore", name: "f32 FMA, 256-bit", precision: "f32" },
  { measured: "vnniInt8", kept: "vnniGopsPerCore", name: "int8 dot products", precision: "int8" },
  { measured: "amxInt8", kept: "amxInt8GopsPerCore", name: "int8 tiles", precision: "int8" },
  { measured: "bf16", kept: "bf16GflopsPerCore", name: "bf16 dot products", precision: "bf16" },
  { measured: "amxBf16", kept: "amxBf16GflopsPerCore", name: "bf16 tiles", precision: "bf16" },
  { measured: "f16", kept: "f16GflopsPerCore", name: "f16 FMA", precision: "f16" },
];

/** Ceilings as they were measured in the same run: peaks of so many threads, and GB/s of the levels by as many. */
export function measuredCeilings(peaks: PeaksResult, levels: Readonly<Partial<Record<MemoryLevel, number>>>): Ceiling[] {
  const gops = (figure: PeakFigure | undefined): number | undefined => (figure?.valid === true ? figure.gops : undefined);
  return ceilings(
    (p) => gops(peaks[p.measured]),
    (level) => levels[level],
    peaks.threads,
  );
}

/** Ceilings of a machine that may not be here: its profile's figures, times the cores in use. */
export function profileCeilings({ peaks = {}, bandwidths = {}, cores }: MachineProfile, threads: number): Ceiling[] {
  const used = Math.min(threads, cores);
  const perCore = (p: (typeof computePeaks)[number]): number | undefined => {
    const peak = peaks[p.kept];
    return peak === undefined ? undefined : peak * used;
  };
  const gbs = (level: MemoryLevel): number | undefined => {
    const of = bandwidths[level];
    return of === undefined ? undefined : Math.min(of.core * used, of.all ?? of.core * used);
  };
  return ceilings(perCore, gbs, threads);
}

function ceilings(
  peak: (p: (typeof computePeaks)[number]) => number | undefined,
  bandwidth: (level: MemoryLevel) => number | undefined,
  threads: number,
): Ceiling[] {
  const compute = computePeaks.flatMap((p): Ceiling[] => {
    const value = peak(p);
    return value === undefined ? [] : [{ name: p.name, kind: "compute", value, precision: p.precision, threads }];
  });
  // Half the width at the same rate says nothing more.
  const wide = compute.find((c) => c.name === "f32 FMA");
  const shown = compute.filter((c) => c.name !== "f32 FMA, 256-bit" || wide === undefined || c.value < 0.9 * wide.value);
  const levels = memoryLevels.flatMap((level): Ceiling[] => {
    const value = bandwidth(level);
    return value === undefined ? [] : [{ name: levelNames[level], kind: "bandwidth", value, threads }];
  });
  return [...shown, ...levels];
}

/** The arithmetic that a group's kernels do; without kernels, that of the model. */
export function precisionOf(kernels: readonly string[] | undefined, model: string): string {
  const names = (kernels ?? []).join(" ");
  if (/[us]8s8|int8/.test(names)) return "int8";
  if (/bf16/.test(names)) return "bf16";
  if (/f16/.test(names)) return "f16";
  return /gemm_|conv_/.test(names) ? "f32" : model === "bf16" ? "bf16" : "f32";
}

/**
 * The points of a benchmark: the whole scope, and each fusion group that was timed. A group takes as long as its slowest thread. Where the data comes
 * from is the nearest level that holds all of it (its share of every thread's caches), or memory when the caches were swept.
 */
export function roofline(result: BenchResult, machine: MachineProfile, found: readonly Ceiling[]): Roofline {
  const whole = { label: result.scope, ns: result.ours.medianMs * 1e6, precision: precisionOf(result.kernels, result.precision) };
  const groups = result.regions.flatMap((r) => {
    const ns = r.threads === undefined || r.threads.length === 0 ? r.ns : Math.max(...r.threads.map((t) => t.ns));
    const about = { label: r.name ?? `group ${r.group}`, group: r.group, ns, precision: precisionOf(r.kernels, result.precision) };
    return r.flops === undefined || r.bytes === undefined ? [] : [{ ...about, flops: r.flops, bytes: r.bytes }];
  });
  const place = (
    p: (typeof groups)[number] | (typeof whole & { readonly flops: number; readonly bytes: number }),
    from: Point["bytesFrom"],
  ): Point[] => {
    const { precision, ...point } = p;
    if (!(p.ns > 0) || !(p.bytes > 0)) return [];
    const cold = from === "counted" || result.cache === "cold";
    return [{ ...point, bytesFrom: from, ...bound(p, precision, cold ? "memory" : homeOf(p.bytes, machine, result.threads), found) }];
  };
  const bytes = countedBytes(result.counters);
  const counted = bytes === undefined ? [] : place({ ...whole, flops: countedFlops(result.counters) ?? result.flops, bytes }, "counted");
  return {
    ceilings: found,
    points: [
      ...place({ ...whole, flops: result.flops, bytes: result.bytes }, "static"),
      ...counted,
      ...groups.flatMap((g) => place(g, "static")),
    ],
  };
}

/** The nearest level that holds so many bytes, spread over the threads. */
function homeOf(bytes: number, { caches, sharedBy = {}, cores }: MachineProfile, threads: number): MemoryLevel {
  const holding = (["l1d", "l2", "l3"] as const).find((level) => {
    const sharers = sharedBy[level] ?? (level === "l3" ? cores : 1);
    return bytes <= caches[level] * Math.max(1, Math.ceil(Math.min(threads, cores) / sharers));
  });
  return holding ?? "memory";
}

/** The lower of both roofs over the point's intensity, and the share of it that was reached. */
function bound(
  { flops, bytes, ns }: { readonly flops: number; readonly bytes: number; readonly ns: number },
  precision: string,
  home: MemoryLevel,
  found: readonly Ceiling[],
): { readonly bound?: string; readonly share?: number } {
  const [compute] = found.filter((c) => c.kind === "compute" && c.precision === precision).sort((a, b) => b.value - a.value);
  // A level without a figure is bounded by the next one out.
  const order = memoryLevels.slice(memoryLevels.indexOf(home)).map((l) => levelNames[l]);
  const memory = order.map((name) => found.find((c) => c.kind === "bandwidth" && c.name === name)).find((c) => c !== undefined);
  const times = [
    ...(compute === undefined || flops === 0 ? [] : [{ name: compute.name, ns: flops / compute.value }]),
    ...(memory === undefined ? [] : [{ name: memory.name, ns: bytes / memory.value }]),
  ].sort((a, b) => b.ns - a.ns);
  const [longest] = times;
  return longest === undefined ? {} : { bound: longest.name, share: longest.ns / ns };
}
