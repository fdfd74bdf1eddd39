/** Outlines and badges: what a pass did to a box, what is selected, what is lit. */
import { BoxKind } from "../model/boxes.ts";
import { drawCounts } from "./cluster-counts.ts";
import { radius, thickness, type Pen } from "./pen.ts";
import { Detail, Mark } from "./scene.ts";
import { hatch } from "./shapes.ts";

/** By `Mark`; the lists have the same signs. */
const markSigns = ["", "+", "~", "−", "↕"];

export function drawMarks(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme, lens } = pen;
  const { boxes, marks, selected, lit } = scene;
  const colours = [theme.focus, theme.added, theme.changed, theme.removed, theme.changed];
  for (const i of visible) {
    const key = boxes.keys[i] as number;
    const mark = marks[i] as number;
    const chosen = selected.has(key);
    if (mark === Mark.None && !chosen && !lit.has(key) && !lens.found.has(key)) continue;
    const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
    const corner = boxes.kind[i] === BoxKind.Input || boxes.kind[i] === BoxKind.Output ? 14 : radius;
    if (mark === Mark.Added || mark === Mark.Changed || (mark === Mark.Removed && i < boxes.firstGhost)) {
      const colour = colours[mark] as string;
      ctx.beginPath();
      ctx.roundRect(x, y, w, h, corner);
      ctx.globalAlpha = theme.highContrast ? 0.22 : 0.14;
      ctx.fillStyle = theme.highContrast ? hatch(ctx, colour, mark === Mark.Added) : colour;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = colour;
      ctx.lineWidth = thickness(pen, 1.8, 10);
      ctx.stroke();
      const counts = scene.counts.get(i);
      if (counts && pen.detail >= Detail.Ops) drawCounts(pen, counts, x + w, y);
      else if (pen.detail >= Detail.Ops) drawBadge(pen, x + w - 2, y + 2, colour, markSigns[mark] as string);
    }
    // Most of a graph moves when its groups are made: the outlines of the groups say where to.
    if (mark === Mark.Moved && pen.detail >= Detail.Names) drawBadge(pen, x + w - 2, y + 2, theme.changed, markSigns[mark] as string);
    if (lens.found.has(key)) drawFound(pen, x, y, w, h, corner, lens.foundAt === key);
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

/** What a search found: a thick line on its left and right, so that it is not taken for the selection. */
function drawFound(pen: Pen, x: number, y: number, w: number, h: number, corner: number, current: boolean): void {
  const { ctx, theme } = pen;
  ctx.beginPath();
  ctx.roundRect(x - 5, y - 5, w + 10, h + 10, corner + 5);
  ctx.globalAlpha = current ? 0.34 : 0.16;
  ctx.fillStyle = theme.found;
  if (!theme.highContrast) ctx.fill();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = theme.found;
  ctx.lineWidth = thickness(pen, current ? 3 : 1.6, 12);
  ctx.stroke();
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
