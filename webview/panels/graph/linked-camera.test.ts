import assert from "node:assert/strict";
import { test } from "node:test";
import { linkedCamera, type Places } from "./linked-camera.ts";

/** Boxes of 10 by 10 at these places, by key. */
function places(at: Readonly<Record<number, readonly [number, number]>>): Places {
  const keys = Object.keys(at).map(Number);
  const column = (of: (key: number) => number): Float64Array => Float64Array.from(keys, of);
  return {
    boxes: {
      count: keys.length,
      keys: Int32Array.from(keys),
      indexOf: new Map(keys.map((key, i) => [key, i])),
      w: column(() => 10),
      h: column(() => 10),
    },
    placement: { x: column((key) => at[key]?.[0] ?? 0), y: column((key) => at[key]?.[1] ?? 0) },
  } as Places;
}
const pane = { width: 400, height: 300 };
/** Where a box is on the screen. */
const seen = (of: Places, key: number, { x, y, k }: { x: number; y: number; k: number }): readonly number[] => {
  const i = of.boxes.indexOf.get(key) as number;
  return [x + ((of.placement.x[i] as number) + 5) * k, y + ((of.placement.y[i] as number) + 5) * k].map(Math.round);
};

test("what is in the middle of one pane is in the middle of the other", () => {
  const from = places({ 1: [0, 0], 2: [0, 2000], 3: [0, 4000] });
  const to = places({ 1: [50, 0], 2: [700, 3000], 9: [0, 4000] });
  const camera = { k: 0.8, x: 200 - 5 * 0.8, y: 150 - 2005 * 0.8 };
  assert.deepEqual(seen(from, 2, camera), [200, 150]);
  const linked = linkedCamera(camera, pane, from, to);
  assert.deepEqual(seen(to, 2, linked), [200, 150]);
  assert.equal(linked.k, 0.8);
});

test("between boxes it glides, and panes without a common box have the same camera", () => {
  const from = places({ 1: [0, 0], 2: [0, 100] });
  const to = places({ 1: [0, 0], 2: [100, 100] });
  const at = (y: number): number => linkedCamera({ k: 1, x: 0, y: 150 - y }, { width: 0, height: 300 }, from, to).x;
  const path = [0, 20, 40, 55, 70, 90, 110].map(at);
  path.forEach(
    (x, i) => i > 0 && assert.ok(x < (path[i - 1] as number) && x > (path[i - 1] as number) - 60, `from ${path[i - 1]} to ${x}`),
  );
  const camera = { k: 1, x: 3, y: 4 };
  assert.equal(linkedCamera(camera, pane, from, places({ 7: [0, 0] })), camera);
});
