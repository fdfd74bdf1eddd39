import assert from "node:assert/strict";
import { test } from "node:test";
import { gemmF32Tile } from "../../kernels/index.ts";
import { f32Lanes, type MachineProfile } from "../../machine.ts";
import { coreFigures, predictGemm, rankGemm } from "./gemm-cost.ts";
import { gemmCandidates, gemmProblemKey, neighbours, plainChoice, pointKey, pointOf, pointProblem, registerTiles } from "./gemm-space.ts";
import type { GemmProblem } from "./gemm-space.ts";

const machine: MachineProfile = {
  name: "test",
  features: [],
  caches: { l1d: 32 << 10, l2: 1 << 20, l3: 32 << 20 },
  cores: 2,
  peaks: { ghz: 3.7, f32GflopsPerCore: 118, f32Avx2GflopsPerCore: 118 },
};

const sizes = [
  [1, 64, 64],
  [16, 64, 64],
  [100, 10, 784],
  [128, 512, 256],
  [33, 65, 129],
] as const;
const problems = sizes.flatMap(([m, n, k]) =>
  ([1, 2] as const).flatMap((threads) =>
    (["scalar", "avx2", "avx512"] as const).map((isa): GemmProblem => ({
      kernel: "gemm_f32",
      m,
      n,
      k,
      batch: 1,
      threads,
      isa,
      b: "panels",
      mayCopy: true,
      colliding: k % 512 === 0,
    })),
  ),
);

/** Each space once: they are large. */
const spaces = problems.map((p) => ({ p, all: gemmCandidates(p) }));

test("register tiles leave room for B and a broadcast, and the usual one is among them", () => {
  for (const isa of ["avx2", "avx512"] as const) {
    const registers = isa === "avx2" ? 16 : 32;
    for (const [mr, nv] of registerTiles({ isa, kernel: "gemm_f32" }))
      assert.ok(mr * nv + nv + 1 <= registers && mr <= 16, `${isa} ${mr} x ${nv}`);
    const { mr, nv } = gemmF32Tile(isa);
    assert.deepEqual(registerTiles({ isa, kernel: "gemm_f32" })[0], [mr, nv]);
  }
});

test("ordinary products have two hundred points and more, all of them distinct and usable", () => {
  for (const { p, all } of spaces) {
    if (p.m >= 16 && p.n >= 64 && p.isa !== "scalar") assert.ok(all.length >= 200, `${gemmProblemKey(p)}: ${all.length}`);
    assert.equal(new Set(all.map((c) => pointKey(c.point))).size, all.length);
    for (const { point } of all) assert.equal(pointProblem({ ...point }, p), undefined, `${gemmProblemKey(p)} ${pointKey(point)}`);
  }
});

test("points cover the result, with no more threads than there are", () => {
  for (const { p, all } of spaces) {
    for (const { point } of all) {
      const pieces = Math.ceil(p.m / point.rowsPerThread) * Math.ceil(p.n / point.colsPerThread);
      assert.ok(pieces <= p.threads && point.kc * Math.ceil(p.k / point.kc) >= p.k, pointKey(point));
    }
  }
});

test("neighbours differ from their choice and lie in the space", () => {
  for (const { p, all } of spaces) {
    const plain = plainChoice(p);
    const known = new Set(all.map((c) => pointKey(c.point)));
    for (const c of neighbours(plain, p)) {
      const key = pointKey(pointOf(c, p));
      assert.ok(known.has(key) && key !== pointKey(pointOf(plain, p)));
    }
  }
});

test("the chosen point is within the model's doubt of the best that it predicts for any point", () => {
  for (const { p, all } of spaces) {
    const figures = coreFigures(machine, p.isa, p.threads);
    const best = all.reduce((least, c) => Math.min(least, predictGemm(figures, p, c.point)), Infinity);
    const chosen = rankGemm(machine, p)[0]?.ns ?? Infinity;
    assert.ok(chosen <= 1.1 * best, `${gemmProblemKey(p)}: ${chosen} ns, the best is ${best} ns`);
  }
});

test("twice the work takes about twice the time, and two threads take less", () => {
  const p = problems.find((q) => q.m === 128 && q.n === 512 && q.isa === "avx512" && q.threads === 1)!;
  const ns = (q: GemmProblem): number => rankGemm(machine, q)[0]?.ns ?? NaN;
  assert.ok(Math.abs(ns({ ...p, n: 1024 }) / ns(p) - 2) < 0.2);
  assert.ok(ns({ ...p, threads: 2 }) < 0.65 * ns(p));
});

test("what does not fit a problem is refused with the reason", () => {
  const p = problems.find((q) => q.m === 128 && q.n === 512 && q.isa === "avx512" && q.threads === 1)!;
  const good = { ...pointOf(plainChoice(p), p) };
  assert.equal(pointProblem(good, p), undefined);
  const lanes = f32Lanes(p.isa);
  const bad: readonly (readonly [Record<string, number | string>, RegExp])[] = [
    [{ ...good, mr: 31 }, /no register tile of 31/],
    [{ ...good, mc: 15 }, /no whole tiles/],
    [{ ...good, nc: lanes + 1 }, /no whole panels/],
    [{ ...good, kc: 0 }, /kc is not a size/],
    [{ ...good, rowsPerThread: 4096 }, /greater extents/],
    [{ ...good, order: "diagonal" }, /neither rows nor columns/],
  ];
  for (const [params, says] of bad) assert.match(pointProblem(params, p) ?? "", says);
  assert.match(pointProblem(good, { ...p, panel: 64 }) ?? "", /packed to panels of 64/);
});
