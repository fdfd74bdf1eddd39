/** Schemas of the commands that list things. */
import { count, flag, list, number, orNull, record, text, whole, byName, pair } from "./build.ts";
import { passInfo } from "./compilation.ts";
import type { Members } from "./index.ts";

export const passesMembers: Members = { required: { passes: list(record(passInfo)) } };

export const opsMembers: Members = {
  required: {
    onnx: list(record({ domain: text, opType: text })),
    ops: list(record({ name: text, what: text, traits: list(text), arity: pair(number), outputs: pair(number), evaluated: flag })),
  },
};

export const knobsMembers: Members = {
  required: {
    knobs: list(
      record({ name: text, kind: text, help: text, code: flag, commands: list(text) }, { value: text, usual: text, choices: list(text) }),
    ),
    environment: list(record({ name: text, help: text })),
  },
};

const profile = record(
  { name: text, features: list(text), caches: record({ l1d: count, l2: count, l3: count }), cores: whole },
  {
    threadsPerCore: whole,
    lineBytes: whole,
    sharedBy: byName(whole),
    numaNodes: whole,
    peaks: byName(number),
    bandwidths: byName(record({ core: number }, { all: number })),
    teamCosts: list(record({ threads: whole, barrierNs: number, launchNs: number })),
    sources: byName(text),
  },
);

const item = record({ name: text, ok: flag, value: text }, { why: text });

/** Parameters that `bench --tune` has kept: part of the machine profile with `--tuned`. */
const tunedEntry = record({ problem: text, params: { type: "object" } }, { gain: record({ median: number, ci95: list(number) }) });

export const doctorMembers: Members = {
  required: {
    machine: profile,
    cpus: whole,
    siblings: orNull(list(list(whole))),
    virtual: flag,
    items: list(item),
    isas: list(record({ name: text, missing: list(text) })),
    tuned: record({ file: text, entries: list(tunedEntry) }),
  },
  optional: {
    peaks: list(record({ name: text, value: number, unit: text }, { expected: number, share: number, note: text })),
    threads: whole,
    calibration: text,
    calibrated: record({
      seconds: number,
      latencies: list(record({ bytes: count, ns: number })),
      cacheSteps: list(record({ level: text, reported: count, seen: orNull(count), ns: orNull(number), agrees: flag }, { why: text })),
      unmeasured: list(record({ level: text, cores: text, why: text })),
    }),
    references: list(record({ name: text, what: text, isa: text, cores: whole })),
  },
};

export const cacheMembers: Members = { required: { folder: text, entries: count, bytes: count, removed: count, limitBytes: count } };
export const inspectMembers: Members = {
  required: { path: text, bytes: count, pageBytes: count, recordBytes: count, textBytes: count },
  optional: {
    ortProfile: record({
      file: text,
      runs: count,
      runUs: number,
      kernelsUs: number,
      kernels: list(record({ name: text, op: text, provider: text, us: number, calls: number, found: text }, { source: count })),
    }),
  },
};
export const schemaMembers: Members = { required: { for: text, document: { type: "object" } } };
