import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompilationSummary, FusionGroup, GroupInfo, Verdict } from "#protocol";
import { fusionRows, fusionTotals, type FusionFilter } from "./fusion-rows.ts";

const info = (id: number, template = "matmul", phase: GroupInfo["phase"] = "run"): GroupInfo => ({
  id,
  name: `g${id}`,
  template,
  leader: id,
  phase,
  members: [{ node: id, anchor: "leader" }],
  params: {},
});
const report = (group: number, ns: number, savedBytes: number, refused: FusionGroup["refused"] = []): FusionGroup => ({
  group,
  kind: "matmul",
  anchors: [],
  onnxNodes: [],
  nests: [],
  mergedBy: [],
  flops: 1,
  savedBytes,
  readBytes: 1,
  writtenBytes: 1,
  footprint: { bytes: 100 * group, scratch: 0, blocks: 100 * group, level: "L1" },
  cost: { ns, computeNs: ns, memoryNs: 0, recomputeNs: 0, launchNs: 0, pieces: 1, threads: 1, parallelism: 1 / (group + 1) },
  refused,
});
const verdict = (nodes: readonly number[], accepted: boolean, group?: number): Verdict => ({
  subject: "fusion",
  accepted,
  rule: accepted ? "fuse/tile" : "fuse/own-nest",
  because: "because",
  facts: [],
  nodes,
  ...(group === undefined ? {} : { group }),
});

const summary = {
  groups: [info(0), info(1), info(2, "view"), info(3, "pack", "init")],
  fusion: [report(0, 5, 10, [{ verdict: 1, bytes: 8, apartNs: 3, togetherNs: null }]), report(1, 9, 70), report(2, 0, 0), report(3, 1, 0)],
  verdicts: [verdict([1, 7], true, 1), verdict([0, 1], false)],
} as unknown as CompilationSummary;

const usual: FusionFilter = { sorting: "run", refused: true, fused: false, quiet: false, closed: new Set() };
const names = (filter: Partial<FusionFilter>): readonly string[] =>
  fusionRows(summary, { ...usual, ...filter }).map((row) =>
    row.row === "group" ? `g${row.info.id}` : `${row.refused ? "not" : "is"} ${row.verdict.nodes.join("-")}`,
  );

test("refusals stand beneath their group, whatever the order; views and first-run work only when asked for", () => {
  assert.deepEqual(names({}), ["g0", "not 0-1", "g1"]);
  assert.deepEqual(names({ sorting: "time" }), ["g1", "g0", "not 0-1"]);
  assert.deepEqual(names({ sorting: "saved" }), ["g1", "g0", "not 0-1"]);
  assert.deepEqual(names({ sorting: "footprint", refused: false }), ["g1", "g0"]);
  assert.deepEqual(names({ sorting: "parallelism", refused: false, quiet: true }), ["g3", "g2", "g1", "g0"]);
  assert.deepEqual(names({ fused: true }), ["g0", "not 0-1", "g1", "is 1-7"]);
  assert.deepEqual(names({ closed: new Set([0]) }), ["g0", "g1"]);
});

test("totals are of what runs every time and has code", () => {
  const { nests, operators, savedBytes, ns, refused, fused, quiet } = fusionTotals(summary);
  assert.deepEqual(
    { nests, operators, savedBytes, ns, refused, fused, quiet },
    { nests: 2, operators: 2, savedBytes: 80, ns: 14, refused: 1, fused: 1, quiet: 2 },
  );
});
