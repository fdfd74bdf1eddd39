/** Extents 0, 1, 15, 16, 17, 63, 1000, 4097 and broadcasts of every kind of operator: native code against the evaluator, that against ONNX Runtime. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { localMachine, packageRoot } from "#core/io";
import { hasCompiler } from "../codegen/native-batch.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { judgeOrt } from "./judge.ts";
import { judgeNative, targets } from "./native.ts";
import { sizeCases } from "./sizes.ts";

const noCompiler = hasCompiler("g++") ? false : "no g++";
const target = targets.find((t) => t.needs.every((f) => localMachine().features.includes(f as never)))!;
const runtime = await loadRuntime();

test("sizes: native code", { skip: noCompiler }, () => {
  const { ran, problems } = judgeNative(sizeCases, target.isa, target.flags, packageRoot());
  assert.deepEqual(
    problems.map((p) => `${p.one.seed}: ${p.problem}`),
    [],
  );
  assert.ok(ran >= sizeCases.length - 2, `only ${ran} of ${sizeCases.length} are compiled`);
});

for (const one of sizeCases) {
  test(`${one.seed}: ONNX Runtime`, { skip: typeof runtime === "string" ? runtime : false }, async (t) => {
    if (typeof runtime === "string") return;
    const verdict = await judgeOrt(runtime, one);
    if (verdict !== undefined && "skipped" in verdict) t.skip(verdict.skipped);
    assert.equal(verdict !== undefined && "problem" in verdict ? verdict.problem : undefined, undefined);
  });
}
