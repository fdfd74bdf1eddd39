/** Heights of the caches behind the memory map, and lines across it. */
import { svg } from "../dom.ts";
import { bytesText } from "../model/format.ts";
import type { Frame, Scale } from "./arena.ts";
import type { Theme } from "./theme.ts";

export interface Caches {
  readonly l1: number;
  readonly l2: number;
  readonly l3: number;
}

/** One band for each level: what lies below its line fits into that cache. A level that holds all of it is only named. */
export function cacheBands(caches: Caches | undefined, bytes: number, frame: Frame, y: Scale, theme: Theme): SVGElement[] {
  const levels = [
    ["L1", caches?.l1 ?? 0],
    ["L2", caches?.l2 ?? 0],
    ["L3", caches?.l3 ?? 0],
  ] as const;
  const made: SVGElement[] = [];
  let below = 0;
  for (const [i, [name, size]] of levels.entries()) {
    if (size <= below) continue;
    const [top, bottom] = [Math.max(frame.top, y(size)), y(below)];
    if (bottom - top < 1) break;
    made.push(
      svg("rect", {
        x: frame.left,
        y: top,
        width: frame.right - frame.left,
        height: bottom - top,
        fill: theme.groups[3 - i] ?? theme.foreground,
        opacity: theme.highContrast ? 0 : 0.09,
      }),
    );
    const inside = size < bytes;
    if (inside) made.push(...levelLine({ at: y(size), text: "", frame, colour: theme.muted, dotted: true }));
    const label = svg("text", { x: frame.right + 6, y: top + 11, class: "axis-note" });
    label.textContent = `${name} ${bytesText(size)}`;
    if (bottom - top > 12) made.push(label);
    below = size;
    if (!inside) break;
  }
  return made;
}

interface Line {
  readonly at: number;
  readonly text: string;
  readonly frame: Frame;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly dotted?: boolean;
  /** The words stand above the line, not below. */
  readonly above?: boolean;
}

export function levelLine({ at, text, frame, colour, dashed, dotted, above }: Line): SVGElement[] {
  const line = svg("line", {
    x1: frame.left,
    x2: frame.right,
    y1: at,
    y2: at,
    stroke: colour,
    "stroke-width": dotted ? 1 : 1.4,
    ...(dashed ? { "stroke-dasharray": "6 4" } : dotted ? { "stroke-dasharray": "2 4" } : {}),
  });
  if (text === "") return [line];
  const label = svg("text", { x: frame.left + 6, y: above ? at - 4 : at + 13, class: "line-note" });
  label.textContent = text;
  return [line, label];
}
