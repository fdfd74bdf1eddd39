/** The frame of the page: options above, passes and lists at the left, one view in the middle, details at the right, a line below. */
import { passRows, type App, type Panel } from "./app.ts";
import { showView } from "./actions.ts";
import { icon, type IconName } from "./controls/index.ts";
import { coverageText, restText, workText } from "./coverage-text.ts";
import { el, fill } from "./dom.ts";
import { makeDrawers } from "./drawers.ts";
import type { Theme } from "./draw/theme.ts";
import { bytesText, timeText, visible } from "./model/format.ts";
import { detailPanels, sidePanels, topPanels, viewPanels } from "./panels/index.ts";
import type { State, View } from "./store.ts";
import { t } from "./strings.ts";

const viewIcons: Readonly<Record<string, IconName>> = {
  graph: "graph",
  kernels: "code",
  buffers: "memory",
  bench: "chart",
  fusion: "nest",
  values: "scale",
  compare: "compare",
};

export interface Shell {
  readonly element: HTMLElement;
  repaint(theme: Theme): void;
  /** Writes what was left for after the first picture. */
  catchUp(): void;
}

/** What the first picture is made of. */
const firstPanels: readonly Panel[] = [...topPanels, ...viewPanels.filter(({ id }) => id === "graph")];

/** Builds all panels and keeps them up to date: those of the first picture at once, the others behind it. */
export function buildShell(app: App): Shell {
  const tabs = tabList(app);
  const drawers = makeDrawers();
  const status = el("footer", { class: "status-line" });
  const top = el("header", { class: "top" });
  const side = el("nav", { class: "side", id: "side", attrs: { "aria-label": t("Passes, groups and nodes") } });
  const middle = el("main", { class: "middle" }, el("div", { class: "tab-row" }, drawers.side, tabs.element, drawers.details));
  const details = el("aside", { class: "details-column", id: "details", attrs: { "aria-label": t("Details") } });
  const views = new Map(viewPanels.map((panel) => [panel, viewHolder(panel)]));
  middle.append(...views.values());
  const places: readonly (readonly [Panel, HTMLElement])[] = [
    ...topPanels.map((panel) => [panel, top] as const),
    ...sidePanels.map((panel) => [panel, side] as const),
    ...views,
    ...detailPanels.map((panel) => [panel, details] as const),
  ];
  const panels = new Panels(app, places);
  const element = el("div", { class: "shell" }, top, side, middle, details, status);
  drawers.listen(element);
  const update = (state: State, previous: State): void => {
    tabs.update(state);
    const beside = graphBeside(state);
    middle.classList.toggle("two-views", beside);
    for (const [{ id }, holder] of views) holder.hidden = id !== state.view && !(beside && id === "graph");
    panels.update(state, previous);
    if (state.summary !== previous.summary || state.busy !== previous.busy || state.failed !== previous.failed) showStatus(status, state);
    if (state.stage !== previous.stage) app.announce(spokenStage(state));
  };
  update(app.store.state, app.store.state);
  app.store.subscribe(update);
  return { element, repaint: (theme) => panels.repaint(theme), catchUp: () => panels.catchUp() };
}

function viewHolder({ id }: Panel): HTMLElement {
  return el("div", { class: "view", role: "tabpanel", id: `view-${id}`, attrs: { "aria-labelledby": `tab-${id}` } });
}

/** The panels and what they show. Those that are not part of the first picture are made when something else is to be shown, or behind it. */
class Panels {
  private built: readonly Panel[] = [];
  private readonly begin: State;
  /** What those behind the first picture show. */
  private known: State | undefined;

  constructor(
    private readonly app: App,
    private readonly places: readonly (readonly [panel: Panel, place: HTMLElement])[],
  ) {
    this.begin = app.store.state;
    this.build(firstPanels);
  }

  update(state: State, previous: State): void {
    if (state === this.begin || this.app.drawsFirst()) return this.show(firstPanels, state, previous);
    if (this.known === previous) {
      this.known = state;
      return this.show(this.built, state, previous);
    }
    this.show(firstPanels, state, previous);
    this.catchUp();
  }

