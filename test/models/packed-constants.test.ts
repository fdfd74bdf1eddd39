/** Packed constants are made once: kept on disk by content, read back whole or made anew, and the weights they were made of given back. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { createFileSink, findToolchain, localMachine, openSessionModel, compileModel } from "#core/io";
import { defaultOptions } from "#core";
import { defaultCacheRoot } from "../../compiler-core/io/build-cache.ts";
import { buildCode } from "../../compiler-core/io/session/build.ts";
import { NativeHost } from "../../compiler-core/io/session/native-host.ts";
import { packedKey, packedName } from "../../compiler-core/io/session/packed-cache.ts";
import type { WeightRange } from "../../compiler-core/protocol/runner.ts";
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import { writeModel } from "../../compiler-core/onnx/writer.ts";
import { mlp } from "../workloads/mlp.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-packed-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test("packed constants come from disk, or are made again where the file is damaged", { skip: noCompiler }, async () => {
  const file = path.join(scratch, "mlp.onnx");
  const sink = createFileSink(file);
  writeModel(mlp("mlp2", 2), sink);
  sink.close();
  const model = openSessionModel(file);
  const { source } = compileModel(model, { ...defaultOptions, isa: "scalar" }, localMachine());
  assert.ok(source);
  const built = await buildCode(source);
  const host = await NativeHost.start();
  try {
    const x = fromValues(
      "f32",
      [2, 479],
      Array.from({ length: 958 }, (_, i) => (i % 7) - 3),
    );
    const files = host.inputFiles(["x"], [x]);
    const result = async (): Promise<readonly number[]> => {
      const [y] = await host.run(await host.load(built), files);
      return Array.from(y!.data as Float32Array);
    };
    const first = await result();
    const ranges = built.plan.weights.map((w): WeightRange => ({ ...w.range!, ...(w.once === true ? { once: true } : {}) }));
    const key = packedKey(built, "", ranges);
    assert.ok(key, "large enough to be kept");
    const kept = path.join(defaultCacheRoot(), key, packedName);
    assert.ok(fs.existsSync(kept));
    const loaded = () =>
      host.client.request("load", { so: built.sharedObject, weights: ranges, packed: { file: kept } }, { timeoutMs: 60_000 });
    const whole = await loaded();
    assert.equal(whole.packedFromFile, true);
    assert.ok(whole.releasedBytes > 0.9 * built.plan.packedBytes, `${whole.releasedBytes} of ${built.plan.packedBytes} bytes given back`);
    assert.deepEqual(await result(), first, "read back");

    const bytes = fs.readFileSync(kept);
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(kept, bytes);
    const damaged = await loaded();
    assert.equal(damaged.packedFromFile, false, "one bit is enough");
    assert.deepEqual(await result(), first, "made again");
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(kept, bytes);
  } finally {
    await host.close();
    model.close();
  }
  const other = packedKey(
    built,
    "",
    built.plan.weights.map((w) => ({ ...w.range!, offset: w.range!.offset + 4 })),
  );
  const same = packedKey(
    built,
    "",
    built.plan.weights.map((w) => w.range!),
  );
  assert.notEqual(other, same, "other weights, another entry");
});
