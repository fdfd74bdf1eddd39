/** Packing of a weight matrix into column panels, once, by `init`: native/kernels/gemm_f32/pack.hpp. */
import { bug } from "../messages.ts";
import type { CallText, CallValues, Kernel } from "./kernel.ts";
import { element } from "./kernel.ts";

function packKernel(name: string, what: string, from: (p: number, j: number, ld: number) => number): Kernel {
  return {
    name,
    why: "each step of k reads one unit-stride vector of the panel, whatever the matrix's own layout",
    operands: {
      src: { dtype: "f32", access: "read", what },
      dst: { dtype: "f32", access: "write", what: "panels [n/nr][k][nr], zero padded; only panels first..last-1 are written" },
    },
    args: ["k", "n", "ld", "first", "last"],
    optionalArgs: [],
    params: { nr: "columns of a panel" },
    headers: ["kernels/gemm_f32/pack.hpp"],
    features: () => [],
    promises: ["columns past n are zero"],
    accepts: () => true,
    score: () => 1,
    cpp: (call: CallText) =>
      `fs::${name}<${call.param("nr")}>(${call.pointer("dst")}, ${call.pointer("src")}, ${["ld", "k", "n", "first", "last"].map(call.arg).join(", ")});`,
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

export const packB = packKernel("pack_b", "k x n, row-major with row stride ld", (p, j, ld) => p * ld + j);
export const packBTransposed = packKernel("pack_b_transposed", "n x k, row-major with row stride ld", (p, j, ld) => j * ld + p);
