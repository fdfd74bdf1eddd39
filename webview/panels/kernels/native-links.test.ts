import assert from "node:assert/strict";
import { test } from "node:test";
import type { TextReply } from "#protocol";
import { instructionsOf, placeOf, shortPlace } from "./native-links.ts";
import { tokens } from "./syntax.ts";

const asm: TextReply = {
  language: "asm",
  lines: ["f:", "  vfmadd231ps zmm0, zmm1, zmm2", "  ret"],
  origins: [],
  headers: { files: ["kernels/gemm/tile.hpp"], file: Int32Array.of(-1, 0, -1), line: Int32Array.of(0, 171, 0) },
};

test("instructions and lines of a header lead to each other", () => {
  assert.deepEqual(placeOf(asm, 2), { file: "kernels/gemm/tile.hpp", line: 171 });
  assert.equal(placeOf(asm, 3), undefined);
  assert.deepEqual([...instructionsOf(asm, "kernels/gemm/tile.hpp", 169, 173)], [2]);
  assert.deepEqual([...instructionsOf(asm, "kernels/gemm/tile.hpp", 1, 100)], []);
  assert.deepEqual([...instructionsOf(asm, "math/exp.hpp", 1, 1000)], []);
  assert.equal(shortPlace("kernels/gemm/tile.hpp", 171), "tile.hpp:171");
});

test("calls of the native library are tokens of their own, with and without template arguments", () => {
  const native = (line: string): string[] => tokens(line, "cpp").flatMap(({ text, kind }) => (kind === "native" ? [text] : []));
  assert.deepEqual(native("  fs::gemm_f32<8, 32 / fs::f32_lanes>(fs::fixed<14>{}, k);"), ["fs::gemm_f32"]);
  assert.deepEqual(native("  const auto e = fs::exp(fs::add(a, b));"), ["fs::exp", "fs::add"]);
});
