/** All native test programs of kernels and functions on processors without AVX-512 and without AVX. */
import assert from "node:assert/strict";
import os from "node:os";
import { describe, test } from "node:test";
import { buildProgram, compilerOrReason } from "./native-program.ts";
import { emulatorFlags, emulatorOrReason, processors, runOn } from "./other-processor.ts";

const compiler = await compilerOrReason();
const emulator = await emulatorOrReason();
const reason =
  typeof compiler === "string"
    ? compiler
    : typeof emulator === "string"
      ? emulator
      : os.arch() === "x64"
        ? undefined
        : "the programs are of x86-64";

const kernels = ["gemm_f32", "gemm_u8s8", "gemm_bf16", "gemm_f16", "gemm_i4", "conv_f32", "transpose", "rows"];
const sources = ["simd/simd_test.cpp", "math/math_test.cpp", ...kernels.map((k) => `kernels/${k}/${k}_test.cpp`)];

describe("kernels on another processor, thoroughly", { concurrency: 2 }, () => {
  for (const isa of ["scalar", "avx2"] as const)
    for (const source of sources)
      test(`${source} for ${isa} on ${processors[isa]}`, { skip: reason ?? false }, async () => {
        assert.ok(typeof compiler !== "string");
        const program = await buildProgram(compiler, source, isa, ["-O2", ...emulatorFlags]);
        const { code, output } = await runOn(processors[isa], program, [], 900_000);
        assert.equal(code, 0, output);
        assert.match(output, new RegExp(`${isa}: [1-9]\\d* checks, 0 failures`));
      });
});
