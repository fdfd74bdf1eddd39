/** What a search found: nodes, or the chains of a structural search, each with the operators in the order they were asked for. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { tail, visible } from "../../model/format.ts";
import { showFound, spaceShown } from "../../search/session.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";
import { nodeRow } from "./node-row.ts";

/** Rows on each side whose names a row is told from. */
const near = 10;

export class ResultList {
  readonly list: VirtualList;

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: "Results of the search",
      role: "listbox",
      idPrefix: "result-",
      row: (i) => this.row(i),
      selected: (i) => app.store.state.search.at === i,
      onSelect: (i) => revealInGraph(showFound(app, i)),
      onOpen: (i) => revealInGraph(showFound(app, i)),
    });
  }

  update(state: State, previous: State): void {
    const { search } = state;
    if (search.found !== previous.search.found || state.version !== previous.version) this.list.set(search.found.length);
    else if (search !== previous.search || state.stage !== previous.stage) this.list.draw();
    if (search.at !== previous.search.at) this.list.reveal(search.at);
  }

  private row(i: number): HTMLElement {
    const { state } = this.app.store;
    const { snapshot, change } = spaceShown(this.app, state);
    const chain = state.search.chains?.[i];
    const head = snapshot.nodes.get(state.search.found[i] ?? -1);
    if (!head) return el("div", { class: "row" });
    if (!chain) {
      const around = state.search.found.slice(Math.max(0, i - near), i + near + 1).map((id) => snapshot.nodes.get(id)?.name ?? "");
      return nodeRow(this.app, { node: head, snapshot, stage: state.stage, change, level: 1, removed: false, around });
    }
    const nodes = chain.flatMap((id) => snapshot.nodes.get(id) ?? []);
    const ops = nodes.map(({ op }) => visible(op));
    return el(
      "div",
      { class: "row chain", title: nodes.map(({ op, id, name }) => `${visible(op)} #${id}  ${visible(name)}`).join("\n") },
      el(
        "span",
        { class: "chain-ops" },
        ...ops.flatMap((op, step) => [step > 0 && el("span", { class: "muted" }, " → "), el("span", { class: "node-op" }, op)]),
      ),
      el("span", { class: "node-name" }, tail(head.name, 24)),
    );
  }
}
