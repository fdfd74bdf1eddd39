/** Draws a scene. Pure: canvas, data in; pixels out. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { Detail, detailAt, Mark, type Camera, type Scene } from "./scene.ts";
import type { Rect } from "./grid.ts";
import { hatch, traceRounded, traceSign, traceWay } from "./shapes.ts";
import type { Theme } from "./theme.ts";

type Ctx = CanvasRenderingContext2D;

/** Positions while the picture moves from one layout to the next, by box index. */
export interface Moving {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** More edges than this are not worth their time when boxes are a few pixels wide. */
const edgeLimit = 24_000;
const radius = 5;

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

interface Pen {
  readonly ctx: Ctx;
  readonly scene: Scene;
  readonly theme: Theme;
  readonly detail: Detail;
  readonly k: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly moving: boolean;
}

/** A line of `px` screen pixels, but not thicker than `most` world pixels. */
const thickness = (pen: Pen, px: number, most: number): number => Math.min(most, px / pen.k);

function drawHulls(pen: Pen): void {
  const { ctx, scene, theme } = pen;
  if (pen.moving) return;
  for (const hull of scene.hulls) {
    const colour = theme.groups[hull.colour % theme.groups.length] as string;
    const selected = hull.group === scene.selectedGroup;
    ctx.beginPath();
    traceRounded(ctx, hull.outline, 14);
    ctx.fillStyle = colour;
    ctx.globalAlpha = theme.highContrast ? 0 : selected ? 0.2 : theme.dark ? 0.1 : 0.09;
    ctx.fill();
    ctx.globalAlpha = selected || theme.highContrast ? 1 : 0.65;
    ctx.strokeStyle = selected ? theme.focus : colour;
    ctx.lineWidth = thickness(pen, selected ? 2 : 1, selected ? 8 : 4);
    ctx.stroke();
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

function drawEdges(pen: Pen, edges: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const { boxes, placement, grid } = scene;
  if (edges.length > edgeLimit) return;
  const special: number[] = [];
  const ghosts: number[] = [];
  ctx.strokeStyle = theme.edge;
  ctx.lineWidth = thickness(pen, 1, 3);
  ctx.globalAlpha = theme.highContrast ? 1 : pen.detail === Detail.Blocks ? 0.45 : 0.8;
  ctx.beginPath();
  for (const e of edges) {
    const from = boxes.keys[boxes.from[e] as number] as number;
    const to = boxes.keys[boxes.to[e] as number] as number;
    if (e >= boxes.firstGhostEdge) ghosts.push(e);
    else if (scene.selected.has(from) || scene.selected.has(to) || scene.lit.has(from) || scene.lit.has(to)) special.push(e);
    else if (grid.far[e] === 1) traceStubs(pen, e);
    else traceWay(ctx, placement, e);
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
  if (ghosts.length > 0) {
    ctx.beginPath();
    for (const e of ghosts) if (grid.far[e] === 0) traceWay(ctx, placement, e);
    ctx.setLineDash([3, 4]);
    ctx.strokeStyle = theme.removed;
    ctx.lineWidth = thickness(pen, 1, 3);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (special.length > 0) {
    ctx.beginPath();
    for (const e of special) traceWay(ctx, placement, e);
    ctx.strokeStyle = theme.focus;
    ctx.lineWidth = thickness(pen, 1.8, 6);
    ctx.stroke();
  }
  if (pen.detail >= Detail.Ops)
    drawArrows(
      pen,
      edges.filter((e) => e < boxes.firstGhostEdge),
    );
  drawRejected(pen);
}

/** The two ends of an edge that is too long to follow. */
function traceStubs({ ctx, scene: { placement } }: Pen, e: number): void {
  const { start, points } = placement;
  const [first, last] = [2 * (start[e] as number), 2 * (start[e + 1] as number) - 2];
  ctx.moveTo(points[first] as number, points[first + 1] as number);
  ctx.lineTo(points[first] as number, (points[first + 1] as number) + 22);
  ctx.moveTo(points[last] as number, (points[last + 1] as number) - 22);
  ctx.lineTo(points[last] as number, points[last + 1] as number);
}

function drawArrows({ ctx, scene, theme }: Pen, edges: readonly number[]): void {
  const { start, points } = scene.placement;
  ctx.fillStyle = theme.edge;
  ctx.beginPath();
  for (const e of edges) {
    const last = 2 * (start[e + 1] as number) - 2;
    const [x, y] = [points[last] as number, points[last + 1] as number];
    ctx.moveTo(x, y);
    ctx.lineTo(x - 3.5, y - 7);
    ctx.lineTo(x + 3.5, y - 7);
  }
  ctx.fill();
}

function drawRejected(pen: Pen): void {
  const { ctx, scene, theme } = pen;
  if (pen.moving || scene.rejected.length === 0) return;
  const [producer, consumer] = scene.selectedEdge ?? [];
  const { keys, from, to } = scene.boxes;
  const chosen = (e: number): boolean => keys[from[e] as number] === producer && keys[to[e] as number] === consumer;
  for (const emphasised of [false, true]) {
    ctx.beginPath();
    for (const { edge } of scene.rejected)
      if (chosen(edge) === emphasised && scene.grid.far[edge] === 0) traceWay(ctx, scene.placement, edge);
    ctx.setLineDash([6 / Math.min(1, pen.k), 4 / Math.min(1, pen.k)]);
    ctx.strokeStyle = emphasised ? theme.focus : theme.warning;
    ctx.lineWidth = thickness(pen, emphasised ? 3 : 1.8, 6);
    ctx.stroke();
  }
  ctx.setLineDash([]);
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

function drawLabels(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
  const title = boxes.title[i] as string;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = theme.foreground;
  if (boxes.kind[i] !== BoxKind.Node) {
    ctx.font = `${pen.detail === Detail.Ops ? 17 : 12}px ${theme.font}`;
    ctx.textAlign = "center";
    ctx.fillText(`${boxes.kind[i] === BoxKind.Input ? "in" : "out"}  ${title}`, x + w / 2, y + h / 2, w - 14);
    if (pen.detail === Detail.Shapes) drawTag(pen, i);
    return;
  }
  if (pen.detail === Detail.Ops) {
    ctx.font = `600 19px ${theme.font}`;
    ctx.fillText(title, x + 14, y + h / 2, w - 20);
    return;
  }
  ctx.beginPath();
  traceSign(ctx, boxes.category[i] as number, x + 17, y + 16);
  ctx.fillStyle = theme.category[boxes.category[i] as number] as string;
  ctx.fill();
  ctx.fillStyle = theme.foreground;
  ctx.font = `600 12px ${theme.font}`;
  ctx.fillText(title, x + 28, y + 16.5, w - 36);
  ctx.font = `11px ${theme.font}`;
  ctx.fillStyle = theme.muted;
  ctx.fillText(boxes.subtitle[i] as string, x + 14, y + 33, w - 22);
  if (pen.detail !== Detail.Shapes) return;
  drawChips(pen, i);
  drawTag(pen, i);
}

function drawChips(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const [x, y] = [pen.x[i] as number, pen.y[i] as number];
  (scene.boxes.chips[i] ?? []).forEach((chip, row) => {
    const top = y + 44 + row * 18;
    ctx.beginPath();
    ctx.roundRect(x + 12, top, (scene.boxes.w[i] as number) - 22, 15, 3);
    ctx.globalAlpha = theme.highContrast ? 1 : 0.16;
    ctx.fillStyle = ctx.strokeStyle = theme.category[Category.Constant] as string;
    if (theme.highContrast) ctx.stroke();
    else ctx.fill();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    traceSign(ctx, Category.Constant, x + 20, top + 7.5);
    ctx.fill();
    ctx.font = `10px ${theme.mono}`;
    ctx.fillStyle = theme.foreground;
    ctx.fillText(chip, x + 28, top + 8, (scene.boxes.w[i] as number) - 42);
  });
}

/** Shape and dtype of what leaves a box, and its bytes below, right of its first edge. */
function drawTag(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const tag = scene.boxes.tag[i];
  if (!tag || pen.moving) return;
  ctx.font = `10px ${theme.mono}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  const tx = (pen.x[i] as number) + (scene.boxes.w[i] as number) / 2 + 7;
  const ty = (pen.y[i] as number) + (scene.boxes.h[i] as number) + 6;
  ctx.lineWidth = 3;
  ctx.strokeStyle = theme.background;
  ctx.fillStyle = theme.muted;
  tag.split("\n").forEach((line, row) => {
    ctx.strokeText(line, tx, ty + 12 * row);
    ctx.fillText(line, tx, ty + 12 * row);
  });
}

const markSigns = ["", "+", "~", "−"];

function drawMarks(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const { boxes, marks, selected, lit } = scene;
  const colours = [theme.focus, theme.added, theme.changed, theme.removed];
  for (const i of visible) {
    const key = boxes.keys[i] as number;
    const mark = marks[i] as number;
    const chosen = selected.has(key);
    if (mark === Mark.None && !chosen && !lit.has(key)) continue;
    const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
    const corner = boxes.kind[i] === BoxKind.Node ? radius : 14;
    if (mark === Mark.Added || mark === Mark.Changed || (mark === Mark.Removed && i < boxes.firstGhost)) {
      const colour = colours[mark] as string;
      ctx.beginPath();
      ctx.roundRect(x, y, w, h, corner);
      ctx.globalAlpha = theme.highContrast ? 0.5 : 0.14;
      ctx.fillStyle = theme.highContrast ? hatch(ctx, colour, mark === Mark.Added) : colour;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = colour;
      ctx.lineWidth = thickness(pen, 1.8, 10);
      ctx.stroke();
      if (pen.detail >= Detail.Ops) drawBadge(pen, x + w - 2, y + 2, colour, markSigns[mark] as string);
    }
    if (!chosen && !lit.has(key)) continue;
    const grow = chosen ? 3 : 2;
    ctx.beginPath();
    ctx.roundRect(x - grow, y - grow, w + 2 * grow, h + 2 * grow, corner + grow);
    ctx.strokeStyle = theme.focus;
    if (!chosen) ctx.setLineDash([4, 3]);
    ctx.lineWidth = thickness(pen, chosen ? 2.2 : 1.4, 14);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

function drawBadge({ ctx, theme }: Pen, x: number, y: number, colour: string, sign: string): void {
  ctx.beginPath();
  ctx.arc(x, y, 8, 0, 2 * Math.PI);
  ctx.fillStyle = colour;
  ctx.fill();
  ctx.font = `700 13px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.background;
  ctx.fillText(sign, x, y + 0.5);
}
