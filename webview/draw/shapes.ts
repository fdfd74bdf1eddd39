/** Small shapes shared by the drawings: rounded boxes, ways of edges, the sign of a category, hatching. */
import { Category } from "../model/category.ts";
import type { Placement } from "../layout/types.ts";
import type { Surface } from "./surface.ts";

type Ctx = Surface;

const bendRadius = 8;

/** Adds the way of an edge to the current path. */
export function traceWay(ctx: Ctx, { start, points, orthogonal, direction }: Placement, edge: number): void {
  const first = start[edge] as number;
  const last = (start[edge + 1] as number) - 1;
  if (last <= first) return;
  const px = (p: number): number => points[2 * p] as number;
  const py = (p: number): number => points[2 * p + 1] as number;
  const length = (p: number): number => Math.abs(px(p + 1) - px(p)) + Math.abs(py(p + 1) - py(p));
  // Two bends near each other share the way between them; a bigger circle would make a loop.
  const roundness = (p: number): number => Math.min(bendRadius, length(p - 1) / 2, length(p) / 2);
  ctx.moveTo(px(first), py(first));
  for (let p = first + 1; p <= last; p += 1) {
    if (orthogonal) {
      if (p < last) ctx.arcTo(px(p), py(p), px(p + 1), py(p + 1), roundness(p));
      else ctx.lineTo(px(p), py(p));
    } else if (direction === "right") curveRight(ctx, px(p - 1), py(p - 1), px(p), py(p));
    else curveTo(ctx, px(p - 1), py(p - 1), px(p), py(p));
  }
}

/** A curve that leaves and arrives vertically. */
function curveTo(ctx: Ctx, ax: number, ay: number, bx: number, by: number): void {
  if (Math.abs(ax - bx) < 0.5) ctx.lineTo(bx, by);
  else {
    const bend = Math.max(14, Math.abs(by - ay) / 2);
    ctx.bezierCurveTo(ax, ay + bend, bx, by - bend, bx, by);
  }
}

/** A curve that leaves and arrives horizontally. */
function curveRight(ctx: Ctx, ax: number, ay: number, bx: number, by: number): void {
  if (Math.abs(ay - by) < 0.5) ctx.lineTo(bx, by);
  else {
    const bend = Math.max(14, Math.abs(bx - ax) / 2);
    ctx.bezierCurveTo(ax + bend, ay, bx - bend, by, bx, by);
  }
}

/** Adds the sign of a category, about 9 px wide, centred at (x, y): the same information as its colour. */
export function traceSign(ctx: Ctx, category: number, x: number, y: number): void {
  const r = 4.5;
  switch (category as Category) {
    case Category.Matmul:
      for (const [dx, dy] of [
        [-r, -r],
        [0.5, -r],
        [-r, 0.5],
        [0.5, 0.5],
      ] as const)
        ctx.rect(x + dx, y + dy, 4, 4);
      break;
    case Category.Elementwise:
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case Category.Reduction:
      polygon(ctx, [
        [x - r, y - r + 0.5],
        [x + r, y - r + 0.5],
        [x, y + r],
      ]);
      break;
    case Category.Movement:
      polygon(ctx, [
        [x - r, y - 2],
        [x, y - 2],
        [x, y - r],
        [x + r, y],
        [x, y + r],
        [x, y + 2],
        [x - r, y + 2],
      ]);
      break;
    case Category.Constant:
      polygon(ctx, [
        [x, y - r - 0.5],
        [x + r + 0.5, y],
        [x, y + r + 0.5],
        [x - r - 0.5, y],
      ]);
      break;
    case Category.Other:
      for (const dy of [-r, -1, 2.5]) ctx.rect(x - r, y + dy, 2 * r, 1.8);
      break;
    case Category.Hole:
      // Wound both ways, so that filling leaves the middle empty.
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 2 * Math.PI);
      ctx.moveTo(x + 2.2, y);
      ctx.arc(x, y, 2.2, 0, 2 * Math.PI, true);
      break;
    default:
      ctx.rect(x - r, y - 1, 2 * r, 2);
  }
}

function polygon(ctx: Ctx, corners: readonly (readonly [number, number])[]): void {
  corners.forEach(([x, y], i) => (i === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
  ctx.closePath();
}

const hatches = new Map<string, CanvasPattern>();

/** Diagonal lines of a colour, for what must be told apart without colour. */
export function hatch(ctx: Ctx, colour: string, back: boolean): CanvasPattern | string {
  if (ctx.hatched) return ctx.hatched(colour, back);
  const key = `${colour}${back}`;
  const known = hatches.get(key);
  if (known) return known;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift, back ? 0 : 8);
    pen.lineTo(shift + 8, back ? 8 : 0);
  }
  pen.stroke();
  const pattern = pen.createPattern(tile, "repeat");
  if (!pattern) return colour;
  hatches.set(key, pattern);
  return pattern;
}
