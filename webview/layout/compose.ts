/** Puts the placements of all levels together: places of boxes and frames, and the ways of edges from box to box. */
import type { LevelPlacement } from "./level.ts";
import { pathsOf, type Level } from "./split.ts";
import { tagGap, type LayoutInput, type Placement } from "./types.ts";

/** Beginning of a level in the whole: across and along the flow. */
type Origin = readonly [number, number];

export function composed(input: LayoutInput, levels: readonly Level[], placed: ReadonlyMap<Level, LevelPlacement>): Placement {
  const right = input.direction === "right";
  const x = new Float64Array(input.count);
  const y = new Float64Array(input.count);
  const frames = new Float64Array(4 * (levels.length - 1));
  const origins: Origin[] = levels.map(() => [0, 0]);
  levels.forEach((level, l) => {
    const placement = placed.get(level) as LevelPlacement;
    const [across, along] = origins[l] as Origin;
    level.items.forEach(({ kind, index }, i) => {
      const [middle, begin] = [across + (placement.across[i] as number), along + (placement.along[i] as number)];
      if (kind === "box") {
        const half = (right ? (input.h[index] as number) : (input.w[index] as number)) / 2;
        x[index] = right ? begin : middle - half;
        y[index] = right ? middle - half : begin;
      } else if (kind === "frame") {
        const { before, after, length, shift, lead } = (levels[index + 1] as Level).size;
        origins[index + 1] = [middle - shift, begin + lead];
        const rect = right ? [begin, middle - before, length, before + after] : [middle - before, begin, before + after, length];
        frames.set(rect, 4 * index);
      }
    });
  });
  const ways = waysOf(input, levels, placed, origins);
  return { x, y, frames, ...ways, orthogonal: true, direction: right ? "right" : "down", ...extentOf(input, x, y, frames, ways.points) };
}

/** Ways through all levels, without points that lie between two others. */
function waysOf(input: LayoutInput, levels: readonly Level[], placed: ReadonlyMap<Level, LevelPlacement>, origins: readonly Origin[]) {
  const paths = pathsOf(levels);
  const right = input.direction === "right";
  const start = new Int32Array(input.from.length + 1);
  const points: number[] = [];
  const placements = levels.map((level) => placed.get(level) as LevelPlacement);
  for (let e = 0; e < input.from.length; e += 1) {
    const begin = points.length;
    for (let k = paths.start[e] as number; k < (paths.start[e + 1] as number); k += 1) {
      const [l, segment] = [paths.path[2 * k] as number, paths.path[2 * k + 1] as number];
      const { start: starts, points: from } = placements[l] as LevelPlacement;
      const [across, along] = origins[l] as Origin;
      for (let p = starts[segment] as number; p < (starts[segment + 1] as number); p += 1) {
        const [a, b] = [across + (from[2 * p] as number), along + (from[2 * p + 1] as number)];
        push(points, begin, right ? b : a, right ? a : b);
      }
    }
    start[e + 1] = points.length / 2;
  }
  return { start, points: Float64Array.from(points) };
}

/** Adds a point; the one before goes if it lies on the straight line from the one before that. */
function push(points: number[], begin: number, x: number, y: number): void {
  const n = points.length;
  if (n - begin >= 2 && same(points[n - 2] as number, x) && same(points[n - 1] as number, y)) return;
  if (n - begin >= 4) {
    const upright = same(points[n - 2] as number, x) && same(points[n - 4] as number, x);
    const level = same(points[n - 1] as number, y) && same(points[n - 3] as number, y);
    if (upright || level) points.length = n - 2;
  }
  points.push(x, y);
}

const same = (a: number, b: number): boolean => Math.abs(a - b) < 0.01;

function extentOf(input: LayoutInput, x: Float64Array, y: Float64Array, frames: Float64Array, points: Float64Array) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const cover = (fromX: number, fromY: number, toX: number, toY: number): void => {
    left = Math.min(left, fromX);
    top = Math.min(top, fromY);
    right = Math.max(right, toX);
    bottom = Math.max(bottom, toY);
  };
  for (let i = 0; i < input.count; i += 1) {
    const [bx, by, w, h] = [x[i] as number, y[i] as number, input.w[i] as number, input.h[i] as number];
    cover(bx, by, bx + w, by + h);
    const [tagW, tagH] = [input.tagW?.[i] ?? 0, input.tagH?.[i] ?? 0];
    if (tagW > 0 && input.direction !== "right") cover(bx, by, bx + w / 2 + tagGap + tagW, by + h + tagH);
  }
  for (let f = 0; f < frames.length; f += 4) {
    const [fx, fy] = [frames[f] as number, frames[f + 1] as number];
    cover(fx, fy, fx + (frames[f + 2] as number), fy + (frames[f + 3] as number));
  }
  for (let p = 0; p < points.length; p += 2)
    cover(points[p] as number, points[p + 1] as number, points[p] as number, points[p + 1] as number);
  return input.count === 0 ? { left: 0, top: 0, width: 0, height: 0 } : { left, top, width: right - left, height: bottom - top };
}
