import assert from "node:assert/strict";
import { test } from "node:test";
import type { Boxes } from "../../model/boxes.ts";
import { followed } from "./follow.ts";

/** 0 -> 1 -> 3, 2 -> 3 -> 4, 1 -> 5; the last edge belongs to a ghost. Keys are ten times the index. */
const edges = [
  [0, 1],
  [1, 3],
  [2, 3],
  [3, 4],
  [1, 5],
  [4, 6],
] as const;
const boxes = {
  count: 7,
  keys: Int32Array.from({ length: 7 }, (_, i) => 10 * i),
  indexOf: new Map(Array.from({ length: 7 }, (_, i) => [10 * i, i])),
  from: Int32Array.from(edges, ([from]) => from),
  to: Int32Array.from(edges, ([, to]) => to),
  firstGhost: 6,
  firstGhostEdge: 5,
} as unknown as Boxes;
const keys = (...args: Parameters<typeof followed>): number[] => [...(followed(...args) ?? [])].sort((a, b) => a - b);

test("upstream is what a node is made from, without its neighbours' other ends", () => {
  assert.deepEqual(keys(boxes, [30], "up"), [0, 10, 20, 30]);
});

test("downstream ends at the outputs; ghosts are not on the way", () => {
  assert.deepEqual(keys(boxes, [10], "down"), [10, 30, 40, 50]);
});

test("both ways do not turn back at a node in between", () => {
  assert.deepEqual(keys(boxes, [50], "both"), [0, 10, 50]);
});

test("nothing is followed from what is not shown", () => {
  assert.equal(followed(boxes, [999, 60], "down"), undefined);
});
