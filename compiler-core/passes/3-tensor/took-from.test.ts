/** Who takes whose memory, against a byte-by-byte replay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeBuffers, type Request } from "./place-buffers.ts";
import { tookFrom } from "./took-from.ts";

/** Deterministic numbers below `n`. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
}

function requests(count: number, seed: number, stretches: number, longest: number): Request[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, id): Request => {
    const first = roll(stretches);
    return { id, bytes: 64 * roll(8), first, last: first + roll(longest) };
  });
}

test("the memory of a buffer is taken from whoever was there last", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const all = requests(80, seed, 60, 9);
    const { offsets, reuses } = placeBuffers(all);
    /** By cache line: who was there last. */
    const lines = new Map<number, number>();
    for (const r of [...all].sort((a, b) => a.first - b.first || a.id - b.id)) {
      const at = (offsets.get(r.id) ?? NaN) / 64;
      const own = Array.from({ length: Math.ceil(r.bytes / 64) }, (_, i) => at + i);
      const before = new Set(own.flatMap((line) => lines.get(line) ?? []));
      assert.deepEqual(new Set(reuses.get(r.id)), before, `seed ${seed}, buffer ${r.id}`);
      for (const line of own) lines.set(line, r.id);
    }
  }
});

test("buffers that are alive together never share a byte", () => {
  for (const [seed, longest] of [
    [7, 3],
    [8, 40],
    [9, 200],
  ] as const) {
    const all = requests(150, seed, 200, longest);
    const { offsets, total } = placeBuffers(all);
    const at = (r: Request): number => offsets.get(r.id) ?? NaN;
    for (const a of all)
      for (const b of all) {
        const together = a.id < b.id && a.first <= b.last && b.first <= a.last;
        if (together && a.bytes > 0 && b.bytes > 0) assert.ok(at(a) >= at(b) + b.bytes || at(b) >= at(a) + a.bytes, `${a.id} and ${b.id}`);
      }
    assert.ok(all.every((r) => at(r) + r.bytes <= total));
  }
});

test("a buffer takes from its neighbours in time, not from all that ever lay there", () => {
  const chain = Array.from({ length: 1000 }, (_, i) => ({ id: i, first: i, at: 0, end: 64 }));
  const found = tookFrom(chain);
  assert.equal(
    [...found.values()].reduce((sum, from) => sum + from.length, 0),
    999,
  );
});
