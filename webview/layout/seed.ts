/** A placement for the next picture that needs no layout: what stays, stays where it is; what is new goes amid its neighbours. */
import type { Boxes } from "../model/boxes.ts";
import { framePadding, frameTitle, type Placement } from "./types.ts";

/** Upper left corner in the picture before, if the box, or the one it replaces, was there. */
export type KnownPlace = (key: number) => { readonly x: number; readonly y: number } | undefined;

/** Edges go straight from box to box. */
export function seedPlacement(boxes: Boxes, known: KnownPlace, direction: "down" | "right" = "down"): Placement {
  const x = new Float64Array(boxes.count).fill(NaN);
  const y = new Float64Array(boxes.count).fill(NaN);
  for (let i = 0; i < boxes.count; i += 1) {
    const place = known(boxes.keys[i] as number);
    if (!place) continue;
    x[i] = place.x;
    y[i] = place.y;
  }
  settleNew(boxes, x, y, direction === "right");
  return withStraightEdges(boxes, x, y, direction);
}

/** Two rounds are enough for small rewrites; what is still unknown goes to the origin until the layout comes. */
function settleNew(boxes: Boxes, x: Float64Array, y: Float64Array, right: boolean): void {
  for (let round = 0; round < 3; round += 1) {
    const sum = new Float64Array(boxes.count);
    const sumY = new Float64Array(boxes.count);
    const near = new Int32Array(boxes.count);
    const pull = (i: number, other: number, way: number): void => {
      if (!Number.isNaN(x[i]) || Number.isNaN(x[other])) return;
      sum[i]! += (x[other] as number) + (right ? 2.5 * way : 0);
      sumY[i]! += (y[other] as number) + (right ? 0 : way);
      near[i]! += 1;
    };
    for (let e = 0; e < boxes.from.length; e += 1) {
      pull(boxes.to[e] as number, boxes.from[e] as number, 60);
      pull(boxes.from[e] as number, boxes.to[e] as number, -60);
    }
    for (let i = 0; i < boxes.count; i += 1) {
      if (near[i] === 0) continue;
      x[i] = (sum[i] as number) / (near[i] as number);
      y[i] = (sumY[i] as number) / (near[i] as number);
    }
  }
  for (let i = 0; i < boxes.count; i += 1) {
    if (!Number.isNaN(x[i])) continue;
    x[i] = 0;
    y[i] = 0;
  }
}

/** A placement from corners alone. */
function withStraightEdges(boxes: Boxes, x: Float64Array, y: Float64Array, direction: "down" | "right" = "down"): Placement {
  const edges = boxes.from.length;
  const right = direction === "right";
  const start = new Int32Array(edges + 1);
  const points = new Float64Array(4 * edges);
  for (let e = 0; e < edges; e += 1) {
    const [a, b] = [boxes.from[e] as number, boxes.to[e] as number];
    points[4 * e] = (x[a] as number) + (boxes.w[a] as number) / (right ? 1 : 2);
    points[4 * e + 1] = (y[a] as number) + (boxes.h[a] as number) / (right ? 2 : 1);
    points[4 * e + 2] = (x[b] as number) + (right ? 0 : (boxes.w[b] as number) / 2);
    points[4 * e + 3] = (y[b] as number) + (right ? (boxes.h[b] as number) / 2 : 0);
    start[e + 1] = 2 * (e + 1);
  }
  return { x, y, start, points, orthogonal: false, direction, frames: framesAround(boxes, x, y), ...extent(boxes, x, y) };
}

/** Bounds of what is in each frame; until there is a layout, they may overlap others. */
function framesAround(boxes: Boxes, x: Float64Array, y: Float64Array): Float64Array {
  const { frames, frameOf } = boxes;
  const sides = frames.map(() => [Infinity, Infinity, -Infinity, -Infinity] as [number, number, number, number]);
  const cover = (frame: number, left: number, top: number, right: number, bottom: number): void => {
    const side = sides[frame];
    if (!side) return;
    side[0] = Math.min(side[0], left - framePadding);
    side[1] = Math.min(side[1], top - framePadding - frameTitle);
    side[2] = Math.max(side[2], right + framePadding);
    side[3] = Math.max(side[3], bottom + framePadding);
  };
  for (let i = 0; i < boxes.count; i += 1)
    cover(
      frameOf[i] as number,
      x[i] as number,
      y[i] as number,
      (x[i] as number) + (boxes.w[i] as number),
      (y[i] as number) + (boxes.h[i] as number),
    );
  for (let f = frames.length - 1; f >= 0; f -= 1) cover(frames[f]?.parent ?? -1, ...(sides[f] as [number, number, number, number]));
  return Float64Array.from(
    sides.flatMap(([left, top, right, bottom]) => (left > right ? [0, 0, 0, 0] : [left, top, right - left, bottom - top])),
  );
}

function extent(boxes: Boxes, x: Float64Array, y: Float64Array) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < boxes.count; i += 1) {
    left = Math.min(left, x[i] as number);
    top = Math.min(top, y[i] as number);
    right = Math.max(right, (x[i] as number) + (boxes.w[i] as number));
    bottom = Math.max(bottom, (y[i] as number) + (boxes.h[i] as number));
  }
  return boxes.count === 0 ? { left: 0, top: 0, width: 0, height: 0 } : { left, top, width: right - left, height: bottom - top };
}

/** The same placement moved as a whole. */
export function moved(placement: Placement, dx: number, dy: number): Placement {
  if (dx === 0 && dy === 0) return placement;
  const shift = (column: Float64Array, by: number): Float64Array => column.map((value) => value + by);
  return {
    ...placement,
    x: shift(placement.x, dx),
    y: shift(placement.y, dy),
    points: placement.points.map((value, i) => value + (i % 2 === 0 ? dx : dy)),
    frames: placement.frames.map((value, i) => value + (i % 4 === 0 ? dx : i % 4 === 1 ? dy : 0)),
    left: placement.left + dx,
    top: placement.top + dy,
  };
}
