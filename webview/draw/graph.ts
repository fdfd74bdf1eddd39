/** Draws a scene. Pure: surface, data in; pixels, or elements of a sheet, out. */
import { drawBlocks, drawCards, drawGhosts } from "./graph-boxes.ts";
import { drawEdges } from "./graph-edges.ts";
import { drawFrames, drawFrameTitles } from "./graph-frames.ts";
import { drawHullLabels, drawHulls } from "./graph-hulls.ts";
import { drawMarks } from "./graph-marks.ts";
import { drawRejected } from "./graph-rejected.ts";
import type { Lens } from "./lens.ts";
import type { Pen } from "./pen.ts";
import { Detail, detailAt, type Camera, type Scene } from "./scene.ts";
import type { Rect } from "./grid.ts";
import type { Surface } from "./surface.ts";
import type { Theme } from "./theme.ts";

/** Positions while the picture moves from one layout to the next, by box index. */
export interface Moving {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** The part of the world that a canvas shows. */
export const viewport = (camera: Camera, width: number, height: number): Rect => ({
  x: -camera.x / camera.k,
  y: -camera.y / camera.k,
  w: width / camera.k,
  h: height / camera.k,
});

export interface Sight {
  readonly camera: Camera;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly lens: Lens;
  /** For pictures that are not looked at from a distance: as much as there is. */
  readonly detail?: Detail;
}

/** Draws what is visible. Returns the number of boxes drawn. */
export function drawGraph(ctx: Surface, scene: Scene, sight: Sight, moving?: Moving): number {
  const { camera, width, height, theme, lens } = sight;
  const view = viewport(camera, width, height);
  const visible = moving ? Array.from({ length: scene.boxes.count }, (_, i) => i) : scene.grid.boxesIn(view);
  const detail = sight.detail ?? detailAt(camera.k);
  const pen: Pen = {
    ctx,
    scene,
    theme,
    lens,
    detail,
    k: camera.k,
    x: moving?.x ?? scene.placement.x,
    y: moving?.y ?? scene.placement.y,
    moving: moving !== undefined,
  };
  ctx.save();
  ctx.translate(camera.x, camera.y);
  ctx.scale(camera.k, camera.k);
  drawFrames(pen, view);
  drawHulls(pen, visible);
  drawEdges(pen, moving ? [] : scene.grid.edgesIn(view), view);
  drawRejected(pen, view);
  drawFrameTitles(pen, view);
  drawHullLabels(pen, visible);
  const live = scene.boxes.firstGhost < scene.boxes.count ? visible.filter((i) => i < scene.boxes.firstGhost) : visible;
  drawGhosts(pen, visible);
  if (detail === Detail.Blocks) drawBlocks(pen, live);
  else drawCards(pen, live);
  drawMarks(pen, visible);
  ctx.restore();
  return visible.length;
}
