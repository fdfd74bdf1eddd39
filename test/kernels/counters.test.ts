/** Counters: the runner's bookkeeping on a machine that is made up, and by region and thread on this one. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { cachedBuild, compile, contentKey, packageRoot, RunnerClient } from "#core/io";
import { buildMatmul, writeMatmul } from "./matmul-case.ts";
import { compilerOrReason, runProgram } from "./native-program.ts";

const compiler = await compilerOrReason();
const skip = typeof compiler === "string" ? compiler : false;

test("groups, turns, sums and reasons on a made-up machine", { skip }, async () => {
  assert.ok(typeof compiler !== "string");
  const native = path.join(packageRoot(), "native");
  const sources = [
    path.join(packageRoot(), "test/kernels/counters_test.cpp"),
    ...["counters", "perf_layer"].map((f) => path.join(native, `runner/${f}.cpp`)),
  ];
  const headers = ["runner/counters.hpp", "runner/perf_layer.hpp", "runner/json.hpp"].map((f) => path.join(native, f));
  const key = contentKey(["counters test", compiler.banner, ...[...sources, ...headers].map((f) => fs.readFileSync(f, "utf8"))]);
  const { folder } = await cachedBuild(key, async (draft) => {
    await compile(compiler, [
      "-std=c++17",
      "-O0",
      "-Wall",
      "-Wextra",
      "-pthread",
      `-I${native}`,
      ...sources,
      "-o",
      path.join(draft, "program"),
    ]);
  });
  const { code, output } = await runProgram(path.join(folder, "program"));
  assert.equal(code, 0, output);
  assert.match(output, /counters: [1-9]\d* checks, 0 failures/);
});

test("counters by region and thread of an instrumented build", { skip }, async () => {
  const size = { m: 61, n: 100, k: 70 };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-counters-"));
  const files = writeMatmul(size, folder);
  const runner = await RunnerClient.start();
  try {
    const { so } = await buildMatmul(size, "scalar", { profile: true });
    const weights = [{ file: files.w, offset: 0, length: size.k * size.n * 4 }];
    const { target, regions } = await runner.request("load", { so, weights, threads: 2 });
    const inputs = [{ file: files.x, name: "x", dtype: "f32", shape: [size.m, size.k] }];
    const plain = await runner.request("profile", { target, inputs, runs: 3 });
    assert.equal(plain.counters, undefined);
    const { counters } = await runner.request("profile", { target, inputs, runs: 20, counters: true });
    assert.ok(counters !== undefined && counters.runs === 20);
    assert.equal(counters.threads.length, 2);
    const clocks: number[] = [];
    for (const thread of counters.threads) {
      assert.equal(thread.length, regions);
      for (const values of thread) {
        if (values === null) continue;
        for (const [name, c] of Object.entries(values)) assert.ok(c.valid ? c.value >= 0 && c.scale >= 1 : c.why !== "", name);
        assert.ok(!("memory-read-bytes" in values), "sockets know no thread");
        const clock = values["task-clock"];
        if (clock?.valid === true) clocks.push(clock.value);
      }
    }
    // Software events need a kernel that lets us count, which containers may not.
    const hello = await runner.hello();
    if (hello.counters.some((c) => c.name === "task-clock" && c.valid)) assert.ok(clocks.length >= 2 && clocks.some((c) => c > 100));
  } finally {
    await runner.close();
    fs.rmSync(folder, { recursive: true });
  }
});
