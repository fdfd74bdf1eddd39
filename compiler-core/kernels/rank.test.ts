import assert from "node:assert/strict";
import { test } from "node:test";
import { isaSets, type IsaName } from "../machine.ts";
import type { DType } from "../support/dtype.ts";
import { kernels, rankGemms } from "./index.ts";

const isas = Object.keys(isaSets) as IsaName[];
const best = (a: DType, b: DType, isa: IsaName, m = 64, n = 512, k = 512): string | undefined => {
  const [first] = rankGemms({ a, b, m, n, k, isa, bConstant: true });
  return first?.refused === undefined ? first?.kernel.name : undefined;
};

test("every product kernel has a row, and each is the best for something", () => {
  const products = kernels.filter((k) => k.acc !== undefined && "a" in k.operands).map((k) => k.name);
  const listed = rankGemms({ m: 1, n: 1, k: 1, isa: "scalar", bConstant: true }).map((r) => r.kernel.name);
  assert.deepEqual([...listed].sort(), [...products].sort());
  const types: readonly (readonly [DType, DType])[] = [
    ["f32", "f32"],
    ["bf16", "bf16"],
    ["u8", "i8"],
    ["i8", "i8"],
    ["f16", "f16"],
    ["f32", "f16"],
    ["f32", "u4"],
    ["i8", "u4"],
  ];
  const won = new Set(types.flatMap(([a, b]) => isas.flatMap((isa) => [best(a, b, isa), best(a, b, isa, 1024, 1, 512)])));
  assert.deepEqual(
    products.filter((p) => !won.has(p)),
    [],
  );
});

test("the table says why not", () => {
  const rows: readonly (readonly [Parameters<typeof rankGemms>[0], string, RegExp])[] = [
    [{ m: 64, n: 64, k: 64, isa: "avx512", bConstant: true }, "gemm_bf16", /multiplies bf16 with bf16, not f32 with f32/],
    [{ m: 64, n: 64, k: 64, isa: "avx512", bConstant: true }, "gemm_f32_dot", /64 columns fill a vector/],
    [
      { a: "bf16", b: "bf16", m: 64, n: 64, k: 64, isa: "avx512-bf16", bConstant: true },
      "gemm_bf16_amx",
      /avx512-bf16 has no amx_tile and amx_bf16/,
    ],
    [{ a: "u8", b: "i8", m: 4, n: 64, k: 64, isa: "amx", bConstant: true }, "gemm_u8s8_amx", /4 rows do not fill a tile of 16/],
    [{ a: "u8", b: "i8", m: 64, n: 64, k: 70000, isa: "amx", bConstant: true }, "gemm_u8s8", /can exceed 32 bits/],
  ];
  for (const [facts, kernel, reason] of rows) {
    const found = rankGemms(facts).find((r) => r.kernel.name === kernel);
    assert.match(found?.refused ?? "", reason);
    assert.equal(found?.score, 0);
  }
});

test("accepted kernels come first, the fastest first; all refusals have reasons", () => {
  for (const isa of isas)
    for (const [a, b] of [
      ["f32", "f32"],
      ["bf16", "bf16"],
      ["u8", "i8"],
    ] as const) {
      const table = rankGemms({ a, b, m: 100, n: 100, k: 100, isa, bConstant: true });
      const refusals = table.map((r) => r.refused !== undefined);
      assert.deepEqual(refusals, [...refusals].sort());
      table.forEach((r, i) => {
        assert.ok(r.refused !== undefined || (r.score > 0 && r.score <= 1 && r.speed > 0), `${r.kernel.name}: ${r.score}`);
        assert.ok(i === 0 || table[i - 1]!.speed >= r.speed);
      });
    }
  assert.equal(best("bf16", "bf16", "amx"), "gemm_bf16_amx");
  assert.equal(best("bf16", "bf16", "avx512"), "gemm_bf16");
  assert.equal(best("u8", "i8", "amx", 8), "gemm_u8s8");
});
