import assert from "node:assert/strict";
import { test } from "node:test";
import { layered } from "./layered.ts";
import type { LayoutInput, Placement } from "./types.ts";

/** A generator that gives the same numbers everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function graph(count: number, edges: readonly (readonly [number, number])[], seed = 1): LayoutInput {
  const next = random(seed);
  return {
    count,
    w: Float64Array.from({ length: count }, () => 60 + Math.floor(next() * 180)),
    h: Float64Array.from({ length: count }, () => 28 + Math.floor(next() * 60)),
    from: Int32Array.from(edges, ([from]) => from),
    to: Int32Array.from(edges, ([, to]) => to),
    value: Int32Array.from(edges, ([from]) => from),
  };
}

/** A random graph that mostly goes forward, with some long edges and some loose nodes. */
function randomGraph(count: number, seed: number): LayoutInput {
  const next = random(seed);
  const edges: [number, number][] = [];
  for (let i = 1; i < count; i += 1) {
    if (next() < 0.05) continue;
    edges.push([Math.max(0, i - 1 - Math.floor(next() * 4)), i]);
    if (next() < 0.3) edges.push([Math.floor(next() * i), i]);
  }
  return graph(count, edges, seed);
}

function assertNoOverlap({ count, w, h }: LayoutInput, { x, y }: Placement): void {
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => y[a]! - y[b]!);
  for (let a = 0; a < count; a += 1) {
    const i = order[a]!;
    for (let b = a + 1; b < count; b += 1) {
      const j = order[b]!;
      if (y[j]! >= y[i]! + h[i]!) break;
      assert.ok(x[i]! + w[i]! <= x[j]! + 1e-6 || x[j]! + w[j]! <= x[i]! + 1e-6, `boxes ${i} and ${j} overlap`);
    }
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`boxes do not overlap and edges go down, random graph ${seed}`, () => {
    const input = randomGraph(600, seed);
    const placement = layered(input);
    assertNoOverlap(input, placement);
    input.from.forEach((from, e) => assert.ok(placement.y[from]! + input.h[from]! < placement.y[input.to[e]!]!, `edge ${e} goes up`));
  });
}

test("the ways of edges start at their producer and end at their consumer", () => {
  const input = randomGraph(200, 9);
  const { x, y, start, points } = layered(input);
  input.from.forEach((from, e) => {
    const [first, last] = [start[e]!, start[e + 1]! - 1];
    assert.ok(Math.abs(points[2 * first]! - x[from]! - input.w[from]! / 2) < 1e-6);
    assert.ok(Math.abs(points[2 * first + 1]! - y[from]! - input.h[from]!) < 1e-6);
    assert.ok(Math.abs(points[2 * last + 1]! - y[input.to[e]!]!) < 1e-6);
  });
});

test("the same graph gives the same placement", () => {
  assert.deepEqual(layered(randomGraph(900, 5)), layered(randomGraph(900, 5)));
});

test("a chain of 50,000 nodes does not overflow the stack", () => {
  const count = 50_000;
  const input = graph(
    count,
    Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const),
  );
  const { y } = layered(input);
  assert.ok(y[count - 1]! > y[0]!);
});

test("cycles and repeated edges are laid out", () => {
  const input = graph(4, [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 3],
    [2, 3],
  ]);
  assertNoOverlap(input, layered(input));
});

test("no nodes, one node, only loose nodes", () => {
  assert.equal(layered(graph(0, [])).height, 0);
  assert.equal(layered(graph(1, [])).x.length, 1);
  const loose = graph(500, []);
  const placement = layered(loose);
  assertNoOverlap(loose, placement);
  assert.ok(placement.width < 12_000, `loose nodes are ${placement.width} wide`);
});

test("with the places before as hints, the order within layers stays", () => {
  const input = randomGraph(400, 7);
  const before = layered(input);
  const centres = before.x.map((x, i) => x + input.w[i]! / 2);
  const after = layered({ ...input, hint: centres });
  let swapped = 0;
  let pairs = 0;
  for (let i = 0; i < input.count; i += 1) {
    for (let j = i + 1; j < Math.min(input.count, i + 30); j += 1) {
      if (Math.abs(before.y[i]! - before.y[j]!) > 20 || Math.abs(after.y[i]! - after.y[j]!) > 20) continue;
      pairs += 1;
      if (before.x[i]! < before.x[j]! !== after.x[i]! < after.x[j]!) swapped += 1;
    }
  }
  assert.ok(swapped <= pairs * 0.1, `${swapped} of ${pairs} neighbours changed sides`);
});

test("tall graphs stand upright", () => {
  const edges: [number, number][] = [];
  let count = 1;
  let residual = 0;
  for (let block = 0; block < 100; block += 1) {
    const first = count;
    for (let i = 0; i < 8; i += 1) edges.push([i === 0 ? residual : count + i - 1, count + i]);
    count += 8;
    edges.push([count - 1, count], [residual, count]);
    residual = count;
    count += 1;
    assert.ok(first > 0);
  }
  const input = graph(count, edges, 3);
  const { width } = layered(input);
  assert.ok(width < 1500, `${width} px wide`);
});
