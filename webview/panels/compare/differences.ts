/** What differs between the two graphs, node by node. */
import type { Difference } from "../../compare/difference.ts";
import { el } from "../../dom.ts";
import { changeSigns, type ChangeKind } from "../../model/change.ts";
import { tail, visible } from "../../model/format.ts";
import type { NodeRow, Snapshot } from "../../model/trace.ts";
import { VirtualList } from "../../virtual-list.ts";
import type { Chosen } from "./graphs.ts";

interface Item extends Chosen {
  readonly kind: ChangeKind;
  readonly lines: readonly string[];
}

export class DifferenceList {
  readonly list: VirtualList;
  private items: readonly Item[] = [];
  private graphs: { readonly here: Snapshot; readonly there: Snapshot } | undefined;
  private chosen: Chosen = {};

  constructor(choose: (chosen: Chosen) => void) {
    this.list = new VirtualList({
      label: "Differences",
      role: "listbox",
      idPrefix: "difference-",
      row: (i) => this.row(this.items[i] as Item),
      selected: (i) => this.isChosen(this.items[i]),
      onSelect: (i) => choose(this.items[i] ?? {}),
    });
    this.list.element.classList.add("differences");
  }

  show(difference: Difference, graphs: { readonly here: Snapshot; readonly there: Snapshot }): void {
    this.graphs = graphs;
    this.items = [
      ...difference.differing.map((one): Item => ({ ...one, kind: "changed" })),
      ...difference.onlyHere.map((here): Item => ({ here, kind: "removed", lines: ["only on the left"] })),
      ...difference.onlyThere.map((there): Item => ({ there, kind: "added", lines: ["only on the right"] })),
    ];
    this.list.set(this.items.length);
  }

  select(chosen: Chosen): void {
    this.chosen = chosen;
    const at = this.items.findIndex((item) => this.isChosen(item));
    if (at >= 0) this.list.reveal(at);
    else this.list.draw();
  }

  get size(): number {
    return this.items.length;
  }

  private isChosen(item: Item | undefined): boolean {
    const { here, there } = this.chosen;
    return item !== undefined && (here !== undefined || there !== undefined) && item.here === here && item.there === there;
  }

  private row({ kind, here, there, lines }: Item): HTMLElement {
    const [a, b] = [this.graphs?.here.nodes.get(here ?? -1), this.graphs?.there.nodes.get(there ?? -1)];
    const shown = (a ?? b) as NodeRow;
    return el(
      "div",
      { class: "row", title: [visible(shown.name), ...lines].join("\n") },
      el("span", { class: `sign ${kind}`, attrs: { "aria-hidden": "true" } }, changeSigns[kind]),
      el("span", { class: "node-op" }, visible(shown.op)),
      el("span", { class: "node-name compare-name" }, tail(shown.name, 30)),
      el("span", { class: "compare-lines" }, lines.join("; ")),
    );
  }
}
