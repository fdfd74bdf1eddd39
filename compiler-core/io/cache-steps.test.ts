import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheSteps, latencySizes, type LatencyPoint } from "./cache-steps.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** The curve of ideal caches: each load takes the mean of the levels, weighted by what of the set they hold. */
function curve(levels: readonly (readonly [bytes: number, ns: number])[], memory: number, sizes: readonly number[]): LatencyPoint[] {
  return sizes.map((bytes) => {
    let left = bytes;
    let ns = 0;
    for (const [size, cost] of levels) {
      const held = Math.min(left, size);
      ns += (held / bytes) * cost;
      left -= held;
    }
    return { bytes, ns: ns + (left / bytes) * memory };
  });
}

const zen = { l1d: 32 * KiB, l2: MiB, l3: 32 * MiB };

test("steps of ideal caches are found near their sizes", () => {
  // Replacement keeps nothing of a set that does not fit: the sharp case.
  const sharp = latencySizes(zen).map((bytes) => ({
    bytes,
    ns: bytes <= zen.l1d ? 1.1 : bytes <= zen.l2 ? 3.8 : bytes <= zen.l3 ? 14 : 120,
  }));
  const mixed = curve(
    [
      [zen.l1d, 1],
      [zen.l2, 4],
      [zen.l3, 14],
    ],
    120,
    latencySizes(zen),
  );
  for (const s of cacheSteps(sharp, zen)) assert.ok(s.agrees, JSON.stringify(s));
  // A mixed set is fast for as long as most of it is held: the step lies beyond the size, by little.
  for (const s of cacheSteps(mixed, zen))
    assert.ok(s.seen !== null && s.seen >= s.reported && s.seen <= 2.5 * s.reported, JSON.stringify(s));
});

test("a measured curve: the L3 of a virtual machine is half of what it says", () => {
  const ns = [1.09, 1.09, 1.09, 1.19, 3.79, 3.8, 3.81, 3.81, 4.92, 5.86, 8.11, 11.4, 12.9, 15.4, 16.3, 45.9, 97.5, 107, 121, 126, 139];
  const kb = [4, 16, 24, 32, 48, 64, 128, 256, 512, 768, 1024, 1536, 2048, 4096, 8192, 16384, 24576, 32768, 49152, 65536, 131072];
  const steps = cacheSteps(
    kb.map((k, i) => ({ bytes: k * KiB, ns: ns[i]! })),
    zen,
  );
  assert.deepEqual(
    steps.map((s) => s.agrees),
    [true, true, false],
  );
  assert.ok(steps[2]!.seen! > 14 * MiB && steps[2]!.seen! < 20 * MiB);
  assert.match(steps[2]!.why ?? "", /less than the system says/);
});

test("what cannot be seen says why", () => {
  const flat = latencySizes(zen).map((bytes) => ({ bytes, ns: 5 }));
  for (const s of cacheSteps(flat, zen)) assert.ok(!s.agrees && s.seen === null && /not slower/.test(s.why ?? ""));
  const [, , l3] = cacheSteps(flat, { ...zen, l3: 0 });
  assert.match(l3!.why ?? "", /does not say/);
  assert.match(cacheSteps([], zen)[0]!.why ?? "", /no working set/);
});

test("working sets surround every cache and stay within memory", () => {
  for (const caches of [zen, { l1d: 48 * KiB, l2: 2 * MiB, l3: 105 * MiB }, { l1d: 0, l2: 0, l3: 0 }]) {
    const sizes = latencySizes(caches);
    assert.ok(sizes.every((s, i) => s % KiB === 0 && s > (sizes[i - 1] ?? 0)) && sizes.at(-1)! <= 512 * MiB);
    assert.ok(sizes.at(-1)! >= 2 * caches.l3);
  }
});
