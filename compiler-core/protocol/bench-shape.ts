/** What a benchmark must look like before anything is drawn from it: stored ones come from files, and from older versions. */
import type { BenchResult } from "./bench.ts";
import type { BenchRun } from "./panel.ts";
import { either, isRecord, listOf, members, oneOf, optional, recordOf, text, whole, type Shape } from "./shape.ts";

const most = 10_000_000;
const words = text(1_000_000);
const number: Shape = (value) => typeof value === "number";
const finite: Shape = (value) => Number.isFinite(value);
const flag = oneOf(true, false);
const numberOrNull = either(number, oneOf(null));
const pair: Shape = (value) => Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === "number");

const times = { minMs: finite, medianMs: finite, p95Ms: finite, runs: whole(0), ci95: pair };
const ratio = members({ median: number, ci95: pair });
const counters = recordOf(members({ value: numberOrNull, valid: flag, why: optional(words), scale: optional(number) }), 10_000);

const region = members({
  group: whole(0),
  ns: finite,
  name: optional(words),
  threads: optional(listOf(members({ ns: finite, waitNs: finite, calls: number, counters: optional(counters) }), 100_000)),
  flops: optional(number),
  bytes: optional(number),
  isolated: optional(members(times)),
  notIsolated: optional(words),
  counters: optional(counters),
});

const roofline = members({
  ceilings: listOf(
    members({ name: words, kind: oneOf("compute", "bandwidth"), value: finite, precision: optional(words), threads: number }),
    1000,
  ),
  points: listOf(
    members({ label: words, flops: number, bytes: number, ns: finite, bound: optional(words), share: optional(number) }),
    100_000,
  ),
});

const machine = members({
  cpu: words,
  features: listOf(words, 1000),
  caches: members({ l1d: number, l2: number, l3: number }),
  ghz: members({ before: numberOrNull, after: numberOrNull }),
  load: members({ before: numberOrNull, after: numberOrNull }),
  date: words,
  versions: recordOf(words, 1000),
});

const hotSpots = members({
  samples: finite,
  outside: finite,
  clock: words,
  skid: words,
  lines: listOf(members({ line: whole(0), text: words, samples: finite, share: finite, nodes: listOf(words, most) }), most),
});

const loop = members({
  symbol: words,
  instructions: number,
  cycles: optional(number),
  bottleneck: optional(words),
  refused: optional(words),
});
const estimate = either(
  members({ valid: oneOf(true), tool: words, model: words, loops: listOf(loop, 100_000) }),
  members({ valid: oneOf(false), why: words }),
);

const result = members({
  isa: words,
  threads: whole(1),
  precision: words,
  scope: words,
  ours: members(times),
  baselines: recordOf(members({ ...times, version: words }), 100),
  speedup: recordOf(ratio, 100),
  control: ratio,
  flops: number,
  gflops: number,
  bytes: number,
  peakGflops: numberOrNull,
  peakGBs: numberOrNull,
  counters,
  regions: listOf(region, 1_000_000),
  samples: optional(listOf(members({ candidate: words, rounds: listOf(listOf(number, most), most) }), 100)),
  machine: optional(machine),
  warnings: optional(listOf(members({ kind: words, text: words }), 1000)),
  regionOverhead: optional(ratio),
  roofline: optional(roofline),
  hotSpots: optional(hotSpots),
  estimate: optional(estimate),
  reproduce: optional(words),
  modelHash: optional(words),
  missing: optional(listOf(members({ baseline: words, why: words }), 100)),
  notes: optional(listOf(words, 1000)),
});

const scope = either(
  members({ kind: oneOf("model") }),
  members({ kind: oneOf("group"), group: whole(0) }),
  members({ kind: oneOf("nodes"), nodes: listOf(whole(0), most) }),
);

const nodePairs = listOf(listOf(words, 2), 10_000);
const options = members({
  isa: words,
  threads: whole(1),
  precision: words,
  dims: recordOf(number, 10_000),
  without: listOf(words, 10_000),
  force: nodePairs,
  forbid: nodePairs,
});

const run = members({
  schema: oneOf(1),
  id: text(200),
  at: text(100),
  model: words,
  scope,
  options,
  command: words,
  params: optional(isRecord),
  result,
});

export const isBenchResult = (value: unknown): value is BenchResult => result(value);
export const isBenchRun = (value: unknown): value is BenchRun => run(value);

const extents = (value: unknown): value is Readonly<Record<string, number>> => recordOf(number, 10_000)(value);

/**
 * A run from what a file holds: one that the page has stored, or the object that `bench --json` prints. Undefined: neither.
 * @param name of the file, for results that do not say of which model they are
 */
export function benchRunOf(value: unknown, name: string): BenchRun | undefined {
  if (isBenchRun(value)) return value;
  if (!isBenchResult(value)) return undefined;
  const at = value.machine?.date ?? "";
  const { model, dims } = value as { readonly model?: unknown; readonly dims?: unknown };
  return {
    schema: 1,
    id: `${name} ${at}`.slice(0, 200),
    at,
    model: typeof model === "string" ? (model.split("/").pop() ?? model) : name,
    scope: { kind: value.scope === "model" ? "model" : "nodes", nodes: [] },
    options: {
      isa: value.isa,
      threads: value.threads,
      precision: value.precision === "bf16" ? "bf16" : "f32",
      dims: extents(dims) ? dims : {},
      without: [],
      force: [],
      forbid: [],
    },
    command: value.reproduce ?? "",
    result: value,
  };
}
