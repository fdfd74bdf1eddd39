/**
 * The ONNX project's operator cases against the reference evaluator: as imported, and after the graph passes. Uses the whole
 * collection where it lies beside the repository, else the small selection in test/data/onnx-node (Apache-2.0, see its README).
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import { verifyGraph } from "../../compiler-core/graph/verify.ts";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { graphPipeline } from "../graph-passes/run-pass.ts";
import { runCase, silent } from "./onnx-case.ts";

const whole = path.join(packageRoot(), "../shared/onnx-backend/node");
const selection = path.join(packageRoot(), "test/data/onnx-node");
const root = fs.existsSync(whole) ? whole : selection;

function throughPasses(graph: Graph): Graph {
  let g = graph;
  for (const pass of graphPipeline) {
    g = pass.run(g, silent);
    assert.deepEqual(verifyGraph(g), [], `after ${pass.name}`);
  }
  return g;
}

const cases = fs
  .readdirSync(root)
  .filter((name) => fs.existsSync(path.join(root, name, "model.onnx")))
  .sort();
let ran = 0;
for (const name of cases) {
  test(name, (t) => {
    const folder = path.join(root, name);
    const result = runCase(folder);
    if ("skipped" in result) return t.skip(result.skipped);
    ran++;
    assert.deepEqual(result.problems, []);
    const after = runCase(folder, throughPasses);
    assert.deepEqual("problems" in after ? after.problems : [after.skipped], [], "after the graph passes");
  });
}

test("most cases of supported operators run", () => {
  assert.ok(ran >= (root === whole ? 450 : 35), `only ${ran} of ${cases.length} cases run`);
});
