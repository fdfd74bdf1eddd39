/** The tools above the graph: comparison, colours, folding, direction; the rest in a menu. */
import { setCompare } from "../../actions.ts";
import type { App } from "../../app.ts";
import { dropdown, icon, iconButton, segmented, toggleButton, type Control, type IconName } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import type { ColorBy, Compare, FoldBy, State } from "../../store.ts";

const colours: readonly { readonly value: ColorBy; readonly label: string }[] = [
  { value: "kind", label: "kind of op" },
  { value: "dtype", label: "element type" },
  { value: "layout", label: "layout" },
  { value: "group", label: "fusion group" },
  { value: "flops", label: "flops" },
  { value: "bytes", label: "bytes" },
  { value: "time", label: "time" },
  { value: "ort", label: "time in ORT" },
];

const folds: readonly { readonly value: FoldBy; readonly label: string }[] = [
  { value: "none", label: "nothing" },
  { value: "scope", label: "scopes" },
  { value: "repetition", label: "blocks" },
  { value: "group", label: "groups" },
];

export interface ToolbarEvents {
  readonly whyNot: () => void;
  readonly menu: (at: { readonly x: number; readonly y: number }) => void;
}

export interface Toolbar {
  readonly element: HTMLElement;
  update(state: State, whyNot: { readonly on: boolean; readonly count: number }): void;
}

export function graphToolbar(app: App, events: ToolbarEvents): Toolbar {
  const compare = segmented<Compare>(
    "Compare with the pass before",
    [
      { value: "overlay", label: "Overlay", title: "Mark what the pass added, changed and removed" },
      { value: "split", label: "Before | After", title: "Two graphs side by side" },
      { value: "off", label: "Plain", title: "The graph without marks" },
    ],
    (value) => setCompare(app, value),
  );
  const colour = dropdown("Colour by", colours, app.store.state.colorBy, (value) => app.store.update({ colorBy: value as ColorBy }));
  const fold = dropdown("Fold", folds, app.store.state.foldBy, (value) =>
    app.store.update({ foldBy: value as FoldBy, turned: new Set<string>(), foldChosen: true }),
  );
  const direction = iconButton("flowDown", directionLabel("down"), () =>
    app.store.update({ direction: app.store.state.direction === "down" ? "right" : "down" }),
  );
  const whyNot = toggleButton("whyNot", "Why not fused", events.whyNot);
  const more = iconButton("more", "More: follow a tensor, save a picture", () => {
    const box = more.getBoundingClientRect();
    events.menu({ x: box.left, y: box.bottom + 2 });
  });
  more.setAttribute("aria-haspopup", "menu");
  // The word where there is room, else the sign.
  const labelled = (text: string, sign: IconName, control: Control<string>): HTMLElement => {
    const short = el("span", { class: "short", attrs: { "aria-hidden": "true" } });
    short.append(icon(sign));
    return el("div", { class: "tool-option", title: text }, el("span", { attrs: { "aria-hidden": "true" } }, text), short, control.element);
  };
  const element = el(
    "div",
    { class: "tools", role: "group", attrs: { "aria-label": "Graph tools" } },
    compare.element,
    labelled("Colour", "palette", colour),
    labelled("Fold", "fold", fold),
    el("div", { class: "tool-icons" }, direction, whyNot.element, more),
  );
  return {
    element,
    update: (state, { on, count }) => {
      compare.set(state.compare);
      compare.element.hidden = state.bodies.length > 0;
      colour.set(state.colorBy);
      fold.set(state.foldBy);
      direction.title = directionLabel(state.direction);
      direction.setAttribute("aria-label", direction.title);
      direction.replaceChildren(icon(state.direction === "down" ? "flowDown" : "flowRight"));
      whyNot.set(on);
      whyNot.element.title = `Why not fused: ${count} ${count === 1 ? "edge was" : "edges were"} looked at and left alone`;
      whyNot.element.hidden = count === 0;
    },
  };
}

const directionLabel = (direction: State["direction"]): string =>
  direction === "down" ? "Data flows downwards; turn the picture to the right" : "Data flows to the right; turn the picture downwards";
