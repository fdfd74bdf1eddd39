/** The minimap's elements: a canvas that is drawn once per scene, and a slider that follows the camera. */
import { el } from "../dom.ts";
import type { Lens } from "./lens.ts";
import { drawStrip, planStrip, sliderOf, worldAt, type Strip } from "./minimap.ts";
import type { Camera, Scene } from "./scene.ts";
import type { Theme } from "./theme.ts";

export class MinimapView {
  readonly canvas = el("canvas", { class: "minimap", attrs: { "aria-hidden": "true" } });
  readonly slider = el("div", { class: "minimap-slider", attrs: { "aria-hidden": "true" } });
  private dirty = true;
  private scene: Scene | undefined;
  private strip: Strip | undefined;

  /** @param jump called with the point of the world that should be in the middle */
  constructor(jump: (x: number, y: number) => void) {
    const go = (event: PointerEvent): void => {
      if (!this.scene || !this.strip || event.buttons === 0) return;
      const bounds = this.canvas.getBoundingClientRect();
      jump(...worldAt(this.scene, this.strip, event.clientX - bounds.left, event.clientY - bounds.top));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    this.canvas.addEventListener("pointermove", go);
  }

  /** Draws the strip again at the next paint. */
  invalidate(): void {
    this.dirty = true;
  }

  /** What the strip takes of the canvas, in pixels from the right and from the bottom. */
  room(
    scene: Scene | undefined,
    size: { readonly width: number; readonly height: number },
  ): { readonly right: number; readonly bottom: number } {
    if (!scene) return { right: 0, bottom: 0 };
    const { side, width, height } = planStrip(scene, size);
    return side === "right" ? { right: width, bottom: 0 } : { right: 0, bottom: height };
  }

  paint(scene: Scene, camera: Camera, size: { readonly width: number; readonly height: number }, theme: Theme, lens: Lens): void {
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    this.scene = scene;
    if (this.dirty) {
      const strip = planStrip(scene, size);
      this.strip = strip;
      this.canvas.classList.toggle("below", strip.side === "bottom");
      const ratio = devicePixelRatio;
      const [width, height] = [Math.round(strip.width * ratio), Math.round(strip.height * ratio)];
      if (this.canvas.width !== width) this.canvas.width = width;
      if (this.canvas.height !== height) this.canvas.height = height;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawStrip(ctx, scene, strip, theme, lens);
      this.dirty = false;
    }
    if (!this.strip) return;
    const slider = sliderOf(scene, camera, size, this.strip);
    const [left, top] = this.strip.side === "right" ? [size.width - this.strip.width, 0] : [0, size.height - this.strip.height];
    this.slider.style.left = `${left + slider.left}px`;
    this.slider.style.top = `${top + slider.top}px`;
    this.slider.style.width = `${slider.width}px`;
    this.slider.style.height = `${slider.height}px`;
  }
}
