import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameCache, layout, layoutSteps } from "./compound.ts";
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
    tagW: Float64Array.from({ length: count }, () => (next() < 0.7 ? 40 + next() * 60 : 0)),
    tagH: Float64Array.from({ length: count }, () => 24),
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

/** Frames around stretches of nodes, some of them nested: stretches of a graph in its order, or, with `wild`, any nodes. */
function framed(input: LayoutInput, seed: number, wild = false): LayoutInput {
  const next = random(seed * 7 + 1);
  const frameOf = new Int32Array(input.count).fill(-1);
  const frameParent: number[] = [];
  for (let begin = 0; begin < input.count; begin += 12 + Math.floor(next() * 20)) {
    const outer = frameParent.push(-1) - 1;
    const inner = next() < 0.6 ? frameParent.push(outer) - 1 : -1;
    for (let i = begin; i < Math.min(input.count, begin + 10); i += 1)
      frameOf[wild ? Math.floor(next() * input.count) : i] = inner >= 0 && next() < 0.5 ? inner : outer;
  }
  return { ...input, frameOf, frameParent: Int32Array.from(frameParent), frameTitleW: new Float64Array(frameParent.length).fill(90) };
}

type Rect = readonly [number, number, number, number];
const apart = (a: Rect, b: Rect): boolean =>
  a[0] + a[2] <= b[0] + 1e-6 || b[0] + b[2] <= a[0] + 1e-6 || a[1] + a[3] <= b[1] + 1e-6 || b[1] + b[3] <= a[1] + 1e-6;
const holds = (a: Rect, b: Rect): boolean =>
  a[0] <= b[0] + 1e-6 && a[1] <= b[1] + 1e-6 && a[0] + a[2] >= b[0] + b[2] - 1e-6 && a[1] + a[3] >= b[1] + b[3] - 1e-6;

/** The box with the text beside its way. */
function boxRect(input: LayoutInput, { x, y }: Placement, i: number): Rect {
  const [w, h] = [input.w[i]!, input.h[i]!];
  const tag = input.tagW?.[i] ?? 0;
  if (tag === 0) return [x[i]!, y[i]!, w, h];
  return input.direction === "right"
    ? [x[i]!, y[i]!, w + tag + 6, Math.max(h, h / 2 + 24)]
    : [x[i]!, y[i]!, Math.max(w, w / 2 + 7 + tag), h + 26];
}
const frameRect = ({ frames }: Placement, f: number): Rect => [frames[4 * f]!, frames[4 * f + 1]!, frames[4 * f + 2]!, frames[4 * f + 3]!];

/** Boxes do not overlap, boxes are in their frames and in no others, frames are in their parents and apart from others. */
function assertTidy(input: LayoutInput, placement: Placement): void {
  const rects = Array.from({ length: input.count }, (_, i) => boxRect(input, placement, i));
  const order = rects.map((_, i) => i).sort((a, b) => rects[a]![1] - rects[b]![1]);
  order.forEach((i, a) => {
    for (let b = a + 1; b < order.length; b += 1) {
      const j = order[b]!;
      if (rects[j]![1] >= rects[i]![1] + rects[i]![3]) break;
      assert.ok(apart(rects[i]!, rects[j]!), `boxes ${i} and ${j} overlap: ${rects[i]!.join()} and ${rects[j]!.join()}`);
    }
  });
  const parents = input.frameParent ?? new Int32Array();
  const around = (frame: number): Set<number> => {
    const set = new Set<number>();
    for (let f = frame; f >= 0; f = parents[f]!) set.add(f);
    return set;
  };
  const frames = Array.from(parents, (_, f) => frameRect(placement, f));
  rects.forEach((rect, i) => {
    const inside = around(input.frameOf?.[i] ?? -1);
    frames.forEach((frame, f) => {
      if (inside.has(f)) assert.ok(holds(frame, rect), `box ${i} hangs out of frame ${f}`);
      else assert.ok(apart(frame, rect), `box ${i} is in frame ${f}, where it does not belong`);
    });
  });
  frames.forEach((a, f) => {
    for (let g = f + 1; g < frames.length; g += 1) {
      if (a[2] === 0 || frames[g]![2] === 0) continue;
      if (around(g).has(f)) assert.ok(holds(a, frames[g]!), `frame ${g} hangs out of ${f}`);
      else if (!around(f).has(g)) assert.ok(apart(a, frames[g]!), `frames ${f} and ${g} overlap`);
    }
  });
}

