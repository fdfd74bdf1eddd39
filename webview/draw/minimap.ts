/** The whole graph beside the graph, like the editor's own minimap: a strip at the right of tall graphs, below wide ones. Pure. */
import type { Camera, Scene } from "./scene.ts";
import { Mark } from "./scene.ts";
import type { Lens } from "./lens.ts";
import { viewport } from "./graph.ts";
import { inkColour } from "./paint.ts";
import type { Theme } from "./theme.ts";

/** Width of a strip at the right, height of one below. */
const stripSize = 76;
const pad = 6;
/** Room for marks at the outer edge: what was found, then what changed or is selected. */
const lane = 6;
/** A strip is stretched no more than this along its short side. */
const stretch = 2.5;

export interface Strip {
  readonly side: "right" | "bottom";
  readonly width: number;
  readonly height: number;
  /** Strip pixels per world pixel. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Where the strip lies beside a canvas of this size, and how far the graph is squeezed to fit into it. */
export function planStrip({ placement }: Scene, canvas: { readonly width: number; readonly height: number }): Strip {
  const [w, h] = [Math.max(placement.width, 1), Math.max(placement.height, 1)];
  const wide = w / h > (1.6 * canvas.width) / Math.max(1, canvas.height) || (placement.direction === "right" && w > h);
  const across = stripSize - 2 * pad - 2 * lane;
  if (wide) {
    const scaleY = across / Math.max(h, 400);
    return {
      side: "bottom",
      width: canvas.width,
      height: stripSize,
      scaleX: Math.min((canvas.width - 2 * pad) / w, scaleY * stretch),
      scaleY,
    };
  }
  const scaleX = across / Math.max(w, 400);
  return {
    side: "right",
    width: stripSize,
    height: canvas.height,
    scaleX,
    scaleY: Math.min((canvas.height - 2 * pad) / h, scaleX * stretch),
  };
}

/** The strip without its slider; drawn once per scene. */
export function drawStrip(ctx: CanvasRenderingContext2D, scene: Scene, strip: Strip, theme: Theme, lens: Lens): void {
  const { boxes, placement } = scene;
  const { scaleX, scaleY } = strip;
  ctx.clearRect(0, 0, strip.width, strip.height);
  const least = Math.max(1, Math.min(8, 40 * Math.min(scaleX, scaleY)));
  const byInk: number[][] = lens.paint.inks.map(() => []);
  for (let i = 0; i < boxes.count; i += 1) byInk[lens.paint.ink[i] as number]?.push(i);
  byInk.forEach((list, ink) => {
    ctx.fillStyle = inkColour(theme, lens.paint.inks[ink] ?? { kind: "none", index: 0 });
    for (const i of list) {
      const dim = lens.followed !== undefined && !lens.followed.has(boxes.keys[i] as number);
      ctx.globalAlpha = dim ? 0.18 : theme.highContrast ? 1 : 0.7;
      ctx.fillRect(
        pad + ((placement.x[i] as number) - placement.left) * scaleX,
        pad + ((placement.y[i] as number) - placement.top) * scaleY,
        Math.max(1.5, (boxes.w[i] as number) * scaleX),
        Math.max(least, Math.min(8, (boxes.h[i] as number) * scaleY)),
      );
    }
  });
  ctx.globalAlpha = 1;
  drawLanes(ctx, scene, strip, theme, lens);
}

/** Marks at the outer edge: findings in the inner lane, what changed or is selected in the outer one. */
function drawLanes(ctx: CanvasRenderingContext2D, scene: Scene, strip: Strip, theme: Theme, lens: Lens): void {
  const { boxes, placement, marks, selected } = scene;
  const colours = [theme.focus, theme.added, theme.changed, theme.removed, theme.changed];
  const put = (i: number, colour: string, laneAt: number): void => {
    ctx.fillStyle = colour;
    const [x, y] = [
      pad + ((placement.x[i] as number) - placement.left) * strip.scaleX,
      pad + ((placement.y[i] as number) - placement.top) * strip.scaleY,
    ];
    const long = (size: number, scale: number): number => Math.max(3, Math.min(10, size * scale));
    if (strip.side === "right") ctx.fillRect(strip.width - (laneAt + 1) * lane, y - 1, lane - 1, long(boxes.h[i] as number, strip.scaleY));
    else ctx.fillRect(x - 1, strip.height - (laneAt + 1) * lane, long(boxes.w[i] as number, strip.scaleX), lane - 1);
  };
  for (let i = 0; i < boxes.count; i += 1) {
    const key = boxes.keys[i] as number;
    const chosen = selected.has(key);
    if (lens.found.has(key)) put(i, theme.found, 1);
    if ((marks[i] !== Mark.None && marks[i] !== Mark.Moved) || chosen)
      put(i, chosen ? theme.focus : (colours[marks[i] as number] as string), 0);
  }
}

export interface Slider {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the strip that the graph canvas shows. */
export function sliderOf(scene: Scene, camera: Camera, canvas: { width: number; height: number }, strip: Strip): Slider {
  const view = viewport(camera, canvas.width, canvas.height);
  const { placement } = scene;
  const span = (from: number, size: number, scale: number, room: number): readonly [number, number] => {
    const start = Math.min(room - 8, Math.max(0, pad + from * scale));
    const end = Math.max(8, Math.min(room, pad + (from + size) * scale));
    return [start, Math.max(8, end - start)];
  };
  const [left, width] = span(view.x - placement.left, view.w, strip.scaleX, strip.side === "right" ? strip.width - 2 * lane : strip.width);
  const [top, height] = span(view.y - placement.top, view.h, strip.scaleY, strip.side === "right" ? strip.height : strip.height - 2 * lane);
  return { left, top, width, height };
}

/** The point of the world under a point of the strip. */
export const worldAt = ({ placement }: Scene, { scaleX, scaleY }: Strip, x: number, y: number): readonly [number, number] => [
  placement.left + (x - pad) / scaleX,
  placement.top + (y - pad) / scaleY,
];
