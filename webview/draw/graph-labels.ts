/** What is written in and below a box, by level of detail. */
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import type { Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { traceSign } from "./shapes.ts";

export function drawLabels(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
  const title = boxes.title[i] as string;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = theme.foreground;
  if (boxes.kind[i] !== BoxKind.Node) {
    ctx.font = `${pen.detail === Detail.Ops ? 17 : 12}px ${theme.font}`;
    ctx.textAlign = "center";
    ctx.fillText(`${boxes.kind[i] === BoxKind.Input ? "in" : "out"}  ${title}`, x + w / 2, y + h / 2, w - 14);
    if (pen.detail === Detail.Shapes) drawTag(pen, i);
    return;
  }
  if (pen.detail === Detail.Ops) {
    ctx.font = `600 19px ${theme.font}`;
    ctx.fillText(title, x + 14, y + h / 2, w - 20);
    return;
  }
  ctx.beginPath();
  traceSign(ctx, boxes.category[i] as number, x + 17, y + 16);
  ctx.fillStyle = theme.category[boxes.category[i] as number] as string;
  ctx.fill();
  ctx.fillStyle = theme.foreground;
  ctx.font = `600 12px ${theme.font}`;
  ctx.fillText(title, x + 28, y + 16.5, w - 36);
  ctx.font = `11px ${theme.font}`;
  ctx.fillStyle = theme.muted;
  ctx.fillText(boxes.subtitle[i] as string, x + 14, y + 33, w - 22);
  if (pen.detail !== Detail.Shapes) return;
  drawChips(pen, i);
  drawTag(pen, i);
}

function drawChips(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const [x, y] = [pen.x[i] as number, pen.y[i] as number];
  (scene.boxes.chips[i] ?? []).forEach((chip, row) => {
    const top = y + 44 + row * 18;
    ctx.beginPath();
    ctx.roundRect(x + 12, top, (scene.boxes.w[i] as number) - 22, 15, 3);
    ctx.globalAlpha = theme.highContrast ? 1 : 0.16;
    const inside = chip.startsWith("▸");
    ctx.fillStyle = ctx.strokeStyle = inside ? theme.focus : (theme.category[Category.Constant] as string);
    if (theme.highContrast) ctx.stroke();
    else ctx.fill();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    if (!inside) traceSign(ctx, Category.Constant, x + 20, top + 7.5);
    ctx.fill();
    ctx.font = `10px ${theme.mono}`;
    ctx.fillStyle = theme.foreground;
    ctx.fillText(chip, x + (inside ? 17 : 28), top + 8, (scene.boxes.w[i] as number) - 42);
  });
}

/** Shape and dtype of what leaves a box, and its bytes below, right of its first edge. */
function drawTag(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const tag = scene.boxes.tag[i];
  if (!tag || pen.moving) return;
  ctx.font = `10px ${theme.mono}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  const tx = (pen.x[i] as number) + (scene.boxes.w[i] as number) / 2 + 7;
  const ty = (pen.y[i] as number) + (scene.boxes.h[i] as number) + 6;
  const lines = tag.split("\n");
  // An edge that bends right below its box would strike the text through.
  ctx.fillStyle = theme.background;
  ctx.globalAlpha = 0.75;
  lines.forEach((line, row) => ctx.fillRect(tx - 2, ty + 12 * row - 1, ctx.measureText(line).width + 4, 12));
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.muted;
  lines.forEach((line, row) => ctx.fillText(line, tx, ty + 12 * row));
}
