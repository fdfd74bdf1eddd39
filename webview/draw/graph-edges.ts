/** Edges: plain ones in one stroke, then ghosts, lit ones and arrows. From afar those that no pixel could tell apart are one. */
import type { Rect } from "./grid.ts";
import { mergedWays } from "./merged-edges.ts";
import { isFollowed, thickness, type Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { traceWay } from "./shapes.ts";

/** More edges than this in sight are merged where they fall on the same few pixels. */
const mergeFrom = 3000;

interface Sorted {
  readonly plain: readonly number[];
  readonly ghosts: readonly number[];
  readonly special: readonly number[];
}

export function drawEdges(pen: Pen, edges: readonly number[], view: Rect): void {
  const { ctx, scene, theme, lens } = pen;
  const { plain, ghosts, special } = sorted(pen, edges);
  ctx.globalAlpha = theme.highContrast ? 1 : pen.detail === Detail.Blocks ? 0.6 : 0.85;
  if (lens.followed) ctx.globalAlpha = 0.18;
  ctx.strokeStyle = theme.edge;
  ctx.lineWidth = thickness(pen, 1, 3);
  ctx.beginPath();
  if (pen.detail === Detail.Blocks && plain.length > mergeFrom) traceMerged(pen, view);
  else
    for (const e of plain) {
      if (scene.grid.far[e] === 1) traceStubs(pen, e);
      else traceWay(ctx, scene.placement, e);
    }
  ctx.stroke();
  ctx.globalAlpha = 1;
  if (ghosts.length > 0) {
    ctx.beginPath();
    for (const e of ghosts) if (scene.grid.far[e] === 0) traceWay(ctx, scene.placement, e);
    ctx.setLineDash([3, 4]);
    ctx.strokeStyle = theme.removed;
    ctx.lineWidth = thickness(pen, 1, 3);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (special.length > 0) {
    ctx.beginPath();
    for (const e of special) traceWay(ctx, scene.placement, e);
    ctx.strokeStyle = theme.focus;
    ctx.lineWidth = thickness(pen, 1.8, 6);
    ctx.stroke();
  }
  if (pen.detail === Detail.Blocks) return;
  if (!lens.followed) drawArrows(pen, plain, theme.edge);
  drawArrows(pen, special, theme.focus);
}

function sorted(pen: Pen, edges: readonly number[]): Sorted {
  const { scene, lens } = pen;
  const { boxes, selected, lit } = scene;
  const [plain, ghosts, special]: [number[], number[], number[]] = [[], [], []];
  for (const e of edges) {
    if (e >= boxes.firstGhostEdge) {
      ghosts.push(e);
      continue;
    }
    const from = boxes.keys[boxes.from[e] as number] as number;
    const to = boxes.keys[boxes.to[e] as number] as number;
    const emphasised = lens.followed ? isFollowed(pen, e) : selected.has(from) || selected.has(to) || lit.has(from) || lit.has(to);
    (emphasised ? special : plain).push(e);
  }
  return { plain, ghosts, special };
}

function traceMerged({ ctx, scene, k }: Pen, view: Rect): void {
  const ways = mergedWays(scene.placement, scene.boxes.firstGhostEdge, k);
  for (let p = 0; p < ways.length; p += 4) {
    const [ax, ay, bx, by] = [ways[p] as number, ways[p + 1] as number, ways[p + 2] as number, ways[p + 3] as number];
    if (Math.max(ay, by) < view.y || Math.min(ay, by) > view.y + view.h) continue;
    if (Math.max(ax, bx) < view.x || Math.min(ax, bx) > view.x + view.w) continue;
    ctx.moveTo(ax, ay);
    ctx.lineTo(bx, by);
  }
}

const stub = 22;

/** The two ends of an edge that is too long to follow. */
function traceStubs({ ctx, scene: { placement } }: Pen, e: number): void {
  const { start, points, direction } = placement;
  const [first, last] = [2 * (start[e] as number), 2 * (start[e + 1] as number) - 2];
  const [dx, dy] = direction === "right" ? [stub, 0] : [0, stub];
  ctx.moveTo(points[first] as number, points[first + 1] as number);
  ctx.lineTo((points[first] as number) + dx, (points[first + 1] as number) + dy);
  ctx.moveTo((points[last] as number) - dx, (points[last + 1] as number) - dy);
  ctx.lineTo(points[last] as number, points[last + 1] as number);
}

export function drawArrows({ ctx, scene }: Pen, edges: readonly number[], colour: string): void {
  if (edges.length === 0) return;
  const { start, points, direction } = scene.placement;
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const e of edges) {
    const last = 2 * (start[e + 1] as number) - 2;
    const [x, y] = [points[last] as number, points[last + 1] as number];
    ctx.moveTo(x, y);
    if (direction === "right") {
      ctx.lineTo(x - 7, y - 3.5);
      ctx.lineTo(x - 7, y + 3.5);
    } else {
      ctx.lineTo(x - 3.5, y - 7);
      ctx.lineTo(x + 3.5, y - 7);
    }
    ctx.closePath();
  }
  ctx.fill();
}
