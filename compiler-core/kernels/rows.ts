/** Softmax and normalisation of rows of f32, softmax in steps too: native/kernels/rows. */
import { bug } from "../messages.ts";
import { roundEven } from "../tensor/rounding.ts";
import { reader } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel, OperandContract } from "./kernel.ts";

const matrix = (access: "read" | "write", ld: string, what: string): OperandContract => ({
  dtype: "f32",
  access,
  what: `rows x n, row stride ${ld}${what}`,
  rect: { rows: "rows", cols: "n", ld },
});
const vector = (access: "read" | "write", what: string): OperandContract => ({ dtype: "f32", access, what });

/** Writes each row of y as `f` of the same row of x. */
function eachRow(call: CallValues, f: (x: readonly number[]) => readonly number[]): void {
  const x = reader(call, "x");
  const y = call.operand("y") ?? bug("rows without y");
  const n = call.arg("n");
  for (let r = 0; r < call.arg("rows"); r++) {
    const row = Array.from({ length: n }, (_, i) => x(r * call.arg("ldx") + i));
    f(row).forEach((v, i) => (y.data[y.at + r * call.arg("ldy") + i] = call.round(v)));
  }
}

/** As Math.max, but in a loop: rows may be longer than an argument list. */
const largest = (row: readonly number[]): number => row.reduce((a, v) => (Number.isNaN(v) || v > a ? v : a), -Infinity);
const sumOf = (row: readonly number[]): number => row.reduce((a, v) => a + v, 0);

function softmax(row: readonly number[], masked: string): readonly number[] {
  const top = largest(row);
  if (top === -Infinity && masked === "zero") return row.map(() => 0);
  const e = row.map((v) => Math.exp(v - top));
  const sum = sumOf(e);
  return e.map((v) => v / sum);
}

const pitches = (call: CallText): string => [call.pointer("y"), call.arg("ldy"), call.pointer("x"), call.arg("ldx")].join(", ");
const extents = (call: CallText): string => `${call.arg("rows")}, ${call.arg("n")}`;

const rowKernel: Omit<Kernel, "name" | "why" | "cpp" | "meaning" | "promises"> = {
  operands: { x: matrix("read", "ldx", ""), y: matrix("write", "ldy", "; may be x") },
  args: ["rows", "n", "ldx", "ldy"],
  optionalArgs: [],
  params: {},
  headers: ["kernels/rows/rows.hpp"],
  features: () => [],
  accepts: () => true,
  score: () => 1,
};

export const softmaxRows: Kernel = {
  ...rowKernel,
  name: "softmax_rows",
  why: "a row is read while it is in cache: its maximum, then the exponentials and their sum, then the scaling",
  params: { masked: 'what a row of -inf gives: "nan" (ONNX Softmax) or "zero" (Attention)' },
  promises: ["a relative error of (4 + max - x) 2^-24 + n 2^-25 at most", "a NaN or +inf makes its row NaN and no other"],
  cpp: (call) => `fs::softmax_rows<fs::masked_rows::${call.param("masked") ?? "nan"}>(${pitches(call)}, ${extents(call)});`,
  meaning: (call) => eachRow(call, (row) => softmax(row, String(call.param("masked") ?? "nan"))),
};

export const logSoftmaxRows: Kernel = {
  ...rowKernel,
  name: "log_softmax_rows",
  why: "the logarithm is of the sum alone: nothing small is divided and then taken the logarithm of",
  promises: ["an error of 4 ulp of the largest term at most"],
  cpp: (call) => `fs::log_softmax_rows(${pitches(call)}, ${extents(call)});`,
  meaning: (call) =>
    eachRow(call, (row) => {
      const top = largest(row);
      const less = Math.log(sumOf(row.map((v) => Math.exp(v - top))));
      return row.map((v) => v - top - less);
    }),
};

