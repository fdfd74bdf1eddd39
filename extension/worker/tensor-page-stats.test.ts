import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, constantGraph } from "../../test/extension/constant-graph.ts";
import { tensorStats } from "./tensor-page-stats.ts";

const quiet = { signal: new AbortController().signal, event: (): void => undefined };

test("extremes, mean, spread, zeros, and what is no number", async () => {
  const data = new Float32Array([0, 1, 2, 3, NaN, Infinity, -Infinity, 0]);
  const stats = await tensorStats(constantGraph("f32", [8], { bytes: bytesOf(data) }), 0, quiet);
  assert.ok(Math.abs(stats.std - Math.sqrt(1.36)) < 1e-12);
  assert.deepEqual(
    { ...stats, std: 0, histogram: [] },
    {
      count: 8,
      min: 0,
      max: 3,
      mean: 1.2,
      std: 0,
      zeros: 2,
      nans: 1,
      infinities: 2,
      histogram: [],
    },
  );
  assert.equal(
    stats.histogram.reduce((a, b) => a + b, 0),
    5,
  );
  assert.equal(stats.histogram.at(-1), 1);
});

test("whole numbers have a range each, as far as there are few", async () => {
  const stats = await tensorStats(constantGraph("i4", [4], { bytes: new Uint8Array([0x2f, 0x22]) }), 0, quiet);
  assert.deepEqual([stats.min, stats.max, stats.histogram], [-1, 2, [1, 0, 0, 3]]);
});

test("large numbers that lie close together keep their spread, over many pieces", async () => {
  const data = Float64Array.from({ length: 700_001 }, (_, i) => 1e9 + (i % 2));
  const steps: (number | null)[] = [];
  const event = ({ done }: { done: number | null }): void => void steps.push(done);
  const stats = await tensorStats(constantGraph("f64", [700_001], { bytes: bytesOf(data) }), 0, { ...quiet, event });
  assert.ok(Math.abs(stats.std - 0.5) < 1e-6, String(stats.std));
  assert.deepEqual(
    stats.histogram.filter((n) => n > 0),
    [350_001, 350_000],
  );
  assert.equal(steps.at(-1), 1);
  assert.ok(steps.length === 6 && steps.every((done, i) => i === 0 || (done ?? 0) > (steps[i - 1] ?? 0)));
});

test("it can be called off between two pieces", async () => {
  const controller = new AbortController();
  const graph = constantGraph("u8", [1_000_000], { bytes: new Uint8Array(1_000_000) });
  const running = tensorStats(graph, 0, { signal: controller.signal, event: () => controller.abort() });
  await assert.rejects(running, /cancelled/);
});

for (const [name, graph, count] of [
  ["nothing", constantGraph("f32", [0, 3], {}), 0],
  ["strings", constantGraph("string", [2], { strings: ["a", "b"] }), 2],
] as const)
  test(`of ${name} there are no figures`, async () => {
    const stats = await tensorStats(graph, 0, quiet);
    assert.deepEqual([stats.count, stats.min, stats.histogram], [count, NaN, []]);
  });
