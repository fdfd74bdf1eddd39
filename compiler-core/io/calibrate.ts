/**
 * Measures this machine: peaks of the arithmetic, sizes and latencies of the caches, bandwidth of every level, and what a team of threads
 * costs. About fifteen seconds; what others do at the same time makes figures worse, never better.
 */
import os from "node:os";
import type { LevelBandwidth, MachineProfile, MemoryLevel } from "../machine.ts";
import type { PeaksResult } from "../protocol/runner.ts";
import { cacheSteps, latencySizes, type CacheStep, type LatencyPoint } from "./cache-steps.ts";
import { launchCosts } from "./launch-cost.ts";
import { withPeaks } from "./peaks.ts";
import type { RequestOptions, RunnerClient } from "./runner-client.ts";

export interface Calibration {
  /** The profile with everything that was measured. */
  readonly profile: MachineProfile;
  readonly peaks: PeaksResult;
  readonly latencies: readonly LatencyPoint[];
  readonly cacheSteps: readonly CacheStep[];
  /** Bandwidths that could not be measured, and why. */
  readonly unmeasured: readonly { readonly level: MemoryLevel; readonly cores: "core" | "all"; readonly why: string }[];
  readonly seconds: number;
}

/** Which working set (bytes per thread) shows one level: for one core alone, and for all at once; or why none does. */
export interface BandwidthPlan {
  readonly level: MemoryLevel;
  readonly core: number | { readonly why: string };
  readonly all: number | { readonly why: string };
}

const MiB = 2 ** 20;
const unknownSize = { why: "the size of the cache is not known" };
const crowded = { why: "the caches of the cores before it hold as much: no working set lies only in this level" };

/** Working sets per level. `memoryBytes` is what may be used for them in all. */
export function bandwidthPlan(profile: MachineProfile, threads: number, memoryBytes: number): BandwidthPlan[] {
  const { l1d, l2, l3 } = profile.caches;
  const sharers = Math.max(1, Math.min(threads, profile.sharedBy?.l3 ?? threads));
  const between = (below: number, size: number): number | { readonly why: string } => {
    if (size === 0) return unknownSize;
    const bytes = Math.max(1.5 * below, size / 2);
    return bytes <= 0.8 * size ? whole(bytes) : crowded;
  };
  const large = Math.max(l3, l2, 32 * MiB);
  const fits = (bytes: number, count: number): number | { readonly why: string } =>
    bytes * count <= memoryBytes ? whole(bytes) : { why: `needs ${Math.round((bytes * count) / MiB)} MiB of free memory` };
  return [
    { level: "l1d", core: between(0, l1d), all: between(0, l1d) },
    { level: "l2", core: between(l1d, l2), all: between(l1d, l2) },
    // Half of a shared cache: the other half is others'.
    { level: "l3", core: between(l2, l3 / 2), all: between(l2, l3 / sharers) },
    { level: "memory", core: fits(4 * large, 1), all: fits(Math.max((4 * large) / sharers, 32 * MiB), threads) },
  ];
}

const whole = (bytes: number): number => Math.max(1024, Math.floor(bytes / 1024) * 1024);

/** Team sizes whose costs are worth knowing: up to the number of CPUs, denser where they are few. */
export const teamSizes = (cpus: number): number[] =>
  [...new Set([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, cpus])].filter((n) => n <= Math.min(cpus, 256)).sort((a, b) => a - b);

export interface CalibrateSettings {
  readonly request: RequestOptions;
  readonly onStep: (text: string) => void;
}

/** Runs all measurements, one after the other. @throws the errors of the runner */
export async function calibrate(
  runner: RunnerClient,
  detected: MachineProfile,
  { request, onStep }: CalibrateSettings,
): Promise<Calibration> {
  const started = performance.now();
  onStep("peaks of the arithmetic");
  const peaks = await runner.request("peaks", { threads: 1, seconds: 0.25 }, request);
  onStep("latencies of caches and memory");
  const { points } = await runner.request("latencies", { bytes: latencySizes(detected.caches), seconds: 0.05 }, request);
  onStep("bandwidths of caches and memory");
  const { bandwidths, unmeasured } = await measureBandwidths(runner, detected, request);
  onStep("barriers and launches of teams");
  const cpus = os.availableParallelism();
  const sizes = teamSizes(cpus);
  const costs = launchCosts(await runner.request("launch-cost", { threads: sizes, seconds: Math.min(0.3, 4 / sizes.length) }, request));
  return {
    profile: {
      ...withPeaks(detected, peaks),
      bandwidths,
      teamCosts: costs.map(({ threads, barrierNs, launchNs }) => ({ threads, barrierNs, launchNs })),
    },
    peaks,
    latencies: points,
    cacheSteps: cacheSteps(points, detected.caches),
    unmeasured,
    seconds: (performance.now() - started) / 1000,
  };
}

async function measureBandwidths(
  runner: RunnerClient,
  profile: MachineProfile,
  request: RequestOptions,
): Promise<{ readonly bandwidths: NonNullable<MachineProfile["bandwidths"]>; readonly unmeasured: Calibration["unmeasured"] }> {
  const threads = Math.min(profile.cores, os.availableParallelism());
  const plan = bandwidthPlan(profile, threads, os.freemem() / 2);
  const one = await ratesOf(
    runner,
    plan.map((p) => p.core),
    1,
    request,
  );
  const all = await ratesOf(
    runner,
    plan.map((p) => p.all),
    threads,
    request,
  );
  const bandwidths: Partial<Record<MemoryLevel, LevelBandwidth>> = {};
  plan.forEach(({ level }, i) => {
    const [core, every] = [one[i], all[i]];
    if (core !== undefined) bandwidths[level] = every === undefined ? { core } : { core, all: every };
  });
  const unmeasured = plan.flatMap(({ level, core, all: every }) => [
    ...(typeof core === "number" ? [] : [{ level, cores: "core" as const, why: core.why }]),
    ...(typeof every === "number" ? [] : [{ level, cores: "all" as const, why: every.why }]),
  ]);
  return { bandwidths, unmeasured };
}

/** GB/s for each working set; undefined where there is none. */
async function ratesOf(
  runner: RunnerClient,
  sets: readonly BandwidthPlan["core"][],
  threads: number,
  request: RequestOptions,
): Promise<(number | undefined)[]> {
  const bytes = sets.filter((s): s is number => typeof s === "number");
  const { rates } = await runner.request("read-rates", { threads, bytes, seconds: 0.2 }, request);
  let next = 0;
  return sets.map((s) => (typeof s === "number" ? rates[next++]?.gbs : undefined));
}

/** Read bandwidth of each level now, for so many threads: the ceilings of a roofline. Levels without a working set are left out. */
export async function measureCeilings(
  runner: RunnerClient,
  profile: MachineProfile,
  threads: number,
  request: RequestOptions,
): Promise<Partial<Record<MemoryLevel, number>>> {
  const plan = bandwidthPlan(profile, threads, os.freemem() / 2).map((p) => ({ level: p.level, set: threads === 1 ? p.core : p.all }));
  const bytes = plan.flatMap(({ set }) => (typeof set === "number" ? [set] : []));
  const { rates } = await runner.request("read-rates", { threads, bytes, seconds: 0.05 }, request);
  let next = 0;
  const found = plan.flatMap(({ level, set }) => (typeof set === "number" ? [[level, rates[next++]?.gbs ?? 0] as const] : []));
  return Object.fromEntries(found.filter(([, gbs]) => gbs > 0));
}
