/** The arena map: steps to the right, offsets upwards, one bar per buffer, an arrow where one takes another's place. */
import { axisBottom, axisLeft, scaleLinear, select } from "d3";
import type { BufferInfo } from "#protocol";
import { svg } from "../dom.ts";
import { bytesText } from "../model/format.ts";
import type { Theme } from "./theme.ts";

export interface Arena {
  readonly buffers: readonly BufferInfo[];
  readonly arenaBytes: number;
  readonly caches?: { readonly l1: number; readonly l2: number; readonly l3: number };
  /** Group ids in the order of their colours. */
  readonly groups: readonly number[];
}

export interface ArenaEvents {
  readonly chosen: (buffer: BufferInfo) => boolean;
  readonly pick: (id: number) => void;
}

const margin = { left: 66, right: 16, top: 12, bottom: 34 };
/** With more buffers than this, arrows are drawn only for what is selected. */
const fewBuffers = 24;

/** An SVG element of the given size. */
export function arenaMap(
  arena: Arena,
  size: { readonly width: number; readonly height: number },
  theme: Theme,
  events: ArenaEvents,
): SVGElement {
  const { buffers, arenaBytes, caches } = arena;
  const lastStep = buffers.reduce((most, { lastStep: last }) => Math.max(most, last), 0);
  const x = scaleLinear([0, lastStep + 1], [margin.left, size.width - margin.right]);
  const y = scaleLinear([0, Math.max(arenaBytes, 1)], [size.height - margin.bottom, margin.top]);
  const root = svg("svg", {
    width: size.width,
    height: size.height,
    role: "img",
    "aria-label": `Arena of ${bytesText(arenaBytes)} over ${lastStep + 1} steps, ${buffers.length} buffers. The list below has the same content.`,
  });
  for (const [name, bytes] of [
    ["L1", caches?.l1 ?? 0],
    ["L2", caches?.l2 ?? 0],
  ] as const) {
    if (bytes <= 0 || bytes >= arenaBytes) continue;
    root.append(
      svg("rect", {
        x: margin.left,
        y: y(bytes),
        width: size.width - margin.left - margin.right,
        height: y(0) - y(bytes),
        fill: theme.foreground,
        opacity: 0.05,
      }),
    );
    root.append(
      svg("line", {
        x1: margin.left,
        x2: size.width - margin.right,
        y1: y(bytes),
        y2: y(bytes),
        stroke: theme.muted,
        "stroke-dasharray": "2 4",
      }),
    );
    const label = svg("text", { x: size.width - margin.right - 4, y: y(bytes) - 4, "text-anchor": "end", class: "axis-note" });
    label.textContent = `${name} ${bytesText(bytes)}`;
    root.append(label);
  }
  const ordered = [...buffers].sort((a, b) => Number(events.chosen(a)) - Number(events.chosen(b)));
  for (const buffer of ordered) root.append(bar(buffer, arena, x, y, theme, events));
  root.append(...arrows(buffers, x, y, theme, events));
  const xAxis = svg("g", { transform: `translate(0,${size.height - margin.bottom})`, class: "axis" });
  const yAxis = svg("g", { transform: `translate(${margin.left},0)`, class: "axis" });
  const whole = Math.min(lastStep + 1, Math.max(2, Math.floor(size.width / 60)));
  select(xAxis as SVGGElement).call(
    axisBottom(x)
      .ticks(whole)
      .tickFormat((value) => (Number.isInteger(value) ? String(value) : "")),
  );
  select(yAxis as SVGGElement).call(
    axisLeft(y)
      .tickValues(byteTicks(arenaBytes, Math.max(2, size.height / 60)))
      .tickFormat((value) => bytesText(Number(value))),
  );
  const caption = svg("text", { x: size.width - margin.right, y: size.height - 4, "text-anchor": "end", class: "axis-note" });
  caption.textContent = "step";
  root.append(xAxis, yAxis, caption);
  return root;
}

