import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verdict } from "./trace.ts";
import { ownEdges } from "./own-edges.ts";

const edge = (from: number, to: number, behind?: number): Verdict => ({
  subject: "fusion",
  accepted: false,
  rule: "fuse/view",
  because: "",
  facts: [],
  nodes: [from, to],
  ...(behind === undefined ? {} : { behind }),
});

/** ONNX products 1 and 2 share the reshape 10; 11 and 12 are the products, 13 a view of the first that 14 reads. */
const origins: Readonly<Record<number, readonly number[]>> = { 9: [0], 10: [1, 2], 11: [1], 12: [2], 13: [3], 14: [4] };
const verdicts = [edge(9, 10), edge(10, 11), edge(10, 12), edge(11, 13), edge(13, 14, 11)];
const of = (selection: readonly number[], ends: readonly number[], sources: readonly number[]): readonly string[] =>
  ownEdges(verdicts, {
    ends: new Set(ends),
    selected: new Set(selection),
    sources: new Set(sources),
    origin: (node) => origins[node] ?? [],
  }).map(({ nodes }) => nodes.join("-"));

test("an operator that two ONNX nodes share does not make the other one a reader", () => {
  assert.deepEqual(of([5], [10, 11], [1]), ["9-10", "11-13", "13-14"]);
});

test("all edges of a node that is selected itself are listed", () => {
  assert.deepEqual(of([10], [10], [1, 2]), ["9-10", "10-11", "10-12"]);
  assert.deepEqual(of([11], [11], [1]), ["10-11", "11-13", "13-14"]);
});
