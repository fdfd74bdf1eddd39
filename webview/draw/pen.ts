/** What every part of the graph drawing needs. */
import type { Detail, Scene } from "./scene.ts";
import type { Theme } from "./theme.ts";

export interface Pen {
  readonly ctx: CanvasRenderingContext2D;
  readonly scene: Scene;
  readonly theme: Theme;
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
