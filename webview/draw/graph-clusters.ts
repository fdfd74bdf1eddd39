/** Closed clusters: a stack of cards with the mix of what they hold as a bar of colours. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { inkColour } from "./paint.ts";
import { radius, thickness, type Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { tinted } from "./tint.ts";

/** How many cards of a stack show below the first one. */
const stack = 2;

export function drawClusters(pen: Pen, visible: readonly number[]): void {
  const { ctx, scene, theme, lens } = pen;
  const { boxes } = scene;
  const clusters = visible.filter((i) => boxes.kind[i] === BoxKind.Cluster);
  if (clusters.length === 0) return;
  ctx.beginPath();
  for (const i of clusters) {
    const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
    for (let card = stack; card > 0; card -= 1) ctx.roundRect(x + 3 * card, y + h - 6, w - 6 * card, 6 + 3 * card, radius);
  }
  ctx.strokeStyle = theme.cardBorder;
  ctx.lineWidth = thickness(pen, 1, 1.6);
  ctx.stroke();
  ctx.beginPath();
  for (const i of clusters) ctx.roundRect(pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number, radius);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.stroke();
  if (pen.detail === Detail.Ops && lens.paint.level && !theme.highContrast)
    for (const i of clusters) {
      const ink = lens.paint.inks[lens.paint.ink[i] as number];
      if (!ink || ink.kind === "none") continue;
      ctx.beginPath();
      ctx.roundRect(pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number, radius);
      ctx.fillStyle = tinted(theme.card, inkColour(theme, ink), 0.4);
      ctx.fill();
    }
  for (const i of clusters) drawMix(pen, i);
}

/** How many ops of each kind are in it, as shares of a bar along its lower edge. */
function drawMix(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  const mix = boxes.clusters.get(boxes.keys[i] as number)?.mix ?? [];
  const total = mix.slice(0, Category.Terminal).reduce((sum, count) => sum + count, 0);
  if (total === 0 || pen.lens.paint.level) return;
  const room = (boxes.w[i] as number) - 20;
  let left = (pen.x[i] as number) + 12;
  const top = (pen.y[i] as number) + (boxes.h[i] as number) - 8;
  mix.slice(0, Category.Terminal).forEach((count, category) => {
    if (count === 0) return;
    const width = (room * count) / total;
    ctx.fillStyle = theme.category[category] as string;
    ctx.fillRect(left, top, Math.max(1, width - 1), 3);
    left += width;
  });
}
