/** Parts that charts of measurements are made of: texts that fit, axes, marks for what is not shown. */
import { axisBottom, axisLeft, select, type AxisScale } from "d3";
import { svg } from "../dom.ts";
import type { Theme } from "./theme.ts";

export type Anchor = "start" | "middle" | "end";

/** Text at a place; `kind` names further classes. */
export function label(text: string, x: number, y: number, anchor: Anchor = "start", kind = ""): SVGElement {
  const element = svg("text", { x, y, "text-anchor": anchor, class: `plot-label ${kind}`.trim() });
  element.textContent = text;
  return element;
}

/** Advance of a letter of the charts' 11 px font, on the safe side: charts must not measure texts, which needs a layout each. */
const advance = 6.3;
export const textWidth = (text: string): number => text.length * advance;

/** The text with its middle left out, to be no wider than `width`: names differ at both ends. Strong letters are wider. */
export function fitted(text: string, width: number, strong = false): string {
  const most = Math.max(3, Math.floor(width / (strong ? 7.6 : advance)));
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** A tooltip for whatever is drawn. */
export const tip = (text: string): SVGElement => svg("title", {}, document.createTextNode(text));

interface AxisOptions {
  /** Where it stands: the y of one below, the x of one at the left. */
  readonly at: number;
  readonly ticks: number | readonly number[];
  readonly format: (value: number) => string;
  /** Length of the lines through the picture. */
  readonly grid?: number;
}

const made = (scale: AxisScale<number>, { ticks, format }: AxisOptions, kind: typeof axisBottom): ReturnType<typeof axisBottom<number>> => {
  const axis = kind<number>(scale).tickSizeOuter(0).tickPadding(6);
  axis.tickFormat((value) => format(Number(value)));
  return typeof ticks === "number" ? axis.ticks(ticks) : axis.tickValues([...ticks]);
};

export function axisBelow(scale: AxisScale<number>, options: AxisOptions): SVGElement {
  const root = svg("g", { transform: `translate(0,${options.at})`, class: "axis", "aria-hidden": "true" });
  select(root as SVGGElement).call(made(scale, options, axisBottom).tickSizeInner(options.grid === undefined ? 4 : -options.grid));
  return root;
}

export function axisAtLeft(scale: AxisScale<number>, options: AxisOptions): SVGElement {
  const root = svg("g", { transform: `translate(${options.at},0)`, class: "axis", "aria-hidden": "true" });
  select(root as SVGGElement).call(made(scale, options, axisLeft).tickSizeInner(options.grid === undefined ? 4 : -options.grid));
  return root;
}

/** Round values of a logarithmic axis, 1, 2 and 5 of each decade or fewer, so that their texts have `room` pixels each. */
export function roundTicks(from: number, to: number, pixels: number, room: number): number[] {
  const steps = [[1, 2, 5], [1, 3], [1]];
  const decades: number[] = [];
  for (let e = Math.floor(Math.log10(from)); e <= Math.ceil(Math.log10(to)); e += 1) decades.push(e);
  const inside = (digits: readonly number[]): number[] =>
    decades.flatMap((e) => digits.map((digit) => Number(`${digit}e${e}`))).filter((value) => value >= from && value <= to);
  const fits = (list: readonly number[]): boolean => list.length * room <= pixels;
  const found = steps.map(inside).find(fits) ?? inside([1]);
  const every = Math.max(1, Math.ceil((found.length * room) / pixels));
  const kept = found.filter((_, i) => i % every === 0);
  return kept.length > 1 ? kept : [from, to];
}

/** Colours of candidates: ours is the accent, the others go by place in the palette; always with a text beside them. */
export const candidateColour = (theme: Theme, place: number): string =>
  place === 0 ? (theme.groups[0] as string) : (theme.palette[[1, 2, 5, 4, 3, 6, 0][(place - 1) % 7] as number] as string);
