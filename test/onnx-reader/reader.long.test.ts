import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openModel } from "../../compiler-core/io/model-file.ts";
import { createFileSink } from "../../compiler-core/io/byte-source.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { readBytes } from "../../compiler-core/onnx/tensor-data.ts";
import { externalTarget, writeModel } from "../../compiler-core/onnx/writer.ts";
import { fuzz } from "./mutations.ts";

/** FUZZ_FILES sets the number. In pieces, with memory looked at between them: what one file leaves behind, 200,000 would show. */
const files = Number(process.env["FUZZ_FILES"] ?? 200_000);

test(`${files} damaged models are read or refused with a code, in bounded memory`, (t) => {
  const pieces = 20;
  const total = new Map<string, number>();
  const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = memory();
  const start = performance.now();
  for (let piece = 0; piece < pieces; piece++) {
    for (const [code, n] of fuzz(`long:${piece}`, Math.ceil(files / pieces))) total.set(code, (total.get(code) ?? 0) + n);
    assert.ok(memory() - before < 400e6, `${memory() - before} bytes more after ${piece + 1} of ${pieces} pieces`);
  }
  t.diagnostic(`${[...total].map(([code, n]) => `${n} ${code}`).join(", ")}; ${((performance.now() - start) / 1000).toFixed(0)} s`);
  assert.ok((total.get("ok") ?? 0) > files / 200);
});

test("the writer streams more than 2 GB into an external file", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-stream-"));
  try {
    const free = Number(execFileSync("df", ["--output=avail", "-B1", folder], { encoding: "utf8" }).split("\n")[1]);
    if (!(free > 6e9)) {
      t.skip(`${folder} has only ${free} bytes free`);
      return;
    }
    const length = 2_200_000_000;
    const piece = new Uint8Array(10_000_000).fill(7);
    const model = modelBuilder();
    const chunks = function* (): Iterable<Uint8Array> {
      for (let done = 0; done < length; done += piece.length) yield piece;
    };
    model.initializer("huge", "u8", [length], { source: "stream", length, chunks });
    model.initializer("after", "u8", [2000], new Uint8Array(2000).fill(9));
    const data = createFileSink(path.join(folder, "w.bin"));
    const sink = createFileSink(path.join(folder, "m.onnx"));
    writeModel(model.build(), sink, { external: externalTarget("w.bin", data) });
    sink.close();
    data.close();
    const opened = openModel(path.join(folder, "m.onnx"));
    const [huge, last] = opened.model.graph.initializers;
    assert.ok(huge !== undefined && last !== undefined);
    assert.deepEqual([...readBytes(opened.store, huge, length - 2, 2)], [7, 7]);
    assert.deepEqual([...readBytes(opened.store, last, 1998, 2)], [9, 9]);
    opened.store.close();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
