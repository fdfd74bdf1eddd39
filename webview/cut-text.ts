/** Texts that give way in their middle where there is no room: names and shapes differ at their ends. */
import { el } from "./dom.ts";

/**
 * @param name class of the element, which is a flex item with a least width
 * @param whole letters of a text that is never cut
 * @param end letters at the end that stay
 */
export function cutText(name: string, text: string, whole: number, end: number): HTMLElement {
  const { length } = Array.from(text);
  return length <= whole ? el("span", { class: `${name} whole` }, text) : cutAround(name, text, [length - end, length]);
}

/** @param kept letters that stay, from and to; what stands behind them gives way first, then what stands before */
export function cutAround(name: string, text: string, [from, to]: readonly [number, number]): HTMLElement {
  const letters = Array.from(text);
  const part = (kind: string, a: number, b: number): HTMLElement | false =>
    b > a && el("span", { class: kind }, letters.slice(a, b).join(""));
  return el(
    "span",
    { class: `${name} cut` },
    part("cut-head", 0, Math.max(0, from)),
    part("cut-end", Math.max(0, from), to),
    part("cut-tail", to, letters.length),
  );
}
