/** Frames: opened clusters and groups that were placed as blocks. A title bar above what they hold. */
import type { Frame } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { frameTitle } from "../layout/types.ts";
import type { Rect } from "./grid.ts";
import { thickness, type Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { fitText } from "./surface.ts";
import { tinted } from "./tint.ts";

export function drawFrames(pen: Pen, view: Rect): void {
  const { scene } = pen;
  const bounds = scene.placement.frames;
  if (pen.moving) return;
  scene.boxes.frames.forEach((frame, f) => {
    const [x, y, w, h] = [0, 1, 2, 3].map((side) => bounds[4 * f + side] as number) as [number, number, number, number];
    const seen = w > 0 && x < view.x + view.w && y < view.y + view.h && x + w > view.x && y + h > view.y;
    if (seen) drawFrame(pen, frame, x, y, w, h);
  });
}

export const frameColour = ({ theme }: Pen, frame: Frame): string =>
  frame.kind === "cluster"
    ? theme.muted
    : ((frame.hole ? theme.category[Category.Hole] : theme.groups[frame.order % theme.groups.length]) ?? theme.muted);

function drawFrame(pen: Pen, frame: Frame, x: number, y: number, w: number, h: number): void {
  const { ctx, scene, theme } = pen;
  const colour = frameColour(pen, frame);
  const chosen = frame.kind === "group" ? frame.group === scene.selectedGroup : scene.selected.has(frame.key);
  const strength = frame.kind === "cluster" ? 0.045 : chosen ? 0.22 : 0.1;
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, 8);
  ctx.fillStyle = theme.highContrast ? theme.background : tinted(theme.background, colour, strength);
  ctx.fill();
  ctx.strokeStyle = chosen ? theme.focus : theme.highContrast ? colour : tinted(theme.background, colour, 0.6);
  ctx.lineWidth = thickness(pen, chosen ? 2 : 1, chosen ? 8 : 4);
  if (frame.hole) ctx.setLineDash([6, 4]);
  ctx.stroke();
  ctx.setLineDash([]);
  if (pen.detail === Detail.Blocks) return;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `600 ${pen.detail === Detail.Ops ? 15 : 11}px ${theme.font}`;
  ctx.fillStyle = theme.highContrast ? theme.foreground : tinted(colour, theme.foreground, 0.4);
  const title = fitText(ctx, frame.title, w - 40);
  const middle = y + frameTitle / 2 + 1;
  ctx.fillText(title, x + 12, middle);
  if (pen.detail === Detail.Ops || frame.subtitle === "") return;
  const used = 12 + ctx.measureText(title).width + 8;
  ctx.font = `11px ${theme.font}`;
  ctx.fillStyle = theme.muted;
  ctx.fillText(fitText(ctx, frame.subtitle, w - used - 12), x + used, middle);
}
