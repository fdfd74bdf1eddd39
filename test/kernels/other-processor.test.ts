/** Kernels on a processor without AVX-512, and on one without AVX: what is built for those sets has no wider instruction in it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import os from "node:os";
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

describe("kernels on another processor", () => {
  // One kernel; the long run has all, for scalar code too.
  for (const [isa, source] of [["avx2", "kernels/gemm_u8s8/gemm_u8s8_test.cpp"]] as const)
    test(`${source} for ${isa} on ${processors[isa]}`, { skip: reason ?? false }, async () => {
      assert.ok(typeof compiler !== "string");
      const { code, output } = await runOn(processors[isa], await buildProgram(compiler, source, isa, ["-Og", ...emulatorFlags]));
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`${isa}: [1-9]\\d* checks, 0 failures`));
    });

  test("code for a wider set does not run there", { skip: reason ?? false }, async () => {
    assert.ok(typeof compiler !== "string");
    const { code } = await runOn(
      processors.scalar,
      await buildProgram(compiler, "kernels/gemm_u8s8/gemm_u8s8_test.cpp", "avx2", ["-Og", ...emulatorFlags]),
    );
    assert.notEqual(code, 0, "so that the tests above can fail");
  });
});
