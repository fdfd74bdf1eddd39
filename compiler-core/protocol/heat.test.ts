import assert from "node:assert/strict";
import { test } from "node:test";
import { heatOf, shareText } from "./heat.ts";
import type { HotSpots } from "./hot-spots.ts";

const spots: HotSpots = {
  ...{ samples: 100, outside: 0, unmapped: 0, runs: 1, seconds: 1, hz: 100, clock: "timer", skid: "" },
  lines: [{ line: 7, text: "fs::gemm();", samples: 90, share: 0.9, nodes: [] }],
  instructions: [
    { address: 0x20, text: "vfmadd231ps zmm0,zmm1,zmm2", symbol: "tile", line: 7, exact: false, samples: 60, share: 0.6 },
    { address: 0x30, text: "jne    20", symbol: "tile", line: 7, exact: false, samples: 30, share: 0.3 },
  ],
};

test("samples stand on lines of the C++, and on those of the assembly that hold their instruction", () => {
  assert.deepEqual([...heatOf(spots, "cpp", { lines: [] })], [[7, { samples: 90, share: 0.9 }]]);
  const lines = ["tile:", "    vfmadd231ps  zmm0, zmm1, zmm2", "    ja           .L2"];
  const heat = heatOf(spots, "asm", { lines, addresses: Int32Array.of(0, 0x20, 0x30) });
  assert.deepEqual([...heat], [[2, { samples: 60, share: 0.6 }]], "another instruction is at 0x30: another build");
  assert.equal(heatOf(spots, "asm", { lines }).size, 0);
});

test("shares keep two digits", () => assert.deepEqual([0.456, 0.0324, 0.0999, 0.0004].map(shareText), ["46 %", "3.2 %", "10 %", "<0.1 %"]));
