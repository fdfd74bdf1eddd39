/** Schemas of what running, checking and timing give. */
import { flag, list, number, oneOf, orNull, pair, record, text, whole, type Schema } from "./build.ts";
import { coverage, identity, unsupported } from "./compilation.ts";
import type { Members } from "./index.ts";

const compared: Readonly<Record<string, Schema>> = {
  name: text,
  dtype: text,
  shape: list(whole),
  maxAbs: number,
  maxRel: number,
  ok: flag,
};

export const runMembers: Members = {
  required: { ...identity, outputs: list(record(compared, { why: text })), ok: flag, unsupported, coverage },
  optional: { buildMs: number, cached: flag },
};

const checked = record(
  {
    ...compared,
    error: number,
    referenceError: number,
    limit: number,
    magnitude: number,
    nonZero: number,
    saturated: number,
    degenerate: flag,
    method: oneOf("f64", "direct", "none"),
  },
  { why: text, because: text },
);

export const checkMembers: Members = {
  required: { ...identity, against: text, seed: whole, outputs: list(checked), ok: flag, unsupported, coverage },
  optional: {
    version: text,
    note: text,
    firstBadPass: orNull(text),
    eachPass: list(record({ index: whole, pass: text, ok: flag, maxAbs: number, evaluated: whole, of: whole }, { why: text })),
  },
};

export const timing: Readonly<Record<string, Schema>> = { minMs: number, medianMs: number, p95Ms: number, runs: whole, ci95: pair(number) };
export const ratio = record({ median: number, ci95: pair(number) });

const figures = record({
  ops: whole,
  nests: whole,
  statements: whole,
  barriers: whole,
  arenaBytes: whole,
  packedBytes: whole,
  trafficBytes: whole,
});

export const ablateMembers: Members = {
  required: {
    ...identity,
    base: record(timing),
    figures,
    rows: list(
      record(
        { pass: text, medianMs: number, ratio: number, ci95: pair(number), hits: whole, accepted: whole, refused: whole },
        { figures, why: text },
      ),
    ),
  },
};
