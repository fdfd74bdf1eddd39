/** The tuner on this machine: its harness computes products at every tile and order, and it finds back from a bad choice. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, widestIsa, type MachineProfile } from "#core";
import { compileModel, findToolchain, localMachine, openSessionModel, RunnerClient, tunableProblems, tuneModel } from "#core/io";
import { finalRun } from "../../compiler-core/io/session/tune-final.ts";
import { GemmHarness, isMeasurable } from "../../compiler-core/io/session/tune-harness.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import {
  gemmCandidates,
  gemmProblemKey,
  pointProblem,
  type GemmPoint,
  type GemmProblem,
} from "../../compiler-core/passes/2-lower/gemm-space.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-tune-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const compiler = await findToolchain().then(
  () => true,
  () => false,
);
const skip = compiler ? false : "no C++ compiler";
const isa = widestIsa(localMachine());

for (const b of ["panels", "rows"] as const) {
  test(`the harness computes the product at every tile, B in ${b}`, { skip }, async () => {
    const p: GemmProblem = { m: 37, n: 150, k: 96, batch: 1, threads: 2, isa, b, mayCopy: true };
    const client = await RunnerClient.start();
    try {
      const harness = await GemmHarness.open(client, p, {});
      const { a, pitch, b: right } = harness.matrices();
      const want = Array.from({ length: p.m * p.n }, (_, i) => {
        const [row, col] = [Math.floor(i / p.n), i % p.n];
        let sum = 0;
        for (let j = 0; j < p.k; j++) sum += a[row * pitch + j]! * right[j * p.n + col]!;
        return sum;
      });
      const all = gemmCandidates(p).filter((c) => isMeasurable(p, c.point));
      assert.ok(all.length >= 200);
      const step = Math.floor(all.length / 150);
      for (const { point } of all.filter((_, i) => i % step === 0)) {
        const have = await harness.product(point);
        const bad = want.findIndex((w, i) => !(Math.abs(have[i]! - w) <= 1e-4));
        assert.ok(bad < 0, `${JSON.stringify(point)}: element ${bad} is ${have[bad]}, not ${want[bad]}`);
      }
      const times = await harness.measure(all.slice(0, 20).map(({ point }) => ({ point, repeat: 3 })));
      assert.ok(times.length === 20 && times.every((ns) => ns > 100 && ns < 1e9), times.join());
      await harness.close();
    } finally {
      await client.close();
    }
  });
}

/** x w with a relu. */
function modelFile(m: number, n: number, k: number): string {
  const b = modelBuilder();
  b.input("x", "f32", [m, k]);
  b.initializer(
    "w",
    "f32",
    [k, n],
    Float32Array.from({ length: k * n }, (_, i) => Math.sin(i)),
  );
  b.node("MatMul", ["x", "w"], "h");
  b.node("Relu", ["h"], "y");
  b.output("y", "f32", [m, n]);
  const file = path.join(folder, "product.onnx");
  fs.writeFileSync(file, encodeModel(b.build()));
  return file;
}

test("from a bad entry of the profile the tuner finds back to what the model would choose, or better", { skip }, async () => {
  const model = openSessionModel(modelFile(96, 256, 128));
  try {
    const machine = localMachine();
    const good = tunableProblems(compileModel(model, defaultOptions, machine), undefined)[0]!;
    // Small blocks, many passes with partial sums, and a copy of A for every block of columns.
    const tile = gemmCandidates(good.problem).find(
      (c) => c.point.nr === Math.min(...gemmCandidates(good.problem).map((d) => d.point.nr)),
    )!.point;
    const bad: GemmPoint = { ...tile, mc: tile.mr, nc: tile.nr, kc: 32, order: "columns", copyA: 1 };
    assert.equal(pointProblem({ ...bad }, good.problem), undefined);
    const planted: MachineProfile = { ...machine, tuned: [{ problem: gemmProblemKey(good.problem), params: { ...bad } }] };
    const compilation = compileModel(model, defaultOptions, planted);
    const result = await tuneModel(model, compilation, defaultOptions, planted, { budgetSeconds: 20, points: 200, seed: 1, keep: false });
    const [p] = result.problems;
    assert.deepEqual(p?.before?.params, { ...bad }, "it began at the bad point");
    assert.ok((p?.points ?? 0) >= 200, `${p?.points} points`);
    assert.ok(p?.final?.taken === true && p.final.ratio.ci95[0] > 1.05, JSON.stringify({ final: p?.final, why: p?.why }));
    const subject = { model, compilation, options: defaultOptions, machine, key: good.key, group: good.groups[0]!.id };
    const winner = p.best[0]!.params as unknown as GemmPoint;
    const against = await finalRun(subject, good.before, [winner], { seed: 1 }, 4);
    if ("final" in against) assert.ok(against.final.ratio.median > 0.95, `${against.final.ratio.median} of the model's choice`);
  } finally {
    model.close();
  }
});
