/** Following a tensor: everything that it is made from, or that is made from it. */
import type { Boxes } from "../../model/boxes.ts";

export type Follow = "up" | "down" | "both";

/** Keys of the boxes on the way, with those it begins at; undefined when none of them is shown. */
export function followed(boxes: Boxes, keys: readonly number[], way: Follow): ReadonlySet<number> | undefined {
  const begin = [...new Set(keys.map((key) => boxes.indexOf.get(key)).filter((i) => i !== undefined && i < boxes.firstGhost))] as number[];
  if (begin.length === 0) return undefined;
  const reached = new Set<number>(begin);
  if (way !== "down") reach(boxes, begin, boxes.to, boxes.from, reached);
  if (way !== "up") reach(boxes, begin, boxes.from, boxes.to, reached);
  return new Set([...reached].map((i) => boxes.keys[i] as number));
}

/** Adds what can be reached along edges from `near` to `far`; the search never turns back. */
function reach(boxes: Boxes, begin: readonly number[], near: Int32Array, far: Int32Array, reached: Set<number>): void {
  const next: number[][] = Array.from({ length: boxes.count }, () => []);
  for (let e = 0; e < boxes.firstGhostEdge; e += 1) next[near[e] as number]?.push(far[e] as number);
  const own = new Set(begin);
  const open = [...begin];
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    for (const other of next[i] as number[]) {
      if (own.has(other)) continue;
      own.add(other);
      reached.add(other);
      open.push(other);
    }
  }
}
