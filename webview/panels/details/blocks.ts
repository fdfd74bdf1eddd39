/** Parts that all details are made of. */
import { el } from "../../dom.ts";

export type Fact = readonly [name: string, value: string | HTMLElement];

/** A titled part. */
export function block(title: string, ...children: (HTMLElement | undefined)[]): HTMLElement {
  return el("section", { class: "block" }, el("h3", {}, title), ...children);
}

/** Names and values in two columns. `data` names a value for tests and styles. */
export function facts(list: readonly Fact[]): HTMLElement {
  return el("dl", { class: "facts" }, ...list.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { data: { fact: name } }, value)]));
}

const openFolds = new Map<string, boolean>();

/** A part that can be folded. It is remembered by `key` whether it is open: details are made anew at every selection. */
export function fold(key: string, title: string, open: boolean, ...children: (HTMLElement | undefined)[]): HTMLElement {
  const element = el("details", { class: "unfold" }, el("summary", {}, title), ...children);
  element.open = openFolds.get(key) ?? open;
  element.addEventListener("toggle", () => openFolds.set(key, element.open));
  return element;
}

/** Rows of cells with a heading; numbers are right-aligned by `numeric` columns. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly (string | HTMLElement)[])[],
  numeric: readonly number[] = [],
): HTMLElement {
  const cell = (tag: "td" | "th", content: string | HTMLElement, i: number): HTMLElement =>
    el(tag, numeric.includes(i) ? { class: "numeric" } : {}, content);
  return el(
    "table",
    { class: "small-table" },
    el("thead", {}, el("tr", {}, ...titles.map((title, i) => cell(title === "" ? "td" : "th", title, i)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((content, i) => cell("td", content, i))))),
  );
}
