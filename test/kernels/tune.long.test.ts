/** The tuner on this machine: its harness computes products at every tile and order, and it finds back from a bad choice. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, widestIsa, type CompileOptions, type MachineProfile } from "#core";
import { compileModel, findToolchain, localMachine, openSessionModel, RunnerClient, tunableProblems, tuneModel } from "#core/io";
import { Budget } from "../../compiler-core/io/session/tune-budget.ts";
import { convTable } from "../../compiler-core/io/session/tune-conv.ts";
import { finalRun } from "../../compiler-core/io/session/tune-final.ts";
import { gemmTable, pitchOf } from "../../compiler-core/io/session/tune-gemm.ts";
import { PointHarness, type PointTable } from "../../compiler-core/io/session/tune-harness.ts";
import { threeAxes } from "../../compiler-core/graph/window.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { convAxes, convPoint, type ConvProblem } from "../../compiler-core/passes/2-lower/conv-space.ts";
import { gemmCandidates, type GemmProblem } from "../../compiler-core/passes/2-lower/gemm-space.ts";
import type { ParamSpace } from "../../compiler-core/passes/2-lower/params/index.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-tune-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const compiler = await findToolchain().then(
  () => true,
  () => false,
);
const skip = compiler ? false : "no C++ compiler";
const isa = widestIsa(localMachine());

/** Opens a harness, and closes it. */
async function withHarness(table: PointTable | { readonly why: string }, use: (harness: PointHarness) => Promise<void>): Promise<void> {
  assert.ok(!("why" in table));
  const client = await RunnerClient.start();
  try {
    const harness = await PointHarness.open(client, table, {});
    await use(harness);
    await harness.close();
  } finally {
    await client.close();
  }
}

/** Every so-manieth. */
const some = <T>(all: readonly T[], count: number): T[] => all.filter((_, i) => i % Math.max(1, Math.floor(all.length / count)) === 0);

function near(have: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  for (let i = 0; i < want.length; i++)
    assert.ok(Math.abs(have[i]! - want[i]!) <= tolerance, `${what}: element ${i} is ${have[i]}, not ${want[i]}`);
}

const products = [
  ["gemm_f32", "panels"],
  ["gemm_f32", "rows"],
  ["gemm_u8s8", "panels"],
  ["gemm_s8s8", "panels"],
] as const;
for (const [kernel, b] of products) {
  test(`the harness of ${kernel} computes the product at every tile, B in ${b}`, { skip }, async () => {
    const p: GemmProblem = { kernel, m: 37, n: 150, k: 98, batch: 1, threads: 2, isa, b, mayCopy: true };
    await withHarness(gemmTable(p), async (harness) => {
      const [left, right] = harness.operandBytes();
      const typed = {
        gemm_f32: [Float32Array, Float32Array],
        gemm_u8s8: [Uint8Array, Int8Array],
        gemm_s8s8: [Int8Array, Int8Array],
      } as const;
      const [A, B] = typed[kernel];
      const [a, w] = [new A(left!.buffer as ArrayBuffer), new B(right!.buffer as ArrayBuffer)];
      // Signed bytes are read as unsigned ones.
      const less = kernel === "gemm_s8s8" ? 128 : 0;
      const want = Array.from({ length: p.m * p.n }, (_, i) => {
        const [row, col] = [Math.floor(i / p.n), i % p.n];
        let sum = 0;
        for (let j = 0; j < p.k; j++) sum += (a[row * pitchOf(p) + j]! + less) * w[j * p.n + col]!;
        return sum;
      });
      const all = gemmCandidates(p).filter((c) => harness.table.isMeasurable({ ...c.point }));
      assert.ok(all.length >= 200, String(all.length));
      for (const { point } of some(all, 100)) {
        const { buffer } = await harness.product({ ...point });
        const have = kernel === "gemm_f32" ? new Float32Array(buffer) : new Int32Array(buffer);
        near(have, want, kernel === "gemm_f32" ? 1e-4 : 0, JSON.stringify(point));
      }
      const times = await harness.measure(all.slice(0, 20).map(({ point }) => ({ point: { ...point }, repeat: 3 })));
      assert.ok(times.length === 20 && times.every((ns) => ns > 100 && ns < 1e9), times.join());
    });
  });
}

test("the harness of convolutions computes them at every tile and in every block", { skip }, async () => {
  const axis = { kernel: 3, stride: 1, dilation: 1, begin: 1, end: 1 };
  const [batch, groups, channels, rows, side] = [2, 2, 5, 30, 13];
  const axes = threeAxes([
    { ...axis, input: side, output: side },
    { ...axis, input: side, output: side },
  ])!;
  const geometry = { batch, groups, channels, rows, k: channels * 9, axes, plane: side * side, columns: side * side };
  const p: ConvProblem = { ...geometry, threads: 2, isa };
  await withHarness(convTable(p), async (harness) => {
    const [x, w] = harness.operandBytes().map((bytes) => new Float32Array(bytes.buffer)) as [Float32Array, Float32Array];
    const pixel = (plane: number, r: number, c: number): number =>
      r < 0 || c < 0 || r >= side || c >= side ? 0 : x[plane * side * side + r * side + c]!;
    const want = Array.from({ length: batch * groups * rows * side * side }, (_, i) => {
      const [image, place] = [Math.floor(i / (rows * side * side)), i % (side * side)];
      const row = Math.floor(i / (side * side)) % rows;
      let sum = 0;
      for (let q = 0; q < p.k; q++) {
        const [channel, tap] = [Math.floor(q / 9), q % 9];
        const [dr, dc] = [Math.floor(tap / 3) - 1, (tap % 3) - 1];
        const at = pixel(image * channels + channel, Math.floor(place / side) + dr, (place % side) + dc);
        sum += w[((image % groups) * rows + row) * p.k + q]! * at;
      }
      return sum;
    });
    const all = convPoints(p);
    assert.ok(all.length >= 50, String(all.length));
    for (const point of some(all, 60)) near(new Float32Array((await harness.product(point)).buffer), want, 1e-4, JSON.stringify(point));
  });
});

