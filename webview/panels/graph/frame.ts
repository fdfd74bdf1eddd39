/** What stands in the graph's place: one canvas or two, the tools for zooming, and what is said over them. */
import { iconButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import type { GraphView } from "../../draw/graph-view.ts";

export interface Frame {
  readonly element: HTMLElement;
  /** Hidden unless two graphs stand side by side. */
  readonly beforePane: HTMLElement;
}

/** @param above what is shown over the graph */
export function graphFrame(after: GraphView, before: GraphView, above: readonly HTMLElement[]): Frame {
  const zoom = el(
    "div",
    { class: "zoom-tools", role: "group", attrs: { "aria-label": "Zoom" } },
    iconButton("plus", "Zoom in (+)", () => after.zoomBy(1.4)),
    iconButton("minus", "Zoom out (-)", () => after.zoomBy(1 / 1.4)),
    iconButton("fit", "Show the whole graph (0)", () => after.fit(true)),
  );
  const beforePane = el("div", { class: "pane", hidden: true }, el("div", { class: "pane-label" }, "before"), before.element);
  const label =
    "Graph. Arrow keys follow edges, plus and minus zoom, 0 shows all, U and D follow a tensor. The Nodes list has the same content.";
  const element = el(
    "div",
    { class: "graph-frame", tabIndex: 0, role: "application", attrs: { "aria-label": label } },
    beforePane,
    el("div", { class: "pane" }, after.element),
    zoom,
    ...above,
  );
  return { element, beforePane };
}
