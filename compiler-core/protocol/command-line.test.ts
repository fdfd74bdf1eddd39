import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { benchCommand, compileCommand, shellWord } from "./command-line.ts";
import type { PanelOptions } from "./panel.ts";

const usual: PanelOptions = { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] };

test("what is usual is not said", () => {
  assert.equal(compileCommand("/models/mlp.onnx", usual), "fusionscope compile /models/mlp.onnx");
});

test("every option is said as the command takes it", () => {
  const options: PanelOptions = {
    isa: "avx2",
    threads: 2,
    precision: "bf16",
    dims: { batch: 8, seq: 128 },
    without: ["fuse"],
    force: [["#1", "#2"]],
    forbid: [["name:a b", "#3"]],
  };
  assert.equal(
    compileCommand("m.onnx", options),
    "fusionscope compile m.onnx --isa avx2 --threads 2 --precision bf16 --dim batch=8 --dim seq=128 --without fuse --force '#1+#2' --forbid 'name:a b+#3'",
  );
});

test("a benchmark says what of the model it measures, and against what", () => {
  assert.equal(
    benchCommand("m.onnx", usual, { scope: { kind: "nodes", nodes: [3, 4] }, baselines: ["ort"] }, (node) => `#${node}`),
    "fusionscope bench m.onnx --nodes '#3,#4' --baseline ort --regions",
  );
  assert.equal(
    benchCommand("m.onnx", usual, { scope: { kind: "group", group: 2 }, baselines: [] }, String),
    "fusionscope bench m.onnx --group 2 --baseline none --regions",
  );
});

test("a shell reads each word as it was", () => {
  for (const word of ["plain", "with space", "it's", '$(rm x) `y` \\ "', "#1", "~", "", "a\nb", "ä*?"])
    assert.equal(execFileSync("sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" }), word);
});
