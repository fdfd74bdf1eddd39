/**
 * Can the benchmark be trusted? The same code against itself, code that is 5 % slower on purpose, and ten measurements of one ratio while the
 * machine does ten different things. Times: on a machine that others keep busy a failed claim about a control is a skip, with what was seen.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { defaultOptions, type Compilation } from "#core";
import { benchModel, compileModel, findOrtLibrary, localMachine, openSessionModel, RunnerClient, type SessionModel } from "#core/io";
import type { BenchResult, Ratio } from "#protocol";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { compilerOrReason } from "../kernels/native-program.ts";
import { mlp } from "../workloads/mlp.ts";
import { slowedBy } from "./slowed.ts";

const compiler = await compilerOrReason();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-yardstick-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** About a millisecond on one core with AVX-512 or AVX2. */
function oneMillisecond(): { readonly model: SessionModel; readonly compilation: Compilation } {
  const file = path.join(folder, "mlp.onnx");
  fs.writeFileSync(file, encodeModel(mlp("mlp1", 336)));
  const model = openSessionModel(file);
  return { model, compilation: compileModel(model, defaultOptions, localMachine()) };
}

interface Wanted {
  readonly baselines?: readonly string[];
  readonly seconds?: number;
  readonly compare?: string;
}

async function measure(
  model: SessionModel,
  compilation: Compilation,
  { baselines = [], seconds = 1, compare }: Wanted = {},
): Promise<BenchResult> {
  const settings = { scope: { kind: "model" }, baselines, seconds, seed: 1, regions: false, peaks: false, sessions: 5, compare } as const;
  return (await benchModel(model, compilation, defaultOptions, localMachine(), settings)).result;
}

const text = ({ median, ci95 }: Ratio): string => `${median.toFixed(4)} [${ci95[0].toFixed(4)}, ${ci95[1].toFixed(4)}]`;
const busy = (r: BenchResult): string | undefined => r.warnings?.find((w) => w.kind === "busy-machine")?.text;

/** A claim that needs a quiet machine. */
function claim(t: TestContext, holds: boolean, what: string, results: readonly BenchResult[]): void {
  const why = results.map(busy).find((b) => b !== undefined);
  if (!holds && why !== undefined) t.skip(`${what}; but ${why}`);
  else assert.ok(holds, what);
}

describe("the yardstick", { skip: typeof compiler === "string" ? compiler : false }, () => {
  const { model, compilation } = oneMillisecond();
  after(() => model.close());

  test("the same code against itself is within 2 %", async (t) => {
    const result = await measure(model, compilation);
    const { control } = result;
    t.diagnostic(`${result.ours.medianMs.toFixed(3)} ms, control ${text(control)}`);
    claim(t, control.ci95[0] > 0.98 && control.ci95[1] < 1.02, `control ${text(control)}`, [result]);
  });

  test("code that is 5 % slower is a regression, its interval excludes 1; the same code is none", async (t) => {
    const baselines = findOrtLibrary() === undefined ? [] : ["ort"];
    const old = await measure(model, compilation, { baselines });
    const file = path.join(folder, "old.json");
    fs.writeFileSync(file, JSON.stringify(old));
    const client = await RunnerClient.start();
    const { ticksPerNs } = await client.hello();
    await client.close();
    const slow = slowedBy(compilation, 0.05 * old.ours.medianMs * 1e6, ticksPerNs);
    const slower = await measure(model, slow, { baselines, compare: file });
    const same = await measure(model, compilation, { baselines, compare: file });
    const [a, b] = [slower.comparison, same.comparison];
    assert.ok(a !== undefined && b !== undefined);
    t.diagnostic(`slowed by 5 %: ${text(a.ratio)} (${a.method}); not slowed: ${text(b.ratio)}`);
    claim(t, a.regression && a.ratio.ci95[1] < 1, `slowed: ${text(a.ratio)}`, [old, slower]);
    claim(t, !b.regression, `not slowed: ${text(b.ratio)}`, [old, same]);
  });

  test("ten measurements while the machine does ten different things agree within their intervals", async (t) => {
    const found: { readonly state: string; readonly ratio: Ratio; readonly ms: number }[] = [];
    for (const [state, begin] of Object.entries(states)) {
      const others = begin();
      try {
        const result = await measure(model, compilation, { baselines: ["plain"], seconds: 1 });
        const ratio = result.speedup["plain"];
        assert.ok(ratio !== undefined);
        found.push({ state, ratio, ms: result.ours.medianMs });
        t.diagnostic(`${state}: ${result.ours.medianMs.toFixed(3)} ms, plain / ours ${text(ratio)}`);
      } finally {
        for (const o of others) o.kill("SIGKILL");
      }
    }
    const medians = found.map((f) => f.ratio.median).sort((x, y) => x - y);
    const agreed = ((medians[4] ?? NaN) + (medians[5] ?? NaN)) / 2;
    const outside = found.filter(({ ratio }) => agreed < ratio.ci95[0] || agreed > ratio.ci95[1]);
    t.diagnostic(`agreed: ${agreed.toFixed(4)}; outside: ${outside.map((o) => o.state).join(", ") || "none"}`);
    // Intervals of 95 %: of ten, more than two beside it happen once in a hundred times.
    assert.ok(outside.length <= 2, outside.map((o) => `${o.state}: ${text(o.ratio)} does not hold ${agreed.toFixed(4)}`).join("; "));
  });
});

const script = (source: string, nice = 0): ChildProcess =>
  spawn("nice", ["-n", String(nice), process.execPath, "-e", source], { stdio: "ignore" });
const spinning = "for (;;) Math.sqrt(Math.random())";
const copying = "const a = Buffer.alloc(1 << 28), b = Buffer.alloc(1 << 28); for (;;) a.copy(b)";
const bursts = "const go = () => { const t = Date.now(); while (Date.now() - t < 20); setTimeout(go, 30); }; go()";
const files = "const fs = require('fs'); for (;;) { fs.writeFileSync('/dev/shm/fusionscope-yardstick', Buffer.alloc(1 << 24)); }";

/** What the machine does meanwhile: the processes that are started for it. */
const states: Readonly<Record<string, () => readonly ChildProcess[]>> = {
  "left alone": () => [],
  "left alone, again": () => [],
  "one that computes, in the background": () => [script(spinning, 19)],
  "two that compute, in the background": () => [script(spinning, 19), script(spinning, 19)],
  "one that computes": () => [script(spinning)],
  "two that compute": () => [script(spinning), script(spinning)],
  "one that copies memory": () => [script(copying)],
  "one that works in bursts": () => [script(bursts)],
  "one that writes files into memory": () => [script(files)],
  "left alone, at last": () => [],
};
after(() => fs.rmSync("/dev/shm/fusionscope-yardstick", { force: true }));
