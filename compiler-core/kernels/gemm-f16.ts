/** Products with f16 weights and f32 sums, and their packing: native/kernels/gemm_f16/gemm_f16.hpp. */
import type { CpuFeature, IsaName } from "../machine.ts";
import { isaSets } from "../machine.ts";
import { bug } from "../messages.ts";
import { gemmF32 } from "./gemm-f32.ts";
import type { Kernel } from "./kernel.ts";
import { packKernel } from "./pack-b.ts";

const hasF16 = (isa: IsaName): boolean => (isaSets[isa] as readonly CpuFeature[]).includes("avx512_fp16");

export const gemmF16: Kernel = {
  ...gemmF32,
  name: "gemm_f16",
  why: "reads half of the bytes of f32 and widens them on the way; sums are f32, as exact as gemm_f32's",
  operands: {
    ...gemmF32.operands,
    a: { ...gemmF32.operands["a"]!, dtype: "f16" },
    b: { dtype: "f16", access: "read", what: "panels [n/nr][kb][nr] made by pack_b_f16" },
  },
  args: ["m", "n", "k", "lda", "kb"],
  optionalArgs: ["ldc"],
  needs: (_, has) => (has("c") ? ["ldc"] : []),
  params: { nr: "columns of a panel: gemmF32Tile(isa).nr" },
  headers: ["kernels/gemm_f16/gemm_f16.hpp"],
  features: (isa) => (hasF16(isa) ? ["avx512_fp16"] : []),
  promises: ["the result is gemm_f32's on the widened operands, bit by bit", ...gemmF32.promises.slice(1)],
  // A conversion for every vector of B, and for every element of A unless one instruction converts and broadcasts it.
  score: (facts) => (facts.isa === "scalar" ? 0.05 : hasF16(facts.isa) ? 0.75 : 0.55) * gemmF32.score(facts),
  cpp: (call) => {
    const start = call.pointer("c");
    const init = start === undefined ? "fs::gemm_zero{}" : `fs::gemm_from{${start}, ${call.arg("ldc")}}`;
    const operands = `fs::a_rows{${call.pointer("a")}, ${call.arg("lda")}}, fs::b_panels{${call.pointer("b")}, ${call.arg("kb")}}`;
    return `fs::gemm_f16(${["m", "n", "k"].map(call.arg).join(", ")}, ${operands}, ${init}, ${call.epilogue ?? bug("gemm_f16 without epilogue")});`;
  },
};

/** As gemm_f16 with rows of f32: what a model of f32 activations and f16 weights needs. */
export const gemmF32F16: Kernel = {
  ...gemmF16,
  name: "gemm_f32_f16",
  why: "f16 weights under f32 activations: half of the bytes of the weights, nothing rounded",
  operands: { ...gemmF16.operands, a: gemmF32.operands["a"]! },
  score: (facts) => (facts.isa === "scalar" ? 0.05 : 0.85) * gemmF32.score(facts),
};

const headers = ["kernels/gemm_f16/gemm_f16.hpp"];
export const packBF16 = packKernel(
  "pack_b_f16",
  "fs::pack_b",
  "f16",
  "k x n, row-major with row stride ld",
  (p, j, ld) => p * ld + j,
  { rows: "k", cols: "n" },
  headers,
);
export const packBF16Transposed = packKernel(
  "pack_b_f16_transposed",
  "fs::pack_b_transposed",
  "f16",
  "n x k, row-major with row stride ld",
  (p, j, ld) => j * ld + p,
  { rows: "n", cols: "k" },
  headers,
);
