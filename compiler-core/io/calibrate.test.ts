import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineProfile } from "../machine.ts";
import { bandwidthPlan, teamSizes } from "./calibrate.ts";
import { referenceMachines } from "./reference-machines.ts";

const MiB = 2 ** 20;
const plenty = 2 ** 40;

test("every level that has a working set of its own gets one that lies inside of it", () => {
  for (const { name, profile } of referenceMachines()) {
    const { l1d, l2, l3 } = profile.caches;
    const plan = bandwidthPlan(profile, profile.cores, plenty);
    const below = { l1d: 0, l2: l1d, l3: l2, memory: l3 };
    const above = { l1d, l2, l3, memory: Infinity };
    for (const { level, core, all } of plan) {
      assert.ok(typeof core === "number" && core > below[level] && core < above[level], `${name} ${level}`);
      if (typeof all === "number" && level === "l3") assert.ok(all > l2 && all * profile.cores < l3, `${name}: all cores fit into L3`);
      if (typeof all === "number" && level === "memory") assert.ok(all * profile.cores > 2 * l3, `${name}: memory is beyond L3`);
    }
  }
});

test("a shared cache that is no larger than what its cores hold before it has no bandwidth of its own", () => {
  const sapphire = referenceMachines().find((m) => m.name === "sapphire-rapids-56")!.profile;
  const [, , l3] = bandwidthPlan(sapphire, 56, plenty);
  assert.ok(typeof l3!.core === "number" && typeof l3!.all !== "number" && /hold as much/.test(l3!.all.why));
});

test("what does not fit into memory, or has no known size, says so", () => {
  const small: MachineProfile = { name: "m", features: [], caches: { l1d: 32768, l2: 0, l3: 0 }, cores: 4 };
  const [l1d, l2, , memory] = bandwidthPlan(small, 4, 64 * MiB);
  assert.equal(l1d!.core, 16384);
  assert.ok(typeof l2!.core !== "number" && /not known/.test(l2!.core.why));
  assert.ok(typeof memory!.all !== "number" && /MiB of free memory/.test(memory!.all.why));
});

test("team sizes reach from one to all CPUs", () => {
  assert.deepEqual(teamSizes(1), [1]);
  assert.deepEqual(teamSizes(5), [1, 2, 3, 4, 5]);
  assert.equal(teamSizes(224).at(-1), 224);
  assert.ok(teamSizes(1000).every((n) => n <= 256));
});
