/** A buffer as a bar: as long as it lives, as high as it is large. */
import { svg } from "../dom.ts";
import { stepsOfGroups, type MemoryMap, type PlacedBuffer } from "../model/arena.ts";
import { bytesText, tail, visible } from "../model/format.ts";
import type { Scale } from "./arena.ts";
import type { Theme } from "./theme.ts";

export interface MarkedBar {
  readonly bar: PlacedBuffer;
  readonly chosen: boolean;
  /** Not alive in the steps that are brushed. */
  readonly faded: boolean;
}

const letter = 6.4;

export function arenaBar(
  { bar, chosen, faded }: MarkedBar,
  map: MemoryMap,
  x: Scale,
  y: Scale,
  theme: Theme,
  groups: readonly number[],
): SVGElement {
  const { buffer, at, culprit, onlyFirst } = bar;
  const order = groups.indexOf(buffer.groups[0] ?? NaN);
  const colour = order >= 0 ? (theme.groups[order % theme.groups.length] as string) : theme.muted;
  const [left, top] = [x(bar.from) + 1, y(at + buffer.bytes) + 0.5];
  const width = Math.max(2, x(bar.to) - x(bar.from) - 2);
  const height = Math.max(1.5, y(at) - y(at + buffer.bytes) - 1);
  const group = svg("g", { class: "arena-bar", "data-buffer": buffer.id, opacity: faded ? 0.28 : 1 });
  group.append(
    svg("rect", {
      x: left,
      y: top,
      width,
      height,
      rx: Math.min(3, height / 3),
      fill: theme.highContrast ? theme.background : colour,
      "fill-opacity": chosen ? 0.8 : 0.42,
      stroke: chosen ? theme.focus : colour,
      "stroke-width": chosen ? 2.5 : 1,
      ...(onlyFirst ? { "stroke-dasharray": "3 3" } : {}),
    }),
    ...(map.place === "weights" ? uses(bar, map, x, { top, height }, colour) : []),
    // The culprits of the peak have an edge that no other has.
    ...(culprit ? [svg("rect", { x: left, y: top, width: Math.min(3.5, width), height, fill: theme.warning })] : []),
    ...label(bar, { left, top, width, height }),
  );
  const title = svg("title");
  title.textContent = tooltip(bar);
  group.append(title);
  return group;
}

/** When a weight is read. */
function uses(
  { buffer }: PlacedBuffer,
  map: MemoryMap,
  x: Scale,
  { top, height }: { top: number; height: number },
  colour: string,
): SVGElement[] {
  return stepsOfGroups(map.steps, buffer.groups).map((step) =>
    svg("rect", { x: x(step) + 1, y: top, width: Math.max(2, x(step + 1) - x(step) - 2), height, fill: colour, opacity: 0.8 }),
  );
}

function label(
  { buffer, culprit }: PlacedBuffer,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
): SVGElement[] {
  if (width < 46 || height < 13) return [];
  const text = svg("text", { x: left + (culprit ? 9 : 6), y: top + Math.min(height / 2 + 4, 15), class: "bar-label" });
  const room = Math.floor((width - 14) / letter);
  const name = tail(buffer.name, Math.max(8, room));
  const long = `${name}  ${bytesText(buffer.bytes)}`;
  const words = long.length <= room ? long : name;
  text.textContent = words.length > room ? `${words.slice(0, Math.max(1, room - 1))}…` : words;
  return [text];
}

function tooltip({ buffer, tookFrom, inPlace, culprit, onlyFirst }: PlacedBuffer): string {
  const place = buffer.offset >= 0 ? ` at ${buffer.offset}` : "";
  return [
    `${visible(buffer.name)}: ${bytesText(buffer.bytes)}${place}`,
    onlyFirst ? "only at the first run" : `steps ${buffer.firstStep} to ${buffer.lastStep}`,
    ...(tookFrom ? [`${inPlace ? "in place of" : "takes the place of"} ${visible(tookFrom.name)}`] : []),
    ...(culprit ? ["alive at the peak"] : []),
  ].join("\n");
}

export function barId(target: EventTarget | null): number | undefined {
  const bar = (target as Element | null)?.closest?.("[data-buffer]");
  const id = bar?.getAttribute("data-buffer");
  return id === null || id === undefined ? undefined : Number(id);
}
