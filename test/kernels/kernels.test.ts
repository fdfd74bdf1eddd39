/** Every kernel and the vector layer against their scalar meaning, on every instruction set this machine has. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IsaName } from "#core";
import { buildProgram, cannotRun, compilerOrReason, runProgram } from "./native-program.ts";

interface Row {
  readonly source: string;
  readonly isas: readonly IsaName[];
  readonly flags?: readonly string[];
}

/** What differs between the sets decides where a program runs. -Og, because these build longer than they run; what -O3 makes of the kernels is tested with the generated code; sets that are missing here are in the long run. */
const rows: readonly Row[] = [
  { source: "simd/simd_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  { source: "math/math_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  { source: "runtime/spmd_test.cpp", isas: ["scalar"], flags: ["-Og"] },
  { source: "runtime/topology_test.cpp", isas: ["scalar"], flags: ["-Og"] },
  { source: "kernels/transpose/transpose_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  { source: "kernels/gemm_f32/gemm_f32_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  { source: "kernels/conv_f32/conv_f32_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  { source: "kernels/gemm_u8s8/gemm_u8s8_test.cpp", isas: ["scalar", "avx2", "avx512", "avx512-vnni"], flags: ["-Og"] },
  { source: "kernels/gemm_bf16/gemm_bf16_test.cpp", isas: ["scalar", "avx2", "avx512"], flags: ["-Og"] },
  // Single instructions are written as assembly: in the dialect of listings too.
  { source: "kernels/gemm_bf16/gemm_bf16_test.cpp", isas: ["avx512-bf16"], flags: ["-Og", "-masm=intel"] },
  { source: "kernels/gemm_amx/gemm_amx_test.cpp", isas: ["avx512-bf16"], flags: ["-Og", "-masm=intel", "-DFS_AMX_EMULATED"] },
  { source: "kernels/gemm_f16/gemm_f16_test.cpp", isas: ["avx512", "avx512-fp16"], flags: ["-Og"] },
  { source: "kernels/conv_last/conv_last_test.cpp", isas: ["avx2", "avx512-vnni"], flags: ["-Og"] },
  { source: "kernels/depthwise_last/depthwise_last_test.cpp", isas: ["avx2", "avx512-vnni"], flags: ["-Og"] },
  { source: "kernels/winograd_last/winograd_last_test.cpp", isas: ["avx2", "avx512"], flags: ["-Og"] },
  { source: "kernels/rows/rows_test.cpp", isas: ["avx2", "avx512"], flags: ["-Og"] },
  { source: "kernels/gemm_i4/gemm_i4_test.cpp", isas: ["avx2", "avx512-vnni"], flags: ["-Og"] },
  { source: "kernels/gemm_amx/gemm_amx_test.cpp", isas: ["amx"], flags: ["-Og"] },
];

const compiler = await compilerOrReason();

describe("native kernels", { concurrency: 2 }, () => {
  for (const { source, isas, flags } of rows) {
    for (const isa of isas) {
      const reason = typeof compiler === "string" ? compiler : cannotRun(isa);
      test(`${source} on ${isa}`, { skip: reason ?? false }, async () => {
        assert.ok(typeof compiler !== "string");
        const { code, output } = await runProgram(await buildProgram(compiler, source, isa, flags));
        assert.equal(code, 0, output);
        assert.match(output, / 0 failures/);
        assert.doesNotMatch(output, /: 0 checks/);
      });
    }
  }
});
