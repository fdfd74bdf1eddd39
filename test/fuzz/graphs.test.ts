/**
 * Random graphs: the graph passes and the loops against the evaluator, native code against the evaluator, the evaluator against ONNX Runtime.
 * A short run with a fixed seed; `graphs.long.test.ts` is the long one. A failure prints a small case that fails, for `regressions.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findOrtLibrary, localMachine, packageRoot } from "#core/io";
import { hasCompiler } from "../codegen/native-batch.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { reproducer, type FuzzCase } from "./case.ts";
import { familyNames, generate, generateOf, generateWithHoles } from "./generate.ts";
import { judgeHoles } from "./holes.ts";
import { judge, judgeBoth, judgeOrt, type Verdict } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { judgeNative, targets } from "./native.ts";
import { drawnOptions } from "./options.ts";
import { regressions } from "./regressions.ts";

const noCompiler = hasCompiler("g++") ? false : "no g++";
const target = targets.find((t) => t.needs.every((f) => localMachine().features.includes(f as never)))!;
const runtime = await loadRuntime();
const casesOf = (seed: string, n: number): readonly FuzzCase[] => Array.from({ length: n }, (_, i) => generate(`${seed}:${i}`));

async function expectFine(one: FuzzCase, ask: (one: FuzzCase) => Verdict | Promise<Verdict>): Promise<boolean> {
  const verdict = await ask(one);
  if (verdict === undefined || "skipped" in verdict) return verdict === undefined;
  const fails = async (x: FuzzCase): Promise<boolean> => {
    const v = await ask(x);
    return v !== undefined && "problem" in v;
  };
  assert.fail(`${one.seed}: ${verdict.problem}\n${reproducer(await minimise(one, fails))}`);
}

for (const one of regressions) {
  test(`${one.seed}: ${one.was}`, async () => {
    const compared = await expectFine(one, judge);
    assert.ok(compared || one.holes === true, "it is not compiled");
    if (typeof runtime !== "string") await expectFine(one, (x) => judgeOrt(runtime, x));
  });
}

test("70 random graphs: passes and loops", async () => {
  let compared = 0;
  for (const one of casesOf("short", 70)) if (await expectFine(one, judge)) compared++;
  assert.ok(compared > 55, `only ${compared} of 70 could be compared`);
});

test("a random graph of each family: passes, loops and ONNX Runtime", async () => {
  const ort = typeof runtime === "string" ? undefined : runtime;
  let compared = 0;
  for (const family of familyNames) {
    const one = generateOf(family, `family:${family}`);
    const options = { ...one.options, ...drawnOptions(one.seed) };
    const stages = await expectFine({ ...one, options }, async (x) => (await judgeBoth(ort, x)).stages);
    await expectFine({ ...one, options }, async (x) => (await judgeBoth(ort, x)).runtime);
    if (stages) compared++;
  }
  assert.ok(compared > 10, `only ${compared} families could be compared`);
});

test("25 random graphs, and those that once failed: native code", { skip: noCompiler }, () => {
  const cases = [...regressions, ...casesOf("native", 25)];
  const { ran, problems } = judgeNative(cases, target.isa, target.flags, packageRoot());
  assert.deepEqual(
    problems.map((p) => `${p.problem}\n${reproducer(p.one)}`),
    [],
  );
  assert.ok(ran > 20, `only ${ran} of ${cases.length} are compiled`);
});

test("40 random graphs: ONNX Runtime", { skip: typeof runtime === "string" ? runtime : false }, async () => {
  if (typeof runtime === "string") return;
  let compared = 0;
  for (const one of casesOf("runtime", 40)) if (await expectFine(one, (x) => judgeOrt(runtime, x))) compared++;
  assert.ok(compared > 25, `only ${compared} of 40 could be compared`);
});

const noHoles = noCompiler === false && findOrtLibrary() === undefined ? "no ONNX Runtime" : noCompiler;
test("4 random graphs with parts on ONNX Runtime, and those that once failed", { skip: noHoles }, async () => {
  const withHoles = regressions.filter((one) => one.holes === true);
  const { ran, holes, problems } = await judgeHoles([
    ...withHoles,
    ...Array.from({ length: 4 }, (_, i) => generateWithHoles(`holes:${i}`)),
  ]);
  assert.deepEqual(
    problems.map((p) => `${p.problem}\n${reproducer(p.one)}`),
    [],
  );
  assert.ok(ran >= 4 && holes >= 4, `${ran} graphs with ${holes} parts`);
});
