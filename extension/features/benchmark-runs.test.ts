import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type * as vscode from "vscode";
import type { BenchRun } from "#protocol";
import { CodedError } from "../coded-error.ts";
import { dropRuns, keepRun, keptRuns, mostRuns, readRun, thinnedRun } from "./benchmark-runs.ts";

const run = (id: string, samples = 10): BenchRun => ({
  schema: 1,
  id,
  at: `2026-01-01T00:00:${id.padStart(2, "0")}Z`,
  model: "m.onnx",
  scope: { kind: "model" },
  options: { isa: "avx2", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] },
  command: "fusionscope bench m.onnx",
  result: {
    isa: "avx2",
    threads: 1,
    precision: "f32",
    scope: "model",
    ours: { minMs: 1, medianMs: 1.1, p95Ms: 1.4, runs: samples, ci95: [1, 1.2] },
    baselines: {},
    speedup: {},
    control: { median: 1, ci95: [0.99, 1.01] },
    flops: 1,
    gflops: 1,
    bytes: 1,
    peakGflops: null,
    peakGBs: null,
    counters: {},
    regions: [],
    samples: [
      { candidate: "ours", rounds: Array.from({ length: samples / 5 }, (_, i) => [5 * i, 5 * i + 1, 5 * i + 2, 5 * i + 3, 5 * i + 4]) },
    ],
  },
});

const memory = (): vscode.Memento => {
  const map = new Map<string, unknown>();
  return {
    keys: () => [...map.keys()],
    get: (key: string) => map.get(key),
    update: async (key: string, value: unknown) => void map.set(key, value),
  } as vscode.Memento;
};

test("runs are kept in the order of time, once each, and the oldest go", async () => {
  const kept = memory();
  for (const id of ["5", "3", "5"]) await keepRun(kept, "a", run(id));
  assert.deepEqual(
    keptRuns(kept, "a").map(({ id }) => id),
    ["3", "5"],
  );
  assert.deepEqual(keptRuns(kept, "b"), []);
  for (let i = 0; i < mostRuns + 5; i++) await keepRun(kept, "a", run(String(10 + i)));
  assert.equal(keptRuns(kept, "a").length, mostRuns);
  assert.equal(keptRuns(kept, "a").at(-1)?.id, String(10 + mostRuns + 4));
  await dropRuns(
    kept,
    "a",
    keptRuns(kept, "a")
      .slice(1)
      .map(({ id }) => id),
  );
  assert.equal(keptRuns(kept, "a").length, 1);
  await kept.update("bench:a", [run("1"), { schema: 1, id: "none" }, 7]);
  assert.deepEqual(
    keptRuns(kept, "a").map(({ id }) => id),
    ["1"],
  );
});

test("few samples of many, from the first to the last, and it says so", () => {
  assert.equal(thinnedRun(run("1")).thinned, undefined);
  const many = thinnedRun(run("1", 5000));
  const [few] = many.result.samples?.[0]?.rounds ?? [];
  assert.equal(many.thinned, true);
  assert.deepEqual([few?.length, few?.[0], few?.at(-1)], [96, 0, 4999]);
});

test("a stored run is read; other files are refused with the reason", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-runs-"));
  const write = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const refused = (file: string, what: RegExp): void =>
    assert.throws(
      () => readRun(file),
      (error) => error instanceof CodedError && error.info.code === "bench-file" && what.test(error.message),
    );
  try {
    assert.deepEqual(readRun(write("run.json", JSON.stringify(run("7")))), run("7"));
    refused(write("text.json", "{"), /not JSON/);
    refused(write("other.json", '{"passes": []}'), /no times/);
    refused(path.join(folder, "none.json"), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
