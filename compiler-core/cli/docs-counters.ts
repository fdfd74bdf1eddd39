/** The lines of docs/counters.md: every event in the table, for every family of processors. */
import { counterEvents, cpuFamilies, derivedCounters, type CounterEvent, type CpuFamily } from "#core";

const familyNames: Readonly<Record<CpuFamily, string>> = {
  "intel-ice-lake-server": "Ice Lake server",
  "intel-sapphire-rapids": "Sapphire and Emerald Rapids",
  "intel-client": "Intel client (Ice Lake to Raptor Lake)",
  "amd-zen4": "AMD Zen 4",
  other: "any other",
};

const events = (e: CounterEvent): string =>
  e.unit === "hardware" || e.unit === "software" ? `${e.unit} ${e.config}` : `${e.unit} 0x${e.config.toString(16)}`;

/** Titles and rows of the table of events. */
export const eventRows = (): { readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] } => ({
  titles: ["counter", "what", "group", "event", "where"],
  rows: counterEvents.map((e) => [
    `\`${e.name}\``,
    e.what,
    e.group,
    events(e),
    e.families === undefined
      ? "all"
      : cpuFamilies
          .filter((f) => e.families?.includes(f))
          .map((f) => familyNames[f])
          .join(", "),
  ]),
});

export const derivedRows = (): readonly (readonly string[])[] =>
  derivedCounters.map((d) => [`\`${d.name}\``, d.what, d.needs.map((n) => `\`${n}\``).join(", ")]);

export const countersIntroduction: readonly string[] = [
  "`bench` counts events while compiled code runs, in runs of their own after the timed ones; with `--regions` also by fusion group and thread, from",
  "the instrumented build. A counter is a value per run, or the reason why there is none; it is never a zero that means nothing. `doctor` lists all of them.",
  "",
  "Events of one group are counted over the same time, so their ratios hold. When a processor has fewer counters than there are groups, the kernel lets the",
  "groups take turns: a value is then extrapolated by the time enabled over the time counted, and `scale` says by how much. What never got a turn is missing.",
  "Counters of memory belong to whole sockets: they see everybody's traffic, and are only there for the whole run. The boundary of a region costs a system call",
  "per group, which counters of user code do not see, but `task-clock` does.",
  "",
  "| reason | what to do |",
  "| --- | --- |",
  "| no performance monitoring unit is visible | usual in virtual machines: ask the hypervisor for a virtual PMU, or measure on the machine itself |",
  "| not permitted, `kernel.perf_event_paranoid` is 3 or 4 | `sudo sysctl -w kernel.perf_event_paranoid=2`; for the memory of sockets `=0`, or the capability `CAP_PERFMON` |",
  "| not permitted, although the level allows it | a container's seccomp filter: run with `--security-opt seccomp=unconfined`, or `--cap-add PERFMON` |",
  "| the kernel knows no such event for this processor | a newer kernel, or an event that the processor lacks |",
  "| this processor does not know the event | the number in the table does not fit the model: the others still count |",
  "",
  "## What has met real hardware",
  "",
  "Software events were counted on Linux 6. Everything of a hardware or socket unit, on every family below, was only run against an interface made up for the tests",
  "(`test/kernels/counters_test.cpp`: groups, turns, refusals, hybrid processors, several sockets): the numbers are those of the makers' documents as Linux carries",
  "them in `tools/perf/pmu-events`, and no value was yet held against another tool.",
  "",
];
