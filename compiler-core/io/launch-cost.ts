/** What starting a nest on a team of threads and passing a barrier cost on this machine, beside OpenMP's (libgomp, which comes with g++). */
import type { LaunchCostFigures, LaunchCostResult } from "../protocol/runner.ts";
import { RunnerClient } from "./runner-client.ts";
import { medianInterval } from "./statistics.ts";

/** Medians of the rounds, in nanoseconds. */
export interface LaunchCost {
  readonly launchNs: number;
  readonly barrierNs: number;
}

export interface TeamLaunchCost extends LaunchCost {
  readonly threads: number;
  readonly openmp: (LaunchCost & { readonly valid: true }) | { readonly valid: false; readonly why: string };
}

const medians = ({ launchNs, barrierNs }: LaunchCostFigures): LaunchCost => ({
  launchNs: medianInterval(launchNs).median,
  barrierNs: medianInterval(barrierNs).median,
});

/** The rounds of the runner's `launch-cost` as one figure each. */
export const launchCosts = ({ teams }: LaunchCostResult): TeamLaunchCost[] =>
  teams.map(({ threads, openmp, ...ours }) => ({
    threads,
    ...medians(ours),
    openmp: openmp.valid ? { valid: true, ...medians(openmp) } : openmp,
  }));

/**
 * Measures on a runner of its own, or the one given. `seconds`: per team size.
 * @throws compiler-missing, compile-failed, runner-start, runner-resources
 */
export async function measureLaunchCost(threads: readonly number[], seconds = 0.5, runner?: RunnerClient): Promise<TeamLaunchCost[]> {
  const client = runner ?? (await RunnerClient.start());
  try {
    return launchCosts(await client.request("launch-cost", { threads, seconds }, { timeoutMs: 60_000 + threads.length * seconds * 2000 }));
  } finally {
    if (runner === undefined) await client.close();
  }
}
