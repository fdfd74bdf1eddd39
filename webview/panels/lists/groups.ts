/** Fusion groups as a list: what was fused, by which template, with which parameters. */
import type { GroupInfo } from "#protocol";
import type { App } from "../../app.ts";
import { selectGroup } from "../../actions.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";

export class GroupList {
  readonly list: VirtualList;
  private groups: readonly GroupInfo[] = [];

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: "Fusion groups",
      role: "listbox",
      idPrefix: "group-",
      row: (i) => this.row(i),
      selected: (i) => this.groups[i]?.id === app.store.state.selection.group,
      onSelect: (i) => {
        const group = this.groups[i];
        if (!group) return;
        selectGroup(app, group.id);
        revealInGraph(group.members.map(({ node }) => node));
      },
    });
  }

  get size(): number {
    return this.groups.length;
  }

  update(state: State, previous: State): void {
    if (state.summary !== previous.summary) {
      this.groups = state.summary?.groups ?? [];
      this.list.set(this.groups.length);
    } else if (state.selection !== previous.selection) this.list.draw();
    if (state.selection.group !== undefined && state.selection.group !== previous.selection.group) {
      this.list.reveal(this.groups.findIndex(({ id }) => id === state.selection.group));
    }
  }

  private row(i: number): HTMLElement {
    const group = this.groups[i] as GroupInfo;
    const swatch = el("span", { class: "swatch", attrs: { "aria-hidden": "true" } });
    swatch.style.background = this.app.theme.groups[i % this.app.theme.groups.length] ?? "";
    const params = Object.entries(group.params).map(([name, value]) => `${name}=${value}`);
    const ops = group.members.map(({ node }) => this.opOf(node)).join(" → ");
    return el(
      "div",
      { class: "row", title: `${visible(group.name)}\n${ops}\n${params.join(", ")}` },
      swatch,
      el("span", { class: "node-op" }, `${group.id} · ${templateText(group.template)}`),
      el("span", { class: "node-name" }, group.phase === "init" ? `first run · ${ops}` : ops),
      el("span", { class: "node-shape" }, String(group.members.length)),
    );
  }

  private opOf(node: number): string {
    const stages = this.app.trace.graphStages;
    return this.app.trace.snapshot(stages[stages.length - 1] ?? 0).nodes.get(node)?.op ?? `#${node}`;
  }
}
