import assert from "node:assert/strict";
import { test } from "node:test";
import { findMca } from "../llvm-mca.ts";
import { detectMachine } from "../machine-detect.ts";
import { instructionNotes } from "./instruction-notes.ts";

const lines = [
  "f:",
  "    vmulps zmm3, zmm1, zmm2",
  "    vmulps zmm9, zmm8, ZMMWORD PTR [rdi+64]",
  "    vmulps zmm7, zmm5, zmm6",
  ".L2:",
  "    vdivps zmm3, zmm1, zmm2",
  "    call _Z1gv",
];

test("instructions of one form share a note; labels have none", async () => {
  const { row, rows } = await instructionNotes(lines, "avx512", detectMachine().profile);
  assert.deepEqual([...row], [-1, 0, 1, 0, -1, 2, 3]);
  assert.deepEqual(
    rows.map(({ does }) => does),
    ["multiplies, f32 (16 at a time)", "multiplies, f32 (16 at a time)", "divides, f32 (16 at a time)", "calls a function"],
  );
});

const tool = await findMca();

test("a scheduling model prices each form", { skip: "why" in tool ? tool.why : false }, async () => {
  const { rows, prices } = await instructionNotes(lines, "avx512", detectMachine().profile);
  assert.equal(prices.valid, true);
  const [register, memory, division, call] = rows.map(({ price }) => price);
  assert.ok(register && memory && division);
  assert.equal(call, undefined, "what a call costs is not in the call");
  assert.ok(memory.latency > register.latency, "a load takes time");
  assert.ok(division.throughput > register.throughput, "dividers are not pipelined");
  for (const { ports } of [register, memory, division])
    assert.ok(ports.length > 0 && ports.every(({ name, cycles }) => name !== "" && cycles > 0));
});
