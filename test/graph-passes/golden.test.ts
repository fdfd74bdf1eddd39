/** Goldens of the graph passes: `<pass>/<case>.ir`. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import { casesOf, checkGolden } from "./golden-case.ts";
import { graphPasses } from "./run-pass.ts";

const root = path.join(packageRoot(), "test/graph-passes");
const machine = { name: "none", features: [], caches: { l1d: 32768, l2: 1048576, l3: 0 }, cores: 1 };

for (const [name, pass] of graphPasses) {
  const cases = casesOf(root, name);
  test(`${name} has goldens`, () => assert.ok(cases.length > 0));
  for (const file of cases) test(`${name}/${path.basename(file)}`, () => checkGolden(pass, file, { machine, verdicts: false }));
}
