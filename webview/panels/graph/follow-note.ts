/** A line over the graph that says what is followed, and how to end it. */
import { iconButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import type { Follow } from "./follow.ts";

const words: Readonly<Record<Follow, string>> = {
  up: "what it is made from",
  down: "what is made from it",
  both: "all that depends on it or that it depends on",
};

export function showFollowNote(note: HTMLElement, way: Follow | undefined, name: string, count: number, end: () => void): void {
  note.hidden = way === undefined;
  if (!way) return fill(note);
  fill(
    note,
    el("strong", {}, name),
    el("span", {}, `${words[way]}: ${count} ${count === 1 ? "box" : "boxes"}`),
    iconButton("cross", "End following (Escape)", end),
  );
}
