/** Two compilations side by side: their graphs with what differs marked, and their numbers. */
import { passRows, type App, type Panel } from "../../app.ts";
import { showStage } from "../../actions.ts";
import { endCompare } from "../../compare/messages.ts";
import type { Difference } from "../../compare/difference.ts";
import { dropdown, iconButton, progressRing, segmented, type Choice } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { Snapshot, Trace } from "../../model/trace.ts";
import type { Other, State } from "../../store.ts";
import { DifferenceList } from "./differences.ts";
import { ComparedGraphs, type Chosen } from "./graphs.ts";
import { summaryView } from "./summary.ts";

type Part = "graphs" | "summary";

interface Sides {
  readonly difference: Difference;
  readonly here: Snapshot;
  readonly there: Snapshot;
}

class ComparePanel {
  readonly element: HTMLElement;
  private readonly head = el("div", { class: "compare-head" });
  private readonly notice = el("div", { class: "code-notice", hidden: true });
  private readonly counts = el("div", { class: "compare-counts", role: "status" });
  private readonly parts;
  private readonly graphs: ComparedGraphs;
  private readonly differences: DifferenceList;
  private readonly bodies: Readonly<Record<Part, HTMLElement>>;
  private part: Part = "graphs";
  private shown: Sides | undefined;

  constructor(private readonly app: App) {
    const choose = (chosen: Chosen): void => this.choose(chosen);
    this.graphs = new ComparedGraphs(app, choose);
    this.differences = new DifferenceList(choose);
    this.parts = segmented<Part>(
      "What to compare",
      [
        { value: "graphs", label: "Graphs" },
        { value: "summary", label: "Numbers and decisions" },
      ],
      (part) => this.showPart(part),
    );
    this.parts.set("graphs");
    this.bodies = {
      graphs: el("div", { class: "compare-body" }, this.graphs.element, this.counts, this.differences.list.element),
      summary: el("div", {
        class: "compare-summary",
        tabIndex: 0,
        role: "region",
        hidden: true,
        attrs: { "aria-label": "Numbers and decisions" },
      }),
    };
    this.element = el(
      "section",
      { class: "compare-panel" },
      el(
        "div",
        { class: "toolbar" },
        this.head,
        el(
          "div",
          { class: "tools" },
          this.parts.element,
          iconButton("cross", "End the comparison", () => endCompare(app)),
        ),
      ),
      this.notice,
      this.bodies.graphs,
      this.bodies.summary,
    );
  }

  update(state: State, previous: State): void {
    const { other } = state;
    if (!other) {
      if (previous.other) this.graphs.forget();
      this.shown = undefined;
      return;
    }
    const relevant: (keyof State)[] = ["other", "view", "stage", "version", "summary", "busy", "foldBy", "turned", "direction"];
    if (state.view !== "compare" || relevant.every((key) => state[key] === previous[key])) return;
    if (other.hello.id !== previous.other?.hello.id) this.graphs.forget();
    const sides = this.sides(state, other);
    this.showNotice(other, sides);
    if (!sides) return;
    this.showHead(state, other);
    const newPicture =
      this.shown?.difference !== sides.difference ||
      (["foldBy", "turned", "direction", "view"] as const).some((key) => state[key] !== previous[key]);
    this.shown = sides;
    if (newPicture) this.showGraphs(sides, state, other);
    if (this.part === "summary") this.showSummary(state, other);
  }

  private sides({ stage, busy }: State, { stage: own, summary, failed }: Other): Sides | undefined {
    const { app } = this;
    // Graphs are matched once, when all of them are there.
    if (busy || !(summary ?? failed)) return undefined;
    const otherStage = own === "same" ? stage : own;
    const difference = app.other?.difference(app, stage, otherStage);
    if (!difference || !app.other) return undefined;
    return { difference, here: app.trace.snapshot(stage), there: app.other.trace.snapshot(otherStage) };
  }

