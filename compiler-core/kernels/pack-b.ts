/** Packing of a weight matrix into column panels, once, by `init`: native/kernels/gemm_f32/pack.hpp. */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

/** Packing by the C++ function `cpp` of elements that stay as they are; `from`: where element (p, j) lies in the matrix. */
export function packKernel(
  name: string,
  cpp: string,
  dtype: DType,
  what: string,
  from: (p: number, j: number, ld: number) => number,
  rect: { readonly rows: string; readonly cols: string },
  headers: readonly string[] = ["kernels/gemm_f32/pack.hpp"],
): Kernel {
  return {
    name,
    why: "each step of k reads one unit-stride vector of the panel, whatever the matrix's own layout",
    operands: {
      src: { dtype, access: "read", what, rect: { ...rect, ld: "ld" } },
      dst: { dtype, access: "write", what: "panels [n/nr][k][nr], zero padded; only panels first..last-1 are written" },
    },
    args: ["k", "n", "ld", "first", "last"],
    optionalArgs: [],
    params: { nr: "columns of a panel" },
    rounds: dtype,
    headers,
    features: () => [],
    promises: ["columns past n are zero"],
    accepts: () => true,
    score: () => 1,
    cpp: (call: CallText) =>
      `${cpp}<${call.param("nr")}>(${call.pointer("dst")}, ${call.pointer("src")}, ${["ld", "k", "n", "first", "last"].map(call.arg).join(", ")});`,
    meaning: (call: CallValues) => {
      const src = call.operand("src") ?? bug(`${name} without src`);
      const dst = call.operand("dst") ?? bug(`${name} without dst`);
      const [k, n, ld, nr] = [call.arg("k"), call.arg("n"), call.arg("ld"), Number(call.param("nr"))];
      for (let panel = call.arg("first"); panel < call.arg("last"); panel++) {
        for (let p = 0; p < k; p++) {
          for (let c = 0; c < nr; c++) {
            const j = panel * nr + c;
            dst.data[dst.at + (panel * k + p) * nr + c] = j < n ? element(src, from(p, j, ld)) : 0;
          }
        }
      }
    },
  };
}

export const packB = packKernel("pack_b", "fs::pack_b", "f32", "k x n, row-major with row stride ld", (p, j, ld) => p * ld + j, {
  rows: "k",
  cols: "n",
});
export const packBTransposed = packKernel(
  "pack_b_transposed",
  "fs::pack_b_transposed",
  "f32",
  "n x k, row-major with row stride ld",
  (p, j, ld) => j * ld + p,
  { rows: "n", cols: "k" },
);
