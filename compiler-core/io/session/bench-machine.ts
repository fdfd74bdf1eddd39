/** The machine of a measurement, the state it was in, and the reasons to doubt the numbers that follow from it. */
import fs from "node:fs";
import os from "node:os";
import type { MachineProfile } from "../../machine.ts";
import type { BenchMachine, BenchWarning, Ratio } from "../../protocol/index.ts";
import type { RunnerBenchResult } from "../../protocol/runner.ts";
import { detectMachine } from "../machine-detect.ts";

const governorFile = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";

/** The load of the last minute; null where the system does not tell. */
export const loadNow = (): number | null => os.loadavg()[0] ?? null;

/** Facts for a result. `begun`: when it began, with the load of that moment; `runs`: what each session saw. */
export function benchMachine(
  profile: MachineProfile,
  begun: { readonly date: Date; readonly load: number | null },
  runs: readonly RunnerBenchResult[],
  versions: Readonly<Record<string, string>>,
): BenchMachine {
  const { cpus, siblings, virtual } = detectMachine();
  const ghz = (of: number | undefined): number | null => (of === undefined || of <= 0 ? null : of);
  return {
    cpu: profile.name,
    features: profile.features,
    caches: { l1d: profile.caches.l1d, l2: profile.caches.l2, l3: profile.caches.l3 },
    cores: profile.cores,
    cpus,
    smt: siblings === undefined ? null : siblings.some((s) => s.length > 1),
    virtual,
    ghz: { before: ghz(runs[0]?.ghz.before), after: ghz(runs.at(-1)?.ghz.after) },
    load: { before: begun.load, after: loadNow() },
    governor: readText(governorFile),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    date: begun.date.toISOString(),
    versions,
  };
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

/** What an interval may be wide, relative to its ratio, before it is warned of. */
const widestInterval = 0.05;
/** How far the control may be from 1. */
const widestControl = 0.02;
/** CPUs that others may keep busy. */
const busyCpus = 0.1;
const slowerClock = 0.97;
const fewestRounds = 6;

export interface Doubts {
  readonly threads: number;
  readonly rounds: number;
  readonly control: Ratio;
  readonly speedup: Readonly<Record<string, Ratio>>;
  readonly machine: BenchMachine;
  readonly runs: readonly RunnerBenchResult[];
}

/** The reasons to doubt a result that can be seen in it. */
export function benchWarnings({ threads, rounds, control, speedup, machine, runs }: Doubts): BenchWarning[] {
  const warnings: BenchWarning[] = [];
  const warn = (kind: BenchWarning["kind"], text: string): void => void warnings.push({ kind, text });
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  if (threads > machine.cpus)
    warn("oversubscribed", `${threads} threads on ${machine.cpus} CPUs: times are those of the system's scheduler`);
  if (rounds < fewestRounds)
    warn("few-rounds", `${rounds} rounds are too few for an interval of 95 %: the whole range is given; use --seconds`);
  const off = Math.max(Math.abs(control.ci95[0] - 1), Math.abs(control.ci95[1] - 1));
  if (off > widestControl)
    warn("control-off", `the same code differs from itself by up to ${percent(off)}: no difference below that means anything`);
  for (const [name, ratio] of Object.entries(speedup)) {
    const width = (ratio.ci95[1] - ratio.ci95[0]) / ratio.median;
    if (width > widestInterval)
      warn("wide-interval", `the interval of the ratio to ${name} is ${percent(width)} wide; use --seconds, or a quieter machine`);
  }
  const elapsed = runs.reduce((sum, r) => sum + r.elapsedNs, 0);
  const others = runs.reduce((sum, r) => sum + Math.max(0, r.othersNs), 0);
  if (elapsed > 0 && others / elapsed > busyCpus) warn("busy-machine", `others kept ${(others / elapsed).toFixed(1)} CPUs busy meanwhile`);
  const clocks = runs.flatMap((r) => [r.ghz.before, r.ghz.after]).filter((g) => g > 0);
  const [low, high] = [Math.min(...clocks), Math.max(...clocks)];
  if (clocks.length > 1 && low < slowerClock * high)
    warn("throttled", `the frequency seen went from ${high.toFixed(2)} to ${low.toFixed(2)} GHz`);
  return warnings;
}
