/** Straight pieces of ways for a look from afar: pieces that begin and end on the same few pixels are one. */
import type { Placement } from "../layout/types.ts";

/** Screen pixels that count as one place. */
const pixel = 3;
/** Pieces are found anew when the zoom has changed by this factor. */
const zoomStep = 1.4;

interface Merged {
  readonly level: number;
  readonly ways: Float64Array;
}

const known = new WeakMap<Placement, Merged>();

/** x, y, x, y of each piece, in world pixels. Pieces shorter than a pixel are left out. `edges`: how many from the first on count. */
export function mergedWays(placement: Placement, edges: number, k: number): Float64Array {
  const level = Math.round(Math.log(k) / Math.log(zoomStep));
  const before = known.get(placement);
  if (before?.level === level) return before.ways;
  const ways = merge(placement, edges, pixel / zoomStep ** level);
  known.set(placement, { level, ways });
  return ways;
}

function merge({ start, points }: Placement, edges: number, size: number): Float64Array {
  const seen = new Set<number>();
  const ways: number[] = [];
  const place = (value: number): number => Math.round(value / size);
  for (let e = 0; e < edges; e += 1) {
    for (let p = start[e] as number; p + 1 < (start[e + 1] as number); p += 1) {
      const [ax, ay, bx, by] = [0, 1, 2, 3].map((at) => place(points[2 * p + at] as number)) as [number, number, number, number];
      if (ax === bx && ay === by) continue;
      // Four small whole numbers in one; a rare clash costs one piece of a line.
      const key = ((ax * 73_856_093) ^ (ay * 19_349_663)) * 4_194_304 + (((bx * 83_492_791) ^ (by * 49_979_687)) & 0x3fffff);
      if (seen.has(key)) continue;
      seen.add(key);
      ways.push(ax * size, ay * size, bx * size, by * size);
    }
  }
  return Float64Array.from(ways);
}
