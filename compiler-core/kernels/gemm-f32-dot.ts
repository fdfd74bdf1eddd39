/** f32 GEMM with few columns, as dot products along k: native/kernels/gemm_f32/gemm_f32_dot.hpp. */
import { f32Lanes } from "../machine.ts";
import { bug } from "../messages.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

function cpp(call: CallText): string {
  const sizes = `${call.arg("m")}, ${call.arg("n")}, ${call.arg("k")}`;
  return `fs::gemm_f32_dot(${sizes}, ${call.pointer("a")}, ${call.arg("lda")}, ${call.pointer("b")}, ${call.arg("ldb")}, ${call.epilogue ?? bug("gemm_f32_dot without epilogue")});`;
}

function meaning(call: CallValues): void {
  const a = call.operand("a") ?? bug("gemm_f32_dot without a");
  const b = call.operand("b") ?? bug("gemm_f32_dot without b");
  const [m, n, k, lda, ldb] = [call.arg("m"), call.arg("n"), call.arg("k"), call.arg("lda"), call.arg("ldb")];
  for (let i = 0; i < m; i++) {
    for (let col = 0; col < n; col += call.lanes) {
      const acc: number[] = [];
      for (let j = col; j < Math.min(n, col + call.lanes); j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += element(a, i * lda + p) * element(b, j * ldb + p);
        acc.push(call.round(sum));
      }
      call.epilogue(i, col, acc);
    }
  }
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
