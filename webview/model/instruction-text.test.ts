import assert from "node:assert/strict";
import { test } from "node:test";
import { noteText, unitsText } from "./instruction-text.ts";

const ports = (...names: string[]): { name: string; cycles: number }[] => names.map((name) => ({ name, cycles: 0.5 }));

test("units of one kind stand together", () => {
  assert.equal(unitsText(ports("FP2", "FP3", "FP45.0", "FP45.1", "LSU.0", "FPSt")), "FP2/3 FP45 LSU FPSt");
  assert.equal(unitsText(ports("Port02", "Port03", "Port11")), "Port02/03/11");
  assert.equal(unitsText([]), "");
});

test("the tooltip says what an instruction does, costs, and whose figures these are", () => {
  const price = { latency: 4, throughput: 0.5, operations: 1, ports: ports("FP0", "FP1") };
  const prices = { valid: true, tool: "llvm-mca 19.1.7", model: "znver4", modelIs: "of this machine's family" } as const;
  const text = noteText({ form: "vmulps", does: "multiplies, f32", price }, prices);
  assert.match(text, /^Multiplies, f32\.\nLatency: 4 cycles\. One every 0\.5 cycles\./);
  assert.match(text, /FP0 0\.5, FP1 0\.5/);
  assert.match(text, /llvm-mca 19\.1\.7 for znver4/);
  assert.equal(noteText({ form: "call .L", does: "calls a function" }, prices), "Calls a function.\nllvm-mca 19.1.7 has no price for it.");
  assert.equal(noteText({ form: "ret", does: "returns" }, { valid: false, why: "not installed" }), "Returns.");
});
