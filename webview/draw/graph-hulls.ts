/** Fusion groups: one outline around the boxes of a group and the edges between them. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { isDim, radius, thickness, type Pen } from "./pen.ts";
import { Detail, hullPadding, hullTop, leastText, type Hull } from "./scene.ts";
import { traceWay } from "./shapes.ts";
import { fitText, textWidth } from "./surface.ts";
import { tinted } from "./tint.ts";

/** Width of the part of a hull that goes along an edge. */
const corridor = 16;
/** From further away hulls are specks. */
const leastZoom = 0.06;

const hullColour = ({ theme }: Pen, hull: Hull): string =>
  (hull.dashed ? theme.category[Category.Hole] : theme.groups[hull.colour % theme.groups.length]) ?? theme.muted;

/** What is in sight; the one that is selected lies on top. */
function hullsIn({ scene, moving, k }: Pen, visible: readonly number[]): readonly Hull[] {
  if (moving || scene.hulls.length === 0 || k < leastZoom) return [];
  const shown = new Set<number>();
  for (const i of visible) shown.add(scene.hullOf[i] as number);
  const hulls = [...shown].filter((h) => h >= 0).map((h) => scene.hulls[h] as Hull);
  return hulls.sort((a, b) => Number(a.group === scene.selectedGroup) - Number(b.group === scene.selectedGroup));
}

const isDimHull = (pen: Pen, hull: Hull): boolean => pen.lens.followed !== undefined && hull.members.every((i) => isDim(pen, i));

export function drawHulls(pen: Pen, visible: readonly number[]): void {
  const { scene, theme } = pen;
  for (const hull of hullsIn(pen, visible)) {
    const selected = hull.group === scene.selectedGroup;
    const colour = hullColour(pen, hull);
    const dim = isDimHull(pen, hull);
    const line = thickness(pen, selected ? 2 : 1, selected ? 6 : 3);
    const part = dim ? 0.04 : selected ? 0.22 : theme.dark ? 0.1 : 0.09;
    const border = selected ? theme.focus : theme.highContrast && !dim ? colour : tinted(theme.background, colour, dim ? 0.2 : 0.62);
    fillHull(pen, hull, line, border);
    fillHull(pen, hull, 0, theme.highContrast ? theme.background : tinted(theme.background, colour, part));
  }
}

/** After the edges: they come in from above, where the labels are. */
export function drawHullLabels(pen: Pen, visible: readonly number[]): void {
  const size = titleSize(pen, 10.5, hullTop);
  if (pen.detail === Detail.Blocks || size === undefined) return;
  for (const hull of hullsIn(pen, visible)) {
    if (isDimHull(pen, hull)) continue;
    const { x, y, w } = topBox(pen, hull);
    drawTitle(
      pen,
      hull.label,
      x,
      y - hullTop / 2,
      w + hullPadding,
      hullColour(pen, hull),
      size,
      hull.group === pen.scene.selectedGroup ? 0.22 : 0.1,
    );
  }
}

/** Size of a title in a bar of a height; undefined where it could not be read. */
export function titleSize(pen: Pen, near: number, bar: number): number | undefined {
  const size = pen.detail === Detail.Ops ? Math.ceil(leastText / pen.k) : near;
  return size <= bar ? Math.max(near, size) : undefined;
}

/** The title of a group or a frame, on a patch of its ground. */
export function drawTitle(pen: Pen, text: string, x: number, y: number, room: number, colour: string, size: number, ground = 0.1): number {
  const { ctx, theme } = pen;
  ctx.font = `600 ${size}px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const written = fitText(ctx, text, room);
  const width = textWidth(ctx, written);
  ctx.fillStyle = theme.highContrast ? theme.background : tinted(theme.background, colour, ground);
  ctx.beginPath();
  ctx.roundRect(x - 3, y - size * 0.7, width + 6, size * 1.4, 3);
  ctx.fill();
  ctx.fillStyle = theme.highContrast ? theme.foreground : tinted(colour, theme.foreground, 0.4);
  ctx.fillText(written, x, y);
  return width;
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
