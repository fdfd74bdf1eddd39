/** The graph as a tree for keyboards and screen readers: groups with their members, then the rest, in topological order. */
import type { GroupInfo } from "#protocol";
import type { App } from "../../app.ts";
import { selectGroup, selectNodes } from "../../actions.ts";
import { el } from "../../dom.ts";
import { noChange } from "../../model/change.ts";
import { templateText } from "../../model/holes.ts";
import { groupOfNode } from "../../model/links.ts";
import type { NodeRow, Snapshot, StageChange } from "../../model/trace.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";
import { nodeRow } from "./node-row.ts";

type Item =
  | { readonly kind: "group"; readonly group: GroupInfo }
  | { readonly kind: "node"; readonly node: NodeRow; readonly level: number; readonly removed: boolean };

interface Shown {
  readonly snapshot: Snapshot;
  readonly stage: number;
}

/** Rows on each side whose names a row is told from. */
const near = 10;

export class NodeTree {
  readonly list: VirtualList;
  private items: readonly Item[] = [];
  private change: StageChange = noChange;
  private readonly closed = new Set<number>();
  private shown: Shown | undefined;

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: "Nodes of the graph",
      role: "tree",
      idPrefix: "node-",
      row: (i) => this.row(i),
      selected: (i) => this.isSelected(i),
      level: (i) => this.levelOf(i),
      onSelect: (i, event) => this.select(i, event.ctrlKey || event.metaKey),
      onOpen: (i) => {
        const item = this.items[i];
        revealInGraph(item?.kind === "node" ? [item.node.id] : (item?.group.members.map(({ node }) => node) ?? []));
      },
      onToggle: (i, open) => this.toggle(i, open),
    });
  }

  get size(): number {
    return this.items.filter(({ kind }) => kind === "node").length;
  }

  update(state: State, previous: State): void {
    if (state.version !== previous.version || state.stage !== previous.stage || state.bodies !== previous.bodies) this.refresh();
    else if (state.selection !== previous.selection) this.list.draw();
    const first = state.selection.nodes[0];
    if (first !== undefined && state.selection.nodes !== previous.selection.nodes && !this.list.element.contains(document.activeElement)) {
      this.list.reveal(this.items.findIndex((item) => item.kind === "node" && item.node.id === first));
    }
  }

  private refresh(): void {
    const { trace, store } = this.app;
    const { stage, bodies } = store.state;
    if (trace.graphStage(stage) < 0) return this.list.set(0);
    const snapshot = this.app.shown();
    if (this.shown?.snapshot === snapshot && this.shown.stage === stage) return;
    this.shown = { snapshot, stage };
    this.change = trace.graphStage(stage) === stage && bodies.length === 0 ? trace.change(stage) : noChange;
    this.items = this.build(snapshot);
    this.list.set(this.items.length);
  }

  private build(snapshot: Snapshot): Item[] {
    const groups = groupOfNode(snapshot.groups);
    const items: Item[] = [];
    const seen = new Set<number>();
    const add = (node: NodeRow | undefined, level: number, removed = false): void => {
      if (node) items.push({ kind: "node", node, level, removed });
    };
    for (const id of snapshot.order) {
      const group = groups.get(id);
      if (!group) add(snapshot.nodes.get(id), 1);
      else if (!seen.has(group.id)) {
        seen.add(group.id);
        items.push({ kind: "group", group });
        if (!this.closed.has(group.id)) for (const member of group.members) add(snapshot.nodes.get(member.node), 2);
      }
    }
    const base = this.change.removed.size > 0 ? this.app.trace.snapshot(this.app.trace.baseOf(snapshot.stage)) : undefined;
    for (const id of this.change.removed) add(base?.nodes.get(id), 1, true);
    return items;
  }

  private isSelected(i: number): boolean {
    const item = this.items[i];
    const { selection } = this.app.store.state;
    return item?.kind === "group" ? selection.group === item.group.id : item !== undefined && selection.nodes.includes(item.node.id);
  }

  private levelOf(i: number): { readonly level: number; readonly expanded?: boolean } {
    const item = this.items[i];
    return item?.kind === "group" ? { level: 1, expanded: !this.closed.has(item.group.id) } : { level: item?.level ?? 1 };
  }

  private select(i: number, extend: boolean): void {
    const item = this.items[i];
    if (item?.kind === "group") selectGroup(this.app, item.group.id);
    else if (item) {
      selectNodes(this.app, [item.node.id], extend);
      revealInGraph([item.node.id]);
    }
  }

  private toggle(i: number, open: boolean): void {
    const item = this.items[i];
    if (item?.kind !== "group") return;
    if (open) this.closed.delete(item.group.id);
    else this.closed.add(item.group.id);
    this.shown = undefined;
    this.refresh();
  }

  private row(i: number): HTMLElement {
    const item = this.items[i] as Item;
    if (item.kind === "group") {
      return el(
        "div",
        { class: "row" },
        el("span", { class: "node-op" }, `group ${item.group.id}`),
        el("span", { class: "node-name" }, templateText(item.group.template)),
      );
    }
    const { snapshot, stage } = this.shown as Shown;
    const around = this.items.slice(Math.max(0, i - near), i + near + 1).flatMap((one) => (one.kind === "node" ? [one.node.name] : []));
    return nodeRow(this.app, { ...item, snapshot, stage, change: this.change, around });
  }
}