/** Pieces of ways that run through a box that is not one of their ends. */
function strikes(input: LayoutInput, { x, y, start, points }: Placement): number {
  let found = 0;
  for (let e = 0; e < input.from.length; e += 1) {
    if (start[e + 1]! - start[e]! === 2) continue; // longer than is followed
    for (let p = start[e]!; p + 1 < start[e + 1]!; p += 1) {
      const [ax, ay, bx, by] = [points[2 * p]!, points[2 * p + 1]!, points[2 * p + 2]!, points[2 * p + 3]!];
      for (let i = 0; i < input.count; i += 1) {
        if (i === input.from[e] || i === input.to[e]) continue;
        const inside =
          Math.max(ax, bx) > x[i]! + 1 &&
          Math.min(ax, bx) < x[i]! + input.w[i]! - 1 &&
          Math.max(ay, by) > y[i]! + 1 &&
          Math.min(ay, by) < y[i]! + input.h[i]! - 1;
        if (inside) found += 1;
      }
    }
  }
  return found;
}

for (const direction of ["down", "right"] as const) {
  for (const seed of [1, 2, 3]) {
    test(`a random graph is tidy and flows ${direction}, ${seed}`, () => {
      const input: LayoutInput = { ...randomGraph(400, seed), direction };
      const placement = layout(input);
      assertTidy(input, placement);
      const [at, size] = direction === "down" ? [placement.y, input.h] : [placement.x, input.w];
      input.from.forEach((from, e) => assert.ok(at[from]! + size[from]! < at[input.to[e]!]!, `edge ${e} goes back`));
      assert.equal(strikes(input, placement), 0);
    });
    test(`nested frames do not overlap, ${direction}, ${seed}`, () => {
      const input: LayoutInput = { ...framed(randomGraph(260, seed), seed), direction };
      const placement = layout(input);
      assertTidy(input, placement);
      assert.equal(strikes(input, placement), 0);
    });
    test(`frames of any nodes do not overlap either, ${direction}, ${seed}`, () => {
      const input: LayoutInput = { ...framed(randomGraph(160, seed), seed, true), direction };
      const placement = layout(input);
      assertTidy(input, placement);
      assert.equal(strikes(input, placement), 0);
    });
  }
}

for (const direction of ["down", "right"] as const) {
  test(`ways start at their producer and end at their consumer, ${direction}`, () => {
    const input: LayoutInput = { ...framed(randomGraph(200, 9), 9), direction };
    const { x, y, start, points } = layout(input);
    const down = direction === "down";
    input.from.forEach((from, e) => {
      const [first, last] = [start[e]!, start[e + 1]! - 1];
      const to = input.to[e]!;
      const [fx, fy] = down
        ? [x[from]! + input.w[from]! / 2, y[from]! + input.h[from]!]
        : [x[from]! + input.w[from]!, y[from]! + input.h[from]! / 2];
      const [tx, ty] = down ? [x[to]! + input.w[to]! / 2, y[to]!] : [x[to]!, y[to]! + input.h[to]! / 2];
      assert.ok(Math.hypot(points[2 * first]! - fx, points[2 * first + 1]! - fy) < 1e-6, `edge ${e} starts elsewhere`);
      assert.ok(Math.hypot(points[2 * last]! - tx, points[2 * last + 1]! - ty) < 1e-6, `edge ${e} ends elsewhere`);
    });
  });
}

test("the same graph gives the same placement", () => {
  const input = framed(randomGraph(500, 5), 5);
  assert.deepEqual(layout(input), layout(input));
});