export const softmaxStepRows: Kernel = {
  ...rowKernel,
  name: "softmax_step_rows",
  why: "softmax over scores that come in pieces, as attention has them: no row of scores is ever whole in memory",
  operands: {
    s: matrix("read", "lds", ": scores"),
    e: matrix("write", "lds", ": in the place of s, e^(s - max so far); 0 where all is masked so far"),
    max: vector("read", "largest score of each row so far; -inf before the first step"),
    new_max: vector("write", "the same after this step; in the place of max"),
    sum: vector("read", "sum of each row so far; 0 before the first step"),
    new_sum: vector("write", "the same after this step; in the place of sum"),
    factor: vector("write", "what results of earlier steps must be multiplied with"),
  },
  args: ["rows", "n", "lds"],
  promises: ["1 / sum scales the result at the end; a row that was masked in every step has max -inf and sum 0"],
  headers: ["kernels/rows/weights.hpp"],
  cpp: (call) =>
    `fs::softmax_step_rows(${call.pointer("e")}, ${call.arg("lds")}, ${["new_max", "new_sum", "factor"].map(call.pointer).join(", ")}, ${extents(call)});`,
  meaning: (call) => {
    const of = (name: string) => call.operand(name) ?? bug(`softmax_step_rows without ${name}`);
    const [s, max, sum, factor, n] = [of("e"), of("new_max"), of("new_sum"), of("factor"), call.arg("n")];
    for (let r = 0; r < call.arg("rows"); r++) {
      const row = Array.from({ length: n }, (_, i) => Number(s.data[s.at + r * call.arg("lds") + i]));
      const before = Number(max.data[max.at + r]);
      const top = largest([before, ...row]);
      const masked = top === -Infinity;
      const e = row.map((v) => (masked ? 0 : call.round(Math.exp(v - top))));
      const by = masked ? 1 : Math.exp(before - top);
      e.forEach((v, i) => (s.data[s.at + r * call.arg("lds") + i] = v));
      max.data[max.at + r] = top;
      sum.data[sum.at + r] = call.round(Number(sum.data[sum.at + r]) * by + sumOf(e));
      factor.data[factor.at + r] = call.round(by);
    }
  },
};

export const softmaxWeightsRows: Kernel = {
  ...rowKernel,
  name: "softmax_weights_rows",
  why: "attention divides after its second product, so a row of scores is read twice and written once; several rows share their shuffles",
  operands: {
    s: matrix("read", "lds", ": scores"),
    e: matrix("write", "lde", ": e^(s - max of the row); may be s"),
    factor: vector("write", "1 / sum of each row of e"),
  },
  args: ["rows", "n", "lds", "lde"],
  headers: ["kernels/rows/weights.hpp"],
  promises: [
    "a relative error of (4 + 2.3 (max - s)) 2^-24 at most",
    "the factor of a row with a NaN or +inf, or of nothing but -inf, is NaN",
  ],
  cpp: (call) =>
    `fs::softmax_weights_rows(${[call.pointer("e"), call.arg("lde"), call.pointer("s"), call.arg("lds"), call.pointer("factor"), call.arg("rows"), call.arg("n")].join(", ")});`,
  meaning: (call) => {
    const of = (name: string) => call.operand(name) ?? bug(`softmax_weights_rows without ${name}`);
    const [s, e, factor, n] = [of("s"), of("e"), of("factor"), call.arg("n")];
    for (let r = 0; r < call.arg("rows"); r++) {
      const row = Array.from({ length: n }, (_, i) => Number(s.data[s.at + r * call.arg("lds") + i]));
      const top = largest(row);
      const weights = row.map((v) => call.round(Math.exp(v - top)));
      weights.forEach((v, i) => (e.data[e.at + r * call.arg("lde") + i] = v));
      factor.data[factor.at + r] = call.round(1 / sumOf(weights));
    }
  },
};

/** An f32 literal. */
const f32Text = (x: number): string => {
  const text = String(Math.fround(x));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
};

