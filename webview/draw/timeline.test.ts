import assert from "node:assert/strict";
import { test } from "node:test";
import { slicesOf, waitShare } from "./timeline.ts";

const region = (group: number, ...threads: (readonly [ns: number, waitNs: number])[]) => ({
  group,
  name: `g${group}`,
  threads: threads.map(([ns, waitNs]) => ({ ns, waitNs })),
});

test("threads meet where one of them waits, and at the end", () => {
  // No barrier behind the first region: what thread 1 saves there it waits behind the second.
  const [first, second] = slicesOf([region(1, [10, 0], [4, 0]), region(2, [5, 0], [3, 2]), region(3, [0, 0], [6, 0])]);
  assert.deepEqual(
    first?.map(({ group, startNs, ns, waitNs }) => [group, startNs, ns, waitNs]),
    [
      [1, 0, 10, 0],
      [2, 10, 5, 0],
      [3, 15, 0, 6],
    ],
  );
  assert.deepEqual(
    second?.map(({ group, startNs, ns, waitNs }) => [group, startNs, ns, waitNs]),
    [
      [1, 0, 4, 0],
      [2, 4, 3, 8],
      [3, 15, 6, 0],
    ],
  );
  assert.ok(Math.abs(waitShare(second ?? []) - 8 / 21) < 1e-9);
});

test("one thread never waits; a thread that did nothing waits for all of it", () => {
  assert.equal(waitShare(slicesOf([region(1, [10, 0]), region(2, [3, 0])])[0] ?? []), 0);
  assert.equal(waitShare(slicesOf([region(1, [10, 0], [0, 10])])[1] ?? []), 1);
  assert.deepEqual(slicesOf([]), []);
});
