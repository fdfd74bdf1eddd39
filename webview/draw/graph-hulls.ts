/** Fusion groups: one outline around the boxes of a group and the edges between them. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { radius, thickness, type Pen } from "./pen.ts";
import { Detail, hullPadding, hullTop, type Hull } from "./scene.ts";
import { traceWay } from "./shapes.ts";
import { fitText } from "./surface.ts";
import { tinted } from "./tint.ts";

/** Width of the part of a hull that goes along an edge. */
const corridor = 16;
/** From further away hulls are specks. */
const leastZoom = 0.06;

export const hullColour = ({ theme }: Pen, hull: Hull): string =>
  (hull.dashed ? theme.category[Category.Hole] : theme.groups[hull.colour % theme.groups.length]) ?? theme.muted;

export function drawHulls(pen: Pen, visible: readonly number[]): void {
  const { scene } = pen;
  if (pen.moving || scene.hulls.length === 0 || pen.k < leastZoom) return;
  const shown = new Set<number>();
  for (const i of visible) shown.add(scene.hullOf[i] as number);
  const hulls = [...shown].filter((h) => h >= 0).map((h) => scene.hulls[h] as Hull);
  // The one that is selected lies on top.
  for (const hull of [...hulls].sort((a, b) => Number(a.group === scene.selectedGroup) - Number(b.group === scene.selectedGroup)))
    drawHull(pen, hull);
}

function drawHull(pen: Pen, hull: Hull): void {
  const { ctx, scene, theme } = pen;
  const selected = hull.group === scene.selectedGroup;
  const colour = hullColour(pen, hull);
  const line = thickness(pen, selected ? 2 : 1, selected ? 6 : 3);
  const part = selected ? 0.22 : theme.dark ? 0.1 : 0.09;
  const border = selected ? theme.focus : theme.highContrast ? colour : tinted(theme.background, colour, 0.62);
  fillHull(pen, hull, line, border);
  fillHull(pen, hull, 0, theme.highContrast ? theme.background : tinted(theme.background, colour, part));
  if (pen.detail === Detail.Blocks) return;
  const { x, y, w } = topBox(pen, hull);
  ctx.font = `600 ${pen.detail === Detail.Ops ? 14 : 10.5}px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.highContrast ? theme.foreground : tinted(colour, theme.foreground, 0.35);
  ctx.fillText(fitText(ctx, hull.label, w + hullPadding), x, y - hullTop / 2);
}

/** The box of a hull that has its label above it. */
export function topBox({ scene, x, y }: Pick<Pen, "scene" | "x" | "y">, hull: Hull): { x: number; y: number; w: number } {
  let best = hull.members[0] as number;
  for (const i of hull.members) {
    const lower = (y[i] as number) - (y[best] as number);
    if (lower < -0.5 || (lower < 0.5 && (x[i] as number) < (x[best] as number))) best = i;
  }
  return { x: x[best] as number, y: y[best] as number, w: scene.boxes.w[best] as number };
}

/** Everything that belongs to the hull in one colour, `more` wider on all sides: first the border, then what lies in it. */
function fillHull(pen: Pen, hull: Hull, more: number, colour: string): void {
  const { ctx, scene } = pen;
  ctx.globalAlpha = 1;
  if (hull.ways.length > 0) {
    ctx.beginPath();
    for (const edge of hull.ways) traceWay(ctx, scene.placement, edge);
    ctx.lineWidth = corridor + 2 * more;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
  ctx.beginPath();
  for (const i of hull.members) {
    const pad = hullPadding + more;
    ctx.roundRect(
      (pen.x[i] as number) - pad,
      (pen.y[i] as number) - hullTop - more,
      (scene.boxes.w[i] as number) + 2 * pad,
      (scene.boxes.h[i] as number) + hullTop + hullPadding + 2 * more,
      (scene.boxes.kind[i] === BoxKind.Node ? radius : 14) + 5,
    );
  }
  ctx.fillStyle = colour;
  ctx.fill();
}
