/** Medians with their intervals on one axis. */
import { axisBottom, max, min, scaleLinear, select } from "d3";
import { svg } from "../dom.ts";
import type { Theme } from "./theme.ts";

export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Least value seen, as a tick. */
  readonly least?: number;
  readonly strong?: boolean;
}

export interface IntervalOptions {
  readonly width: number;
  readonly format: (value: number) => string;
  readonly fromZero?: boolean;
  /** A line at this value. */
  readonly mark?: number;
}

const rowHeight = 30;
const labelWidth = 190;
const valueWidth = 84;
const axisHeight = 24;

export function intervalPlot(
  rows: readonly IntervalRow[],
  { width, format, fromZero = false, mark }: IntervalOptions,
  theme: Theme,
): SVGElement {
  const height = rows.length * rowHeight + axisHeight;
  const all = rows.flatMap(({ low, high, value, least }) => [low, high, value, least ?? value]).concat(mark ?? []);
  const [least, most] = [fromZero ? 0 : (min(all) ?? 0), max(all) ?? 1];
  const pad = (most - least) * 0.06 || most * 0.1 || 1;
  const x = scaleLinear([fromZero ? 0 : least - pad, most + pad], [labelWidth, width - valueWidth]).nice();
  const text = rows.map(({ label, value, low, high }) => `${label} ${format(value)}, from ${format(low)} to ${format(high)}`).join("; ");
  const root = svg("svg", { width, height, role: "img", "aria-label": text });
  const axis = svg("g", { transform: `translate(0,${height - axisHeight})`, class: "axis" });
  select(axis as SVGGElement).call(
    axisBottom(x)
      .ticks(Math.max(2, Math.floor((width - labelWidth - valueWidth) / 90)))
      .tickFormat((value) => format(Number(value))),
  );
  root.append(axis);
  if (mark !== undefined)
    root.append(svg("line", { x1: x(mark), x2: x(mark), y1: 0, y2: height - axisHeight, stroke: theme.muted, "stroke-dasharray": "3 3" }));
  rows.forEach((row, i) => {
    const y = i * rowHeight + rowHeight / 2;
    const colour = row.strong ? (theme.groups[0] as string) : theme.muted;
    const write = (content: string, at: number, anchor: string): void => {
      const label = svg("text", { x: at, y: y + 4, "text-anchor": anchor, class: row.strong ? "plot-label strong" : "plot-label" });
      label.textContent = content;
      root.append(label);
    };
    write(row.label.length > 28 ? `${row.label.slice(0, 27)}…` : row.label, labelWidth - 12, "end");
    if (fromZero)
      root.append(
        svg("rect", {
          x: x(0),
          y: y - 6,
          width: Math.max(0, x(row.value) - x(0)),
          height: 12,
          fill: colour,
          opacity: theme.highContrast ? 0.4 : 0.22,
        }),
      );
    root.append(svg("line", { x1: x(row.low), x2: x(row.high), y1: y, y2: y, stroke: colour, "stroke-width": 3 }));
    for (const end of [row.low, row.high])
      root.append(svg("line", { x1: x(end), x2: x(end), y1: y - 6, y2: y + 6, stroke: colour, "stroke-width": 1.5 }));
    if (row.least !== undefined)
      root.append(svg("line", { x1: x(row.least), x2: x(row.least), y1: y - 4, y2: y + 4, stroke: theme.muted, "stroke-width": 1 }));
    root.append(svg("circle", { cx: x(row.value), cy: y, r: 4.5, fill: colour, stroke: theme.background, "stroke-width": 1.5 }));
    write(format(row.value), width - valueWidth + 10, "start");
  });
  return root;
}
