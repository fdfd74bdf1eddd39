import assert from "node:assert/strict";
import { test } from "node:test";
import type { PanelOptions } from "#protocol";
import { optionsTitle } from "./options-title.ts";

const plain: PanelOptions = { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] };

for (const [change, own, other] of [
  [{}, "the same options", "the same options"],
  [{ isa: "avx2", threads: 2 }, "isa auto, 1 thread", "isa avx2, 2 threads"],
  [{ without: ["fuse", "a", "b", "c"] }, "with every pass", "without fuse, a, 2 more"],
  [{ dims: { N: 7 }, precision: "bf16" }, "f32, default dimensions", "bf16, N = 7"],
  [{ forbid: [["#1", "#2"]] }, "nothing forbidden", "forbid #1+#2"],
] as readonly [Partial<PanelOptions>, string, string][]) {
  test(other, () => {
    const second = { ...plain, ...change };
    assert.deepEqual([optionsTitle(plain, second), optionsTitle(second, plain)], [own, other]);
  });
}
