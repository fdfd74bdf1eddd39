/** Small shapes shared by the drawings: rounded boxes, ways of edges, the sign of a category, hatching. */
import { Category } from "../model/category.ts";
import type { Placement } from "../layout/types.ts";

type Ctx = CanvasRenderingContext2D;

const bendRadius = 8;

/** Adds the way of an edge to the current path. */
export function traceWay(ctx: Ctx, { start, points, orthogonal }: Placement, edge: number): void {
  const first = start[edge] as number;
  const last = (start[edge + 1] as number) - 1;
  if (last <= first) return;
  const px = (p: number): number => points[2 * p] as number;
  const py = (p: number): number => points[2 * p + 1] as number;
  ctx.moveTo(px(first), py(first));
  for (let p = first + 1; p <= last; p += 1) {
    if (orthogonal) {
      if (p < last) ctx.arcTo(px(p), py(p), px(p + 1), py(p + 1), bendRadius);
      else ctx.lineTo(px(p), py(p));
    } else curveTo(ctx, px(p - 1), py(p - 1), px(p), py(p));
  }
}

/** A curve that leaves and arrives vertically. */
export function curveTo(ctx: Ctx, ax: number, ay: number, bx: number, by: number): void {
  if (Math.abs(ax - bx) < 0.5) ctx.lineTo(bx, by);
  else {
    const bend = Math.max(14, Math.abs(by - ay) / 2);
    ctx.bezierCurveTo(ax, ay + bend, bx, by - bend, bx, by);
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

/** A closed outline with rounded corners. */
export function traceRounded(ctx: Ctx, outline: readonly (readonly [number, number])[], radius: number): void {
  const n = outline.length;
  const at = (i: number): readonly [number, number] => outline[(i + n) % n] as readonly [number, number];
  const middle = (a: readonly [number, number], b: readonly [number, number]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
  const [sx, sy] = middle(at(-1), at(0));
  ctx.moveTo(sx, sy);
  for (let i = 0; i < n; i += 1) {
    const [mx, my] = middle(at(i), at(i + 1));
    ctx.arcTo(at(i)[0], at(i)[1], mx, my, radius);
  }
  ctx.closePath();
}

const hatches = new Map<string, CanvasPattern>();

/** Diagonal lines of a colour, for what must be told apart without colour. */
export function hatch(ctx: Ctx, colour: string, back: boolean): CanvasPattern | string {
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
  const pattern = ctx.createPattern(tile, "repeat");
  if (!pattern) return colour;
  hatches.set(key, pattern);
  return pattern;
}
