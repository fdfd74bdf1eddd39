import assert from "node:assert/strict";
import { test } from "node:test";
import type { TextReply } from "#protocol";
import { packTexts, unpackText } from "./recorded-texts.ts";

const line = (text: string, ...origins: [stmt: number, ...nodes: number[]][]) => ({ text, origins });
const reply = (lines: readonly ReturnType<typeof line>[]): TextReply => ({
  language: "fusionscope-tensor",
  lines: lines.map(({ text }) => text),
  origins: lines.flatMap(({ origins }, i) => origins.map(([stmt, ...nodes]) => ({ line: i + 1, stmt, nodes }))),
});

const first = [line("module {"), line("  s1: for i%1", [1, 3, 4]), line("  }", [1]), line("}")];
const second = [line("module {"), line("  s7: let x%2", [7]), line("  s1: for i%1", [1, 3, 4]), line("  }", [1], [7, 2]), line("}")];

test("every text comes back as it was", () => {
  const rows = [{ form: "ret", does: "returns", price: { latency: 1, throughput: 0.5, operations: 1, ports: [] } }];
  const notes = { row: new Int32Array([-1, 0, -1]), rows, prices: { valid: false, why: "not installed" } } as const;
  const asm: TextReply = { language: "fusionscope-asm", lines: ["a", "a", ""], origins: [], source: new Int32Array([0, 5, 5]), notes };
  const texts = { "ir:0": reply(first), "ir:1": reply(second), "ir:2": reply([]), "asm:2": asm };
  const packed = packTexts(texts);
  for (const [key, text] of Object.entries(texts)) assert.deepEqual(unpackText(packed, key), text, key);
  assert.equal(unpackText(packed, "ir:9"), undefined);
  assert.equal(unpackText(packed, "toString"), undefined);
});

test("a line of many stages is kept once; the same text under many keys, too", () => {
  const cpp = reply(first);
  const packed = packTexts({ "ir:0": reply(first), "ir:1": reply(second), "cpp:0": cpp, "cpp:1": cpp });
  assert.equal(packed.lines.length, first.length + 2);
  assert.equal(packed.keys["cpp:0"], packed.keys["cpp:1"]);
});
