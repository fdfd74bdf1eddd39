/** Boxes: blocks of colour from afar, cards from near, hatched ghosts of what a pass removed. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { drawClusters } from "./graph-clusters.ts";
import { drawLabels, drawWord } from "./graph-labels.ts";
import { inkColour } from "./paint.ts";
import { isDim, radius, thickness, type Pen } from "./pen.ts";
import { Detail, farFont, fontSizes } from "./scene.ts";
import { hatch } from "./shapes.ts";
import { fitText, textWidth } from "./surface.ts";
import { tinted } from "./tint.ts";

const cornerOf = (pen: Pen, i: number): number => {
  const kind = pen.scene.boxes.kind[i];
  return kind === BoxKind.Input || kind === BoxKind.Output ? 14 : radius;
};

const traceBox = (pen: Pen, i: number): void =>
  pen.ctx.roundRect(
    pen.x[i] as number,
    pen.y[i] as number,
    pen.scene.boxes.w[i] as number,
    pen.scene.boxes.h[i] as number,
    cornerOf(pen, i),
  );

/** From far away: one path per colour. What is not followed is drawn faintly, first. */
export function drawBlocks(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme, lens } = pen;
  const { boxes } = scene;
  const grow = Math.max(0, 1.2 / pen.k - 24) / 2;
  const block = (i: number): void =>
    ctx.rect(pen.x[i] as number, (pen.y[i] as number) - grow, boxes.w[i] as number, (boxes.h[i] as number) + 2 * grow);
  const dim = lens.followed ? visible.filter((i) => isDim(pen, i)) : [];
  const bright = lens.followed ? visible.filter((i) => !isDim(pen, i)) : visible;
  ctx.globalAlpha = 1;
  if (dim.length > 0) {
    ctx.beginPath();
    dim.forEach(block);
    ctx.fillStyle = tinted(theme.background, theme.foreground, 0.14);
    ctx.fill();
  }
  const byInk: number[][] = lens.paint.inks.map(() => []);
  for (const i of bright) byInk[lens.paint.ink[i] as number]?.push(i);
  byInk.forEach((list, ink) => {
    if (list.length === 0) return;
    ctx.beginPath();
    list.forEach(block);
    const colour = inkColour(theme, lens.paint.inks[ink] ?? { kind: "none", index: 0 });
    ctx.fillStyle = theme.highContrast ? colour : tinted(theme.background, colour, 0.85);
    ctx.fill();
  });
}

export function drawCards(pen: Pen, visible: readonly number[]): void {
  const { ctx, theme } = pen;
  ctx.globalAlpha = 1;
  ctx.beginPath();
  for (const i of visible) traceBox(pen, i);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.strokeStyle = theme.cardBorder;
  ctx.lineWidth = thickness(pen, 1, 1.6);
  ctx.stroke();
  if (pen.detail === Detail.Ops && !theme.highContrast) tintCards(pen, visible);
  drawClusters(pen, visible);
  drawHoles(pen, visible);
  drawStripes(pen, visible);
  for (const i of visible) drawLabels(pen, i);
  if (pen.lens.paint.words.length > 0 && pen.detail >= Detail.Names) for (const i of visible) drawWord(pen, i);
  if (!pen.lens.followed) return;
  ctx.beginPath();
  for (const i of visible) if (isDim(pen, i)) traceBox(pen, i);
  ctx.globalAlpha = 0.74;
  ctx.fillStyle = theme.background;
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** From afar a stripe is too thin to tell colours by: the whole card takes some of it. */
function tintCards(pen: Pen, visible: readonly number[]): void {
  const { ctx, theme, lens, scene } = pen;
  const byInk: number[][] = lens.paint.inks.map(() => []);
  for (const i of visible) if (scene.boxes.kind[i] !== BoxKind.Cluster) byInk[lens.paint.ink[i] as number]?.push(i);
  byInk.forEach((list, ink) => {
    const one = lens.paint.inks[ink];
    if (list.length === 0 || !one || one.kind === "none" || (one.kind === "category" && one.index === Category.Terminal)) return;
    ctx.beginPath();
    for (const i of list) traceBox(pen, i);
    ctx.fillStyle = tinted(theme.card, inkColour(theme, one), one.kind === "category" ? 0.2 : 0.4);
    ctx.fill();
  });
}

/** The colour at the left end of a card; numbers also have a meter along its bottom. */
function drawStripes(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme, lens } = pen;
  const { boxes } = scene;
  const byInk: number[][] = lens.paint.inks.map(() => []);
  for (const i of visible) byInk[lens.paint.ink[i] as number]?.push(i);
  byInk.forEach((list, ink) => {
    const one = lens.paint.inks[ink];
    if (!one || one.kind === "none" || (one.kind === "category" && one.index === Category.Terminal)) return;
    ctx.beginPath();
    for (const i of list) {
      const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
      const corner = cornerOf(pen, i);
      if (corner > radius) ctx.roundRect(x + 4, y + h / 2 - 4, 8, 8, 4);
      else ctx.roundRect(x, y, 4, h, [radius, 0, 0, radius]);
      const level = lens.paint.level?.[i];
      if (level !== undefined && !Number.isNaN(level)) ctx.rect(x + 4, y + h - 3, Math.max(2, (w - 6) * level), 3);
    }
    ctx.fillStyle = inkColour(theme, one);
    ctx.fill();
  });
}

/** What is not compiled: hatched, with a dashed outline. */
function drawHoles(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const holes = visible.filter((i) => scene.boxes.category[i] === Category.Hole);
  if (holes.length === 0) return;
  const colour = theme.category[Category.Hole] as string;
  ctx.beginPath();
  for (const i of holes) traceBox(pen, i);
  ctx.globalAlpha = theme.highContrast ? 0.35 : 0.16;
  ctx.fillStyle = hatch(ctx, colour, true);
  ctx.fill();
  ctx.globalAlpha = 1;
  // The line of a card lies under it.
  ctx.strokeStyle = theme.card;
  ctx.lineWidth = thickness(pen, 1.8, 8);
  ctx.stroke();
  ctx.setLineDash([6, 4]);
  ctx.strokeStyle = colour;
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Removed nodes: hatched, dashed, without what a live node says. */
export function drawGhosts(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme } = pen;
  const ghosts = visible.filter((i) => i >= scene.boxes.firstGhost);
  if (ghosts.length === 0) return;
  ctx.beginPath();
  for (const i of ghosts) traceBox(pen, i);
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
  ctx.font = `600 ${pen.detail === Detail.Ops ? farFont(pen.k) : fontSizes.title}px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const i of ghosts) {
    const text = fitText(ctx, `− ${scene.boxes.title[i]}`, (scene.boxes.w[i] as number) - 18);
    const [x, y] = [(pen.x[i] as number) + 12, (pen.y[i] as number) + (scene.boxes.h[i] as number) / 2];
    const size = pen.detail === Detail.Ops ? farFont(pen.k) : fontSizes.title;
    // The hatching ends where the text is.
    ctx.fillStyle = theme.background;
    ctx.fillRect(x - 3, y - size * 0.7, textWidth(ctx, text) + 6, size * 1.4);
    ctx.fillStyle = theme.removed;
    ctx.fillText(text, x, y);
  }
}
