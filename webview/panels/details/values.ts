/** Values with shape and where it is from, dtype, layout, size, and the numbers of constants on demand. */
import type { App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { shapeText } from "../../model/boxes.ts";
import { bytesText, visible } from "../../model/format.ts";
import type { ValueRow } from "../../model/trace.ts";
import { block } from "./blocks.ts";
import { TensorView } from "./tensor-view.ts";

/** Names of the operator's operands or results, in order; the last one may stand for many. */
export type Roles = readonly (readonly [name: string, what: string])[];

export function valueBlock(app: App, title: string, values: readonly ValueRow[], stage: number, roles: Roles = []): HTMLElement {
  return block(title, ...values.map((value, i) => valueCard(app, value, stage, roles[i])));
}

const origins: Readonly<Record<string, string>> = {
  declared: "declared in the file",
  inferred: "inferred",
  set: "set by the options",
  unknown: "not known",
};

function valueCard(app: App, value: ValueRow, stage: number, role: Roles[number] | undefined): HTMLElement {
  const holder = el("div", { class: "numbers" });
  const inBody = app.store.state.bodies.length > 0;
  return el(
    "div",
    { class: "value", data: { value: String(value.id) } },
    el(
      "div",
      { class: "value-head" },
      role && el("span", { class: "value-role", title: role[1] }, role[0]),
      el("code", { class: "value-type" }, `${shapeText(value.shape)} ${value.dtype}`),
      el("span", { class: "value-bytes" }, Number.isFinite(value.bytes) ? bytesText(value.bytes) : ""),
    ),
    el("div", { class: "value-name" }, visible(value.name) || "(no name)"),
    el("div", { class: "value-notes" }, notes(value).join(" · ")),
    value.constant && !inBody && app.store.state.hello?.recorded !== true && valuesButton(app, value, stage, holder),
    holder,
  );
}

function notes(value: ValueRow): string[] {
  return [
    `shape ${origins[value.shapeSource] ?? value.shapeSource}`,
    value.layout === "" || value.layout === "plain" ? "row-major" : `layout ${value.layout}`,
    value.constant ? "constant" : "computed",
  ];
}

/** Views that are open, by value: details are made anew at every selection, and what is open stays. */
const open = new Map<string, TensorView>();
const mostOpen = 8;

function valuesButton(app: App, value: ValueRow, stage: number, holder: HTMLElement): HTMLElement {
  const key = `${app.store.state.generation}:${value.id}`;
  const toggle = linkButton("", () => {
    const view = open.get(key);
    if (view) {
      view.dispose();
      open.delete(key);
    } else openView(key, new TensorView(app, value, stage));
    draw();
  });
  const draw = (): void => {
    const view = open.get(key);
    toggle.textContent = view ? "hide values" : "show values";
    toggle.setAttribute("aria-expanded", String(view !== undefined));
    holder.replaceChildren(...(view ? [view.element] : []));
  };
  draw();
  return toggle;
}

function openView(key: string, view: TensorView): void {
  open.set(key, view);
  const [oldest] = open.keys();
  if (open.size <= mostOpen || oldest === undefined) return;
  open.get(oldest)?.dispose();
  open.delete(oldest);
}
