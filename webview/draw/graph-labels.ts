/** What is written in and below a box, by level of detail. */
import { attributeSign, insideSign } from "../model/box-chips.ts";
import { BoxKind } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { inkColour } from "./paint.ts";
import { isDim, type Pen } from "./pen.ts";
import { Detail, farFont, fontSizes, Mark } from "./scene.ts";
import { traceSign } from "./shapes.ts";
import { fitText, textWidth, writeIn } from "./surface.ts";
import { tagPlace } from "./tags.ts";
import { tinted } from "./tint.ts";

export function drawLabels(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const { boxes } = scene;
  const [x, y, w, h] = [pen.x[i] as number, pen.y[i] as number, boxes.w[i] as number, boxes.h[i] as number];
  const title = boxes.title[i] as string;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = theme.foreground;
  const kind = boxes.kind[i];
  if (kind === BoxKind.Input || kind === BoxKind.Output) {
    ctx.font = `${pen.detail === Detail.Ops ? Math.min(farFont(pen.k), h - 2) : fontSizes.title}px ${theme.font}`;
    ctx.textAlign = "center";
    writeIn(ctx, `${kind === BoxKind.Input ? "in" : "out"}  ${title}`, x + w / 2 + 2, y + h / 2, w - 20);
    if (pen.detail === Detail.Shapes) drawTag(pen, i);
    return;
  }
  if (pen.detail === Detail.Ops) {
    ctx.font = `600 ${farFont(pen.k)}px ${theme.font}`;
    writeIn(ctx, title, x + 13, y + h / 2, w - 20);
    return;
  }
  let left = x + 12;
  if (kind === BoxKind.Node) {
    ctx.beginPath();
    traceSign(ctx, boxes.category[i] as number, x + 17, y + 16);
    ctx.fillStyle = pen.lens.paint.by === "kind" ? (theme.category[boxes.category[i] as number] as string) : theme.muted;
    ctx.fill();
    left = x + 28;
  }
  ctx.fillStyle = theme.foreground;
  ctx.font = `600 ${fontSizes.title}px ${theme.font}`;
  writeIn(ctx, title, left, y + 16.5, x + w - 8 - left);
  ctx.font = `${fontSizes.small}px ${theme.font}`;
  ctx.fillStyle = theme.muted;
  writeIn(ctx, boxes.subtitle[i] as string, x + 12, y + 33, w - 20);
  if (pen.detail !== Detail.Shapes) return;
  drawChips(pen, i);
  drawTag(pen, i);
}

/** What the colour says, on the upper right edge of the box: the title has no room to give away. */
export function drawWord(pen: Pen, i: number): void {
  const { ctx, lens, scene, theme } = pen;
  const word = lens.paint.words[i] ?? "";
  if (word === "" || isDim(pen, i)) return;
  const { boxes } = scene;
  // A badge of a change sits in the corner.
  const corner = scene.marks[i] === Mark.None ? 6 : 14;
  const right = (pen.x[i] as number) + (boxes.w[i] as number) - corner;
  const y = pen.y[i] as number;
  ctx.font = `600 ${fontSizes.tag}px ${theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const text = fitText(ctx, word, Math.min(84, (boxes.w[i] as number) - corner - 12));
  const width = textWidth(ctx, text);
  const colour = inkColour(theme, lens.paint.inks[lens.paint.ink[i] as number] ?? { kind: "none", index: 0 });
  ctx.beginPath();
  ctx.roundRect(right - width - 10, y - 7, width + 10, 14, 7);
  ctx.fillStyle = theme.highContrast ? theme.background : tinted(theme.card, colour, 0.3);
  ctx.fill();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = theme.foreground;
  ctx.fillText(text, right - width - 5, y + 0.5);
}

function drawChips(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const [x, y, w] = [pen.x[i] as number, pen.y[i] as number, scene.boxes.w[i] as number];
  (scene.boxes.chips[i] ?? []).forEach((chip, row) => {
    const top = y + 43 + row * 18;
    ctx.font = `${fontSizes.tag}px ${theme.mono}`;
    if (chip.startsWith(attributeSign)) {
      ctx.fillStyle = theme.muted;
      return writeIn(ctx, chip, x + 13, top + 8, w - 22);
    }
    ctx.beginPath();
    ctx.roundRect(x + 12, top, w - 20, 15, 3);
    ctx.globalAlpha = theme.highContrast ? 1 : 0.16;
    const inside = chip.startsWith(insideSign);
    ctx.fillStyle = ctx.strokeStyle = inside ? theme.focus : (theme.category[Category.Constant] as string);
    ctx.lineWidth = 1;
    if (theme.highContrast) ctx.stroke();
    else ctx.fill();
    ctx.globalAlpha = 1;
    if (!inside) {
      ctx.beginPath();
      traceSign(ctx, Category.Constant, x + 20, top + 7.5);
      ctx.fill();
    }
    ctx.fillStyle = theme.foreground;
    writeIn(ctx, chip, x + (inside ? 17 : 28), top + 8, w - 40);
  });
}

/** Shape and dtype of what leaves a box, and its bytes below, beside its first edge. */
function drawTag(pen: Pen, i: number): void {
  const { ctx, scene, theme } = pen;
  const tag = scene.boxes.tag[i];
  if (!tag || pen.moving || isDim(pen, i)) return;
  ctx.font = `${fontSizes.tag}px ${theme.mono}`;
  const place = tagPlace(ctx, scene, i);
  if (!place) return;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  // An edge that bends right below its box would strike the text through.
  ctx.fillStyle = theme.background;
  ctx.globalAlpha = 0.82;
  place.lines.forEach((line, row) => ctx.fillRect(place.x - 2, place.y + 12 * row, textWidth(ctx, line) + 4, 12));
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.muted;
  place.lines.forEach((line, row) => ctx.fillText(line, place.x, place.y + 12 * row + 6.5));
}
