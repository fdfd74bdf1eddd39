/**
 * The memory map: steps to the right, offsets upwards, one bar per buffer, an arrow where one takes another's place; above it the bytes alive
 * at each step. Drawn once; what is chosen and brushed is marked on what is there.
 */
import { axisBottom, axisLeft, scaleLinear, select } from "d3";
import { svg } from "../dom.ts";
import { isAlive, type MemoryMap, type PlacedBuffer, type StepRange } from "../model/arena.ts";
import { bytesText } from "../model/format.ts";
import { arenaArrows, inPlaceSign } from "./arena-arrows.ts";
import { arenaBar, barId } from "./arena-bars.ts";
import { cacheBands, levelLine, type Caches } from "./arena-bands.ts";
import type { Theme } from "./theme.ts";

export interface ArenaLook {
  readonly caches?: Caches | undefined;
  /** Group ids in the order of their colours. */
  readonly groups: readonly number[];
  /** Words for lines. */
  readonly words: { readonly peak: string; readonly bound: string; readonly alive: string; readonly step: string };
  readonly label: string;
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Scale = (value: number) => number;

/** At the right are the names of the caches. */
const margin = { left: 66, right: 70, top: 10, bottom: 34 };
/** The strip of bytes alive, and the space below it. */
const strip = { height: 38, gap: 10 };

export class ArenaPicture {
  readonly element: SVGElement;
  readonly frame: Frame;
  private readonly x: Scale & { invert(x: number): number };
  private readonly y: Scale;
  private readonly bars = svg("g");
  private readonly arrows = svg("g");
  private readonly brush = svg("rect", { class: "arena-brush", visibility: "hidden" });

  constructor(
    private readonly map: MemoryMap,
    size: { readonly width: number; readonly height: number },
    private readonly theme: Theme,
    private readonly look: ArenaLook,
  ) {
    const withStrip = map.place === "arena" && size.height > 180 && map.steps.length > 1;
    const top = margin.top + (withStrip ? strip.height + strip.gap : 0);
    this.frame = { left: margin.left, right: size.width - margin.right, top, bottom: size.height - margin.bottom };
    const { left, right, bottom } = this.frame;
    this.x = scaleLinear([0, Math.max(1, map.steps.length)], [left, right]);
    const head = map.place === "arena" && map.lowerBound !== undefined ? 1.06 : 1.02;
    this.y = scaleLinear([0, Math.max(map.bytes * head, 1)], [bottom, top]);
    this.element = svg("svg", { width: size.width, height: size.height, role: "img", "aria-label": look.label });
    this.element.append(
      ...cacheBands(look.caches, map.bytes, this.frame, this.y, theme),
      ...this.peakColumn(),
      this.bars,
      this.arrows,
      ...this.lines(),
      this.brush,
      ...(withStrip ? this.aliveStrip() : []),
      ...this.axes(size),
    );
    this.mark(() => false, undefined);
  }

  /** The step under a place of the screen, within the map; undefined: beside it. */
  stepAt(clientX: number): number {
    const { left } = this.element.getBoundingClientRect();
    const step = Math.floor(this.x.invert(clientX - left));
    return Math.min(this.map.steps.length - 1, Math.max(0, step));
  }

  /** Marks what is chosen, and the steps that are brushed. Chosen bars lie above the others. */
  mark(chosen: (bar: PlacedBuffer) => boolean, range: StepRange | undefined): void {
    const { x, y, theme, map, look } = this;
    const marked = map.bars.map((bar) => ({ bar, chosen: chosen(bar), faded: range !== undefined && !isAlive(bar, range) }));
    marked.sort((a, b) => Number(a.chosen) - Number(b.chosen));
    this.bars.replaceChildren(...marked.map((one) => arenaBar(one, map, x, y, theme, look.groups)));
    const few = map.bars.length <= fewBuffers;
    const shown = marked.filter(({ bar, chosen: own }) => bar.tookFrom && (few || own || isChosen(marked, bar.tookFrom.id)));
    this.arrows.replaceChildren(
      ...shown.flatMap((one) => arenaArrows(one.bar, map, x, y, theme, one.chosen || isChosen(marked, one.bar.tookFrom?.id ?? -1))),
      ...map.bars.filter(({ inPlace }) => inPlace).flatMap((bar) => inPlaceSign(bar, x, y, theme)),
    );
    this.showBrush(range);
  }

