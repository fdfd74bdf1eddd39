import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotCache } from "./snapshot-cache.ts";
import type { Snapshot } from "./trace.ts";

const snapshot = (stage: number): Snapshot => ({
  stage,
  nodes: new Map(Array.from({ length: 10 }, (_, id) => [id, undefined as never])),
  values: new Map(),
  order: new Int32Array(),
  inputs: new Int32Array(),
  outputs: new Int32Array(),
  groups: [],
});

/** Deltas to apply for a stage of a chain in which each stage builds on the one before. */
function chainLength(cache: SnapshotCache, stage: number): number {
  let length = 0;
  for (let at = stage; at >= 0 && !cache.has(at); at -= 1) length += 1;
  return length;
}

test("what was looked at last stays ready, as much as there is room for, and no chain is long", () => {
  const cache = new SnapshotCache(100); // nine snapshots of ten nodes
  for (let stage = 0; stage < 40; stage += 1) cache.look(snapshot(stage));
  for (let stage = 31; stage < 40; stage += 1) assert.ok(cache.has(stage));
  assert.ok(cache.size <= 9 + 5, `${cache.size} snapshots`);
  for (let stage = 0; stage < 40; stage += 1) assert.ok(chainLength(cache, stage) <= 8, `stage ${stage}`);
  for (let stage = 39; stage >= 0; stage -= 1) if (!cache.get(stage)) cache.look(snapshot(stage));
  assert.ok(cache.size <= 9 + 5);
  for (let stage = 0; stage < 40; stage += 1) assert.ok(chainLength(cache, stage) <= 16, `stage ${stage}`);
});

test("a milestone does not keep alive what was made for the snapshot while it was looked at", () => {
  const cache = new SnapshotCache(0); // six
  const first = snapshot(0);
  cache.look(first);
  for (let stage = 1; stage <= 6; stage += 1) cache.look(snapshot(stage));
  const milestone = cache.basis(0);
  assert.ok(milestone);
  assert.notEqual(milestone.nodes, first.nodes);
  assert.deepEqual(milestone.nodes, first.nodes);
});
