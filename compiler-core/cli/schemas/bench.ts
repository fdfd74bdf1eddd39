/** Schema of a benchmark's result: the type is BenchResult of the protocol. */
import { estimate, hotSpots } from "./hot-spots.ts";
import { byName, count, flag, list, number, oneOf, orNull, record, text, whole } from "./build.ts";
import { coverage, identity } from "./compilation.ts";
import { extractedSchema, tuneMembers } from "./parts.ts";
import type { Members } from "./index.ts";
import { ratio, timing } from "./results.ts";

const counters = byName(record({ value: orNull(number), valid: flag }, { why: text, scale: number }));

const region = record(
  { group: whole, ns: number },
  {
    name: text,
    kernels: list(text),
    threads: list(record({ ns: number, waitNs: number, calls: number }, { counters })),
    flops: number,
    bytes: number,
    isolated: record(timing),
    notIsolated: text,
    counters,
  },
);

const machine = record({
  cpu: text,
  features: list(text),
  caches: record({ l1d: count, l2: count, l3: count }),
  cores: whole,
  cpus: whole,
  smt: orNull(flag),
  virtual: flag,
  ghz: record({ before: orNull(number), after: orNull(number) }),
  load: record({ before: orNull(number), after: orNull(number) }),
  governor: orNull(text),
  system: text,
  date: text,
  versions: byName(text),
});

const warning = record({
  kind: oneOf(
    "wide-interval",
    "control-off",
    "throttled",
    "busy-machine",
    "oversubscribed",
    "few-rounds",
    "results-differ",
    "other-machine",
  ),
  text,
});

const roofline = record({
  ceilings: list(record({ name: text, kind: oneOf("compute", "bandwidth"), value: number, threads: whole }, { precision: text })),
  points: list(
    record(
      { label: text, flops: number, bytes: number, ns: number, bytesFrom: oneOf("static", "counted") },
      { group: whole, bound: text, share: number },
    ),
  ),
});

const comparison = record(
  { with: text, date: orNull(text), ratio, method: oneOf("paired", "absolute"), threshold: number, regression: flag },
  { through: text },
);

const inPlace = record({
  inPlace: record(timing),
  isolated: record(timing),
  ratio,
  whole: record(timing),
  groups: list(whole),
  others: list(text),
});

export const benchMembers: Members = {
  required: {
    ...identity,
    scope: text,
    ours: record(timing),
    baselines: byName(record({ ...timing, version: text })),
    speedup: byName(ratio),
    control: ratio,
    flops: number,
    gflops: number,
    bytes: number,
    peakGflops: orNull(number),
    peakGBs: orNull(number),
    counters,
    regions: list(region),
    cache: oneOf("warm", "cold"),
    samples: list(record({ candidate: text, rounds: list(list(number)) }, { sessions: list(whole) })),
    machine,
    kernels: list(text),
    warnings: list(warning),
    reproduce: text,
    missing: list(record({ baseline: text, why: text })),
    coverage,
  },
  or: tuneMembers,
  optional: {
    notes: list(text),
    modelHash: text,
    regionOverhead: ratio,
    roofline,
    comparison,
    inPlace,
    notInPlace: text,
    exported: extractedSchema,
    hotSpots,
    estimate,
  },
};
