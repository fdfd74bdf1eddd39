import assert from "node:assert/strict";
import { test } from "node:test";
import type { PanelOptions } from "#protocol";
import { OptionStore } from "./option-store.ts";

const defaults: PanelOptions = { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] };

function memory(): { map: Map<string, unknown>; get<T>(key: string): T | undefined; update(key: string, value: unknown): Thenable<void> } {
  const map = new Map<string, unknown>();
  return {
    map,
    get: <T>(key: string) => map.get(key) as T | undefined,
    update: async (key, value) => void (value === undefined ? map.delete(key) : map.set(key, value)),
  };
}

test("keeps what differs from the settings, and follows the settings otherwise", () => {
  const kept = memory();
  const store = new OptionStore(kept);
  store.write("a.onnx", { ...defaults, threads: 2, dims: { N: 7 } }, defaults);
  assert.deepEqual(store.read("a.onnx", { ...defaults, isa: "avx2" }), { ...defaults, isa: "avx2", threads: 2, dims: { N: 7 } });
  assert.deepEqual(store.read("b.onnx", defaults), defaults);
});

test("options equal to the settings leave nothing behind", () => {
  const kept = memory();
  const store = new OptionStore(kept);
  store.write("a.onnx", { ...defaults, threads: 2 }, defaults);
  store.write("a.onnx", defaults, defaults);
  assert.equal(kept.map.size, 0);
});
