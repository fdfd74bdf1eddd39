/** The arena over time: which buffer is where, when, and what takes its place. */
import type { BufferInfo, CompilationSummary } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { selectBuffer } from "../../actions.ts";
import { el, fill } from "../../dom.ts";
import { bytesText, visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { VirtualList } from "../../virtual-list.ts";
import { arenaMap } from "../../draw/arena.ts";

class BuffersPanel {
  readonly element: HTMLElement;
  private readonly totals = el("div", { class: "totals" });
  private readonly map = el("div", { class: "arena" });
  private readonly list: VirtualList;
  private buffers: readonly BufferInfo[] = [];

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: "Buffers",
      role: "listbox",
      idPrefix: "buffer-",
      row: (i) => this.row(i),
      selected: (i) => this.buffers[i]?.id === app.store.state.selection.buffer,
      onSelect: (i) => this.buffers[i] && selectBuffer(app, this.buffers[i].id),
    });
    this.element = el(
      "section",
      { class: "buffers" },
      this.totals,
      this.map,
      el("div", { class: "section buffer-list" }, el("div", { class: "section-head" }, el("h2", {}, "Buffers")), this.list.element),
    );
    new ResizeObserver(() => this.draw()).observe(this.map);
  }

  update(state: State, previous: State): void {
    if (state.summary !== previous.summary) {
      this.buffers = [...(state.summary?.buffers ?? [])].sort(
        (a, b) => Number(b.scope === "arena") - Number(a.scope === "arena") || b.bytes - a.bytes || a.id - b.id,
      );
      this.list.set(this.buffers.length);
      this.showTotals(state.summary);
      this.draw();
    } else if (state.view === "buffers" && (state.selection !== previous.selection || state.view !== previous.view)) {
      this.list.draw();
      this.draw();
    }
    if (state.selection.buffer !== undefined && state.selection.buffer !== previous.selection.buffer) {
      this.list.reveal(this.buffers.findIndex(({ id }) => id === state.selection.buffer));
    }
  }

  draw(): void {
    const { summary, selection, view } = this.app.store.state;
    if (view !== "buffers" || this.map.clientWidth === 0) return;
    const arena = this.buffers.filter(({ scope }) => scope === "arena");
    if (!summary || arena.length === 0)
      return fill(
        this.map,
        el(
          "div",
          { class: "empty" },
          summary
            ? "Nothing lives in the arena: every value is an input, an output, a constant, or a thread keeps it to itself."
            : "The memory plan comes with the last passes.",
        ),
      );
    const chosen = (buffer: BufferInfo): boolean =>
      buffer.id === selection.buffer || (buffer.groups.length > 0 && buffer.groups.includes(selection.group ?? NaN));
    const picture = arenaMap(
      {
        buffers: arena,
        arenaBytes: summary.arenaBytes,
        ...(summary.caches ? { caches: summary.caches } : {}),
        groups: summary.groups.map(({ id }) => id),
      },
      { width: this.map.clientWidth, height: this.map.clientHeight },
      this.app.theme,
      { chosen, pick: (id) => selectBuffer(this.app, id) },
    );
    fill(this.map, picture);
  }

  private showTotals(summary: CompilationSummary | undefined): void {
    if (!summary) return fill(this.totals);
    const { arenaBytes, arenaBytesWithoutReuse, constantBytes } = summary;
    const saved = arenaBytesWithoutReuse > 0 ? 1 - arenaBytes / arenaBytesWithoutReuse : 0;
    const total = (value: string, label: string): HTMLElement => el("div", { class: "total" }, el("b", {}, value), el("span", {}, label));
    const bar = el(
      "div",
      { class: "reuse-bar", role: "img", attrs: { "aria-label": `Reuse saves ${Math.round(saved * 100)} percent` } },
      el("div", { class: "reuse-used" }),
    );
    (bar.firstElementChild as HTMLElement).style.width = `${Math.round((1 - saved) * 100)}%`;
    fill(
      this.totals,
      total(bytesText(arenaBytes), "arena"),
      total(bytesText(arenaBytesWithoutReuse), "without reuse"),
      total(`${Math.round(saved * 100)} %`, "saved by reuse"),
      total(bytesText(constantBytes), "constants"),
      bar,
    );
  }

  private row(i: number): HTMLElement {
    const buffer = this.buffers[i] as BufferInfo;
    const swatch = el("span", { class: "swatch", attrs: { "aria-hidden": "true" } });
    const order = this.app.store.state.summary?.groups.findIndex(({ id }) => id === buffer.groups[0]) ?? -1;
    swatch.style.background = order >= 0 ? (this.app.theme.groups[order % this.app.theme.groups.length] ?? "") : "var(--muted)";
    return el(
      "div",
      { class: "row" },
      swatch,
      el("span", { class: "node-op" }, visible(buffer.name)),
      el(
        "span",
        { class: "node-name" },
        `${buffer.scope} · steps ${buffer.firstStep}–${buffer.lastStep}${buffer.reuses.length > 0 ? " · reuses" : ""}`,
      ),
      el("span", { class: "node-shape" }, `${buffer.shape.join("×")} ${buffer.dtype}`),
      el("span", { class: "node-shape buffer-bytes" }, bytesText(buffer.bytes)),
    );
  }
}

let panel: BuffersPanel | undefined;

export const buffersPanel: Panel = {
  id: "buffers",
  title: "Buffers",
  render: (app) => (panel = new BuffersPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.draw(),
};