/** Every distinct point of a convolution. */
function convPoints(p: ConvProblem): { readonly tile: number; readonly rows: number; readonly columns: number }[] {
  const { height, rowBlocks, columnBlocks } = convAxes(p);
  const all = height.flatMap((h) =>
    rowBlocks.flatMap((r) => columnBlocks.map((c) => convPoint({ height: h, rowBlocks: r, columnBlocks: c }, p))),
  );
  return [...new Map(all.map((point) => [JSON.stringify(point), { ...point }])).values()];
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

/** A convolution with a relu. */
function convFile(): string {
  const b = modelBuilder();
  b.input("x", "f32", [1, 32, 40, 40]);
  b.initializer(
    "w",
    "f32",
    [64, 32, 3, 3],
    Float32Array.from({ length: 64 * 32 * 9 }, (_, i) => Math.sin(i)),
  );
  b.node("Conv", ["x", "w"], "h", { attributes: { pads: [1, 1, 1, 1] } });
  b.node("Relu", ["h"], "y");
  b.output("y", "f32", [1, 64, 40, 40]);
  const file = path.join(folder, "convolution.onnx");
  fs.writeFileSync(file, encodeModel(b.build()));
  return file;
}

type Entry = Readonly<Record<string, number | string>>;

/** A bad default of each kind: what it is, and the entry that plants it. */
const planted: readonly (readonly [
  name: string,
  file: () => string,
  bad: (space: ParamSpace) => Entry,
  options: Partial<CompileOptions>,
])[] = [
  [
    // Small blocks, many passes with partial sums, and a copy of A for every block of columns.
    "a product",
    () => modelFile(96, 256, 128),
    (space) => {
      const narrow = space.axes.find((a) => a.name === "tile")!.values.length - 1;
      const { mr, nr } = space.pointOf(space.chosen.map((c, i) => (space.axes[i]!.name === "tile" ? narrow : c)));
      return { ...space.before, mr: mr!, nr: nr!, mc: mr!, nc: nr!, kc: 32, order: "columns", copyA: 1 };
    },
    {},
  ],
  [
    // Tiles of one row, a block for every panel.
    "a convolution",
    convFile,
    (space) => ({ ...space.before, ...space.pointOf(space.axes.map(({ values }) => values.length - 1)) }),
    { without: ["propagate-layouts"] },
  ],
];

for (const [name, file, badOf, more] of planted)
  test(`${name}: from a bad entry of the profile the tuner finds back to what the model would choose, or better`, { skip }, async () => {
    const model = openSessionModel(file());
    try {
      const machine = localMachine();
      const options: CompileOptions = { ...defaultOptions, ...more };
      const good = tunableProblems(compileModel(model, options, machine), undefined)[0]!;
      const bad = badOf(good.space);
      const wrong: MachineProfile = { ...machine, tuned: [{ problem: good.key, params: bad }] };
      const compilation = compileModel(model, options, wrong);
      assert.deepEqual(
        compilation.verdicts.filter((v) => v.rule.endsWith("/tuned")).map((v) => v.accepted),
        [true],
      );
      const begun = performance.now();
      const budgetSeconds = 60;
      const result = await tuneModel(model, compilation, options, wrong, { budgetSeconds, points: 200, seed: 1, keep: false });
      const seconds = (performance.now() - begun) / 1000;
      assert.ok(seconds < budgetSeconds + 1, `${seconds} s`);
      const [p] = result.problems;
      assert.deepEqual(p?.before?.params, bad, `it did not begin at the bad point: ${p?.why}`);
      assert.ok((p?.points ?? 0) >= Math.min(200, p?.space.points ?? 0), `${p?.points} of ${p?.space.points} points`);
      assert.ok(p?.final?.taken === true && p.final.ratio.ci95[0] > 1.05, JSON.stringify({ final: p?.final, why: p?.why }));
      const subject = { model, compilation, options, machine, key: good.key, group: good.groups[0]!.id };
      const budget = new Budget(30);
      const against = await finalRun(subject, good.space.before, [p.best[0]!.params], { seed: 1, budget }, 4);
      budget.close();
      if ("final" in against) assert.ok(against.final.ratio.median > 0.95, `${against.final.ratio.median} of the model's choice`);
    } finally {
      model.close();
    }
  });

test("a budget that is too short is kept, with the reason", { skip }, async () => {
  const model = openSessionModel(modelFile(64, 64, 64));
  try {
    const compilation = compileModel(model, defaultOptions, localMachine());
    const begun = performance.now();
    const settings = { budgetSeconds: 0.2, points: 200, seed: 1, keep: false, cache: false };
    const { problems } = await tuneModel(model, compilation, defaultOptions, localMachine(), settings);
    assert.ok(performance.now() - begun < 1500);
    assert.match(problems[0]?.why ?? "", /budget/);
    assert.equal(problems[0]?.final, null);
  } finally {
    model.close();
  }
});
