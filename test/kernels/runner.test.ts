/** The native runner end to end: right results, timing with its control, and a coded error for everything that can go wrong in it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { UserError, widestIsa, type IsaName } from "#core";
import { buildRunner, detectMachine, measureLaunchCost, RunnerClient } from "#core/io";
import { buildMatmul, largestDifference, ortOrReason, readFloats, writeIdentity, writeMatmul, type MatmulFiles } from "./matmul-case.ts";
import { compilerOrReason } from "./native-program.ts";

const compiler = await compilerOrReason();
const size = { m: 61, n: 100, k: 70 };
const isa: IsaName = widestIsa(detectMachine().profile) === "scalar" ? "scalar" : "avx2";

/** The promise fails with this code. */
async function failsWith(code: string, promise: Promise<unknown>): Promise<UserError> {
  const e = await promise.then(
    () => assert.fail(`it should have failed with ${code}`),
    (error: unknown) => error,
  );
  assert.ok(e instanceof UserError, String(e));
  assert.equal(e.code, code, e.message);
  assert.doesNotMatch(e.line(), /\n|undefined|\{/);
  return e;
}

describe("native runner", { skip: typeof compiler === "string" ? compiler : false }, () => {
  let folder: string;
  let files: MatmulFiles;
  let runner: RunnerClient;
  const weights = () => [{ file: files.w, offset: 0, length: size.k * size.n * 4 }];
  const inputs = () => [{ file: files.x, name: "x", dtype: "f32", shape: [size.m, size.k] }];

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-runner-"));
    files = writeMatmul(size, folder);
    runner = await RunnerClient.start();
  });
  after(async () => {
    await runner.close();
    fs.rmSync(folder, { recursive: true });
  });

  async function load(client: RunnerClient, threads: number, misbehave?: string, profile?: boolean): Promise<number> {
    const { so } = await buildMatmul(size, isa, { misbehave, profile });
    return (await client.request("load", { so, weights: weights(), threads })).target;
  }

  test("tells what the machine is", async () => {
    const hello = await runner.hello();
    assert.ok(hello.cpu.cpus.length >= 1 && hello.ticksPerNs > 0);
    const clock = hello.counters.find((c) => c.name === "task-clock");
    assert.ok(clock !== undefined);
    for (const c of hello.counters) assert.ok(c.valid || (c.why ?? "") !== "", `${c.name} is missing without a reason`);
  });

  // 0: what it was scheduled for; 9: more than most machines have CPUs here, so not pinned.
  for (const threads of [1, 2, 3, 0, 9]) {
    test(`computes the same with ${threads} threads`, async () => {
      const target = await load(runner, threads);
      const file = path.join(folder, `y${threads}.bin`);
      for (let i = 0; i < 3; i++) await runner.request("run", { target, inputs: inputs(), outputs: [{ file }] });
      assert.ok(largestDifference(readFloats(file), files.expected) < 2e-6);
      await runner.request("unload", { target });
    });
  }

  test("copies weights that are not aligned in their file", async () => {
    const shifted = path.join(folder, "shifted.bin");
    fs.writeFileSync(shifted, Buffer.concat([Buffer.alloc(12), fs.readFileSync(files.w)]));
    const { so } = await buildMatmul(size, isa);
    const { target } = await runner.request("load", {
      so,
      weights: [{ file: shifted, offset: 12, length: size.k * size.n * 4 }],
      threads: 1,
    });
    const file = path.join(folder, "y-shifted.bin");
    await runner.request("run", { target, inputs: inputs(), outputs: [{ file }] });
    assert.ok(largestDifference(readFloats(file), files.expected) < 2e-6);
  });

  test("times in rounds with an A/A control and reports progress", async () => {
    const target = await load(runner, 1);
    const seen: number[] = [];
    const params = { candidates: [{ target, label: "a", inputs: inputs() }], aa: true, minSeconds: 0.4, maxSeconds: 2 };
    const { candidates, counters } = await runner.request("bench", params, { onProgress: (f) => seen.push(f) });
    assert.deepEqual(
      candidates.map((c) => c.label),
      ["a", "a (again)"],
    );
    assert.equal(candidates[0]?.ns.length, candidates[1]?.ns.length);
    for (const c of candidates) assert.equal(c.ns.flat().length, c.runs);
    assert.ok(candidates.every((c) => c.ns.flat().every((ns) => ns > 0)));
    assert.ok(seen.length > 0 && seen.every((f) => f >= 0 && f <= 1));
    assert.ok(counters !== undefined && "cycles" in counters);
    for (const [name, c] of Object.entries(counters)) assert.ok(c.valid || c.why !== "", name);
  });

  test("gives times per region and thread of a profiled build", async () => {
    const target = await load(runner, 2, undefined, true);
    const { threads, ns } = await runner.request("profile", { target, inputs: inputs(), runs: 5 });
    assert.equal(threads.length, 2);
    for (const t of threads) assert.deepEqual(t.counts, [5, 5]);
    const total = ns.reduce((a, b) => a + b, 0);
    for (const t of threads) assert.ok(t.ns.reduce((a, b) => a + b, 0) <= total * 1.05);
  });

  test("samples instructions inside the module", async () => {
    const target = await load(runner, 1);
    const { samples, outside, offsets } = await runner.request("sample", { target, inputs: inputs(), seconds: 0.4, hz: 1000 });
    assert.ok(samples > 20, `${samples} samples`);
    assert.equal(samples, outside + offsets.reduce((sum, [, n]) => sum + n, 0), "every sample is counted once");
    assert.ok(outside < samples / 2);
  });

  test("tells what a launch and a barrier cost, beside OpenMP", async () => {
    const teams = await measureLaunchCost([1, 2, 5], 0.05, runner);
    assert.deepEqual(
      teams.map((c) => c.threads),
      [1, 2, 5],
    );
    for (const { launchNs, barrierNs, openmp } of teams) {
      assert.ok(launchNs > 0 && barrierNs > 0 && barrierNs < 1e8, `${launchNs} ${barrierNs}`);
      if (openmp.valid) assert.ok(openmp.launchNs > 0 && openmp.barrierNs > 0);
      else assert.match(openmp.why, /libgomp|more threads than CPUs/);
    }
    await failsWith("runner-resources", runner.request("launch-cost", { threads: [1000] }));
  });

  test("says that it was killed", async () => {
    const victim = await RunnerClient.start();
    await victim.hello();
    victim.kill();
    await failsWith("runner-killed", victim.hello());
  });

  test("names the loop nest and the instruction of a crash", async () => {
    const victim = await RunnerClient.start();
    const target = await load(victim, 2, "CRASH_SEGV");
    const e = await failsWith("runner-crashed", victim.request("run", { target, inputs: inputs() }));
    assert.match(e.message, /SIGSEGV in region 1 at offset 0x[0-9a-f]+, thread 1/);
    assert.equal(victim.alive, false);
    await failsWith("runner-crashed", victim.hello());
    const trap = await RunnerClient.start();
    const illegal = await load(trap, 1, "CRASH_ILL");
    assert.match(
      (await failsWith("runner-crashed", trap.request("run", { target: illegal, inputs: inputs() }))).message,
      /SIGILL in region 1/,
    );
  });

  test("stops code that hangs", async () => {
    const victim = await RunnerClient.start();
    const target = await load(victim, 1, "HANG");
    await failsWith("runner-hung", victim.request("run", { target, inputs: inputs() }, { timeoutMs: 500 }));
    assert.equal(victim.alive, false);
  });

  test("can be cancelled in the middle of a benchmark, and goes on", async () => {
    const target = await load(runner, 1);
    const stop = new AbortController();
    const bench = runner.request(
      "bench",
      { candidates: [{ target, inputs: inputs() }], minSeconds: 60, maxSeconds: 60 },
      { signal: stop.signal },
    );
    setTimeout(() => stop.abort(), 100);
    await failsWith("cancelled", bench);
    assert.ok(runner.alive);
    await runner.hello();
  });

  test("refuses what is not there or not right, in words", async () => {
    const { so } = await buildMatmul(size, isa);
    await failsWith("runner-file", runner.request("load", { so: "/nowhere/model.so" }));
    await failsWith("runner-module", runner.request("load", { so: files.x, weights: weights() }));
    await failsWith("runner-module", runner.request("load", { so, weights: [] }));
    await failsWith("runner-file", runner.request("load", { so, weights: [{ file: "/nowhere/w.bin", offset: 0, length: 4 }] }));
    const torn = path.join(folder, "torn.so");
    fs.writeFileSync(torn, fs.readFileSync(so).subarray(0, 4000));
    await failsWith("runner-module", runner.request("load", { so: torn }));
    const target = await load(runner, 1);
    await failsWith("runner-file", runner.request("run", { target, inputs: [{ file: "/nowhere/x.bin" }] }));
    await failsWith("runner-file", runner.request("run", { target, inputs: inputs(), outputs: [{ file: "/nowhere/y.bin" }] }));
    await failsWith("ort-missing", runner.request("load-ort", { library: "/nowhere/libonnxruntime.so", model: files.onnx }));
    await failsWith("bug", runner.request("run", { target: 999, inputs: [] }));
    await failsWith("bug", runner.request("run", { target, inputs: [{ file: files.w }] }));
    assert.ok(runner.alive);
  });

  test("refuses code for features the machine lacks", { skip: os.arch() === "x64" ? false : "x86-64 only" }, async () => {
    const cannot = isa === "scalar" ? ("avx2" as const) : undefined;
    if (cannot === undefined) return;
    const { so } = await buildMatmul(size, cannot);
    await failsWith("runner-isa", runner.request("load", { so, weights: weights() }));
  });

  test("a runner that ends by itself is reported", async () => {
    await failsWith("runner-exited", RunnerClient.start({ program: "/bin/true" }));
    await failsWith("runner-start", RunnerClient.start({ program: "/nowhere/runner" }));
    await failsWith("runner-protocol", RunnerClient.start({ program: "/bin/cat" }));
  });

  test("a runner in use stays in the cache: each start counts as a use", async () => {
    const { path: program } = await buildRunner();
    const manifest = path.join(path.dirname(program), "manifest.json");
    const longAgo = new Date(Date.now() - 86_400_000);
    fs.utimesSync(manifest, longAgo, longAgo);
    (await RunnerClient.start()).kill();
    assert.ok(fs.statSync(manifest).mtimeMs > longAgo.getTime() + 1000);
  });

  const ort = ortOrReason();
  describe("beside ONNX Runtime", { skip: "why" in ort ? ort.why : false }, () => {
    test("agrees with it and is timed in turns with it", async () => {
      assert.ok("library" in ort);
      const ours = await load(runner, 1);
      const theirs = await runner.request("load-ort", { library: ort.library, model: files.onnx, threads: 1 });
      assert.match(theirs.version, /^\d+\.\d+\.\d+$/);
      assert.deepEqual([theirs.inputs, theirs.outputs], [["x"], ["y"]]);
      const file = path.join(folder, "y-ort.bin");
      const { outputs } = await runner.request("run", { target: theirs.target, inputs: inputs(), outputs: [{ file }] });
      assert.deepEqual(outputs[0], { name: "y", dtype: "f32", shape: [size.m, size.n], bytes: size.m * size.n * 4 });
      assert.ok(largestDifference(readFloats(file), files.expected) < 2e-6);
      const candidates = [ours, theirs.target].map((target) => ({ target, inputs: inputs() }));
      const bench = await runner.request("bench", { candidates, minSeconds: 0.2, maxSeconds: 2 });
      assert.equal(bench.candidates[0]?.ns.length, bench.candidates[1]?.ns.length);
    });

    test("gives its errors as errors", async () => {
      assert.ok("library" in ort);
      const broken = path.join(folder, "broken.onnx");
      fs.writeFileSync(broken, "not a model");
      await failsWith("ort-failed", runner.request("load-ort", { library: ort.library, model: broken }));
      const { target } = await runner.request("load-ort", { library: ort.library, model: writeIdentity(folder) });
      await failsWith("bug", runner.request("run", { target, inputs: [{ file: files.x, name: "nobody", dtype: "f32", shape: [1] }] }));
      await failsWith("bug", runner.request("run", { target, inputs: [{ file: files.x, name: "x", dtype: "f32", shape: [1] }] }));
    });
  });
});
