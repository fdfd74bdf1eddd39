/** Frames: opened clusters and groups that were placed as blocks. A title bar above what they hold. */
import type { Frame } from "../model/boxes.ts";
import { Category } from "../model/category.ts";
import { frameTitle } from "../layout/types.ts";
import type { Rect } from "./grid.ts";
import { drawTitle, titleSize } from "./graph-hulls.ts";
import { thickness, type Pen } from "./pen.ts";
import { Detail } from "./scene.ts";
import { fitText } from "./surface.ts";
import { tinted } from "./tint.ts";

type Bounds = readonly [x: number, y: number, w: number, h: number];

/** Frames in sight, outer ones first. */
function framesIn({ scene, moving }: Pen, view: Rect): readonly (readonly [Frame, Bounds])[] {
  if (moving) return [];
  const bounds = scene.placement.frames;
  return scene.boxes.frames
    .map((frame, f): readonly [Frame, Bounds] => [frame, [0, 1, 2, 3].map((side) => bounds[4 * f + side] as number) as unknown as Bounds])
    .filter(([, [x, y, w, h]]) => w > 0 && x < view.x + view.w && y < view.y + view.h && x + w > view.x && y + h > view.y);
}

export function drawFrames(pen: Pen, view: Rect): void {
  for (const [frame, bounds] of framesIn(pen, view)) drawFrame(pen, frame, bounds);
}

/** After the edges: they come in from above, where the titles are. */
export function drawFrameTitles(pen: Pen, view: Rect): void {
  const { ctx, theme } = pen;
  const size = titleSize(pen, 11, frameTitle);
  if (pen.detail === Detail.Blocks || size === undefined) return;
  for (const [frame, [x, y, w]] of framesIn(pen, view)) {
    const middle = y + frameTitle / 2 + 1;
    const colour = frameColour(pen, frame);
    const used = 20 + drawTitle(pen, frame.title, x + 12, middle, w - 20, colour, size, strengthOf(pen, frame));
    if (pen.detail === Detail.Ops || frame.subtitle === "" || w - used < 40) continue;
    ctx.font = `11px ${theme.font}`;
    ctx.fillStyle = theme.muted;
    ctx.fillText(fitText(ctx, frame.subtitle, w - used - 12), x + used, middle);
  }
}

const frameColour = ({ theme }: Pen, frame: Frame): string =>
  frame.kind === "cluster"
    ? theme.muted
    : ((frame.hole ? theme.category[Category.Hole] : theme.groups[frame.order % theme.groups.length]) ?? theme.muted);

const isChosen = ({ scene }: Pen, frame: Frame): boolean =>
  frame.kind === "group" ? frame.group === scene.selectedGroup : scene.selected.has(frame.key);

/** How much of its colour a frame has. */
const strengthOf = (pen: Pen, frame: Frame): number => (frame.kind === "cluster" ? 0.045 : isChosen(pen, frame) ? 0.22 : 0.1);

function drawFrame(pen: Pen, frame: Frame, [x, y, w, h]: Bounds): void {
  const { ctx, theme } = pen;
  const colour = frameColour(pen, frame);
  const chosen = isChosen(pen, frame);
  const strength = strengthOf(pen, frame);
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, 8);
  ctx.fillStyle = theme.highContrast ? theme.background : tinted(theme.background, colour, strength);
  ctx.fill();
  ctx.strokeStyle = chosen ? theme.focus : theme.highContrast ? colour : tinted(theme.background, colour, 0.6);
  ctx.lineWidth = thickness(pen, chosen ? 2 : 1, chosen ? 8 : 4);
  if (frame.hole) ctx.setLineDash([6, 4]);
  ctx.stroke();
  ctx.setLineDash([]);
}
