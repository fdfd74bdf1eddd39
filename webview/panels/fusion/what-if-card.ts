/** What if a pair were one nest, or were not: the model is compiled that way as well, both compilations are held against each other, and timed. */
import type { BenchResult, PanelOptions, Verdict } from "#protocol";
import type { App } from "../../app.ts";
import { showView } from "../../actions.ts";
import { endCompare } from "../../compare/messages.ts";
import { button, iconButton, linkButton, progressRing } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo, type Reply } from "../../host.ts";
import { isNothingToFuse, whyUnforceable } from "../../model/fusion-verdicts.ts";
import { visible } from "../../model/format.ts";
import type { Other, State } from "../../store.ts";
import { t } from "../../strings.ts";
import { pairOf, withPair } from "../details/what-if.ts";
import { measuredBlock } from "./measured.ts";
import { whatIfTable } from "./what-if-table.ts";

export type WhatIfKind = "force" | "forbid";

/** What may be tried about an edge; undefined: nothing, or not from here. */
export function whatIfKind(app: App, verdict: Verdict): WhatIfKind | undefined {
  const { options, hello } = app.store.state;
  if (!options || hello?.recorded === true || isNothingToFuse(verdict) || pairOf(app, verdict) === undefined) return undefined;
  if (verdict.accepted) return verdict.rule === "fuse/same-hole" ? undefined : "forbid";
  return whyUnforceable(verdict) === undefined ? "force" : undefined;
}

export class WhatIfCard {
  readonly element = el("section", { class: "what-if", hidden: true, attrs: { "aria-label": t("What if") } });
  private running: Reply<BenchResult> | undefined;
  private measured: { readonly id: number; readonly result: BenchResult } | undefined;
  private failure: string | undefined;
  private progress = "";

  constructor(private readonly app: App) {}

  /** Begins a comparison with the pair of an edge forced together or kept apart. */
  ask(verdict: Verdict): void {
    const { app } = this;
    const { options } = app.store.state;
    const kind = whatIfKind(app, verdict);
    const pair = pairOf(app, verdict);
    if (!options || !pair || kind === undefined) return app.announce(t("There is nothing to try about this edge."));
    this.failure = undefined;
    app.announce(kind === "force" ? t("Compiling with this pair in one nest") : t("Compiling with this pair apart"));
    app.host.request("compareOptions", { options: withPair(options, pair, kind) }).result.catch((error: unknown) => {
      this.failure = errorInfo(error).message;
      this.show(app.store.state);
    });
  }

  update(state: State, previous: State): void {
    if (state.other?.hello.id !== previous.other?.hello.id) {
      this.running?.cancel();
      this.measured = this.failure = undefined;
    }
    const relevant: (keyof State)[] = ["other", "summary", "busy", "hello", "trusted"];
    if (relevant.some((key) => state[key] !== previous[key])) this.show(state);
  }

  private show(state: State): void {
    const { other } = state;
    this.element.hidden = (!other || other.hello.kind !== "options") && this.failure === undefined;
    if (this.element.hidden) return fill(this.element);
    if (!other) return fill(this.element, el("p", { class: "error-text" }, visible(this.failure ?? "")));
    fill(this.element, this.head(other), ...this.body(state, other));
  }

  private head({ hello }: Other): HTMLElement {
    return el(
      "div",
      { class: "what-if-head" },
      el("h3", {}, t("What if? {0}", visible(hello.title))),
      iconButton("cross", "End the comparison", () => endCompare(this.app)),
    );
  }

  private body(state: State, other: Other): HTMLElement[] {
    const { app } = this;
    if (other.failed) return [el("p", { class: "error-text" }, visible(other.failed.message)), el("p", {}, visible(other.failed.next))];
    if (!other.summary || !state.summary || state.busy)
      return [el("div", { class: "what-if-wait" }, progressRing("Compiling"), el("span", {}, t("Compiling it that way …")))];
    const [a, b] = [app.trace.graphStages.at(-1), app.other?.trace.graphStages.at(-1)];
    const pairs = a === undefined || b === undefined ? undefined : app.other?.difference(app, a, b)?.pairs;
    const outcomes = (other.summary.pairs ?? []).filter(({ pair, kind }) => isNew(kind, pair, state.options));
    return [
      ...outcomes.map(({ done, because }) =>
        el("p", { class: done ? "what-if-done" : "what-if-not" }, `${done ? t("Done") : t("Not done")}: ${visible(because)}`),
      ),
      whatIfTable(app, { here: state.summary, there: other.summary, pairs }),
      measuredBlock(this.measured?.result),
      ...(this.failure === undefined ? [] : [el("p", { class: "error-text" }, visible(this.failure))]),
      this.actions(state, other),
    ];
  }

  private actions(state: State, other: Other): HTMLElement {
    const { app } = this;
    const obstacle = whyNotMeasured(state);
    const measure = button("Measure both", () => void this.measure(other), "primary", "play");
    measure.disable(obstacle !== undefined || this.running !== undefined);
    return el(
      "div",
      { class: "what-if-actions" },
      this.running ? el("span", { class: "what-if-wait" }, progressRing("Measuring"), this.progress) : measure.element,
      this.running ? linkButton("Cancel", () => this.running?.cancel()) : undefined,
      linkButton("Compare the graphs", () => showView(app, "compare"), "Both graphs side by side, with what differs marked"),
      linkButton("Keep it that way", () => this.keep(other), "Compiles with these options from now on"),
      obstacle === undefined ? undefined : el("span", { class: "muted" }, obstacle),
    );
  }

  private keep({ hello }: Other): void {
    const { app } = this;
    endCompare(app);
    app.host
      .request("compile", { options: hello.options })
      .result.catch((error: unknown) => app.store.update({ failed: errorInfo(error), busy: false }));
  }

  /** Both builds in one process, in turns. */
  private async measure({ hello }: Other): Promise<void> {
    const { app } = this;
    this.failure = undefined;
    const step = (text: string, done: number | null): void => {
      this.progress = `${text}${done === null ? "" : ` ${Math.round(done * 100)} %`}`;
      this.show(app.store.state);
    };
    this.running = app.host.request("bench", { scope: { kind: "model" }, baselines: [], against: hello.options }, step);
    step(t("building"), null);
    try {
      const result = await this.running.result;
      if (app.store.state.other?.hello.id === hello.id) this.measured = { id: hello.id, result };
      app.announce(t("Both are measured"));
    } catch (error) {
      this.failure = errorInfo(error).message;
    }
    this.running = undefined;
    this.show(app.store.state);
  }
}

/** A pair that only the other compilation has. */
function isNew(kind: WhatIfKind, pair: readonly [string, string], options: PanelOptions | undefined): boolean {
  return !(options?.[kind] ?? []).some(([a, b]) => a === pair[0] && b === pair[1]);
}

/** Why nothing can be timed here; undefined when it can. */
function whyNotMeasured({ hello, trusted, options }: State): string | undefined {
  if (hello?.recorded) return t("This page is a record: to measure, open the model in VS Code.");
  if (!trusted) return t("This workspace is not trusted: code is shown but not built or run. Trust the workspace to measure.");
  if (hello?.cannotRun) return hello.cannotRun;
  const missing = hello?.isas.find(({ name }) => name === options?.isa)?.missing ?? [];
  return missing.length > 0 ? t("This machine lacks {0}: the code can be looked at, not run.", missing.join(", ")) : undefined;
}
