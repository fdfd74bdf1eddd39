/** What every part of the graph drawing needs. */
import type { Lens } from "./lens.ts";
import type { Detail, Scene } from "./scene.ts";
import type { Surface } from "./surface.ts";
import type { Theme } from "./theme.ts";

export interface Pen {
  readonly ctx: Surface;
  readonly scene: Scene;
  readonly theme: Theme;
  readonly lens: Lens;
  readonly detail: Detail;
  readonly k: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly moving: boolean;
}

/** A line of `px` screen pixels, but not thicker than `most` world pixels. */
export const thickness = (pen: Pen, px: number, most: number): number => Math.min(most, px / pen.k);

/** Corner radius of boxes. */
export const radius = 5;

/** True for what does not lie on the way of the tensor that is followed. */
export const isDim = ({ lens: { followed }, scene }: Pen, i: number): boolean =>
  followed !== undefined && !followed.has(scene.boxes.keys[i] as number);

/** True where both ends are on the way. */
export const isFollowed = ({ lens: { followed }, scene: { boxes } }: Pen, edge: number): boolean =>
  followed !== undefined &&
  followed.has(boxes.keys[boxes.from[edge] as number] as number) &&
  followed.has(boxes.keys[boxes.to[edge] as number] as number);
