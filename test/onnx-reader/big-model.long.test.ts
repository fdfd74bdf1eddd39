/** A model beyond 2 GB: opened and imported without its weights. In a file of its own, because it looks at the memory of the process. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openModel } from "../../compiler-core/io/model-file.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { readBytes } from "../../compiler-core/onnx/tensor-data.ts";
import { bigDataBytes, writeBigModel } from "../workloads/big-model.ts";

test("a model of 2.7 GB opens within a second and 300 MB, and its last weight can be read", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-big-"));
  try {
    const file = writeBigModel(folder);
    const start = performance.now();
    const { model, store } = openModel(file);
    const graph = importModel(model, store);
    const ms = performance.now() - start;
    const { rss } = process.memoryUsage();
    t.diagnostic(`${ms.toFixed(0)} ms, ${(rss / 1e6).toFixed(0)} MB in the process, ${graph.nodes.length} nodes`);
    assert.ok(ms < 1000, `${ms} ms`);
    assert.ok(rss < 300e6, `${rss} bytes`);
    const last = model.graph.initializers.at(-1);
    assert.ok(last !== undefined);
    assert.ok(readBytes(store, last, 0, 4096).some((byte) => byte !== 0));
    assert.equal(readBytes(store, last, bigDataBytes / 10 - 8, 8).length, 8);
    assert.ok(process.memoryUsage().rss < 300e6);
    store.close();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
