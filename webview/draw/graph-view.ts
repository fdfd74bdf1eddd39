/** One graph canvas: camera, drawing on demand, movement between layouts, and what is under the pointer. */
import { select, zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3";
import { el } from "../dom.ts";
import { drawGraph, viewport, type Moving } from "./graph.ts";
import { hitTest, type Hit } from "./hit.ts";
import { anyInside, beginning } from "./in-sight.ts";
import type { Lens } from "./lens.ts";
import { MinimapView } from "./minimap-view.ts";
import type { Camera, Scene } from "./scene.ts";
import type { Theme } from "./theme.ts";

export interface GraphEvents {
  readonly pick: (hit: Hit, event: MouseEvent) => void;
  readonly hover: (hit: Hit, event: MouseEvent) => void;
  readonly open: (hit: Hit) => void;
  readonly camera: (camera: Camera, byUser: boolean) => void;
  readonly painted: () => void;
  /** A menu is asked for; the point is in pixels of the page. */
  readonly menu: (hit: Hit, at: { readonly x: number; readonly y: number }) => void;
  /** How a scene is to be looked at. */
  readonly lens: (scene: Scene) => Lens;
}

const moveMs = 180;
/** Bigger pictures jump: moving all their boxes would cost more than it explains. */
const moveLimit = 6000;
/** The first look shows text if it can. */
const readable = 0.85;

export class GraphView {
  readonly element: HTMLElement;
  readonly canvas = el("canvas", { class: "graph-canvas", attrs: { "aria-hidden": "true" } });
  private readonly minimap = new MinimapView((x, y) => this.centre(x, y));
  private readonly zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  private scene: Scene | undefined;
  private movement: { readonly x: Float64Array; readonly y: Float64Array; readonly begin: number } | undefined;
  private frame = 0;
  private lens: Lens | undefined;
  private linked = false;
  private pendingFit = false;
  /** The camera of the last fit: the same object as `camera` until somebody moves it. */
  private fitted: Camera | undefined;
  /** Boxes to bring into sight once the view has a size. */
  private pendingReveal: readonly number[] = [];
  camera: Camera = { x: 0, y: 0, k: 1 };

  constructor(
    private theme: Theme,
    private readonly events: GraphEvents,
  ) {
    this.element = el("div", { class: "graph-view" }, this.canvas, this.minimap.canvas, this.minimap.slider);
    this.zoom = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.0015, 3])
      .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.camera = { x: event.transform.x, y: event.transform.y, k: event.transform.k };
        this.invalidate();
        if (!this.linked) this.events.camera(this.camera, event.sourceEvent !== null && event.sourceEvent !== undefined);
      });
    select(this.canvas).call(this.zoom).on("dblclick.zoom", null);
    this.listen();
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  private listen(): void {
    this.canvas.addEventListener("click", (event) => this.events.pick(this.hit(event), event));
    this.canvas.addEventListener("dblclick", (event) => this.events.open(this.hit(event)));
    this.canvas.addEventListener("pointermove", (event) => event.buttons === 0 && this.events.hover(this.hit(event), event));
    this.canvas.addEventListener("pointerleave", (event) => this.events.hover({ kind: "nothing" }, event));
    this.canvas.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.events.menu(this.hit(event), { x: event.clientX, y: event.clientY });
    });
  }

  private centre(x: number, y: number): void {
    const { k } = this.camera;
    this.setCamera({ k, x: this.canvas.clientWidth / 2 - x * k, y: this.canvas.clientHeight / 2 - y * k });
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.relook();
  }

  /** The lens has changed. */
  relook(): void {
    this.lens = this.scene && this.events.lens(this.scene);
    this.minimap.invalidate();
    this.invalidate();
  }

  /** Shows a scene. With `from`, boxes glide there from those corners (by box index). */
  setScene(scene: Scene, from?: Moving): void {
    const glide = from && !this.theme.reducedMotion && scene.boxes.count <= moveLimit;
    this.movement = glide ? { ...from, begin: performance.now() } : undefined;
    this.scene = scene;
    if (this.pendingFit) this.fit();
    this.relook();
  }

  get shown(): Scene | undefined {
    return this.scene;
  }

  /** The minimap lies below the graph. */
  get isWide(): boolean {
    return this.minimap.room(this.scene, { width: this.canvas.clientWidth, height: this.canvas.clientHeight }).bottom > 0;
  }

  /** Nobody has moved the camera since the picture was fitted. */
  get untouched(): boolean {
    return this.pendingFit || this.fitted === this.camera;
  }

  /** Boxes are on their way. */
  get moves(): boolean {
    return this.movement !== undefined;
  }

  /** Moves the camera; `linked` says that it follows another view and must not answer. */
  setCamera(camera: Camera, linked = false): void {
    this.linked = linked;
    select(this.canvas).call(this.zoom.transform, zoomIdentity.translate(camera.x, camera.y).scale(camera.k));
    this.linked = false;
  }

  /** The whole graph if it is readable then, else its upper end. */
  fit(whole = false): void {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.pendingFit = !this.scene || width === 0 || this.scene.boxes.count === 0;
    if (this.pendingFit || !this.scene) return;
    const { placement } = this.scene;
    const strip = this.minimap.room(this.scene, { width, height });
    const [w, h] = [width - strip.right, height - strip.bottom];
    const all = Math.min((w - 40) / placement.width, (h - 40) / placement.height, 1.25);
    const begin = beginning(this.scene);
    const right = placement.direction === "right";
    const readableThere = right ? (h - 40) / (begin.bottom - begin.top) : (w - 40) / (begin.right - begin.left);
    const k = whole ? all : Math.max(all, Math.min(readable, Math.max(0.32, readableThere)));
    const near = k > all;
    // What fits is centred; else the picture begins where data comes in.
    const along = (room: number, from: number, size: number): number =>
      size * k <= room - 30 ? (room - size * k) / 2 - from * k : 20 - from * k;
    const across = (room: number, middle: number): number => room / 2 - middle * k;
    const middleX = near ? (begin.left + begin.right) / 2 : placement.left + placement.width / 2;
    const middleY = near ? (begin.top + begin.bottom) / 2 : placement.top + placement.height / 2;
    this.setCamera({
      k,
      x: right ? along(w, placement.left, placement.width) : across(w, middleX),
      y: right ? across(h, middleY) : along(h, placement.top, placement.height),
    });
    this.fitted = this.camera;
  }

  /** Brings boxes into sight if they are not, at a zoom where they can be read. */
  reveal(keys: readonly number[]): void {
    this.pendingReveal = this.canvas.clientWidth === 0 ? keys : [];
    const around = this.bounds(keys);
    if (!around || this.isInSight(keys, 0.3)) return;
    const { left, top, right, bottom } = around;
    const [width, height] = this.room();
    const k = Math.min(
      1,
      Math.max(0.35, Math.min(width / (right - left + 160), height / (bottom - top + 160), Math.max(this.camera.k, readable))),
    );
    this.setCamera({ k, x: width / 2 - ((left + right) / 2) * k, y: height / 2 - ((top + bottom) / 2) * k });
  }

  /** All of these boxes are on the screen, at a zoom above `least`. */
  isInSight(keys: readonly number[], least = 0): boolean {
    const around = this.bounds(keys);
    if (!around) return false;
    const view = viewport(this.camera, ...this.room());
    const inside = around.left >= view.x && around.right <= view.x + view.w && around.top >= view.y && around.bottom <= view.y + view.h;
    return inside && this.camera.k > least;
  }

  /** Of the canvas, in pixels. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  /** Width and height of the canvas without the minimap. */
  private room(): readonly [number, number] {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const strip = this.scene ? this.minimap.room(this.scene, { width, height }) : { right: 0, bottom: 0 };
    return [width - strip.right, height - strip.bottom];
  }

  private bounds(keys: readonly number[]) {
    if (!this.scene || this.canvas.clientWidth === 0) return undefined;
    const { boxes, placement } = this.scene;
    const [left, top, right, bottom]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (const key of keys) {
      const i = boxes.indexOf.get(key);
      if (i === undefined) continue;
      left.push(placement.x[i] as number);
      top.push(placement.y[i] as number);
      right.push((placement.x[i] as number) + (boxes.w[i] as number));
      bottom.push((placement.y[i] as number) + (boxes.h[i] as number));
    }
    if (left.length === 0) return undefined;
    return { left: Math.min(...left), top: Math.min(...top), right: Math.max(...right), bottom: Math.max(...bottom) };
  }

  /** Where the middle of a box is on the canvas, in pixels. */
  placeOf(key: number | undefined): { readonly x: number; readonly y: number } | undefined {
    const i = key === undefined ? undefined : this.scene?.boxes.indexOf.get(key);
    if (!this.scene || i === undefined) return undefined;
    const { boxes, placement } = this.scene;
    return {
      x: this.camera.x + ((placement.x[i] as number) + (boxes.w[i] as number) / 2) * this.camera.k,
      y: this.camera.y + ((placement.y[i] as number) + (boxes.h[i] as number) / 2) * this.camera.k,
    };
  }

  zoomBy(factor: number): void {
    select(this.canvas).call(this.zoom.scaleBy, factor);
  }

  panBy(dx: number, dy: number): void {
    this.setCamera({ ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy });
  }

  private hit(event: MouseEvent): Hit {
    if (!this.scene) return { kind: "nothing" };
    const bounds = this.canvas.getBoundingClientRect();
    const { x, y, k } = this.camera;
    return hitTest(this.scene, (event.clientX - bounds.left - x) / k, (event.clientY - bounds.top - y) / k, k);
  }

  private resized(): void {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.minimap.invalidate();
    if (this.pendingFit) this.fit();
    if (this.pendingReveal.length > 0) this.reveal(this.pendingReveal);
    else if (this.isEmpty()) this.fit(); // a smaller view may have lost all of the picture
    this.paint();
  }

  /** There are boxes, and none is in sight. */
  private isEmpty(): boolean {
    if (!this.scene || this.scene.boxes.count === 0 || this.canvas.clientWidth === 0) return false;
    return !anyInside(this.scene, viewport(this.camera, ...this.room()));
  }

  /** Draws at the next frame. */
  invalidate(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const ctx = this.canvas.getContext("2d");
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!ctx || width === 0) return;
    const ratio = this.canvas.width / width;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    if (!this.scene || !this.lens) return;
    const { scene, camera, theme, lens } = this;
    drawGraph(ctx, scene, { camera, width, height, theme, lens }, this.moving());
    this.minimap.paint(scene, camera, { width, height }, theme, lens);
    if (this.movement) this.invalidate();
    this.events.painted();
  }

  private moving(): Moving | undefined {
    if (!this.movement || !this.scene) return undefined;
    const part = (performance.now() - this.movement.begin) / moveMs;
    if (part >= 1) {
      this.movement = undefined;
      return undefined;
    }
    const ease = 1 - (1 - part) ** 3;
    const { x, y } = this.movement;
    const { placement } = this.scene;
    const blend = (from: Float64Array, to: Float64Array): Float64Array =>
      to.map((end, i) => (from[i] as number) + (end - (from[i] as number)) * ease);
    return { x: blend(x, placement.x), y: blend(y, placement.y) };
  }
}
