import assert from "node:assert/strict";
import { test } from "node:test";
import { missingFeatures, widestIsa } from "../machine.ts";
import { asUserError } from "../messages.ts";
import { machineOf, referenceMachines, referenceNames } from "./reference-machines.ts";

test("the profiles that come along are what their names say", () => {
  assert.deepEqual(
    referenceMachines().map(({ name, profile }) => [name, profile.cores, widestIsa(profile), profile.caches.l2 / 1024]),
    [
      ["client-avx2-8", 8, "avx2", 2048],
      ["ice-lake-32", 32, "avx512-vnni", 1280],
      ["sapphire-rapids-56", 56, "amx", 2048],
    ],
  );
  const [client] = referenceMachines();
  assert.ok(client!.profile.features.includes("avx_vnni") && missingFeatures("avx512", client!.profile).includes("avx512f"));
});

test("every figure of theirs says where it is from, and peaks are the rate per cycle times the frequency", () => {
  const perCycle = { f32GflopsPerCore: [32, 64], f32Avx2GflopsPerCore: [32], vnniGopsPerCore: [128, 256], bf16GflopsPerCore: [128] };
  for (const { name, profile } of referenceMachines()) {
    const { sources = {}, peaks = {}, bandwidths = {} } = profile;
    for (const text of Object.values(sources)) assert.match(text, /^(published|derived|estimate): /);
    for (const member of ["features", "caches", "cores", "peaks"]) assert.ok(member in sources, `${name}: ${member}`);
    for (const level of Object.keys(bandwidths)) assert.ok(`bandwidths.${level}` in sources, `${name}: ${level}`);
    for (const [peak, rates] of Object.entries(perCycle)) {
      const value = peaks[peak as keyof typeof perCycle];
      if (value !== undefined)
        assert.ok(
          rates.some((r) => Math.abs(value / peaks.ghz! - r) < 0.1),
          `${name}: ${peak}`,
        );
    }
    const { l1d, l2, l3, memory } = bandwidths;
    assert.ok(l1d!.core > l2!.core && l2!.core > l3!.core && l3!.all! > memory!.all!, `${name}: nearer is faster`);
  }
});

test("a machine is a name or a file", () => {
  assert.ok(referenceNames().length >= 3);
  assert.equal(machineOf("ice-lake-32").cores, 32);
  const code = (text: string): string => {
    try {
      machineOf(text);
      return "none";
    } catch (e) {
      return asUserError(e).code;
    }
  };
  assert.deepEqual(["ice-lake-23", "./absent.json", "absent.json"].map(code), ["machine-unknown", "file-unreadable", "file-unreadable"]);
});
