import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { UserError } from "../../compiler-core/messages.ts";
import { memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { memoryStore, readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { Random } from "../workloads/prng.ts";
import { root, tensorsOf } from "./corpus.ts";

const folder = path.join(root, "test", "models");
const seeds = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith(".onnx"))
  .map((name) => new Uint8Array(fs.readFileSync(path.join(folder, name))));

/** Reads everything there is to read: one coded error, or success and a second writing that reads again. */
function outcome(bytes: Uint8Array): string {
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

test("2,000 damaged models are read or refused with a code", () => {
  const random = new Random("fuzz");
  const counts = new Map<string, number>();
  const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  let peak = 0;
  for (let i = 0; i < 2000; i++) {
    const seed = seeds[i % seeds.length];
    assert.ok(seed !== undefined);
    // Half of the changes near the start, where the structure is.
    const head = i % 2 === 0 && seed.length > 1500 ? seed.subarray(0, 1500) : seed;
    const mutated = mutate(head, random);
    const code = outcome(head === seed ? mutated : Buffer.concat([mutated, seed.subarray(1500)]));
    counts.set(code, (counts.get(code) ?? 0) + 1);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    peak = Math.max(peak, heapUsed + arrayBuffers - heapBefore);
  }
  // The mutations are worth something only when they reach the different ends.
  for (const code of ["ok", "onnx-wire", "onnx-truncated"])
    assert.ok((counts.get(code) ?? 0) > 20, `${code}: ${counts.get(code) ?? 0} of 2000`);
  assert.ok(peak < 200e6, `${peak} bytes`);
});

test("a model cut off anywhere is refused with a code", () => {
  const whole = seeds.find((bytes) => bytes.length < 700);
  assert.ok(whole !== undefined);
  for (let length = 0; length < whole.length; length++) {
    const code = outcome(whole.slice(0, length));
    assert.ok(["onnx-truncated", "onnx-not-a-model", "ok"].includes(code), `${length} bytes: ${code}`);
    if (code === "ok") assert.equal(isWholeField(whole, length), true, `${length} bytes read as a model`);
  }
});

/** Whether the first `length` bytes are whole fields of the outermost message, which then is a model without the rest. */
function isWholeField(bytes: Uint8Array, length: number): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < length) {
    const isBytes = (varint() & 7) === 2;
    const value = varint();
    if (isBytes) at += value;
  }
  return at === length;
}
