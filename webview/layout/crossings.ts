/** How often ways cross in a placement: what is worth asking a slower layout for. */
import type { LayoutInput, Placement } from "./types.ts";

/** Crossings of orthogonal ways, those of one producer left out. Quadratic: for small pictures. */
export function crossingsOf({ from }: LayoutInput, { start, points }: Placement): number {
  const level: (readonly [number, number, number, number])[] = [];
  const upright: (readonly [number, number, number, number])[] = [];
  for (let e = 0; e < from.length; e += 1) {
    for (let p = start[e] as number; p + 1 < (start[e + 1] as number); p += 1) {
      const [ax, ay] = [points[2 * p] as number, points[2 * p + 1] as number];
      const [bx, by] = [points[2 * p + 2] as number, points[2 * p + 3] as number];
      if (Math.abs(ay - by) < 1) level.push([ay, Math.min(ax, bx), Math.max(ax, bx), from[e] as number]);
      else if (Math.abs(ax - bx) < 4) upright.push([ax, Math.min(ay, by), Math.max(ay, by), from[e] as number]);
    }
  }
  const seen = new Set<string>();
  upright.sort((a, b) => a[0] - b[0]);
  for (const [y, left, right, source] of level)
    for (const [x, top, bottom, other] of upright) {
      if (x >= right - 1) break;
      if (source !== other && x > left + 1 && y > top + 1 && y < bottom - 1) seen.add(`${Math.round(x)} ${Math.round(y)}`);
    }
  return seen.size;
}
