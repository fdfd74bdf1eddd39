/** Goldens of what leads from the graph to loops: `<pass>/<case>.ir`, with the decisions that were taken. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { packageRoot } from "#core/io";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import type { GraphPass, LowerPass } from "../../compiler-core/passes/pass.ts";
import { pipeline } from "../../compiler-core/pipeline.ts";
import { casesOf, checkGolden } from "../graph-passes/golden-case.ts";
import { graphPasses } from "../graph-passes/run-pass.ts";

const root = path.join(packageRoot(), "test/lower");
const machine: MachineProfile = {
  name: "golden",
  cores: 2,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16"],
};

const passes = new Map(
  pipeline.filter((p): p is GraphPass | LowerPass => p.level !== "tensor" && !graphPasses.has(p.name)).map((p) => [p.name, p]),
);

for (const [name, pass] of passes) {
  const cases = casesOf(root, name);
  test(`${name} has goldens`, () => assert.ok(cases.length > 0));
  for (const file of cases) test(`${name}/${path.basename(file)}`, () => checkGolden(pass, file, { machine, verdicts: true }));
}
