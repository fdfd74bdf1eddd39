/** Below the passes: the fusion groups, and the nodes of the shown graph, one at a time. */
import type { App, Panel } from "../../app.ts";
import { el } from "../../dom.ts";
import { openDrawer } from "../../drawers.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { GroupList } from "./groups.ts";
import { NodeTree } from "./nodes.ts";
import { openProfile } from "./open-profile.ts";
import { ProfileList } from "./profile.ts";
import { ResultList } from "./results.ts";
import { SearchBox } from "./search-box.ts";

type Which = "nodes" | "groups" | "profile";

const order: readonly Which[] = ["nodes", "groups", "profile"];

class ListsPanel {
  readonly element: HTMLElement;
  private readonly groups: GroupList;
  private readonly nodes: NodeTree;
  private readonly profile: ProfileList;
  private readonly results: ResultList;
  private readonly search: SearchBox;
  private readonly tabs: Readonly<Record<Which, HTMLButtonElement>>;
  private readonly bodies: Readonly<Record<Which, HTMLElement>>;
  private readonly noGroups = el("div", { class: "empty" }, "No fusion groups: the fusion pass has not run.");

  constructor(private readonly app: App) {
    this.groups = new GroupList(app);
    this.nodes = new NodeTree(app);
    this.profile = new ProfileList(app);
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
    this.tabs = { nodes: tab("nodes", "Nodes"), groups: tab("groups", "Groups"), profile: tab("profile", "ORT") };
    this.tabs.profile.title = t("Times in ONNX Runtime");
    const body = (which: Which, ...children: HTMLElement[]): HTMLElement =>
      el("div", { class: "section", role: "tabpanel", id: `list-${which}`, attrs: { "aria-labelledby": `tab-${which}` } }, ...children);
    this.bodies = {
      nodes: body("nodes", this.search.element, this.results.list.element, this.nodes.list.element),
      groups: body("groups", this.noGroups, this.groups.list.element),
      profile: body("profile", this.profile.head, this.profile.list.element),
    };
    const head = el(
      "div",
      { class: "section-head side-tabs", role: "tablist", attrs: { "aria-label": "Lists" } },
      this.tabs.nodes,
      this.tabs.groups,
      this.tabs.profile,
    );
    head.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      event.preventDefault();
      const there = order.filter((which) => !this.tabs[which].hidden);
      const at = there.findIndex((which) => this.tabs[which].tabIndex === 0);
      const other = there[(at + (event.key === "ArrowRight" ? 1 : there.length - 1)) % there.length] ?? "nodes";
      this.show(other);
      this.tabs[other].focus();
    });
    this.element = el("section", { class: "section lists-section" }, head, this.bodies.nodes, this.bodies.groups, this.bodies.profile);
    this.tabs.profile.hidden = true;
    this.results.list.element.hidden = true;
    this.show("nodes");
  }

  private show(which: Which): void {
    for (const name of order) {
      this.bodies[name].hidden = name !== which;
      this.tabs[name].setAttribute("aria-selected", String(name === which));
      this.tabs[name].tabIndex = name === which ? 0 : -1;
    }
    this[which].list.draw();
  }

  update(state: State, previous: State): void {
    this.groups.update(state, previous);
    this.profile.update(state, previous);
    if (state.profile !== previous.profile) {
      this.tabs.profile.hidden = state.profile === undefined;
      if (state.profile) this.show("profile");
      else if (this.tabs.profile.tabIndex === 0) this.show("nodes");
    }
    // A page that stands alone has its profile with it.
    if (state.summary && !previous.summary && state.hello?.recorded) void openProfile(this.app).catch(() => undefined);
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
