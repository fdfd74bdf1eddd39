import assert from "node:assert/strict";
import { test } from "node:test";
import { randomSource } from "../random-inputs.ts";
import { search, type SearchSpace } from "./tune-search.ts";

/** A bowl over two axes with ripples; the model sees it tilted. Measurements are disturbed: some take ten times as long. */
type Choice = readonly [number, number];
const extent = 40;
const [x0, y0] = [31, 7];
const truth = ([x, y]: Choice): number => 1000 + 3 * (x - x0) ** 2 + 2 * (y - y0) ** 2 + 40 * ((x + y) % 3);
const space: SearchSpace<Choice> = {
  key: (c) => c.join(),
  predict: ([x, y]) => 1000 + 2 * (x - 24) ** 2 + 3 * (y - 12) ** 2,
  random: (random) => [Math.floor(random() * extent), Math.floor(random() * extent)],
  neighbours: ([x, y]) =>
    [
      [x - 1, y],
      [x + 1, y],
      [x, y - 1],
      [x, y + 1],
      [x + 3, y],
      [x - 3, y],
      [x, y + 3],
      [x, y - 3],
    ].filter(([a, b]) => a! >= 0 && b! >= 0 && a! < extent && b! < extent) as unknown as Choice[],
};

async function run(seconds: number, cost: number, seed: number) {
  const random = randomSource(seed);
  const noise = randomSource(seed + 100);
  let clock = 0;
  return search<Choice>(space, {
    start: [[0, extent - 1]],
    measure: (choices) => {
      clock += choices.length * cost;
      return Promise.resolve(choices.map((c) => truth(c) * (noise() < 0.2 ? 10 * noise() + 1 : 1 + 0.01 * noise())));
    },
    seconds,
    points: 200,
    random,
    now: () => clock,
  });
}

test("from a bad start, with noise, it ends near the best of 1600 points", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { explored, rankCorrelation, measurements } = await run(60, 0.05, seed);
    assert.ok(explored.length >= 200 && measurements > explored.length, `${explored.length} points`);
    assert.ok(truth(explored[0]!.choice) < 1060, `seed ${seed}: ${explored[0]!.choice.join()}`);
    assert.ok((rankCorrelation ?? 0) > 0.15, String(rankCorrelation));
    assert.equal(new Set(explored.map((e) => space.key(e.choice))).size, explored.length);
    assert.ok(
      explored.some((e) => space.key(e.choice) === "0,39"),
      "the start is among them",
    );
  }
});

test("it stops when time is up, and says what it has", async () => {
  const { explored } = await run(5, 0.05, 1);
  assert.ok(explored.length >= 50 && explored.length < 160, String(explored.length));
  assert.ok(
    explored.every((e, i) => i === 0 || e.ns >= explored[i - 1]!.ns),
    "best first",
  );
});
