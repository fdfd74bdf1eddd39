/** Ratios with their intervals on a logarithmic axis around 1, over the band in which the same code differs from itself. */
import { scaleLog } from "d3";
import { svg } from "../dom.ts";
import { axisBelow, fitted, label, tip } from "./chart.ts";
import type { Theme } from "./theme.ts";

export type Finding = "faster" | "slower" | "undecided" | "control";

export interface ForestRow {
  readonly name: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly finding: Finding;
}

export interface ForestOptions {
  readonly width: number;
  /** Pixels for the names; 0: they stand elsewhere. */
  readonly labels: number;
  readonly rowHeight: number;
  readonly format: (ratio: number) => string;
  /** Interval of the same code against itself. */
  readonly band: readonly [number, number];
}

const axisHeight = 26;
const valueWidth = 118;

export function forestPlot(
  rows: readonly ForestRow[],
  { width, labels, rowHeight, format, band }: ForestOptions,
  theme: Theme,
): SVGElement {
  const bottom = rows.length * rowHeight;
  const [left, right] = [labels + 26, width - valueWidth]; // half a tick's text fits beside the first one
  const x = scaleLog(domain(rows, band), [left, right]);
  const text = rows
    .map(({ name, median, low, high, finding }) => `${name}: ${format(median)}, from ${format(low)} to ${format(high)}, ${finding}`)
    .join("; ");
  const root = svg("svg", { width, height: bottom + axisHeight, role: "img", "aria-label": text, class: "forest" });
  const [from, to] = x.domain() as [number, number];
  root.append(
    svg("rect", {
      x: x(Math.max(from, band[0])),
      y: 0,
      width: Math.max(1, x(Math.min(to, band[1])) - x(Math.max(from, band[0]))),
      height: bottom,
      fill: theme.foreground,
      opacity: theme.highContrast ? 0.25 : 0.09,
    }),
  );
  root.append(axisBelow(x, { at: bottom, ticks: ratioTicks(from, to, right - left), format }));
  root.append(svg("line", { x1: x(1), x2: x(1), y1: 0, y2: bottom, stroke: theme.muted, "stroke-dasharray": "4 3" }));
  rows.forEach((row, i) => root.append(...drawn(row, i * rowHeight + rowHeight / 2, { x, labels, right, format }, theme)));
  return root;
}

interface Place {
  readonly x: (value: number) => number;
  readonly labels: number;
  readonly right: number;
  readonly format: (ratio: number) => string;
}

function drawn(
  { name, median, low, high, finding }: ForestRow,
  y: number,
  { x, labels, right, format }: Place,
  theme: Theme,
): SVGElement[] {
  const colour = { faster: theme.added, slower: theme.removed, undecided: theme.muted, control: theme.muted }[finding];
  const group = svg("g", { "data-finding": finding }, tip(`${name}: ${format(median)}, 95 % interval ${format(low)} – ${format(high)}`));
  if (labels > 0)
    group.append(label(fitted(name, labels - 12, finding !== "control"), labels - 12, y + 4, "end", finding === "control" ? "" : "strong"));
  group.append(svg("line", { x1: x(low), x2: x(high), y1: y, y2: y, stroke: colour, "stroke-width": 2 }));
  for (const end of [low, high])
    group.append(svg("line", { x1: x(end), x2: x(end), y1: y - 5, y2: y + 5, stroke: colour, "stroke-width": 2 }));
  group.append(
    finding === "control"
      ? svg("circle", { cx: x(median), cy: y, r: 4, fill: theme.background, stroke: colour, "stroke-width": 2 })
      : svg("rect", { x: x(median) - 5, y: y - 5, width: 10, height: 10, fill: colour, stroke: theme.background, "stroke-width": 1 }),
  );
  group.append(label(`${format(median)}`, right + 12, y - 3, "start", finding === "control" ? "" : "strong"));
  group.append(label(`${format(low)} – ${format(high)}`, right + 12, y + 12));
  return [group];
}

/** Reaches a little beyond every interval, and always shows 1 with the space for a tenth at both sides. */
function domain(rows: readonly ForestRow[], band: readonly [number, number]): [number, number] {
  const ends = rows
    .flatMap(({ low, high }) => [low, high])
    .concat(band, 0.95, 1.05)
    .filter((value) => value > 0 && Number.isFinite(value));
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const pad = (to / from) ** 0.06;
  return [from / pad, to * pad];
}

const round = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100];

/** Round ratios that lie inside and leave room for each other's text; 1 is always one of them. */
function ratioTicks(from: number, to: number, pixels: number): number[] {
  const place = (value: number): number => ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * pixels;
  const kept = [1];
  const inside = round.filter((value) => value > from && value < to && value !== 1);
  // Simple ones first: what is left fills the gaps.
  const simple = (value: number): number => ([0.5, 2, 0.1, 10].includes(value) ? 0 : [0.2, 5, 0.8, 1.2, 1.5, 0.7].includes(value) ? 1 : 2);
  for (const value of [...inside].sort((a, b) => simple(a) - simple(b)))
    if (kept.every((other) => Math.abs(place(other) - place(value)) >= 46)) kept.push(value);
  return kept.sort((a, b) => a - b);
}
