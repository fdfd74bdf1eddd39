/** Memory: the arena over time, what a thread has for itself, the weights; which buffer is where, when, and what takes its place. */
import type { BufferInfo } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { select, selectBuffer, showStage } from "../../actions.ts";
import { segmented, toggleButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { ArenaPicture, bufferAt } from "../../draw/arena.ts";
import { isAlive, memoryMap, nodesAlive, type MemoryMap, type MemoryPlace, type PlacedBuffer, type StepRange } from "../../model/arena.ts";
import { bytesText, visible } from "../../model/format.ts";
import { links } from "../../model/links.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";
import { bufferRow } from "./buffer-row.ts";
import { StepBrush } from "./step-brush.ts";
import { showTotals } from "./totals.ts";

class BuffersPanel {
  readonly element: HTMLElement;
  private readonly totals = el("div", { class: "totals" });
  private readonly note = el("div", { class: "memory-note", role: "status" });
  private readonly frame: HTMLElement;
  private readonly list: VirtualList;
  private readonly brush: StepBrush;
  private readonly places;
  private readonly reuse;
  private readonly beside;
  private place: MemoryPlace = "arena";
  private reusing = true;
  private map: MemoryMap | undefined;
  private bars: readonly PlacedBuffer[] = [];
  private picture: ArenaPicture | undefined;
  /** What the picture was drawn from. */
  private drawn = "";

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: t("Buffers, largest first"),
      role: "listbox",
      idPrefix: "buffer-",
      rowHeight: 38,
      row: (i) => this.row(i),
      selected: (i) => this.bars[i]?.buffer.id === app.store.state.selection.buffer,
      onSelect: (i) => this.choose(this.bars[i]?.buffer.id),
    });
    this.places = segmented<MemoryPlace>(
      "Which memory",
      [
        { value: "arena", label: "Arena", title: "Shared by all threads, and by buffers that do not live together" },
        { value: "scratch", label: "Scratch", title: "What each thread has for itself" },
        { value: "weights", label: "Weights", title: "Constants: as the file has them, and packed at the first run" },
      ],
      (place) => this.change(place, this.reusing),
    );
    this.reuse = segmented<"with" | "without">(
      "Reuse of memory",
      [
        { value: "with", label: "With reuse" },
        { value: "without", label: "Without", title: "As if no buffer took the place of another" },
      ],
      (which) => this.change(this.place, which === "with"),
    );
    this.beside = toggleButton("bisect", "Show the graph above", () => app.store.update({ graphBeside: !app.store.state.graphBeside }));
    this.frame = el("div", {
      class: "arena",
      tabIndex: 0,
      role: "application",
      attrs: {
        "aria-label": t(
          "Memory over the steps of the schedule. Left and right move through the steps and select what is alive, with Shift they extend, up and down go through the buffers alive then, Escape ends it. The list has the same content.",
        ),
      },
    });
    this.brush = new StepBrush(this.frame, {
      steps: () => this.map?.steps.length ?? 0,
      stepAt: (x) => this.picture?.stepAt(x) ?? 0,
      bufferAt,
      brushed: (range) => this.brushed(range),
      pick: (id) => this.choose(id),
      next: (direction) => this.nextAlive(direction),
    });
    const tools = el("div", { class: "toolbar memory-tools" }, this.places.element, this.reuse.element, this.note, this.beside.element);
    const side = el("div", { class: "section buffer-list" }, this.list.element);
    this.element = el("section", { class: "buffers" }, this.totals, tools, el("div", { class: "memory-body" }, this.frame, side));
    this.places.set("arena");
    this.reuse.set("with");
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  update(state: State, previous: State): void {
    this.beside.set(state.graphBeside);
    if (state.summary !== previous.summary) {
      this.brush.clear();
      showTotals(this.totals, state.summary);
      this.build(state);
    } else if (state.view === "buffers" && (state.selection !== previous.selection || state.view !== previous.view)) {
      if (state.selection.buffer !== undefined && state.selection.buffer !== previous.selection.buffer) this.follow(state.selection.buffer);
      this.list.draw();
      this.draw();
    }
  }

  /** A buffer that was selected elsewhere is shown where it is. */
  private follow(id: number): void {
    const buffer = this.app.store.state.summary?.buffers.find((one) => one.id === id);
    const place = buffer && placeOf(buffer);
    if (place !== undefined && place !== this.place) this.change(place, this.reusing);
    this.list.reveal(this.bars.findIndex((bar) => bar.buffer.id === id));
  }

  private change(place: MemoryPlace, reusing: boolean): void {
    [this.place, this.reusing] = [place, reusing];
    this.places.set(place);
    this.reuse.set(reusing ? "with" : "without");
    this.reuse.element.hidden = place === "weights";
    this.build(this.app.store.state);
  }

  private build({ summary }: State): void {
    this.map = summary && memoryMap(summary, this.place, this.reusing);
    this.bars = [...(this.map?.bars ?? [])].sort((a, b) => b.buffer.bytes - a.buffer.bytes || a.buffer.id - b.buffer.id);
    this.list.set(this.bars.length);
    this.drawn = "";
    this.say(this.brush.range);
    this.draw();
  }

  draw(): void {
    const { summary, selection, view } = this.app.store.state;
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (view !== "buffers" || width === 0 || height === 0) return;
    const { map, app } = this;
    if (!summary || !map || map.bars.length === 0) {
      this.picture = undefined;
      this.drawn = "";
      return fill(this.frame, el("div", { class: "empty" }, emptyText(this.place, summary !== undefined)));
    }
    const wanted = [width, height, app.theme.kind, map.place, map.reuse].join();
    if (!this.picture || this.drawn !== wanted) {
      const words = { peak: t("peak"), bound: t("lower bound"), alive: t("alive"), step: t("step") };
      const groups = summary.groups.map(({ id }) => id);
      this.picture = new ArenaPicture(map, { width, height }, app.theme, { caches: summary.caches, groups, words, label: this.label(map) });
      this.drawn = wanted;
      fill(this.frame, this.picture.element);
    }
    const group = this.brush.range === undefined ? selection.group : undefined;
    this.picture.mark(
      ({ buffer }) => buffer.id === selection.buffer || (group !== undefined && buffer.groups.includes(group)),
      this.brush.range,
    );
  }

  repaint(): void {
    this.drawn = "";
    this.list.draw();
    this.draw();
  }

  private label({ bytes, bars, steps }: MemoryMap): string {
    return t("{0} in {1} buffers over {2} steps. The list has the same content.", bytesText(bytes), bars.length, steps.length);
  }

  private choose(id: number | undefined): void {
    if (id === undefined) return;
    selectBuffer(this.app, id);
    revealInGraph(this.app.store.state.selection.nodes);
  }

  /** Selects the nodes that are alive in the steps. */
  private brushed(range: StepRange | undefined): void {
    const { app, map } = this;
    const { summary } = app.store.state;
    if (!map || !summary) return;
    this.say(range);
    const last = app.trace.graphStages.at(-1);
    if (range === undefined || last === undefined) {
      select(app, { nodes: [] });
      return this.draw();
    }
    const nodes = nodesAlive(map, summary, range, links(app.trace.snapshot(last)).producer);
    if (!nodes.every((node) => app.shown().nodes.has(node))) showStage(app, last);
    select(app, { nodes });
    if (nodes.length > 0) revealInGraph(nodes);
    this.list.draw();
    this.draw();
  }

  /** What is alive in the steps, in words. */
  private say(range: StepRange | undefined): void {
    const { map } = this;
    if (range === undefined || !map) return fill(this.note);
    const [first, last] = range;
    const alive = map.bars.filter((bar) => isAlive(bar, range)).length;
    const most = map.steps.slice(first, last + 1).reduce((best, { aliveBytes }) => Math.max(best, aliveBytes), 0);
    const name = map.steps[first]?.name ?? "";
    const where = first === last ? t("step {0} {1}", first, visible(name)) : t("steps {0} to {1}", first, last);
    const what = map.place === "arena" ? t("{0} buffers, {1} alive", alive, bytesText(most)) : t("{0} buffers", alive);
    fill(this.note, `${where}: ${what}`);
  }

  /** The next larger or smaller buffer that is alive in the brushed steps. */
  private nextAlive(direction: 1 | -1): void {
    const { range } = this.brush;
    const alive = this.bars.filter((bar) => range === undefined || isAlive(bar, range));
    const now = alive.findIndex(({ buffer }) => buffer.id === this.app.store.state.selection.buffer);
    const next = alive[now < 0 ? 0 : Math.min(alive.length - 1, Math.max(0, now + direction))];
    if (!next) return;
    this.choose(next.buffer.id);
    this.app.announce(`${visible(next.buffer.name)}, ${bytesText(next.buffer.bytes)}`);
  }

  private row(i: number): HTMLElement {
    const { summary } = this.app.store.state;
    const bar = this.bars[i];
    if (!bar || !summary) return el("div", { class: "row" });
    return bufferRow(bar, {
      theme: this.app.theme,
      order: summary.groups.findIndex(({ id }) => id === bar.buffer.groups[0]),
      faded: this.brush.range !== undefined && !isAlive(bar, this.brush.range),
    });
  }
}

const placeOf = ({ scope }: BufferInfo): MemoryPlace | undefined =>
  scope === "arena" ? "arena" : scope === "thread" ? "scratch" : scope === "packed" || scope === "weight" ? "weights" : undefined;

function emptyText(place: MemoryPlace, compiled: boolean): string {
  if (!compiled) return t("The memory plan comes with the last passes.");
  if (place === "scratch") return t("No thread keeps anything to itself: all is in registers or shared.");
  if (place === "weights") return t("No weights: nothing is known before it runs.");
  return t("Nothing lives in the arena: every value is an input, an output, a constant, or a thread keeps it to itself.");
}

let panel: BuffersPanel | undefined;

export const buffersPanel: Panel = {
  id: "buffers",
  title: "Memory",
  render: (app) => (panel = new BuffersPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.repaint(),
};
