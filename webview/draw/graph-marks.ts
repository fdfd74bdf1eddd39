/** Outlines and badges: what a pass did to a box, what is selected, what is lit. */
import { BoxKind } from "../model/boxes.ts";
import { drawCounts } from "./cluster-counts.ts";
import { radius, thickness, type Pen } from "./pen.ts";
import { Detail, farFont, Mark } from "./scene.ts";
import { hatch } from "./shapes.ts";

/** By `Mark`; the lists have the same signs. */
const markSigns = ["", "+", "~", "−", "↕"];

/** Fills and rings first, badges over them. */
export function drawMarks(pen: Pen, visible: readonly number[]): void {
  const { scene, lens } = pen;
  const marked = visible.filter((i) => {
    const key = scene.boxes.keys[i] as number;
    return scene.marks[i] !== Mark.None || scene.selected.has(key) || scene.lit.has(key) || lens.found.has(key);
  });
  for (const i of marked) drawRings(pen, i);
  if (pen.detail >= Detail.Ops) for (const i of marked) drawSigns(pen, i);
}

const colourOf = ({ theme }: Pen, mark: Mark): string =>
  [theme.focus, theme.added, theme.changed, theme.removed, theme.changed][mark] as string;

/** The box is marked itself; ghosts look like what they are. */
const isOutlined = ({ scene }: Pen, i: number): boolean => {
  const mark = scene.marks[i];
  return mark === Mark.Added || mark === Mark.Changed || (mark === Mark.Removed && i < scene.boxes.firstGhost);
};

function drawRings(pen: Pen, i: number): void {
  const { ctx, scene, theme, lens } = pen;
  const { boxes, selected, lit } = scene;
  const key = boxes.keys[i] as number;
  const chosen = selected.has(key);
  const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
  const corner = boxes.kind[i] === BoxKind.Input || boxes.kind[i] === BoxKind.Output ? 14 : radius;
  if (isOutlined(pen, i)) {
    const mark = scene.marks[i] as Mark;
    const colour = colourOf(pen, mark);
    ctx.beginPath();
    ctx.roundRect(x, y, w, h, corner);
    ctx.globalAlpha = theme.highContrast ? 0.22 : 0.14;
    ctx.fillStyle = theme.highContrast ? hatch(ctx, colour, mark === Mark.Added) : colour;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = colour;
    ctx.lineWidth = thickness(pen, 1.8, 10);
    ctx.stroke();
  }
  if (lens.found.has(key)) drawFound(pen, x, y, w, h, corner, lens.foundAt === key);
  if (!chosen && !lit.has(key)) return;
  const grow = chosen ? 3 : 2;
  ctx.beginPath();
  ctx.roundRect(x - grow, y - grow, w + 2 * grow, h + 2 * grow, corner + grow);
  ctx.strokeStyle = theme.focus;
  if (!chosen) ctx.setLineDash([4, 3]);
  ctx.lineWidth = thickness(pen, chosen ? 2.2 : 1.4, 14);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawSigns(pen: Pen, i: number): void {
  const { scene } = pen;
  const [right, top] = [(pen.x[i] as number) + (scene.boxes.w[i] as number), pen.y[i] as number];
  const mark = scene.marks[i] as Mark;
  const counts = scene.counts.get(i);
  if (isOutlined(pen, i) && counts && pen.detail >= Detail.Names) drawCounts(pen, counts, right, top);
  // Most of a graph moves when its groups are made: the outlines of the groups say where to.
  else if (isOutlined(pen, i) || (mark === Mark.Moved && pen.detail >= Detail.Names))
    drawBadge(pen, right - 2, top + 2, colourOf(pen, mark), markSigns[mark] as string);
}

/** What a search found: a wide frame, so that it is not taken for the selection. */
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

function drawBadge({ ctx, theme, detail, k }: Pen, x: number, y: number, colour: string, sign: string): void {
  const size = detail === Detail.Ops ? farFont(k) * 0.8 : 13;
  ctx.beginPath();
  ctx.arc(x, y, size * 0.62, 0, 2 * Math.PI);
  ctx.fillStyle = colour;
  ctx.fill();
  ctx.font = `700 ${size}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.background;
  ctx.fillText(sign, x, y + 0.5);
}
