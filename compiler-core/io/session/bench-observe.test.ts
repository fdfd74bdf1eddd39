import assert from "node:assert/strict";
import { test } from "node:test";
import type { AsmInstruction } from "../../codegen/asm-map.ts";
import type { BenchRegion } from "../../protocol/bench.ts";
import type { RunnerCounter } from "../../protocol/runner.ts";
import { withRegionCounters } from "./bench-observe.ts";
import { hotSpots, type CodeMap } from "./hot-spots.ts";

const valid = (value: number, scale = 1) => ({ valid: true, value, scale }) as const;
const none = { valid: false, why: "no PMU" } as const;

test("counters of regions: by thread, and summed where all threads that were there have them", () => {
  const thread = { ns: 1, waitNs: 0, calls: 1 };
  const regions: BenchRegion[] = [
    { group: 0, ns: 2, threads: [thread, thread] },
    { group: 1, ns: 1, threads: [thread, thread] },
  ];
  const first: Readonly<Record<string, RunnerCounter>>[] = [{ cycles: valid(10), "task-clock": valid(5) }, { cycles: valid(7, 2) }];
  const second: (Readonly<Record<string, RunnerCounter>> | null)[] = [{ cycles: none, "task-clock": valid(6) }, null];
  const [both, one] = withRegionCounters(regions, { runs: 1, threads: [first, second] });
  assert.deepEqual(both?.counters?.["task-clock"], { value: 11, valid: true });
  assert.deepEqual(both?.counters?.cycles, { value: null, valid: false, why: "no PMU" });
  assert.equal(both?.threads?.[0]?.counters?.["frequency-ghz"]?.value, 2);
  assert.deepEqual([one?.counters?.cycles, one?.threads?.[1]?.counters], [{ value: 7, valid: true, scale: 2 }, undefined]);
  assert.deepEqual(withRegionCounters(regions, undefined), regions);
});

test("samples by line and instruction, most first; what has no line is counted", () => {
  const at = (address: number, cppLine: number | undefined): AsmInstruction => ({
    ...{ address, text: `i${address}`, symbol: "f", chain: [], exact: cppLine !== undefined },
    cppLine,
  });
  const map: CodeMap = {
    instructions: [at(0, 3), at(4, 3), at(8, 9), at(12, undefined), at(16, undefined)],
    originOf: (line) => (line === 3 ? { group: 1, nodes: ["#2"] } : { nodes: [] }),
    textOf: (line) => `line ${line}`,
  };
  const offsets = [
    [4, 60],
    [8, 10],
    [12, 20],
    [16, 5],
    [99, 1],
  ] as const;
  const spots = hotSpots({ samples: 100, outside: 4, offsets, runs: 7, seconds: 1, hz: 100, clock: "timer" }, map);
  // A sample finds the instruction after the one that took the time.
  assert.deepEqual(
    spots.lines.map((l) => [l.line, l.samples, l.group, l.text]),
    [
      [3, 70, 1, "line 3"],
      [9, 20, undefined, "line 9"],
    ],
  );
  assert.equal(spots.unmapped, 6);
  assert.deepEqual(
    spots.instructions.map((i) => [i.address, i.samples, i.line]),
    [
      [0, 60, 3],
      [8, 20, 9],
      [4, 10, 3],
      [12, 5, null],
    ],
  );
  assert.ok(Math.abs(spots.lines[0]!.share - 70 / 96) < 1e-12);
});
