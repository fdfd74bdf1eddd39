/** The whole graph beside the graph, like the editor's own minimap: squeezed to a strip, with marks for what changed. */
import { Mark, type Camera, type Scene } from "./scene.ts";
import { viewport } from "./graph.ts";
import type { Theme } from "./theme.ts";

/** The strip without its slider; drawn once per scene. `width` and `height` in device pixels. */
export function drawStrip(ctx: CanvasRenderingContext2D, scene: Scene, width: number, height: number, theme: Theme): void {
  const { boxes, placement, marks, selected } = scene;
  const pad = 6;
  const scaleX = (width - 3 * pad) / Math.max(placement.width, 400);
  const scaleY = Math.min((height - 2 * pad) / Math.max(1, placement.height), scaleX * 2.5);
  const colours = [theme.focus, theme.added, theme.changed, theme.removed];
  ctx.clearRect(0, 0, width, height);
  const rowHeight = Math.max(1, Math.min(8, scaleY * 40));
  for (let category = 0; category < theme.category.length; category += 1) {
    ctx.fillStyle = theme.category[category] as string;
    ctx.globalAlpha = theme.highContrast ? 1 : 0.6;
    for (let i = 0; i < boxes.count; i += 1) {
      if (boxes.category[i] !== category) continue;
      const x = pad + ((placement.x[i] as number) - placement.left) * scaleX;
      ctx.fillRect(
        x,
        pad + ((placement.y[i] as number) - placement.top) * scaleY,
        Math.max(1.5, (boxes.w[i] as number) * scaleX),
        rowHeight,
      );
    }
  }
  ctx.globalAlpha = 1;
  for (let i = 0; i < boxes.count; i += 1) {
    const chosen = selected.has(boxes.keys[i] as number);
    if (marks[i] === Mark.None && !chosen) continue;
    ctx.fillStyle = chosen ? theme.focus : (colours[marks[i] as number] as string);
    ctx.fillRect(width - pad, pad + ((placement.y[i] as number) - placement.top) * scaleY - 1, pad, Math.max(3, rowHeight));
  }
}

/** Pixels of the strip per world pixel, downwards. */
export function stripScale(scene: Scene, width: number, height: number): number {
  const scaleX = (width - 18) / Math.max(scene.placement.width, 400);
  return Math.min((height - 12) / Math.max(1, scene.placement.height), scaleX * 2.5);
}

/** The part of the strip that the graph canvas shows, as top and height in strip pixels. */
export function sliderOf(
  scene: Scene,
  camera: Camera,
  canvas: { width: number; height: number },
  width: number,
  height: number,
): readonly [number, number] {
  const view = viewport(camera, canvas.width, canvas.height);
  const scale = stripScale(scene, width, height);
  const top = Math.max(0, 6 + (view.y - scene.placement.top) * scale);
  return [top, Math.max(8, Math.min(height - top, view.h * scale + Math.min(0, 6 + (view.y - scene.placement.top) * scale)))];
}
