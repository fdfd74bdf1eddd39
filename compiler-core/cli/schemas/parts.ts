/** Schemas of what is said about parts of a model. */
import { byName, flag, list, number, orNull, pair, record, text, whole, type Schema } from "./build.ts";
import { identity } from "./compilation.ts";
import type { Members } from "./index.ts";

const value = record({ name: text, type: text });

const extracted: Readonly<Record<string, Schema>> = {
  file: text,
  bytes: whole,
  data: text,
  inputs: list(value),
  outputs: list(value),
  recordedBy: text,
  notes: list(text),
};

export const extractMembers: Members = { required: { ...identity, nodes: list(text), ...extracted } };

/** A part that `bench --export` wrote. */
export const extractedSchema: Schema = record(extracted);

const timing = record({ minMs: number, medianMs: number, p95Ms: number, runs: whole, ci95: pair(number) });
const ratio = record({ median: number, ci95: pair(number) });
const point = record({ params: byName({ type: ["number", "string"] }), text, predictedNs: number, measuredNs: number });

const tunedProblem = record(
  {
    problem: text,
    groups: list(whole),
    flops: number,
    space: record({ points: whole, exact: flag }),
    points: whole,
    measurements: whole,
    seconds: number,
    before: orNull(point),
    best: list(point),
    rankCorrelation: orNull(number),
    final: orNull(record({ before: timing, after: timing, ratio, control: ratio, taken: flag })),
  },
  { why: text },
);

/** What `bench --tune` prints instead. */
export const tuneMembers: Members = {
  required: { ...identity, budgetSeconds: number, seconds: number, problems: list(tunedProblem), kept: orNull(text) },
};
