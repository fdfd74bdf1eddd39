/** What is known of a machine's caches, bandwidths and teams, as tables; and the profiles that can be named instead of this machine. */
import { memoryLevels, widestIsa, type MachineProfile, type MemoryLevel } from "#core";
import type { Calibration, CacheStep, ReferenceMachine } from "#core/io";
import { printable, textTable } from "./align.ts";
import { bytesText, timeText } from "./units.ts";

const levelNames: Readonly<Record<MemoryLevel, string>> = { l1d: "L1d", l2: "L2", l3: "L3", memory: "memory" };

/** What a calibration measured besides the profile: for JSON. */
export const calibrationFacts = ({ seconds, latencies, cacheSteps, unmeasured }: Calibration) => ({
  seconds,
  latencies,
  cacheSteps,
  unmeasured,
});

export const referenceFacts = ({ name, profile }: ReferenceMachine) => ({
  name,
  what: profile.name,
  isa: widestIsa(profile),
  cores: profile.cores,
});

export const referenceTable = (machines: readonly ReferenceMachine[]): string[] =>
  textTable<ReferenceMachine>(
    [
      { title: "--machine", cell: (m) => m.name },
      { title: "what the compiler would decide on", cell: (m) => printable(m.profile.name) },
      { title: "set", cell: (m) => widestIsa(m.profile) },
    ],
    machines,
  );

/** Tables of the measured members of a profile, each after an empty line; nothing for what was not measured. */
export function profileTables(machine: MachineProfile, calibration?: Calibration): string[] {
  const tables = [
    ...(calibration === undefined ? [] : [stepTable(calibration.cacheSteps)]),
    ...(machine.bandwidths === undefined ? [] : [bandwidthTable(machine.bandwidths, calibration?.unmeasured ?? [])]),
    ...(machine.teamCosts === undefined ? [] : [costTable(machine.teamCosts)]),
  ];
  return tables.flatMap((t) => ["", ...t]);
}

const stepTable = (steps: readonly CacheStep[]): string[] =>
  textTable<CacheStep>(
    [
      { title: "cache", cell: (s) => levelNames[s.level] },
      { title: "the system says", align: "right", cell: (s) => (s.reported === 0 ? "-" : bytesText(s.reported)) },
      { title: "seen", align: "right", cell: (s) => (s.seen === null ? "-" : bytesText(s.seen)) },
      { title: "per load", align: "right", cell: (s) => (s.ns === null ? "-" : timeText(s.ns / 1e6)) },
      { title: "", cell: (s) => s.why ?? "agrees" },
    ],
    steps,
  );

function bandwidthTable(bandwidths: NonNullable<MachineProfile["bandwidths"]>, unmeasured: Calibration["unmeasured"]): string[] {
  const gbs = (x: number | undefined): string => (x === undefined ? "-" : `${x.toFixed(1)} GB/s`);
  return textTable<MemoryLevel>(
    [
      { title: "read from", cell: (l) => levelNames[l] },
      { title: "one core", align: "right", cell: (l) => gbs(bandwidths[l]?.core) },
      { title: "all cores", align: "right", cell: (l) => gbs(bandwidths[l]?.all) },
      {
        title: "",
        cell: (l) =>
          unmeasured
            .filter((u) => u.level === l)
            .map((u) => `${u.cores === "core" ? "one core" : "all cores"}: ${u.why}`)
            .join("; "),
      },
    ],
    memoryLevels,
  );
}

const costTable = (costs: NonNullable<MachineProfile["teamCosts"]>): string[] =>
  textTable<(typeof costs)[number]>(
    [
      { title: "threads", align: "right", cell: (c) => String(c.threads) },
      { title: "a barrier", align: "right", cell: (c) => timeText(c.barrierNs / 1e6) },
      { title: "a run of nothing", align: "right", cell: (c) => timeText(c.launchNs / 1e6) },
    ],
    costs,
  );
