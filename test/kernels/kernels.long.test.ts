/** The native tests under the address, undefined-behaviour and thread sanitizers, and the vector functions on many more values. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IsaName } from "#core";
import { buildProgram, cannotRun, compilerOrReason, runProgram } from "./native-program.ts";

const addresses = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
const everywhere: readonly IsaName[] = ["scalar", "avx2", "avx512-bf16"];
const rows: readonly {
  readonly source: string;
  readonly isas: readonly IsaName[];
  readonly flags: readonly string[];
  readonly args?: readonly string[];
}[] = [
  { source: "simd/simd_test.cpp", isas: everywhere, flags: addresses },
  { source: "math/math_test.cpp", isas: everywhere, flags: addresses },
  { source: "math/math_test.cpp", isas: everywhere, flags: ["-O2"], args: ["97"] },
  { source: "runtime/spmd_test.cpp", isas: ["scalar"], flags: addresses },
  { source: "runtime/spmd_test.cpp", isas: ["scalar"], flags: ["-O1", "-fsanitize=thread"] },
  { source: "runtime/topology_test.cpp", isas: ["scalar"], flags: addresses },
  { source: "kernels/transpose/transpose_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_f32/gemm_f32_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_f32/gemm_f32_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/gemm_u8s8/gemm_u8s8_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_u8s8/gemm_u8s8_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/gemm_bf16/gemm_bf16_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_bf16/gemm_bf16_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/gemm_f16/gemm_f16_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_f16/gemm_f16_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/conv_f32/conv_f32_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/conv_last/conv_last_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/depthwise_last/depthwise_last_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/winograd_last/winograd_last_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/rows/rows_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/rows/rows_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/gemm_i4/gemm_i4_test.cpp", isas: everywhere, flags: addresses },
  { source: "kernels/gemm_i4/gemm_i4_test.cpp", isas: everywhere, flags: ["-O3"] },
  { source: "kernels/gemm_amx/gemm_amx_test.cpp", isas: ["avx512-bf16"], flags: [...addresses, "-DFS_AMX_EMULATED"] },
];

const compiler = await compilerOrReason();

describe("native kernels, thoroughly", { concurrency: 2 }, () => {
  for (const { source, isas, flags, args } of rows) {
    for (const isa of isas) {
      const reason = typeof compiler === "string" ? compiler : cannotRun(isa);
      test(`${source} on ${isa} with ${[...flags, ...(args ?? [])].join(" ")}`, { skip: reason ?? false }, async () => {
        assert.ok(typeof compiler !== "string");
        const { code, output } = await runProgram(await buildProgram(compiler, source, isa, flags), args, 300_000);
        assert.equal(code, 0, output);
        assert.match(output, / 0 failures/);
      });
    }
  }
});
