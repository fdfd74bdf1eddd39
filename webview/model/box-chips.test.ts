import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeChips, constantChips, graphsInside } from "./box-chips.ts";
import type { NodeRow } from "./trace.ts";

const node = (attrs: object): NodeRow => ({ op: "conv", attrs: JSON.stringify(attrs), hole: undefined }) as unknown as NodeRow;

test("attributes are lines, at most four; what is long or more is counted", () => {
  assert.deepEqual(attributeChips(node({ axis: -1, keepdims: true, pads: [0, 1, 0, 1] })), [
    "· axis = -1",
    "· keepdims = true",
    "· pads = [0, 1, 0, 1]",
  ]);
  assert.deepEqual(attributeChips(node({ a: 1, b: 2, c: 3, d: 4, e: 5 })).at(-1), "· 1 more");
  assert.deepEqual(attributeChips(node({ table: Array.from({ length: 40 }, (_, i) => i) })), ["· 1 more"]);
  assert.deepEqual(attributeChips(node({})), []);
});

test("graphs inside of a node are no attributes", () => {
  const branches = node({ then_branch: "graph of 5 nodes", axis: 0 });
  assert.deepEqual(graphsInside(branches), ["▸ then_branch: 5 nodes"]);
  assert.deepEqual(attributeChips(branches), ["· axis = 0"]);
});

test("many constants are counted", () => {
  assert.deepEqual(constantChips(["a", "b", "c"]), ["a", "b", "c"]);
  assert.deepEqual(constantChips(["a", "b", "c", "d"]), ["a", "b", "+2 constants"]);
});
