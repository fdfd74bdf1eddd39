/** f32 GEMM with few columns, as dot products along k: native/kernels/gemm_f32/gemm_f32_dot.hpp. */
import { f32Lanes } from "../machine.ts";
import { bug } from "../messages.ts";
import { rowsOf, sumProducts } from "./gemm-meaning.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";

function cpp(call: CallText): string {
  const sizes = `${call.arg("m")}, ${call.arg("n")}, ${call.arg("k")}`;
  return `fs::gemm_f32_dot(${sizes}, ${call.pointer("a")}, ${call.arg("lda")}, ${call.pointer("b")}, ${call.arg("ldb")}, ${call.epilogue ?? bug("gemm_f32_dot without epilogue")});`;
}

function meaning(call: CallValues): void {
  const bt = rowsOf(call, "b", "ldb");
  sumProducts(call, { a: rowsOf(call, "a", "lda"), b: (p, j) => bt(j, p), start: () => 0, finish: call.round });
}

export const gemmF32Dot: Kernel = {
  name: "gemm_f32_dot",
  why: "with fewer columns than lanes, vectors along k waste nothing",
  operands: {
    a: { dtype: "f32", access: "read", what: "m x k, row-major with row stride lda", rect: { rows: "m", cols: "k", ld: "lda" } },
    b: {
      dtype: "f32",
      access: "read",
      what: "n x k (B transposed), row-major with row stride ldb",
      rect: { rows: "n", cols: "k", ld: "ldb" },
    },
  },
  args: ["m", "n", "k", "lda", "ldb"],
  optionalArgs: [],
  params: {},
  acc: "f32",
  headers: ["kernels/gemm_f32/gemm_f32_dot.hpp"],
  features: () => [],
  promises: ["sums are taken lane-wise over k, then across the lanes"],
  accepts: ({ n, k, isa }) =>
    n >= f32Lanes(isa)
      ? `${n} columns fill a vector, gemm_f32 keeps them in lanes`
      : k < f32Lanes(isa)
        ? `k = ${k} is shorter than a vector`
        : true,
  // Two loads for one fma at worst, plus the sum across lanes at the end.
  score: ({ k, isa }) => 0.5 * (k / (k + 4 * f32Lanes(isa))),
  cpp,
  meaning,
};
