/** What a layout takes and gives. Lengths are in world pixels; y grows downwards. */

/** Height of the title bar of a frame, and the room between a frame and what is in it. */
export const frameTitle = 22;
export const framePadding = 12;

export interface LayoutInput {
  readonly count: number;
  readonly w: Float64Array;
  readonly h: Float64Array;
  /** Edges by box index. Edges of one source with the same `value` share their way. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Int32Array;
  /** Centres across the flow in the picture before, NaN where a box is new: their order is kept. */
  readonly hint?: Float64Array;
  /** Text beside the way that leaves a box, which nothing may cover; 0: none. Beside the way by `tagGap`. */
  readonly tagW?: Float64Array;
  readonly tagH?: Float64Array;
  /** Frame of each box, or -1; parent of each frame, or -1 (parents first); room that the title of each needs. */
  readonly frameOf?: Int32Array;
  readonly frameParent?: Int32Array;
  readonly frameTitleW?: Float64Array;
  readonly direction?: "down" | "right";
}

/** Distance of a tag from the way beside it, and from the box. */
export const tagGap = 7;

/** Places of boxes (top left corners) and the ways of edges: points of edge e are points[2*start[e]] .. points[2*start[e+1]-1]. */
export interface Placement {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly start: Int32Array;
  readonly points: Float64Array;
  /** Orthogonal ways are drawn with rounded corners, others as curves. */
  readonly orthogonal: boolean;
  /** Which way data flows; downwards where nothing is said. Ways leave and reach boxes along it. */
  readonly direction?: "down" | "right";
  /** Left, top, width, height of each frame of the boxes. */
  readonly frames: Float64Array;
  /** How often ways cross, where that was counted. */
  readonly crossings?: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Compressed rows made by counting. */
export interface Csr {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

/** Groups the indices 0..keys.length-1 by key, in order. */
export function groupBy(keys: ArrayLike<number>, groups: number): Csr {
  const start = new Int32Array(groups + 1);
  for (let i = 0; i < keys.length; i += 1) start[(keys[i] as number) + 1]! += 1;
  for (let g = 0; g < groups; g += 1) start[g + 1]! += start[g] as number;
  const cursor = start.slice();
  const items = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as number;
    items[cursor[key] as number] = i;
    cursor[key]! += 1;
  }
  return { start, items };
}
