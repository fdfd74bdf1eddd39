import assert from "node:assert/strict";
import { test } from "node:test";
import { countedBytes, countedFlops, withDerived, type Counted } from "./derive.ts";
import { counterEvents, cpuFamilies, eventsFor, familyOf, groupNumber } from "./events.ts";

test("processors are told by vendor, family and model", () => {
  const cases = [
    ["GenuineIntel", 6, 0x6a, "intel-ice-lake-server"],
    ["GenuineIntel", 6, 0x8f, "intel-sapphire-rapids"],
    ["GenuineIntel", 6, 0xb7, "intel-client"],
    ["AuthenticAMD", 25, 17, "amd-zen4"],
    ["AuthenticAMD", 25, 1, "other"],
    ["GenuineIntel", 6, 0x55, "other"],
    ["", 0, 0, "other"],
  ] as const;
  for (const [vendor, family, model, is] of cases) assert.equal(familyOf({ vendor, family, model }), is, `${vendor} ${family} ${model}`);
});

test("no name twice for a processor; groups are contiguous and small enough for the counters", () => {
  for (const family of cpuFamilies) {
    const events = eventsFor(family);
    assert.equal(new Set(events.map((e) => e.name)).size, events.length, family);
    const sizes = new Map<number, number>();
    let last = -1;
    for (const e of events) {
      const group = groupNumber(e.group);
      assert.ok(group >= last, `${family}: ${e.name} is out of its group`);
      last = group;
      sizes.set(group, (sizes.get(group) ?? 0) + 1);
      assert.ok(Number.isSafeInteger(e.config) && e.config >= 0 && e.what !== "", e.name);
    }
    for (const [group, size] of sizes) assert.ok(size <= 5, `${family}: group ${group} has ${size}`);
    for (const name of ["cycles", "instructions", "branch-misses", "llc-misses", "task-clock"])
      assert.ok(events.some((e) => e.name === name));
  }
  assert.ok(eventsFor("intel-sapphire-rapids").some((e) => e.name === "amx-busy-cycles"));
  assert.ok(!eventsFor("intel-ice-lake-server").some((e) => e.name === "amx-busy-cycles"));
});

test("numbers of events, as perf writes them", () => {
  const config = (name: string, family: (typeof cpuFamilies)[number]): string =>
    (eventsFor(family).find((e) => e.name === name)?.config ?? -1).toString(16);
  assert.equal(config("amx-busy-cycles", "intel-sapphire-rapids"), "2b7");
  assert.equal(config("fp-512b-single", "intel-ice-lake-server"), "80c7");
  assert.equal(config("topdown-slots", "intel-client"), "400");
  assert.equal(config("topdown-retiring", "intel-client"), "8000");
  assert.equal(config("topdown-backend-bound", "amd-zen4"), "100001ea0");
  assert.equal(config("fp-512b-uops", "amd-zen4"), "2008");
  assert.equal(counterEvents.find((e) => e.name === "l1d-load-misses")?.config.toString(16), "10000");
});

const valid = (value: number): Counted => ({ value, valid: true });
const missing: Counted = { value: null, valid: false, why: "no PMU" };

test("what follows from counters needs all of them", () => {
  const made = withDerived({ cycles: valid(3000), instructions: valid(6000), "task-clock": valid(1000) });
  assert.deepEqual([made["frequency-ghz"], made["instructions-per-cycle"], made["amx-busy-share"]], [valid(3), valid(2), undefined]);
  assert.match(withDerived({ cycles: missing, "task-clock": valid(1) })["frequency-ghz"]?.why ?? "", /cycles: no PMU/);
  assert.equal(withDerived({ cycles: valid(0), "task-clock": valid(0) })["frequency-ghz"]?.valid, false);
});

test("flops and bytes are known only where every part was counted", () => {
  const f = { "fp-scalar-single": valid(1), "fp-128b-single": valid(1), "fp-256b-single": valid(1), "fp-512b-single": valid(10) };
  assert.equal(countedFlops(f), 173);
  assert.equal(countedFlops({ ...f, "fp-512b-single": missing }), undefined);
  assert.equal(countedFlops({ "fp-flops": valid(5) }), 5);
  assert.equal(countedFlops({}), undefined);
  assert.equal(countedBytes({ "memory-read-bytes": valid(640), "memory-write-bytes": valid(64) }), 704);
  assert.equal(countedBytes({ "memory-read-bytes": valid(640), "memory-write-bytes": missing }), undefined);
});
