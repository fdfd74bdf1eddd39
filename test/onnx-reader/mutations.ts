/** Damaged models: seeded mutations of the models in test/models, and what becomes of them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../compiler-core/messages.ts";
import { memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { memoryStore, readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { Random } from "../workloads/prng.ts";
import { root, tensorsOf } from "./corpus.ts";

const folder = path.join(root, "test", "models");
export const seeds = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith(".onnx"))
  .map((name) => new Uint8Array(fs.readFileSync(path.join(folder, name))));

/** Reads everything there is to read: one coded error, or success and a second writing that reads again. */
export function outcome(bytes: Uint8Array): string {
  const store = memoryStore(bytes, "fuzz");
  let stage = "read";
  try {
    const model = readModel(memorySource(bytes), "fuzz");
    stage = "tensors";
    for (const tensor of tensorsOf(model)) {
      try {
        readTensor(store, tensor);
      } catch (error) {
        if (!(error instanceof UserError) || error.code === "bug") throw error;
      }
    }
    stage = "write";
    readModel(memorySource(encodeModel(model, { store })), "again");
    return "ok";
  } catch (error) {
    if (error instanceof UserError && error.code !== "bug") {
      assert.ok(error.line().length < 2000);
      return error.code;
    }
    throw new Error(`${stage}: ${String(error)}`, { cause: error });
  }
}

/** One to eight changes: flipped bits, random bytes, removed and doubled pieces, large lengths. */
function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes = original.slice();
  for (let change = random.integer(1, 8); change > 0; change--) {
    const at = random.integer(0, bytes.length - 1);
    const kind = random.integer(0, 4);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
    else if (kind === 1) bytes[at] = random.integer(0, 255);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 16))]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 16), at), bytes.subarray(at)]);
    else bytes.fill(0xff, at, Math.min(bytes.length, at + random.integer(1, 10)));
  }
  return new Uint8Array(bytes);
}

/** The outcomes of `count` damaged models, by code. */
export function fuzz(seed: string, count: number): Map<string, number> {
  const random = new Random(seed);
  const counts = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const original = seeds[i % seeds.length];
    assert.ok(original !== undefined);
    // Half of the changes near the start, where the structure is.
    const split = i % 2 === 0 && original.length > 1500 ? 1500 : original.length;
    const code = outcome(Buffer.concat([mutate(original.subarray(0, split), random), original.subarray(split)]));
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}