test("equal frames are laid out once and look the same", () => {
  const size = 12;
  const blocks = 48;
  const next = random(3);
  const inner = Array.from({ length: size - 1 }, (_, i) => [Math.max(0, i - Math.floor(next() * 3)), i + 1] as const);
  const edges: [number, number][] = [];
  for (let block = 0; block < blocks; block += 1) {
    for (const [a, b] of inner) edges.push([block * size + a, block * size + b]);
    if (block > 0) edges.push([block * size - 1, block * size]);
  }
  const plain = graph(blocks * size, edges);
  const alike = (column: Float64Array): Float64Array => column.map((_, i) => column[i % size]!);
  const input: LayoutInput = {
    ...plain,
    w: alike(plain.w),
    h: alike(plain.h),
    tagW: alike(plain.tagW!),
    frameOf: Int32Array.from({ length: blocks * size }, (_, i) => Math.floor(i / size)),
    frameParent: new Int32Array(blocks).fill(-1),
    frameTitleW: new Float64Array(blocks).fill(80),
  };
  const cache = new FrameCache();
  const placement = layout(input, cache);
  assertTidy(input, placement);
  // The whole, the first block (nothing comes in), one in the middle, and the last (nothing goes out).
  assert.equal(cache.made, 4);
  for (let i = size; i < 2 * size; i += 1) {
    assert.equal(placement.x[i]! - placement.frames[4]!, placement.x[i + size]! - placement.frames[8]!);
    assert.equal(placement.y[i]! - placement.frames[5]!, placement.y[i + size]! - placement.frames[9]!);
  }
  layout(input, cache);
  assert.equal(cache.made, 5, "only the whole is laid out again");
});

test("a chain of 50,000 nodes does not overflow the stack", () => {
  const count = 50_000;
  const input = graph(
    count,
    Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const),
  );
  const { y } = layout(input);
  assert.ok(y[count - 1]! > y[0]!);
});

test("frames 3,000 deep do not overflow the stack", () => {
  const count = 3000;
  const input: LayoutInput = {
    ...graph(
      count,
      Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const),
    ),
    frameOf: Int32Array.from({ length: count }, (_, i) => i),
    frameParent: Int32Array.from({ length: count }, (_, i) => i - 1),
    frameTitleW: new Float64Array(count).fill(60),
  };
  const placement = layout(input);
  assert.ok(holds(frameRect(placement, 0), frameRect(placement, count - 1)));
});

test("a layout can be given up between sweeps", () => {
  const steps = layoutSteps(framed(randomGraph(3000, 4), 4), new FrameCache());
  let seen = 0;
  let longest = 0;
  for (let begin = performance.now(), step = steps.next(); step.done !== true; step = steps.next(), begin = performance.now()) {
    longest = Math.max(longest, performance.now() - begin);
    seen += 1;
  }
  assert.ok(seen > 30, `only ${seen} chances`);
  assert.ok(longest < 1500, `${longest} ms without a chance`);
});

test("cycles and repeated edges are laid out", () => {
  const input = graph(4, [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 3],
    [2, 3],
  ]);
  const placement = layout(input);
  assertTidy(input, placement);
  assert.equal(strikes(input, placement), 0);
});

test("no nodes, one node, only loose nodes", () => {
  assert.equal(layout(graph(0, [])).height, 0);
  assert.equal(layout(graph(1, [])).x.length, 1);
  const loose = graph(500, []);
  const placement = layout(loose);
  assertTidy(loose, placement);
  assert.ok(placement.width < 12_000, `loose nodes are ${placement.width} wide`);
});

test("with the places before as hints, the order within layers stays", () => {
  const input = randomGraph(400, 7);
  const before = layout(input);
  const centres = before.x.map((x, i) => x + input.w[i]! / 2);
  const after = layout({ ...input, hint: centres });
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

test("a chain stands straight beside a value that all of it reads", () => {
  const count = 42;
  const edges: [number, number][] = [];
  for (let i = 1; i < count; i += 1) edges.push([0, i]);
  for (let i = 2; i < count; i += 1) edges.push([i - 1, i]);
  const input = graph(count, edges, 6);
  const { x } = layout(input);
  const middle = (i: number): number => x[i]! + input.w[i]! / 2;
  const off = Array.from({ length: count - 2 }, (_, i) => Math.abs(middle(i + 2) - middle(i + 1))).filter((far) => far > 3);
  assert.ok(off.length <= 1, `${off.length} bends`);
});

test("tall graphs stand upright", () => {
  const edges: [number, number][] = [];
  let count = 1;
  let residual = 0;
  for (let block = 0; block < 100; block += 1) {
    for (let i = 0; i < 8; i += 1) edges.push([i === 0 ? residual : count + i - 1, count + i]);
    count += 8;
    edges.push([count - 1, count], [residual, count]);
    residual = count;
    count += 1;
  }
  const { width } = layout(graph(count, edges, 3));
  assert.ok(width < 1500, `${width} px wide`);
});
