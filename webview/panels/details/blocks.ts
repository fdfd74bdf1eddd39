/** Parts that all details are made of. */
import { el } from "../../dom.ts";

export type Fact = readonly [name: string, value: string | HTMLElement];

/** A titled part. */
export function block(title: string, ...children: (HTMLElement | undefined)[]): HTMLElement {
  return el("section", { class: "block" }, el("h3", {}, title), ...children);
}

/** Names and values in two columns. */
export function facts(list: readonly Fact[]): HTMLElement {
  return el("dl", { class: "facts" }, ...list.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