/** A row's factor and shift, then gamma and beta. */
function normalise(call: CallValues, center: boolean): void {
  const at = (name: string, otherwise: number): ((i: number) => number) =>
    call.operand(name) === undefined ? () => otherwise : reader(call, name);
  const [gamma, beta] = [at("gamma", 1), center ? at("beta", 0) : () => 0];
  eachRow(call, (row) => {
    const mean = center ? sumOf(row) / row.length : 0;
    const variance = sumOf(row.map((v) => (v - mean) ** 2)) / row.length;
    const factor = 1 / Math.sqrt(variance + Number(call.param("epsilon")));
    return row.map((v, i) => (v - mean) * factor * gamma(i) + beta(i));
  });
}

const gammaOperand: OperandContract = { ...vector("read", "n factors; absent: 1"), optional: true };
const pointerOrNull = (call: CallText, name: string): string => call.pointer(name) ?? "nullptr";

export const layerNormRows: Kernel = {
  ...rowKernel,
  name: "layer_norm_rows",
  why: "mean, variance and scaling of a row while it is in cache; distances from the mean, so that a large one costs no digits",
  operands: { ...rowKernel.operands, gamma: gammaOperand, beta: { ...vector("read", "n summands; absent: 0"), optional: true } },
  params: { epsilon: "what is added to the variance" },
  promises: ["the variance is the mean of squared distances from the mean"],
  cpp: (call) =>
    `fs::layer_norm_rows(${pitches(call)}, ${pointerOrNull(call, "gamma")}, ${pointerOrNull(call, "beta")}, ${f32Text(Number(call.param("epsilon")))}, ${extents(call)});`,
  meaning: (call) => normalise(call, true),
};

export const rmsNormRows: Kernel = {
  ...rowKernel,
  name: "rms_norm_rows",
  why: "the mean square and the scaling of a row while it is in cache",
  operands: { ...rowKernel.operands, gamma: gammaOperand },
  params: { epsilon: "what is added to the mean square" },
  promises: ["sums are taken lane by lane, in four chains"],
  cpp: (call) =>
    `fs::rms_norm_rows(${pitches(call)}, ${pointerOrNull(call, "gamma")}, ${f32Text(Number(call.param("epsilon")))}, ${extents(call)});`,
  meaning: (call) => normalise(call, false),
};

export const softmaxBytesRows: Kernel = {
  ...rowKernel,
  name: "softmax_bytes_rows",
  why: "weights of a softmax that the model quantises become bytes while a few rows of them are in the nearest cache",
  operands: {
    s: matrix("read", "lds", ": scores"),
    b: {
      dtype: "u8",
      access: "write",
      what: "rows x n, row stride ldb: round(step * weight), at most 255",
      rect: { rows: "rows", cols: "n", ld: "ldb" },
    },
    e: { dtype: "f32", access: "write", what: "room for four rows, row stride lde" },
  },
  args: ["rows", "n", "lds", "ldb", "lde"],
  params: { step: "what the weights (which add up to 1) are multiplied by, below 2^30" },
  headers: ["kernels/rows/weights.hpp"],
  promises: [
    "a weight is rounded to the other of two bytes only where it lies as near to their middle as floats can tell",
    "a row with a NaN or +inf, or of nothing but -inf, is 0",
  ],
  cpp: (call) =>
    `fs::softmax_bytes_rows(${[call.pointer("b"), call.arg("ldb"), call.pointer("e"), call.arg("lde"), call.pointer("s"), call.arg("lds")].join(", ")}, ${f32Text(Number(call.param("step")))}, ${extents(call)});`,
  meaning: (call) => {
    const of = (name: string) => call.operand(name) ?? bug(`softmax_bytes_rows without ${name}`);
    const [s, b, n] = [of("s"), of("b"), call.arg("n")];
    for (let r = 0; r < call.arg("rows"); r++) {
      const row = Array.from({ length: n }, (_, i) => Number(s.data[s.at + r * call.arg("lds") + i]));
      const bytes = softmax(row, "nan").map((v) => roundEven(Math.min(255, v * Number(call.param("step")))));
      bytes.forEach((v, i) => (b.data[b.at + r * call.arg("ldb") + i] = Number.isNaN(v) ? 0 : v));
    }
  },
};
