/** Texts that give way in their middle where there is no room: names and shapes differ at their ends. */
import { el } from "./dom.ts";

/**
 * @param name class of the element, which is a flex item with a least width
 * @param whole letters of a text that is never cut
 * @param end letters at the end that stay
 */
export function cutText(name: string, text: string, whole: number, end: number): HTMLElement {
  const letters = Array.from(text);
  if (letters.length <= whole) return el("span", { class: `${name} whole` }, text);
  return el(
    "span",
    { class: `${name} cut` },
    el("span", { class: "cut-head" }, letters.slice(0, -end).join("")),
    el("span", { class: "cut-end" }, letters.slice(-end).join("")),
  );
}
