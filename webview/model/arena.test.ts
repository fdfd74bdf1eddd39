import assert from "node:assert/strict";
import { test } from "node:test";
import type { BufferInfo, CompilationSummary } from "#protocol";
import { memoryMap, nodesAlive } from "./arena.ts";

const buffer = (
  id: number,
  offset: number,
  firstStep: number,
  lastStep: number,
  reuses: readonly number[] = [],
  scope = "arena",
): BufferInfo => ({
  id,
  name: `b${id}`,
  scope,
  dtype: "f32",
  shape: [16],
  bytes: 64,
  offset,
  firstStep,
  lastStep,
  value: 100 + id,
  groups: [id],
  reuses,
});

const summary = {
  buffers: [
    buffer(0, 0, 0, 1),
    buffer(1, 64, 1, 3),
    buffer(2, 0, 1, 2, [0]),
    buffer(3, 0, 3, 3, [0, 2]),
    buffer(4, -1, 0, 3, [], "weight"),
  ],
  groups: [0, 1, 2, 3].map((id) => ({ id, members: [{ node: 10 + id, anchor: "x" }] })),
  memory: {
    steps: [0, 1, 2, 3].map((group) => ({ name: `g${group}`, group, aliveBytes: 128 })),
    lowerBoundBytes: 128,
    peakStep: 1,
    culprits: [1, 2],
    scratchBytes: 0,
    firstRunOnly: [],
  },
  arenaBytes: 128,
  arenaBytesWithoutReuse: 256,
} as unknown as CompilationSummary;

test("a place that is taken over within a step is drawn as two halves of it, without overlap", () => {
  const { bars, bytes } = memoryMap(summary, "arena", true);
  assert.equal(bytes, 128);
  const spans = bars.map(({ buffer: { id }, from, to, inPlace }) => [id, from, to, inPlace]);
  assert.deepEqual(spans, [
    [0, 0, 1.5, false],
    [1, 1, 4, false],
    [2, 1.5, 3, true],
    [3, 3, 4, false],
  ]);
  for (const a of bars) for (const b of bars) if (a !== b && a.at === b.at) assert.ok(a.to <= b.from || b.to <= a.from);
});

test("without reuse every buffer has a place of its own, as many bytes as the plan says", () => {
  const { bars, bytes } = memoryMap(summary, "arena", false);
  assert.equal(bytes, 256);
  assert.deepEqual(
    bars.map(({ at }) => at),
    [0, 64, 128, 192],
  );
  assert.ok(bars.every(({ tookFrom }) => tookFrom === undefined));
});

test("what runs in the steps is alive, and what is kept over them; weights are not", () => {
  const makers = new Map([0, 1, 2, 3, 4].map((id) => [100 + id, 20 + id]));
  const map = memoryMap(summary, "arena", true);
  assert.deepEqual(nodesAlive(map, summary, [2, 2], makers), [12, 21, 22]);
  assert.deepEqual(nodesAlive(map, summary, [0, 1], makers), [10, 11, 20, 21, 22]);
});