/** Powers of two and their multiples, about `count` of them. */
function byteTicks(bytes: number, count: number): number[] {
  let step = 1;
  while (bytes / step > count) step *= 2;
  return Array.from({ length: Math.floor(bytes / step) + 1 }, (_, i) => i * step);
}

type Scale = (value: number) => number;

function bar(buffer: BufferInfo, arena: Arena, x: Scale, y: Scale, theme: Theme, events: ArenaEvents): SVGElement {
  const order = arena.groups.indexOf(buffer.groups[0] ?? NaN);
  const colour = order >= 0 ? (theme.groups[order % theme.groups.length] as string) : theme.muted;
  const chosen = events.chosen(buffer);
  const [left, top] = [x(buffer.firstStep) + 1, y(buffer.offset + buffer.bytes) + 0.5];
  const [width, height] = [
    Math.max(2, x(buffer.lastStep + 1) - x(buffer.firstStep) - 2),
    Math.max(2, y(buffer.offset) - y(buffer.offset + buffer.bytes) - 1),
  ];
  const shape = svg("rect", {
    x: left,
    y: top,
    width,
    height,
    rx: 3,
    fill: theme.highContrast ? theme.background : colour,
    "fill-opacity": chosen ? 0.75 : 0.38,
    stroke: chosen ? theme.focus : colour,
    "stroke-width": chosen ? 2.5 : 1,
  });
  const group = svg("g", { class: "arena-bar" }, shape);
  const title = svg("title");
  title.textContent = `${buffer.name}: ${bytesText(buffer.bytes)} at ${buffer.offset}, steps ${buffer.firstStep} to ${buffer.lastStep}`;
  group.append(title);
  if (width > 50 && height > 14) {
    const label = svg("text", { x: left + 7, y: top + Math.min(height / 2 + 4, 16), class: "bar-label" });
    const room = Math.floor((width - 12) / 6.6);
    const text = height > 16 ? `${buffer.name}  ${bytesText(buffer.bytes)}` : buffer.name;
    label.textContent = text.length > room ? `${text.slice(0, Math.max(1, room - 1))}…` : text;
    group.append(label);
  }
  group.addEventListener("click", () => events.pick(buffer.id));
  return group;
}

/** Of all buffers that were there before, the one that left last. */
function latest(old: readonly (BufferInfo | undefined)[]): BufferInfo | undefined {
  return old.reduce((best, buffer) => (buffer && (!best || buffer.lastStep > best.lastStep) ? buffer : best), undefined);
}

function arrows(buffers: readonly BufferInfo[], x: Scale, y: Scale, theme: Theme, events: ArenaEvents): SVGElement[] {
  const many = buffers.length > fewBuffers;
  const byId = new Map(buffers.map((buffer) => [buffer.id, buffer]));
  const middle = (buffer: BufferInfo): number => y(buffer.offset + buffer.bytes / 2);
  const made: SVGElement[] = [];
  for (const buffer of buffers) {
    const old = latest(buffer.reuses.map((id) => byId.get(id)));
    if (old && (!many || events.chosen(buffer) || events.chosen(old))) {
      const [ax, ay, bx, by] = [x(old.lastStep + 1) - 6, middle(old), x(buffer.firstStep) + 7, middle(buffer)];
      const bend = Math.max(14, (bx - ax) / 2);
      const strong = events.chosen(buffer) || events.chosen(old);
      const style = {
        fill: "none",
        stroke: strong ? theme.focus : theme.foreground,
        "stroke-width": strong ? 2 : 1.2,
        opacity: strong ? 1 : 0.6,
        "pointer-events": "none",
      };
      made.push(svg("path", { d: `M${ax},${ay} C${ax + bend},${ay} ${bx - bend},${by} ${bx},${by}`, ...style }));
      made.push(svg("path", { d: `M${bx - 5},${by - 3.5} L${bx},${by} L${bx - 5},${by + 3.5}`, ...style }));
    }
  }
  return made;
}
