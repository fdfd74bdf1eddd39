/** All measured runs of some candidates: a hill of how densely they lie, the runs themselves as dots in it, the median with its interval over them. */
import { scaleLinear, scaleLog } from "d3";
import { svg } from "../dom.ts";
import { ascending, density, shownRange, thinned } from "../model/samples.ts";
import { axisBelow, candidateColour, fitted, label, roundTicks, tip } from "./chart.ts";
import type { Theme } from "./theme.ts";

export interface Strip {
  readonly name: string;
  /** Behind the name, in small: a version. */
  readonly note?: string;
  /** Of every run, ms; empty: only the figures are known. */
  readonly samples: readonly number[];
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly least: number;
}

export interface StripOptions {
  readonly width: number;
  readonly labels: number;
  readonly format: (ms: number) => string;
}

export const stripHeight = 52;
const axisHeight = 26;
const mostDots = 260;
const valueWidth = 92;

/** The drawing of `strips`, one below the other, `labels` pixels for the names at the left. */
export function stripPlot(strips: readonly Strip[], { width, labels, format }: StripOptions, theme: Theme): SVGElement {
  const height = strips.length * stripHeight + axisHeight;
  const sorted = strips.map(({ samples, least, low, high, median }) =>
    samples.length > 0 ? ascending(samples) : [least, low, median, high],
  );
  const { from, to, log } = shownRange(sorted);
  const right = width - valueWidth;
  const x = (log ? scaleLog : scaleLinear)([from, to], [labels, right]);
  const text = strips
    .map(
      ({ name, median, low, high, samples }) =>
        `${name}: median ${format(median)}, 95 % interval ${format(low)} to ${format(high)}, ${samples.length} runs`,
    )
    .join("; ");
  const root = svg("svg", { width, height, role: "img", "aria-label": text, class: "strips" });
  const ticks = log ? roundTicks(from, to, right - labels, 64) : Math.max(2, Math.floor((right - labels) / 84));
  root.append(axisBelow(x, { at: height - axisHeight, ticks, format, grid: height - axisHeight }));
  strips.forEach((strip, i) => root.append(row(strip, sorted[i] as number[], i, { x, labels, right, format, from, to }, theme)));
  return root;
}

interface Place {
  readonly x: (value: number) => number | undefined;
  readonly labels: number;
  readonly right: number;
  readonly format: (ms: number) => string;
  readonly from: number;
  readonly to: number;
}

function row(strip: Strip, sorted: readonly number[], place: number, at: Place, theme: Theme): SVGElement {
  const { labels, right, format, to } = at;
  const middle = place * stripHeight + stripHeight / 2;
  const colour = candidateColour(theme, place);
  const px = (value: number): number => at.x(Math.min(Math.max(value, at.from), to)) ?? 0;
  const root = svg("g", { class: "strip", "data-candidate": strip.name });
  const full = strip.note ? `${strip.name} ${strip.note}` : strip.name;
  root.append(
    tip(
      `${full}: median ${format(strip.median)}, 95 % interval ${format(strip.low)} – ${format(strip.high)}, fastest ${format(strip.least)}`,
    ),
  );
  root.append(label(fitted(strip.name, labels - 12, true), labels - 12, middle + (strip.note ? -3 : 4), "end", "strong"));
  if (strip.note) root.append(label(fitted(strip.note, labels - 12), labels - 12, middle + 12, "end"));
  if (strip.samples.length > 0) root.append(...hill(sorted, middle, px, at, colour, theme));
  // The interval and the median are drawn over the dots, with an edge in the colour of the page.
  for (const [stroke, extra] of [
    [theme.background, 3],
    [theme.foreground, 0],
  ] as const) {
    root.append(
      svg("line", {
        x1: px(strip.low),
        x2: px(strip.high),
        y1: middle,
        y2: middle,
        stroke,
        "stroke-width": 3 + extra,
        "stroke-linecap": "round",
      }),
    );
    root.append(
      svg("line", {
        x1: px(strip.median),
        x2: px(strip.median),
        y1: middle - 9,
        y2: middle + 9,
        stroke,
        "stroke-width": 2 + extra,
        "stroke-linecap": "round",
      }),
    );
  }
  root.append(svg("path", { d: `M${px(strip.least)} ${middle + 17}l-3.5 6h7z`, fill: colour }));
  const beyond = sorted.filter((value) => value > to).length;
  if (beyond > 0) root.append(beyondMark(beyond, sorted[sorted.length - 1] as number, right, middle, format));
  root.append(label(format(strip.median), right + valueWidth - 4, middle - 3, "end", "strong"));
  root.append(label(spreadText(strip), right + valueWidth - 4, middle + 12, "end"));
  return root;
}

/** Half the width of the interval as a share of the median. */
function spreadText({ low, high, median }: Pick<Strip, "low" | "high" | "median">): string {
  const share = (50 * (high - low)) / median;
  return `±${share < 0.1 ? share.toFixed(2) : share < 10 ? share.toFixed(1) : share.toFixed(0)} %`;
}

function hill(
  sorted: readonly number[],
  middle: number,
  px: (value: number) => number,
  at: Place,
  colour: string,
  theme: Theme,
): SVGElement[] {
  const half = stripHeight / 2 - 5;
  const steps = 72;
  const linear = Array.from({ length: steps + 1 }, (_, i) => at.from + ((at.to - at.from) * i) / steps);
  const tall = density(thinned(sorted, 600), linear).map((d) => d * half);
  const side = (sign: 1 | -1): string[] =>
    linear.map((value, i) => `${px(value).toFixed(1)},${(middle + sign * (tall[i] as number)).toFixed(1)}`);
  const outline = svg("path", {
    d: `M${side(-1).join("L")}L${side(1).reverse().join("L")}Z`,
    fill: colour,
    "fill-opacity": theme.highContrast ? 0.12 : 0.2,
    stroke: colour,
    "stroke-opacity": theme.highContrast ? 1 : 0.55,
  });
  const height = (value: number): number =>
    tall[Math.min(steps, Math.max(0, Math.round(((value - at.from) / (at.to - at.from)) * steps)))] as number;
  const shown = thinned(
    sorted.filter((value) => value <= at.to),
    mostDots,
  );
  // The golden ratio spreads neighbours apart, and the picture is the same each time.
  const dots = shown.map((value, i) => {
    const aside = ((i * 0.618034) % 1) * 2 - 1;
    return `M${px(value).toFixed(1)} ${(middle + aside * Math.max(1.5, height(value) * 0.86)).toFixed(1)}h0`;
  });
  return [
    outline,
    svg("path", {
      d: dots.join(""),
      stroke: colour,
      "stroke-width": 2.4,
      "stroke-linecap": "round",
      "stroke-opacity": theme.highContrast ? 0.9 : 0.6,
      fill: "none",
    }),
  ];
}

function beyondMark(count: number, slowest: number, right: number, middle: number, format: (ms: number) => string): SVGElement {
  const mark = label(`+${count} ›`, right, middle - 15, "end");
  mark.append(tip(`${count} runs took longer, up to ${format(slowest)}`));
  return mark;
}
