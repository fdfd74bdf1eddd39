/** Draws a scene. Pure: canvas, data in; pixels out. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { drawEdges } from "./graph-edges.ts";
import { drawLabels } from "./graph-labels.ts";
import { drawMarks } from "./graph-marks.ts";
import { radius, thickness, type Pen } from "./pen.ts";
import { Detail, detailAt, type Camera, type Scene } from "./scene.ts";
import type { Rect } from "./grid.ts";
import { hatch, traceRounded } from "./shapes.ts";
import type { Theme } from "./theme.ts";

type Ctx = CanvasRenderingContext2D;

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

/** Draws what is visible. Returns the number of boxes drawn. */
export function drawGraph(ctx: Ctx, scene: Scene, camera: Camera, width: number, height: number, theme: Theme, moving?: Moving): number {
  const view = viewport(camera, width, height);
  const visible = moving ? Array.from({ length: scene.boxes.count }, (_, i) => i) : scene.grid.boxesIn(view);
  const detail = detailAt(camera.k);
  const pen: Pen = {
    ctx,
    scene,
    theme,
    detail,
    k: camera.k,
    x: moving?.x ?? scene.placement.x,
    y: moving?.y ?? scene.placement.y,
    moving: moving !== undefined,
  };
  ctx.save();
  ctx.translate(camera.x, camera.y);
  ctx.scale(camera.k, camera.k);
  drawHulls(pen);
  drawEdges(pen, moving ? [] : scene.grid.edgesIn(view));
  const live = scene.boxes.firstGhost < scene.boxes.count ? visible.filter((i) => i < scene.boxes.firstGhost) : visible;
  drawGhosts(pen, visible);
  if (detail === Detail.Blocks) drawBlocks(pen, live);
  else drawCards(pen, live);
  drawMarks(pen, visible);
  ctx.restore();
  return visible.length;
}

function drawHulls(pen: Pen): void {
  const { ctx, scene, theme } = pen;
  if (pen.moving) return;
  for (const hull of scene.hulls) {
    const colour = (hull.dashed ? theme.category[Category.Hole] : theme.groups[hull.colour % theme.groups.length]) as string;
    const selected = hull.group === scene.selectedGroup;
    ctx.beginPath();
    traceRounded(ctx, hull.outline, 14);
    ctx.fillStyle = colour;
    ctx.globalAlpha = theme.highContrast ? 0 : selected ? 0.2 : theme.dark ? 0.1 : 0.09;
    ctx.fill();
    ctx.globalAlpha = selected || theme.highContrast ? 1 : 0.65;
    ctx.strokeStyle = selected ? theme.focus : colour;
    ctx.lineWidth = thickness(pen, selected ? 2 : 1, selected ? 8 : 4);
    if (hull.dashed) ctx.setLineDash([6, 4]);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
    if (pen.detail === Detail.Blocks) continue;
    const [lx, ly] = labelPlace(hull.outline);
    ctx.font = `600 11px ${theme.font}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour;
    ctx.fillText(hull.label, lx + 12, ly + 13);
  }
}

/** Left end of a hull's upper edge. */
export function labelPlace(outline: readonly (readonly [number, number])[]): readonly [number, number] {
  let best: readonly [number, number] = outline[0] ?? [0, 0];
  for (const corner of outline)
    if (corner[1] < best[1] - 0.5 || (Math.abs(corner[1] - best[1]) <= 0.5 && corner[0] < best[0])) best = corner;
  return best;
}

/** Removed nodes: hatched, dashed, without what a live node says. */
function drawGhosts(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const ghosts = visible.filter((i) => i >= scene.boxes.firstGhost);
  if (ghosts.length === 0) return;
  ctx.beginPath();
  for (const i of ghosts)
    ctx.roundRect(pen.x[i] as number, pen.y[i] as number, scene.boxes.w[i] as number, scene.boxes.h[i] as number, radius);
  ctx.globalAlpha = theme.highContrast ? 0.7 : 0.3;
  ctx.fillStyle = hatch(ctx, theme.removed, false);
  ctx.fill();
  ctx.globalAlpha = 0.9;
  ctx.setLineDash([5, 4]);
  ctx.strokeStyle = theme.removed;
  ctx.lineWidth = thickness(pen, 1.4, 8);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
  if (pen.detail === Detail.Blocks) return;
  ctx.font = `600 ${pen.detail === Detail.Ops ? 19 : 12}px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.removed;
  for (const i of ghosts)
    ctx.fillText(
      `− ${scene.boxes.title[i]}`,
      (pen.x[i] as number) + 12,
      (pen.y[i] as number) + (scene.boxes.h[i] as number) / 2,
      (scene.boxes.w[i] as number) - 18,
    );
}

/** From far away: one path per category. */
function drawBlocks(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const grow = Math.max(0, 1.2 / pen.k - 24) / 2;
  for (let category = 0; category < theme.category.length; category += 1) {
    ctx.beginPath();
    for (const i of visible) {
      if (scene.boxes.category[i] !== category) continue;
      ctx.rect(pen.x[i] as number, (pen.y[i] as number) - grow, scene.boxes.w[i] as number, (scene.boxes.h[i] as number) + 2 * grow);
    }
    ctx.fillStyle = theme.category[category] as string;
    ctx.globalAlpha = theme.highContrast ? 1 : 0.82;
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function drawCards(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  ctx.beginPath();
  for (const i of visible) {
    ctx.roundRect(
      pen.x[i] as number,
      pen.y[i] as number,
      boxes.w[i] as number,
      boxes.h[i] as number,
      boxes.kind[i] === BoxKind.Node ? radius : 14,
    );
  }
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.strokeStyle = theme.cardBorder;
  ctx.lineWidth = thickness(pen, 1, 1.6);
  ctx.stroke();
  drawHoles(pen, visible);
  for (let category = 0; category < Category.Terminal; category += 1) {
    ctx.beginPath();
    for (const i of visible) {
      if (boxes.category[i] === category)
        ctx.roundRect(pen.x[i] as number, pen.y[i] as number, 4, boxes.h[i] as number, [radius, 0, 0, radius]);
    }
    ctx.fillStyle = theme.category[category] as string;
    ctx.fill();
  }
  for (const i of visible) drawLabels(pen, i);
}

/** What is not compiled: hatched, with a dashed outline. */
function drawHoles(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  const holes = visible.filter((i) => boxes.category[i] === Category.Hole);
  if (holes.length === 0) return;
  const colour = theme.category[Category.Hole] as string;
  ctx.beginPath();
  for (const i of holes) ctx.roundRect(pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number, radius);
  ctx.globalAlpha = theme.highContrast ? 0.35 : 0.16;
  ctx.fillStyle = hatch(ctx, colour, true);
  ctx.fill();
  ctx.globalAlpha = 1;
  // The line of a card lies under it.
  ctx.strokeStyle = theme.card;
  ctx.lineWidth = thickness(pen, 1.8, 8);
  ctx.stroke();
  ctx.setLineDash([6, 4]);
  ctx.strokeStyle = colour;
  ctx.stroke();
  ctx.setLineDash([]);
}
