/** Below the passes: the fusion groups, and the nodes of the shown graph, one at a time. */
import type { App, Panel } from "../../app.ts";
import { el } from "../../dom.ts";
import { openDrawer } from "../../drawers.ts";
import type { State } from "../../store.ts";
import { GroupList } from "./groups.ts";
import { NodeTree } from "./nodes.ts";
import { ResultList } from "./results.ts";
import { SearchBox } from "./search-box.ts";

type Which = "nodes" | "groups";

class ListsPanel {
  readonly element: HTMLElement;
  private readonly groups: GroupList;
  private readonly nodes: NodeTree;
  private readonly results: ResultList;
  private readonly search: SearchBox;
  private readonly tabs: Readonly<Record<Which, HTMLButtonElement>>;
  private readonly bodies: Readonly<Record<Which, HTMLElement>>;
  private readonly noGroups = el("div", { class: "empty" }, "No fusion groups: the fusion pass has not run.");

  constructor(app: App) {
    this.groups = new GroupList(app);
    this.nodes = new NodeTree(app);
    this.results = new ResultList(app);
    this.search = new SearchBox(app, () => this.results.list.element.focus());
    const tab = (which: Which, label: string): HTMLButtonElement =>
      el(
        "button",
        {
          class: "side-tab",
          role: "tab",
          id: `tab-${which}`,
          attrs: { type: "button", "aria-controls": `list-${which}` },
          onClick: () => this.show(which),
        },
        label,
      );
    this.tabs = { nodes: tab("nodes", "Nodes"), groups: tab("groups", "Groups") };
    const body = (which: Which, ...children: HTMLElement[]): HTMLElement =>
      el("div", { class: "section", role: "tabpanel", id: `list-${which}`, attrs: { "aria-labelledby": `tab-${which}` } }, ...children);
    this.bodies = {
      nodes: body("nodes", this.search.element, this.results.list.element, this.nodes.list.element),
      groups: body("groups", this.noGroups, this.groups.list.element),
    };
    const head = el(
      "div",
      { class: "section-head side-tabs", role: "tablist", attrs: { "aria-label": "Lists" } },
      this.tabs.nodes,
      this.tabs.groups,
    );
    head.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      event.preventDefault();
      const other = this.tabs.nodes.tabIndex === 0 ? "groups" : "nodes";
      this.show(other);
      this.tabs[other].focus();
    });
    this.element = el("section", { class: "section lists-section" }, head, this.bodies.nodes, this.bodies.groups);
    this.results.list.element.hidden = true;
    this.show("nodes");
  }

  private show(which: Which): void {
    for (const name of ["nodes", "groups"] as const) {
      this.bodies[name].hidden = name !== which;
      this.tabs[name].setAttribute("aria-selected", String(name === which));
      this.tabs[name].tabIndex = name === which ? 0 : -1;
    }
    if (which === "nodes") this.nodes.list.draw();
    else this.groups.list.draw();
  }

  update(state: State, previous: State): void {
    this.groups.update(state, previous);
    this.nodes.update(state, previous);
    this.results.update(state, previous);
    this.search.update(state);
    const searching = state.search.text.trim() !== "" && state.search.error === undefined;
    if (this.results.list.element.hidden === searching) {
      this.results.list.element.hidden = !searching;
      this.nodes.list.element.hidden = searching;
      (searching ? this.results : this.nodes).list.draw();
    }
    this.noGroups.hidden = this.groups.size > 0;
    this.groups.list.element.hidden = this.groups.size === 0;
  }

  /** Puts the cursor into the search field. */
  focusSearch(): void {
    openDrawer("side");
    this.show("nodes");
    this.search.focus();
  }

  repaint(): void {
    this.groups.list.draw();
  }
}

let panel: ListsPanel | undefined;

export const focusSearch = (): void => panel?.focusSearch();

export const listsPanel: Panel = {
  id: "lists",
  title: "Nodes and groups",
  render: (app) => (panel = new ListsPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.repaint(),
};
