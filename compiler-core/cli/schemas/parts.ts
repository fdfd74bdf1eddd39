/** Schemas of what is said about parts of a model. */
import { list, number, pair, record, text, whole, type Schema } from "./build.ts";
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

/** Time of a part inside of a run of the whole model. */
export const inPlaceSchema: Schema = record({
  inPlace: timing,
  isolated: timing,
  ratio: record({ median: number, ci95: pair(number) }),
  whole: timing,
  groups: list(whole),
  others: list(text),
});
