/** "Why not fused": edges that were looked at and left alone, dashed, with a sign in the middle; the one chosen with its two ends. */
import { thickness, type Pen } from "./pen.ts";
import { Detail, hullPadding, hullTop, type RejectedEdge, type Scene } from "./scene.ts";
import { drawArrows } from "./graph-edges.ts";
import { traceWay } from "./shapes.ts";
import type { Rect } from "./grid.ts";

/** From further away the dashes are a haze. */
const leastZoom = 0.12;

export function drawRejected(pen: Pen, view: Rect): void {
  const { scene, lens } = pen;
  if (pen.moving || !lens.whyNot || lens.followed || scene.rejected.length === 0) return;
  const chosen = scene.rejected.find(({ edge }) => isChosen(scene, edge));
  if (pen.k >= leastZoom) {
    const seen = new Set(scene.grid.edgesIn(view));
    const inSight = scene.rejected.filter((one) => one !== chosen && seen.has(one.edge) && scene.grid.far[one.edge] === 0);
    drawDashes(pen, inSight, false);
    if (pen.detail !== Detail.Blocks) for (const one of inSight) if (one.lost) drawSign(pen, one.edge, false);
  }
  if (!chosen) return;
  drawPair(pen, chosen.edge);
  drawDashes(pen, [chosen], true);
  drawSign(pen, chosen.edge, true);
}

function isChosen({ selectedEdge, boxes }: Scene, edge: number): boolean {
  const [producer, consumer] = selectedEdge ?? [];
  return boxes.keys[boxes.from[edge] as number] === producer && boxes.keys[boxes.to[edge] as number] === consumer;
}

function drawDashes(pen: Pen, edges: readonly RejectedEdge[], emphasised: boolean): void {
  const { ctx, scene, theme } = pen;
  const scale = 1 / Math.min(1, pen.k);
  for (const lost of [false, true]) {
    const list = edges.filter((one) => one.lost === lost);
    if (list.length === 0) continue;
    ctx.beginPath();
    for (const { edge } of list) traceWay(ctx, scene.placement, edge);
    // The plain line below would show through the gaps.
    ctx.strokeStyle = theme.background;
    ctx.lineWidth = thickness(pen, emphasised ? 5 : 3, 8);
    ctx.stroke();
    ctx.setLineDash(lost ? [7 * scale, 4 * scale] : [1.5 * scale, 4 * scale]);
    ctx.strokeStyle = emphasised ? theme.focus : lost ? theme.warning : theme.muted;
    ctx.lineWidth = thickness(pen, emphasised ? 3 : lost ? 1.8 : 1.3, 6);
    ctx.stroke();
    ctx.setLineDash([]);
    if (pen.detail !== Detail.Blocks)
      drawArrows(
        pen,
        list.map(({ edge }) => edge),
        emphasised ? theme.focus : lost ? theme.warning : theme.edge,
      );
  }
}

/** The middle of a way. */
function wayMiddle({ placement: { start, points } }: Scene, edge: number): readonly [number, number] {
  const [first, last] = [start[edge] as number, (start[edge + 1] as number) - 1];
  const p = first + Math.floor((last - first) / 2);
  if ((last - first) % 2 === 0) return [points[2 * p] as number, points[2 * p + 1] as number];
  return [
    ((points[2 * p] as number) + (points[2 * p + 2] as number)) / 2,
    ((points[2 * p + 1] as number) + (points[2 * p + 3] as number)) / 2,
  ];
}

/** A round sign with a cross: a line may be dashed for other reasons. */
function drawSign(pen: Pen, edge: number, emphasised: boolean): void {
  const { ctx, scene, theme } = pen;
  const [x, y] = wayMiddle(scene, edge);
  const r = pen.detail === Detail.Ops ? 8 : 5.5;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fillStyle = theme.background;
  ctx.fill();
  ctx.strokeStyle = emphasised ? theme.focus : theme.warning;
  ctx.lineWidth = pen.detail === Detail.Ops ? 2 : 1.4;
  ctx.stroke();
  ctx.beginPath();
  const arm = r * 0.42;
  ctx.moveTo(x - arm, y - arm);
  ctx.lineTo(x + arm, y + arm);
  ctx.moveTo(x + arm, y - arm);
  ctx.lineTo(x - arm, y + arm);
  ctx.stroke();
}

/** The hull that was not made: a dashed line around the two groups, or boxes, that stayed apart. */
function drawPair(pen: Pen, edge: number): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const end of [boxes.from[edge] as number, boxes.to[edge] as number]) {
    left = Math.min(left, (pen.x[end] as number) - hullPadding);
    top = Math.min(top, (pen.y[end] as number) - hullTop);
    right = Math.max(right, (pen.x[end] as number) + (boxes.w[end] as number) + hullPadding);
    bottom = Math.max(bottom, (pen.y[end] as number) + (boxes.h[end] as number) + hullPadding);
  }
  ctx.beginPath();
  ctx.roundRect(left - 6, top - 6, right - left + 12, bottom - top + 12, 12);
  ctx.setLineDash([8, 5]);
  ctx.strokeStyle = theme.warning;
  ctx.lineWidth = thickness(pen, 1.6, 8);
  ctx.stroke();
  ctx.setLineDash([]);
}
