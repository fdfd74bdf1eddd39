/** What each thread did in one run, on average: its regions one after the other, and the waits for the other threads between them. */
import { scaleLinear } from "d3";
import { svg } from "../dom.ts";
import { axisBelow, label, textWidth, tip } from "./chart.ts";
import type { Theme } from "./theme.ts";

export interface Slice {
  readonly group: number;
  readonly name: string;
  readonly startNs: number;
  readonly ns: number;
  /** Time that the thread waited behind it. */
  readonly waitNs: number;
}

export interface TimelineOptions {
  readonly width: number;
  /** By thread. */
  readonly threads: readonly (readonly Slice[])[];
  readonly format: (ns: number) => string;
  readonly pick: (group: number) => void;
  readonly selected: number | undefined;
}

interface Measured {
  readonly group: number;
  readonly name: string;
  readonly threads: readonly { readonly ns: number; readonly waitNs: number }[];
}

/**
 * Puts regions, in the order they run, one after the other for every thread. Threads meet where somebody waits behind a region, and at the end: what one of
 * them lacks there is its wait, also for work before that region which no barrier follows.
 */
export function slicesOf(regions: readonly Measured[]): Slice[][] {
  const count = regions.reduce((most, { threads }) => Math.max(most, threads.length), 0);
  const rows: Slice[][] = Array.from({ length: count }, () => []);
  const at = rows.map(() => 0);
  regions.forEach(({ group, name, threads }, i) => {
    rows.forEach((row, thread) => {
      const ns = threads[thread]?.ns ?? 0;
      row.push({ group, name, startNs: at[thread] as number, ns, waitNs: 0 });
      at[thread] = (at[thread] as number) + ns;
    });
    if (i < regions.length - 1 && threads.every(({ waitNs }) => waitNs === 0)) return;
    const latest = Math.max(...at);
    rows.forEach((row, thread) => {
      const last = row[row.length - 1] as Slice;
      row[row.length - 1] = { ...last, waitNs: latest - (at[thread] as number) };
      at[thread] = latest;
    });
  });
  return rows.map((row) => row.filter(({ ns, waitNs }) => ns + waitNs > 0));
}

/** Share of a thread's time that it waits. */
export function waitShare(slices: readonly Slice[]): number {
  const wait = slices.reduce((sum, { waitNs }) => sum + waitNs, 0);
  const all = slices.reduce((sum, { ns, waitNs }) => sum + ns + waitNs, 0);
  return all > 0 ? wait / all : 0;
}

const rowHeight = 34;
const labels = 70;
const valueWidth = 78;
const axisHeight = 26;
let pictures = 0;

export function timelinePlot({ width, threads, format, pick, selected }: TimelineOptions, theme: Theme): SVGElement {
  const height = threads.length * rowHeight + axisHeight;
  const right = width - valueWidth;
  const end = Math.max(...threads.flatMap((slices) => slices.map(({ startNs, ns, waitNs }) => startNs + ns + waitNs)), 1);
  const x = scaleLinear([0, end], [labels, right]);
  const text = threads
    .map((slices, i) => `thread ${i}: ${slices.length} regions, waits ${Math.round(100 * waitShare(slices))} %`)
    .join("; ");
  const root = svg("svg", { width, height, role: "img", "aria-label": `Time of each thread. ${text}`, class: "timeline" });
  pictures += 1;
  const hatch = `waits-${pictures}`;
  root.append(
    svg(
      "defs",
      {},
      svg(
        "pattern",
        { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: theme.muted, "stroke-width": 1.6 }),
      ),
    ),
  );
  root.append(
    axisBelow(x, { at: height - axisHeight, ticks: Math.max(2, Math.floor((right - labels) / 90)), format, grid: height - axisHeight }),
  );
  const order = [...new Set(threads.flatMap((slices) => slices.map(({ group }) => group)))].sort((a, b) => a - b);
  const colour = (group: number): string => theme.groups[order.indexOf(group) % theme.groups.length] as string;
  threads.forEach((slices, thread) => {
    const top = thread * rowHeight + 5;
    root.append(label(`thread ${thread}`, labels - 10, top + 16, "end", "strong"));
    root.append(label(`waits ${shareText(waitShare(slices))}`, width - 2, top + 16, "end"));
    for (const slice of slices)
      root.append(...drawn(slice, { top, x, format, pick, theme, hatch, colour: colour(slice.group), lit: slice.group === selected }));
  });
  return root;
}

const shareText = (share: number): string => `${share > 0 && share < 0.01 ? "<1" : Math.round(100 * share)} %`;

interface Place {
  readonly top: number;
  readonly x: (ns: number) => number;
  readonly format: (ns: number) => string;
  readonly pick: (group: number) => void;
  readonly theme: Theme;
  readonly hatch: string;
  readonly colour: string;
  readonly lit: boolean;
}

function drawn({ group, name, startNs, ns, waitNs }: Slice, { top, x, format, pick, theme, hatch, colour, lit }: Place): SVGElement[] {
  const tall = rowHeight - 10;
  const [from, to, end] = [x(startNs), x(startNs + ns), x(startNs + ns + waitNs)];
  const busy = svg(
    "rect",
    {
      x: from,
      y: top,
      width: Math.max(0.75, to - from),
      height: tall,
      fill: colour,
      "fill-opacity": theme.highContrast ? 0.55 : 0.75,
      stroke: theme.background,
      "stroke-width": to - from > 4 ? 1 : 0,
      class: lit ? "time-slice lit" : "time-slice",
      "data-group": group,
    },
    tip(`${name}: ${format(ns)}${waitNs > 0 ? `, then waits ${format(waitNs)}` : ""}`),
  );
  busy.addEventListener("click", () => pick(group));
  const parts = [busy];
  const id = `g${group}`;
  if (to - from > textWidth(id) + 6) parts.push(label(id, (from + to) / 2, top + 16, "middle", "on-bar"));
  if (end - to > 0.6)
    parts.push(
      svg(
        "rect",
        { x: to, y: top, width: end - to, height: tall, fill: `url(#${hatch})`, class: "time-wait" },
        tip(`waits ${format(waitNs)} behind ${name}`),
      ),
    );
  return parts;
}