  private showBrush(range: StepRange | undefined): void {
    this.brush.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) return;
    const [from, to] = [this.x(range[0]), this.x(range[1] + 1)];
    const place = { x: from, y: this.frame.top, width: to - from, height: this.frame.bottom - this.frame.top, stroke: this.theme.focus };
    for (const [name, value] of Object.entries({ ...place, fill: this.theme.focus })) this.brush.setAttribute(name, String(value));
  }

  private peakColumn(): SVGElement[] {
    const { peakStep } = this.map;
    if (peakStep === undefined || peakStep < 0 || this.map.steps.length < 2) return [];
    const { top, bottom } = this.frame;
    const [x, width] = [this.x(peakStep), this.x(peakStep + 1) - this.x(peakStep)];
    return [svg("rect", { x, y: top, width, height: bottom - top, fill: this.theme.warning, opacity: 0.13 })];
  }

  private lines(): SVGElement[] {
    const { map, look, theme, frame, y } = this;
    if (map.place !== "arena" || map.bytes === 0) return [];
    const { lowerBound } = map;
    const peak = levelLine({
      at: y(map.bytes),
      text: `${look.words.peak} ${bytesText(map.bytes)}`,
      frame,
      colour: theme.warning,
      above: true,
    });
    if (lowerBound === undefined || lowerBound >= map.bytes) return peak;
    return [
      ...peak,
      ...levelLine({
        at: y(lowerBound),
        text: `${look.words.bound} ${bytesText(lowerBound)}`,
        frame,
        colour: theme.foreground,
        dashed: true,
      }),
    ];
  }

  /** Bytes alive at each step, with the most of them marked. */
  private aliveStrip(): SVGElement[] {
    const { map, theme, frame, x, look } = this;
    const [top, bottom] = [margin.top, margin.top + strip.height];
    const most = map.steps.reduce((best, { aliveBytes }) => Math.max(best, aliveBytes), 1);
    const height = (bytes: number): number => (bytes / most) * strip.height;
    const columns = map.steps.map(({ aliveBytes }, i) =>
      svg("rect", {
        x: x(i),
        width: Math.max(0.5, x(i + 1) - x(i) - 1),
        y: bottom - height(aliveBytes),
        height: height(aliveBytes),
        fill: i === map.peakStep ? theme.warning : theme.muted,
        opacity: i === map.peakStep ? 0.95 : 0.55,
      }),
    );
    const label = svg("text", { x: frame.left - 8, y: top + 9, "text-anchor": "end", class: "axis-note" });
    label.textContent = look.words.alive;
    const value = svg("text", { x: frame.left - 8, y: top + 23, "text-anchor": "end", class: "axis-note" });
    value.textContent = bytesText(most);
    return [...columns, label, value];
  }

  private axes(size: { readonly width: number; readonly height: number }): SVGElement[] {
    const { frame, map, look } = this;
    const xAxis = svg("g", { transform: `translate(0,${frame.bottom})`, class: "axis" });
    const yAxis = svg("g", { transform: `translate(${frame.left},0)`, class: "axis" });
    const count = map.steps.length;
    const every = Math.max(1, Math.ceil(count / Math.max(2, Math.floor((frame.right - frame.left) / 36))));
    const middles = scaleLinear([-0.5, Math.max(1, count) - 0.5], [frame.left, frame.right]);
    select(xAxis as SVGGElement).call(
      axisBottom(middles)
        .tickValues(Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every))
        .tickFormat(String),
    );
    select(yAxis as SVGGElement).call(
      axisLeft(scaleLinear([0, 1], [this.y(0), this.y(1)]))
        .tickValues(byteTicks(map.bytes, Math.max(2, (frame.bottom - frame.top) / 44)))
        .tickFormat((value) => bytesText(Number(value))),
    );
    const caption = svg("text", { x: frame.right, y: size.height - 4, "text-anchor": "end", class: "axis-note" });
    caption.textContent = look.words.step;
    return [xAxis, yAxis, caption];
  }
}

/** With more buffers than this, arrows are drawn only for what is selected. */
const fewBuffers = 60;

const isChosen = (marked: readonly { readonly bar: PlacedBuffer; readonly chosen: boolean }[], id: number): boolean =>
  marked.some(({ bar, chosen }) => chosen && bar.buffer.id === id);

/** The buffer under a target of an event. */
export const bufferAt = (target: EventTarget | null): number | undefined => barId(target);

/** Powers of two and their multiples, about `count` of them. */
function byteTicks(bytes: number, count: number): number[] {
  let step = 1;
  while (bytes / step > count) step *= 2;
  return Array.from({ length: Math.floor(bytes / step) + 1 }, (_, i) => i * step);
}
