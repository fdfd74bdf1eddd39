/** Fusion: what became one loop nest, what that costs and saves, what was left apart and why; and what would be if it were not so. */
import type { Verdict } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { groupOfSelection, select, selectGroup, showStage } from "../../actions.ts";
import { segmented, toggleButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { bytesText, timeText } from "../../model/format.ts";
import { fusionRows, fusionTotals, type EdgeRow, type FusionFilter, type FusionRow, type Sorting } from "../../model/fusion-rows.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";
import { edgeRow } from "./edge-row.ts";
import { columnHeads, groupRow } from "./group-row.ts";
import { WhatIfCard } from "./what-if-card.ts";

type Chip = "refused" | "fused" | "quiet";

const heights = { group: 48, edge: 44 } as const;

class FusionPanel {
  readonly element: HTMLElement;
  private readonly totals = el("div", { class: "totals" });
  private readonly empty = el("div", { class: "empty" });
  private readonly heads = columnHeads();
  private readonly tools = el("div", { class: "toolbar fusion-tools" });
  private readonly list: VirtualList;
  private readonly whatIf: WhatIfCard;
  private readonly sorting;
  private readonly chips: Readonly<Record<Chip, HTMLButtonElement>>;
  private readonly beside;
  private filter: FusionFilter = { sorting: "run", refused: true, fused: false, quiet: false, closed: new Set() };
  private rows: readonly FusionRow[] = [];
  private most = 0;

  constructor(private readonly app: App) {
    this.whatIf = new WhatIfCard(app);
    this.list = new VirtualList({
      label: t("Fusion groups, and edges that were not fused"),
      role: "tree",
      idPrefix: "fusion-",
      row: (i) => this.row(i),
      rowHeight: (i) => heights[this.rows[i]?.row ?? "edge"],
      level: (i) => this.level(i),
      selected: (i) => this.isSelected(i),
      onSelect: (i) => this.pick(i),
      onToggle: (i, open) => this.toggle(i, open),
      onHover: (i) => this.light(i),
      onKey: (event) => this.key(event),
    });
    this.list.element.classList.add("fusion-list");
    this.sorting = segmented<Sorting>(
      "Sort by",
      [
        { value: "run", label: "Order", title: "In the order in which they run" },
        { value: "time", label: "Time", title: "The longest estimated time first" },
        { value: "saved", label: "Saved", title: "The most bytes not written and read back first" },
        { value: "footprint", label: "Footprint", title: "The largest footprint in the caches first" },
        { value: "parallelism", label: "Idle", title: "Those that leave threads idle first" },
      ],
      (sorting) => this.change({ sorting }),
    );
    this.sorting.set("run");
    const chip = (which: Chip, title: string): HTMLButtonElement =>
      el("button", {
        class: "fusion-chip",
        title,
        attrs: { type: "button", "aria-pressed": String(this.filter[which]) },
        onClick: () => this.change({ [which]: !this.filter[which] }),
      });
    this.chips = {
      refused: chip("refused", t("Edges between two groups that were not fused, each with the reason and the price of both ways")),
      fused: chip("fused", t("Edges inside of the groups")),
      quiet: chip("quiet", t("Views have no code; what depends on constants alone is done once")),
    };
    this.beside = toggleButton("bisect", "Show the graph above", () => app.store.update({ graphBeside: !app.store.state.graphBeside }));
    fill(this.tools, this.sorting.element, ...Object.values(this.chips), el("span", { class: "spring" }), this.beside.element);
    this.element = el(
      "section",
      { class: "fusion" },
      this.totals,
      this.whatIf.element,
      this.tools,
      this.heads,
      this.empty,
      this.list.element,
    );
    this.build(app.store.state);
  }

  update(state: State, previous: State): void {
    this.beside.set(state.graphBeside);
    this.whatIf.update(state, previous);
    if (state.summary !== previous.summary || state.busy !== previous.busy) {
      this.filter = { ...this.filter, closed: new Set() };
      this.build(state);
    } else if (
      state.view === "fusion" &&
      (state.selection !== previous.selection || state.view !== previous.view || state.stage !== previous.stage)
    ) {
      this.list.draw();
    }
    if (state.selection !== previous.selection || (state.view === "fusion" && previous.view !== "fusion")) this.follow();
  }

  draw(): void {
    this.list.draw();
  }

  /** What was selected elsewhere comes into sight. */
  private follow(): void {
    const at = this.rows.findIndex((_, i) => this.isSelected(i));
    if (at >= 0) this.list.reveal(at);
  }

  private change(part: Partial<FusionFilter>): void {
    this.filter = { ...this.filter, ...part };
    this.sorting.set(this.filter.sorting);
    for (const which of ["refused", "fused", "quiet"] as const) this.chips[which].setAttribute("aria-pressed", String(this.filter[which]));
    this.build(this.app.store.state);
  }

  private build({ summary, busy }: State): void {
    this.rows = summary ? fusionRows(summary, this.filter) : [];
    this.most = (summary?.fusion ?? []).reduce((most, { cost }) => Math.max(most, cost?.ns ?? 0), 0);
    this.list.set(this.rows.length);
    const nothing = this.rows.length === 0;
    this.empty.hidden = !nothing;
    this.list.element.hidden = this.heads.hidden = nothing;
    this.tools.hidden = !summary?.fusion || summary.groups.length === 0;
    fill(this.empty, emptyText(summary !== undefined, summary?.fusion !== undefined, busy));
    this.showTotals();
    this.follow();
  }

  private showTotals(): void {
    const { summary } = this.app.store.state;
    if (!summary?.fusion || summary.groups.length === 0) return fill(this.totals);
    const { nests, operators, savedBytes, ns, refused, fused, quiet } = fusionTotals(summary);
    const total = (value: string, label: string, title: string): HTMLElement =>
      el("div", { class: "total", title }, el("b", {}, value), el("span", {}, label));
    fill(
      this.totals,
      total(String(nests), t("loop nests"), t("What runs every time and has code of its own")),
      total(String(operators), t("operators in them"), t("Of the last graph")),
      total(bytesText(savedBytes), t("not written and read back"), t("Intermediates that stay in registers and caches")),
      total(timeText(ns / 1e6), t("estimated"), t("From the figures of the machine profile, for comparing; a benchmark measures")),
    );
    const label = (which: Chip, text: string): void => void (this.chips[which].textContent = text);
    label("refused", t("Not fused ({0})", refused));
    label("fused", t("Fused ({0})", fused));
    label("quiet", t("Views and constants ({0})", quiet));
  }

  private level(i: number): { readonly level: number; readonly expanded?: boolean } {
    const row = this.rows[i];
    if (row?.row !== "group") return { level: 2 };
    return row.edges === 0 ? { level: 1 } : { level: 1, expanded: !this.filter.closed.has(row.info.id) };
  }

  private isSelected(i: number): boolean {
    const row = this.rows[i];
    const { edge } = this.app.store.state.selection;
    if (row?.row === "edge") return edge !== undefined && edge[0] === row.verdict.nodes[0] && edge[1] === row.verdict.nodes[1];
    return row !== undefined && edge === undefined && row.info.id === groupOfSelection(this.app);
  }

  private pick(i: number): void {
    const row = this.rows[i];
    const { app } = this;
    if (row?.row === "group") {
      selectGroup(app, row.info.id);
      revealInGraph(row.info.members.map(({ node }) => node));
    } else if (row) {
      const [from, to] = row.verdict.nodes;
      if (from === undefined || to === undefined) return;
      const last = app.trace.graphStages.at(-1);
      if (last !== undefined && !(app.shown().nodes.has(from) && app.shown().nodes.has(to))) showStage(app, last);
      select(app, { nodes: [], edge: [from, to] });
      revealInGraph([from, to]);
    }
  }

  private toggle(i: number, open: boolean): void {
    const row = this.rows[i];
    if (row?.row !== "group" || row.edges === 0) return;
    const closed = new Set(this.filter.closed);
    if (open) closed.delete(row.info.id);
    else closed.add(row.info.id);
    this.change({ closed });
  }

  private light(i: number | undefined): void {
    const row = i === undefined ? undefined : this.rows[i];
    const nodes = row === undefined ? [] : row.row === "group" ? row.info.members.map(({ node }) => node) : row.verdict.nodes;
    const { litNodes } = this.app.store.state;
    if (nodes.length > 0 || litNodes.length > 0) this.app.store.update({ litNodes: nodes });
  }

  /** Enter asks what would be if the selected edge were not as it is. */
  private key(event: KeyboardEvent): boolean {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey) return false;
    const row = this.rows.find((candidate, i): candidate is EdgeRow => candidate.row === "edge" && this.isSelected(i));
    if (row) this.ask(row.verdict);
    return row !== undefined;
  }

  private ask(verdict: Verdict): void {
    this.whatIf.ask(verdict);
  }

  private row(i: number): HTMLElement {
    const row = this.rows[i];
    if (row?.row === "group") return groupRow(this.app, row, this.most, () => this.toggle(i, this.filter.closed.has(row.info.id)));
    return row ? edgeRow(this.app, row, (verdict) => this.ask(verdict)) : el("div", { class: "row" });
  }
}

function emptyText(compiled: boolean, reported: boolean, busy: boolean): string {
  if (!compiled) return busy ? t("Compiling …") : t("The groups come with the fusion pass.");
  return reported
    ? t("No fusion groups: the fusion pass has not run.")
    : t("This trace was stored by an older version: it has no figures of its groups.");
}

let panel: FusionPanel | undefined;

export const fusionPanel: Panel = {
  id: "fusion",
  title: "Fusion",
  render: (app) => (panel = new FusionPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.draw(),
};
