/** Which buffer took whose place: an arrow from the end of one to the beginning of the other; a sign where it was done in place. */
import { svg } from "../dom.ts";
import type { MemoryMap, PlacedBuffer } from "../model/arena.ts";
import type { Scale } from "./arena.ts";
import type { Theme } from "./theme.ts";

export function arenaArrows(bar: PlacedBuffer, map: MemoryMap, x: Scale, y: Scale, theme: Theme, strong: boolean): SVGElement[] {
  const old = map.bars.find(({ buffer }) => buffer.id === bar.tookFrom?.id);
  if (!old || !map.reuse || bar.inPlace) return [];
  const middle = ({ at, buffer }: PlacedBuffer): number => y(at + buffer.bytes / 2);
  const [ax, ay, bx, by] = [x(old.to) - 6, middle(old), x(bar.from) + 7, middle(bar)];
  const bend = Math.max(14, (bx - ax) / 2);
  const style = {
    fill: "none",
    stroke: strong ? theme.focus : theme.foreground,
    "stroke-width": strong ? 2 : 1.1,
    opacity: strong ? 1 : map.bars.length > 24 ? 0.35 : 0.55,
    "pointer-events": "none",
  };
  return [
    svg("path", { d: `M${ax},${ay} C${ax + bend},${ay} ${bx - bend},${by} ${bx},${by}`, ...style }),
    svg("path", { d: `M${bx - 5},${by - 3.5} L${bx},${by} L${bx - 5},${by + 3.5}`, ...style }),
  ];
}

/** A ring on the seam: the step that writes one reads the other. */
export function inPlaceSign(bar: PlacedBuffer, x: Scale, y: Scale, theme: Theme): SVGElement[] {
  const place = { cx: x(bar.from), cy: y(bar.at + bar.buffer.bytes / 2), r: 4.5 };
  return [svg("circle", { ...place, fill: theme.background, stroke: theme.focus, "stroke-width": 2, "pointer-events": "none" })];
}