  private showNotice({ failed, summary, hello }: Other, sides: Sides | undefined): void {
    this.notice.hidden = sides !== undefined && !failed;
    for (const part of ["graphs", "summary"] as const) this.bodies[part].hidden = sides === undefined || part !== this.part;
    const what = sides ? "What it made before that is shown." : "";
    if (failed)
      fill(
        this.notice,
        el("p", { class: "error-text" }, `${visible(hello.title)}: ${visible(failed.message)}`),
        el("p", {}, visible(failed.next), ` ${what}`),
      );
    else if (!sides)
      fill(
        this.notice,
        progressRing("Waiting"),
        el("p", {}, `${summary ? "Waiting for the graphs" : `Compiling ${visible(hello.title)}`} …`),
      );
  }

  private showHead(state: State, other: Other): void {
    const names = passRows(state);
    const choices = (trace: Trace): Choice[] =>
      trace.graphStages.map((stage) => ({
        value: String(stage),
        label: `after ${stage} ${names.find(({ index }) => index === stage)?.name ?? ""}`,
      }));
    const { app } = this;
    const own = dropdown("Stage on the left", choices(app.trace), String(app.trace.graphStage(state.stage)), (value) =>
      showStage(app, Number(value)),
    );
    const theirs = dropdown(
      "Stage on the right",
      [{ value: "same", label: "the same stage" }, ...(app.other ? choices(app.other.trace) : [])],
      String(other.stage),
      (value) => {
        const now = app.store.state.other;
        if (now) app.store.update({ other: { ...now, stage: value === "same" ? "same" : Number(value) } });
      },
    );
    const title = (text: string): HTMLElement => el("strong", { class: "compare-title", title: text }, text);
    fill(
      this.head,
      title(visible(other.hello.ownTitle)),
      own.element,
      el("span", { class: "muted" }, "and"),
      title(visible(other.hello.title)),
      theirs.element,
    );
  }

  private showGraphs({ difference, here, there }: Sides, state: State, { hello }: Other): void {
    const { app } = this;
    if (!app.other) return;
    this.graphs.show(difference, { here, there }, { here: app.trace, there: app.other.trace }, state, {
      here: visible(hello.ownTitle),
      there: visible(hello.title),
    });
    this.differences.show(difference, { here, there });
    const count = (kind: string, text: string, size: number): HTMLElement | false =>
      size > 0 && el("span", { class: `count ${kind}` }, `${size} ${text}`);
    const { same, differing, onlyHere, onlyThere } = difference;
    fill(
      this.counts,
      el(
        "span",
        { class: "muted" },
        same === 0 && this.differences.size === 0
          ? "Nothing to compare."
          : `${same} ${same === 1 ? "node is" : "nodes are"} the same on both sides`,
      ),
      count("changed", "differ", differing.length),
      count("removed", "only on the left", onlyHere.length),
      count("added", "only on the right", onlyThere.length),
    );
  }

  private showPart(part: Part): void {
    this.part = part;
    this.parts.set(part);
    for (const one of ["graphs", "summary"] as const) this.bodies[one].hidden = one !== part;
    const { state } = this.app.store;
    if (part === "summary" && state.other) this.showSummary(state, state.other);
  }

  private showSummary(state: State, other: Other): void {
    const { app } = this;
    if (!state.summary || !other.summary)
      return fill(this.bodies.summary, el("p", { class: "muted" }, "Both compilations must be done first."));
    const [a, b] = [app.trace.graphStages.at(-1), app.other?.trace.graphStages.at(-1)];
    const pairs = a === undefined || b === undefined ? undefined : app.other?.difference(app, a, b)?.pairs;
    const titles = [visible(other.hello.ownTitle), visible(other.hello.title)] as const;
    const last = a === undefined ? undefined : app.trace.snapshot(a);
    const go = (chosen: Chosen): void => {
      if (a !== undefined) showStage(app, a);
      this.showPart("graphs");
      this.choose(chosen);
    };
    fill(this.bodies.summary, ...summaryView({ here: state.summary, there: other.summary, titles, pairs, last }, go));
  }

  private choose(chosen: Chosen): void {
    this.differences.select(chosen);
    this.graphs.emphasise(chosen);
    if (chosen.here !== undefined || chosen.there !== undefined) this.graphs.reveal(chosen);
  }

  repaint(): void {
    this.graphs.repaint();
  }
}

let panel: ComparePanel | undefined;

export const comparePanel: Panel = {
  id: "compare",
  title: "Compare",
  render: (app) => (panel = new ComparePanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.repaint(),
};
