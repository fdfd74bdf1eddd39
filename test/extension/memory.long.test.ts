// The editor's host with a model of 2.7 GB beside its file: open, compiled and looked at, it stays small.
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { notBuilt, start } from "./mock/start.ts";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-memory-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const layers = 10;
const width = 8192;

/** Ten layers of 8192 x 8192; the weights are a hole in the file system. */
function bigModel(): string {
  const model = modelBuilder({ name: "big", opset: 17 });
  const bytes = width * width * 4;
  let value = model.input("x", "f32", ["batch", width]);
  for (let layer = 0; layer < layers; layer++) {
    const place = { source: "external" as const, location: "weights.bin", offset: layer * bytes, length: bytes };
    const weight = model.initializer(`w${layer}`, "f32", [width, width], place);
    value = model.node("Relu", [model.node("MatMul", [value, weight], `y${layer}`)], `z${layer}`);
  }
  model.output(value, "f32", ["batch", width]);
  const data = openSync(path.join(folder, "weights.bin"), "w");
  ftruncateSync(data, layers * bytes);
  closeSync(data);
  const file = path.join(folder, "big.onnx");
  writeFileSync(file, encodeModel(model.build()));
  return file;
}

test("host and compiler worker stay below 300 MB with 2.7 GB of weights", { skip: notBuilt, timeout: 300_000 }, async (t) => {
  const file = bigModel();
  const before = process.memoryUsage().rss;
  const started = start();
  try {
    const page = started.open(file);
    page.say({ type: "ready" });
    const { summary } = await page.next("summary");
    assert.equal(summary.unsupported.length, 0);
    page.say({ type: "request", id: 1, name: "text", arg: { kind: "cpp", stage: 0 } });
    await page.next("reply", ({ id }) => id === 1);
    const used = process.memoryUsage().rss;
    t.diagnostic(`${(used / 1e6).toFixed(0)} MB with the test itself, ${((used - before) / 1e6).toFixed(0)} MB more than before`);
    assert.ok(used < 300e6, `${used}`);
  } finally {
    started.stop();
  }
});
