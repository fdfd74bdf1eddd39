/** Chooses steps of the schedule on the memory map: by dragging along it, or with the keys. */
import type { StepRange } from "../../model/arena.ts";

export interface BrushEvents {
  readonly steps: () => number;
  readonly stepAt: (clientX: number) => number;
  readonly bufferAt: (target: EventTarget | null) => number | undefined;
  readonly brushed: (range: StepRange | undefined) => void;
  readonly pick: (buffer: number) => void;
  /** Goes through the buffers alive in the steps. */
  readonly next: (direction: 1 | -1) => void;
}

/** A pointer that moves less has clicked. */
const slack = 4;

export class StepBrush {
  range: StepRange | undefined;
  /** Where the keys, or the pointer, began. */
  private anchor = 0;
  private start: { readonly x: number; readonly target: EventTarget | null } | undefined;
  private dragging = false;

  constructor(
    element: HTMLElement,
    private readonly events: BrushEvents,
  ) {
    element.addEventListener("pointerdown", (event) => this.down(event, element));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", () => this.up());
    element.addEventListener("pointercancel", () => (this.start = undefined));
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.key(event.key, event.shiftKey)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Another plan is shown. */
  clear(): void {
    this.range = undefined;
    this.anchor = 0;
  }

  private set(range: StepRange | undefined): void {
    if (range?.join() === this.range?.join()) return;
    this.range = range;
    this.events.brushed(range);
  }

  private down(event: PointerEvent, element: HTMLElement): void {
    if (event.button !== 0 || this.events.steps() === 0) return;
    element.setPointerCapture(event.pointerId);
    this.start = { x: event.clientX, target: event.target };
    this.dragging = false;
  }

  private move({ clientX }: PointerEvent): void {
    if (!this.start) return;
    if (!this.dragging && Math.abs(clientX - this.start.x) < slack) return;
    if (!this.dragging) this.anchor = this.events.stepAt(this.start.x);
    this.dragging = true;
    this.extend(this.events.stepAt(clientX));
  }

  /** A click is on a buffer, or on a step. */
  private up(): void {
    const { start } = this;
    this.start = undefined;
    if (!start || this.dragging) return;
    const buffer = this.events.bufferAt(start.target);
    if (buffer !== undefined) return this.events.pick(buffer);
    const step = this.events.stepAt(start.x);
    this.anchor = step;
    this.set(this.range?.[0] === step && this.range[1] === step ? undefined : [step, step]);
  }

  private extend(to: number): void {
    this.set([Math.min(this.anchor, to), Math.max(this.anchor, to)]);
  }

  private key(key: string, extend: boolean): boolean {
    const last = this.events.steps() - 1;
    if (last < 0) return false;
    const moves: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const move = moves[key];
    if (move !== undefined) this.step(move, extend, last);
    else if (key === "ArrowUp" || key === "ArrowDown") this.events.next(key === "ArrowDown" ? 1 : -1);
    else if (key === "Escape" && this.range) this.set(undefined);
    else return false;
    return true;
  }

  private step(move: number, extend: boolean, last: number): void {
    const { range } = this;
    const bounded = (step: number): number => Math.min(last, Math.max(0, step));
    if (!range) {
      this.anchor = bounded(move === Infinity ? last : 0);
      return this.set([this.anchor, this.anchor]);
    }
    const head = range[0] === this.anchor ? range[1] : range[0];
    const next = bounded(head + move);
    if (!extend) this.anchor = next;
    this.extend(next);
  }
}
