import assert from "node:assert/strict";
import { test } from "node:test";
import { innerLoop } from "./inner-loop.ts";

const text = [
  "kernel:", // 1
  "    xor eax, eax",
  ".L2:", // 3, outer
  "    mov rdx, rsi",
  ".L3:", // 5, main loop
  "    vmovups zmm1, [rdx]",
  "    vfmadd231ps zmm0, zmm1, zmm2",
  "    jne     .L3",
  ".L4:", // 9, rest
  "    vaddss xmm0, xmm1",
  "    jne     .L4",
  "    jl      .L2",
  "    ret",
];
const all = new Set(text.map((_, i) => i + 1));

test("the longest loop without another one inside", () => assert.deepEqual([...innerLoop(text, all)], [5, 6, 7, 8]));
test("a loop with instructions of somebody else is not taken", () =>
  assert.deepEqual([...innerLoop(text, new Set([...all].filter((line) => line !== 6)))], [9, 10, 11]));
test("without a loop, the lines themselves", () => assert.deepEqual([...innerLoop(text, new Set([2, 4]))], [2, 4]));
