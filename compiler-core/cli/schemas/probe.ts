/** Schemas of what is said about tensors in the middle of a run. */
import { flag, list, number, oneOf, orNull, record, text, whole, type Schema } from "./build.ts";
import { identity } from "./compilation.ts";
import type { Members } from "./index.ts";

const maker = record({ node: whole, op: text, sources: list(text), pass: text }, { rule: text, group: whole, groupName: text });

const compared: Readonly<Record<string, Schema>> = {
  name: text,
  dtype: text,
  shape: list(whole),
  maxAbs: number,
  maxRel: number,
  error: number,
  referenceError: number,
  limit: number,
  magnitude: number,
  nonZero: number,
  saturated: number,
  degenerate: flag,
  method: oneOf("f64", "direct", "none"),
  ok: flag,
};
const comparison = record(compared, { why: text, because: text });
const placedComparison = record(compared, { why: text, because: text, maker });

const figures = record({
  count: whole,
  min: number,
  max: number,
  mean: number,
  std: number,
  zeros: whole,
  nans: whole,
  infinities: whole,
  histogram: list(whole),
});

const tensor = record(
  { name: text, type: text, dtype: text, shape: list(whole), how: oneOf("in place", "written out", "input", "constant") },
  { maker, figures, first: list(number), against: comparison, notCompared: text, file: text },
);

const divergence = record(
  {
    against: oneOf("ort", "eval"),
    tensors: list(placedComparison),
    unseen: whole,
    first: orNull(placedComparison),
    suspects: list(text),
    ok: flag,
  },
  { version: text, note: text },
);

const tensorError = record(
  {
    name: text,
    dtype: text,
    shape: list(whole),
    sqnrDb: number,
    maxAbs: number,
    maxRel: number,
    meanAbs: number,
    magnitude: number,
  },
  { maker },
);

const errors = record(
  { precision: oneOf("bf16", "quantised"), reference: oneOf("f64", "f32"), tensors: list(tensorError), outputs: list(tensorError) },
  { because: text },
);

export const probeMembers: Members = {
  required: {
    ...identity,
    seed: whole,
    inputs: list(record({ name: text, type: text, from: oneOf("data", "file", "random") })),
    ok: flag,
  },
  optional: { tensors: list(tensor), divergence, errors },
};
