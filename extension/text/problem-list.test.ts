import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompilationSummary, Verdict } from "#protocol";
import type { StageGraph } from "../document/stage-names.ts";
import { lostFusions, notCompiled } from "./problem-list.ts";

const verdict = (rule: string, nodes: readonly number[], value: number, accepted = false): Verdict => ({
  subject: "fusion",
  accepted,
  rule,
  because: `because of ${rule}`,
  facts: [],
  nodes,
  value,
});

const graph = {
  nodes: new Map([1, 2, 3].map((id) => [id, { id, op: `op${id}`, attrs: "", origin: [id * 10] }])),
  values: new Map([1, 2, 3, 4].map((id) => [id, { id, bytes: id === 4 ? NaN : id * 1000 }])),
} as unknown as StageGraph;

const summary = {
  bytes: 100_000,
  verdicts: [
    verdict("fuse/own-nest", [1, 2], 1),
    verdict("fuse/own-nest", [1, 3], 1),
    verdict("fuse/own-nest", [2, 3], 2),
    verdict("fuse/movement", [3, 9], 4),
    verdict("fuse/view", [3, 2], 3),
    verdict("fuse/first-run", [3, 2], 3),
    verdict("fuse/point", [3, 2], 3, true),
    { ...verdict("layout", [3, 2], 3), subject: "layout" as const },
  ],
  unsupported: [
    { node: "#1", opType: "Odd", reason: "nobody wrote it" },
    { node: "#4", opType: "Odd", reason: "nobody wrote it" },
    { node: "#5", opType: "Odd", reason: "strings" },
  ],
  holes: [{ id: 0, group: 2, nodes: [{ node: "#1", opType: "Odd", domain: "", reason: "" }] }],
} as unknown as CompilationSummary;

test("refused fusions are gathered by rule, a value counts once, and what cost nothing is left out", () => {
  const [only, ...others] = lostFusions(summary, graph, "large");
  assert.deepEqual(others, []);
  assert.ok(only);
  assert.deepEqual([only.rule, only.edges, only.bytes, only.share], ["fuse/own-nest", 3, 3000, 0.03]);
  assert.deepEqual(only.largest[0], { edge: "op2 → op3", bytes: 2000, source: 20 });
  assert.deepEqual(
    lostFusions(summary, graph, "all").map(({ rule }) => rule),
    ["fuse/own-nest", "fuse/movement"],
  );
  assert.deepEqual(lostFusions(summary, graph, "off"), []);
});

test("nodes that are not compiled are gathered by operator, reason and who runs them", () => {
  assert.deepEqual(
    notCompiled(summary).map(({ nodes, reason, called }) => [nodes.join(), reason, called]),
    [
      ["#1", "nobody wrote it", true],
      ["#4", "nobody wrote it", false],
      ["#5", "strings", false],
    ],
  );
});