  /** Makes what is missing, and has all show the same. */
  catchUp(): void {
    const { state } = this.app.store;
    const others = this.places.map(([panel]) => panel).filter((panel) => !firstPanels.includes(panel));
    if (this.known === undefined) {
      this.build(this.places.map(([panel]) => panel));
      this.show(others, this.begin, this.begin);
      this.known = this.begin;
    }
    const { known } = this;
    this.known = state;
    if (known !== state) this.show(others, state, known);
  }

  repaint(theme: Theme): void {
    for (const panel of this.built) panel.repaint?.(theme);
  }

  private build(panels: readonly Panel[]): void {
    for (const [panel, place] of this.places)
      if (panels.includes(panel) && !this.built.includes(panel)) place.append(panel.render(this.app));
    this.built = panels;
  }

  private show(panels: readonly Panel[], state: State, previous: State): void {
    for (const panel of panels) panel.update(state, previous, this.app);
  }
}

/** These views light nodes: the graph is above them. */
const withGraph: readonly View[] = ["fusion", "buffers", "values"];
const graphBeside = ({ view, graphBeside: wanted }: State): boolean => wanted && withGraph.includes(view);

function tabList(app: App): { readonly element: HTMLElement; update(state: State): void } {
  const element = el("div", { class: "tabs", role: "tablist", attrs: { "aria-label": t("Views") } });
  const tabs = viewPanels.map((panel, i) => {
    const tab = el("button", {
      class: "tab",
      role: "tab",
      id: `tab-${panel.id}`,
      title: `${t(panel.title)} (${i + 1})`,
      attrs: { type: "button", "aria-controls": `view-${panel.id}` },
      onClick: () => showView(app, panel.id as View),
    });
    tab.append(icon(viewIcons[panel.id] ?? "dot"), el("span", {}, t(panel.title)));
    element.append(tab);
    return tab;
  });
  element.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = (tabs.findIndex((tab) => tab.tabIndex === 0) + step + tabs.length) % tabs.length;
    showView(app, viewPanels[next]?.id as View);
    tabs[next]?.focus();
  });
  const update = (state: State): void =>
    tabs.forEach((tab, i) => {
      const chosen = viewPanels[i]?.id === state.view;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      tab.hidden = viewPanels[i]?.id === "compare" && !state.other;
    });
  return { element, update };
}

const spokenStage = (state: State): string => {
  const row = passRows(state).find(({ index }) => index === state.stage);
  return row ? t("Stage {0}, {1}, {2}", row.index, row.name, row.status ?? t("not run yet")) : "";
};

function showStatus(status: HTMLElement, { summary, failed, busy }: State): void {
  if (failed) return fill(status, el("span", { class: "status-error" }, `${failed.message} ${failed.next}`));
  if (busy || !summary) return fill(status, el("span", {}, t("Compiling …")));
  const ms = summary.passes.reduce((sum, pass) => sum + (Number.isFinite(pass.ms) ? pass.ms : 0), 0);
  const part = (label: string, value: string, title: string): HTMLElement =>
    el("span", { title: t(title) }, el("b", {}, value), ` ${label}`);
  fill(
    status,
    part(summary.groups.length === 1 ? t("group") : t("groups"), String(summary.groups.length), "Fusion groups"),
    workText(summary) !== "not known" &&
      part(
        t("per run"),
        workText(summary),
        `Floating-point operations of one run, estimated from shapes${summary.unsupported.length > 0 ? `; ${restText(summary)}` : ""}`,
      ),
    Number.isFinite(summary.bytes) &&
      part(t("moved"), bytesText(summary.bytes), "Bytes read and written by one run if every op went to memory once"),
    part(t("arena"), bytesText(summary.arenaBytes), `Without reuse ${bytesText(summary.arenaBytesWithoutReuse)}`),
    part(t("constants"), bytesText(summary.constantBytes), "Weights and folded constants"),
    part(t("in passes"), timeText(ms), "Time spent in all passes"),
    summary.unsupported.length > 0 &&
      el(
        "span",
        { class: "status-warning", title: visible(summary.unsupported.map((u) => `${u.node} ${u.opType}: ${u.reason}`).join(" | ")) },
        `compiled: ${coverageText(summary)}`,
      ),
  );
}
