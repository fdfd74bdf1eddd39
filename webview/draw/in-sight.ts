/** Which part of a picture there is to be seen. */
import type { Rect } from "./grid.ts";
import type { Scene } from "./scene.ts";

export interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Bounds of what is near the inputs: long graphs drift sideways further on. */
export function beginning({ boxes, placement }: Pick<Scene, "boxes" | "placement">): Bounds {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  const [farX, farY] = placement.direction === "right" ? [placement.left + 1400, Infinity] : [Infinity, placement.top + 900];
  for (let i = 0; i < boxes.count; i += 1) {
    const [x, y] = [placement.x[i] as number, placement.y[i] as number];
    if (x > farX || y > farY) continue;
    left = Math.min(left, x);
    right = Math.max(right, x + (boxes.w[i] as number));
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + (boxes.h[i] as number));
  }
  return { left, right, top, bottom };
}

/** Is a part of any box inside of a rectangle? */
export function anyInside({ boxes, placement }: Pick<Scene, "boxes" | "placement">, { x, y, w, h }: Rect): boolean {
  for (let i = 0; i < boxes.count; i += 1) {
    const [left, top] = [placement.x[i] as number, placement.y[i] as number];
    if (left < x + w && left + (boxes.w[i] as number) > x && top < y + h && top + (boxes.h[i] as number) > y) return true;
  }
  return false;
}
