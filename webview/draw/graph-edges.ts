/** Edges: plain ones in one stroke, then ghosts, lit ones, arrows and the edges that were looked at for fusion and left alone. */
import { thickness, type Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { traceWay } from "./shapes.ts";

/** More edges than this are not worth their time when boxes are a few pixels wide. */
const edgeLimit = 24_000;

export function drawEdges(pen: Pen, edges: readonly number[]): void {
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
