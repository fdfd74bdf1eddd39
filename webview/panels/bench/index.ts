/** Measuring: what, against what; the result with everything needed to trust it or not; the runs before it. */
import {
  benchCommand,
  isBenchRun,
  type BenchRun,
  type BenchScope,
  type PanelRequests,
  type TemplateParams,
  type TemplateSpace,
} from "#protocol";
import { groupOfSelection, selectGroup, showView, sourcesOfSelection } from "../../actions.ts";
import type { App, Panel } from "../../app.ts";
import { el, fill, showInColumn } from "../../dom.ts";
import { errorInfo, type Reply } from "../../host.ts";
import { templateText } from "../../model/holes.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { goToLine } from "../kernels/index.ts";
import { dashboard } from "./dashboard.ts";
import { historyCard } from "./history-card.ts";
import { emptyBoard, Notice } from "./notice.ts";
import { holeRemarks, isOfCompilation } from "./own-run.ts";
import { ParametersCard } from "./parameters-card.ts";
import type { Dashboard } from "./parts.ts";
import { dateText } from "./roofline-card.ts";
import { RunList } from "./run-list.ts";
import { StartBar } from "./start-bar.ts";

/** Space around the pictures: of the view, and of a card. */
const around = 2 * 14 + 2 * 15;
const widest = 1100;

type BenchArg = PanelRequests["bench"]["arg"];

class BenchPanel {
  readonly element: HTMLElement;
  private readonly bar: StartBar;
  private readonly notice = new Notice();
  private readonly output = el("div", { class: "bench-output" });
  private readonly parameters: ParametersCard;
  private readonly runs: RunList;
  private running: Reply<unknown> | undefined;
  private shown: string | undefined;
  private against: string | undefined;
  private drawnWidth = -1;
  private asked: { readonly generation: number; readonly group: number; readonly space: Promise<TemplateSpace | undefined> } | undefined;

  constructor(private readonly app: App) {
    this.runs = new RunList(app);
    this.bar = new StartBar({ changed: () => this.showScope(), start: () => void this.start(), cancel: () => this.running?.cancel() });
    this.parameters = new ParametersCard({
      obstacle: () => this.obstacle("group"),
      measure: (group, params) => void this.start({ kind: "group", group }, params),
    });
    this.element = el("section", { class: "bench" }, this.bar.element, this.notice.element, this.output);
    this.showScope();
    this.draw();
    new ResizeObserver(() => this.output.clientWidth > 0 && this.output.clientWidth !== this.drawnWidth && this.draw()).observe(
      this.output,
    );
  }

  update(state: State, previous: State): void {
    if (state.generation !== previous.generation) this.running?.cancel();
    if (state.hello !== previous.hello && state.hello) this.greeted(state.hello, previous.hello);
    const relevant: (keyof State)[] = ["selection", "trusted", "summary", "busy", "hello", "stage", "failed"];
    if (relevant.some((key) => state[key] !== previous[key])) this.showScope();
    if (state.summary !== previous.summary && state.summary) {
      this.draw();
      queueMicrotask(() => this.measured()); // not amid the update that brought the summary
    }
    if (state.view === "bench" && (["selection", "view", "summary"] as const).some((key) => state[key] !== previous[key]))
      this.followSelection();
  }

  private greeted(hello: NonNullable<State["hello"]>, before: State["hello"]): void {
    if (before?.model.path === hello.model.path) return;
    if (hello.baselines) this.bar.setBaselines(hello.baselines);
    void this.runs.load().then(() => {
      this.shown ??= this.runs.newest?.id;
      this.draw();
      this.measured();
    });
  }

  /** Why it can't run now; undefined when it can. */
  private obstacle(kind = this.bar.kind): string | undefined {
    const { state } = this.app.store;
    if (state.hello?.recorded) return t("This page is a record: to measure, open the model in VS Code.");
    if (!state.trusted) return t("This workspace is not trusted: code is shown but not built or run. Trust the workspace to measure.");
    if (state.hello?.cannotRun) return state.hello.cannotRun;
    const missing = state.hello?.isas.find(({ name }) => name === state.options?.isa)?.missing ?? [];
    if (missing.length > 0) return t("This machine lacks {0}: the code can be looked at, not run.", missing.join(", "));
    if (state.failed) return t("The compilation failed: there is nothing to run.");
    if (state.busy || !state.summary) return t("Compiling …");
    if (kind === "group" && groupOfSelection(this.app) === undefined)
      return t("Select one fusion group, in the graph or in the list of groups.");
    if (kind === "nodes" && sourcesOfSelection(this.app).length === 0) return t("Select nodes that come from the model.");
    return undefined;
  }

  private showScope(): void {
    const { kind } = this.bar;
    const [sources, group] = [sourcesOfSelection(this.app), groupOfSelection(this.app)];
    const texts = {
      model: "",
      group: group === undefined ? "" : t("group {0}", group),
      nodes: sources.length === 0 ? "" : t("{0} ONNX nodes", sources.length),
    };
    const obstacle = this.obstacle();
    this.bar.show(texts[kind], obstacle === undefined, this.running !== undefined);
    if (!this.running) this.notice.obstacle(obstacle);
    this.parameters.refresh();
  }

  private scopeNow(): BenchScope {
    const { kind } = this.bar;
    if (kind === "group") return { kind, group: groupOfSelection(this.app) ?? 0 };
    return kind === "nodes" ? { kind, nodes: sourcesOfSelection(this.app) } : { kind };
  }

  async start(scope?: BenchScope, params?: TemplateParams): Promise<void> {
    if (scope !== undefined && !this.running) this.bar.kind = scope.kind;
    if (scope?.kind === "group") selectGroup(this.app, scope.group);
    if (this.obstacle() !== undefined || this.running) return this.showScope();
    const arg: BenchArg = {
      scope: scope ?? this.scopeNow(),
      baselines: this.bar.baselines,
      ...(params ? { params } : {}),
      ...(this.bar.lines ? { lines: true } : {}),
    };
    const step = this.notice.progress();
    const command = this.command(arg);
    const { options } = this.app.store.state;
    const asked = this.app.host.request("bench", arg, step);
    this.running = asked;
    this.showScope();
    try {
      const result = await asked.result;
      const at = new Date().toISOString();
      const id = `${at} ${Math.random().toString(36).slice(2, 8)}`;
      const { model } = this.app.store.state.hello ?? { model: { name: "" } };
      if (options)
        this.finished({ schema: 1, id, at, model: model.name, scope: arg.scope, options, command, ...(params ? { params } : {}), result });
      this.running = undefined;
      this.showScope();
    } catch (error) {
      this.running = undefined;
      this.showScope();
      this.notice.failed(errorInfo(error), () => void this.start(arg.scope, arg.params));
    }
  }

  private finished(run: BenchRun): void {
    this.against = this.shown === undefined ? undefined : this.against;
    this.shown = run.id;
    this.runs.keep(run);
    this.draw();
    this.measured();
    this.app.announce(t("Benchmark done"));
  }

  private get run(): BenchRun | undefined {
    return this.runs.find(this.shown);
  }

  /** The graph is coloured by the run that is shown, if it is one of its groups. */
  private measured(): void {
    const { run } = this;
    const own = run && isOfCompilation(run, this.app.store.state) ? run : undefined;
    const from = own ? t("run of {0}: {1}, {2} threads", dateText(own.at), own.result.isa, own.result.threads) : undefined;
    this.app.store.update({ measured: own?.result, measuredFrom: from });
  }

  /** Everything below the controls. */
  draw(): void {
    const { run, app } = this;
    this.drawnWidth = this.output.clientWidth;
    const recorded = app.store.state.hello?.recorded === true;
    if (!run) return fill(this.output, emptyBoard(recorded), this.parameters.element, recorded ? undefined : this.openLink());
    if (this.drawnWidth === 0) return; // out of sight: drawn when it comes into it
    const own = isOfCompilation(run, this.app.store.state);
    const board: Dashboard = {
      run,
      runs: this.runs.all,
      theme: app.theme,
      width: Math.max(300, Math.min(this.drawnWidth - around, widest)),
      selected: groupOfSelection(app),
      ownGroups: own,
      pickGroup: (group) => selectGroup(app, group),
      groupName: (group) => this.groupName(group),
      remarks: own ? holeRemarks(app) : [],
      openLine: (line) => {
        showView(app, "kernels");
        goToLine("cpp", line);
      },
    };
    const history = historyCard(board, this.against, {
      show: (id) => this.show(id),
      drop: (ids) => this.drop(ids),
      save: (kept) => void this.save(kept),
      ...(recorded ? {} : { open: () => void this.open() }),
      compareWith: (id) => (this.against = id),
    });
    fill(
      this.output,
      dashboard(board, {
        heat: own && run.result.regions.length > 0 ? () => this.heat() : undefined,
        parameters: this.parameters.element,
        history,
      }),
    );
  }

  private openLink(): HTMLElement {
    const link = el("button", { class: "link", attrs: { type: "button" }, onClick: () => void this.open() }, t("Open a stored run"));
    return el("p", { class: "bench-open" }, link);
  }

  private show(id: string): void {
    this.shown = id;
    this.draw();
    this.measured();
    const head = this.output.querySelector<HTMLElement>(".bench-head");
    head?.setAttribute("tabindex", "-1");
    head?.focus();
    showInColumn(head, "nearest");
  }

  private drop(ids: readonly string[]): void {
    this.runs.drop(ids);
    if (!this.run) this.shown = this.runs.newest?.id;
    this.draw();
    this.measured();
    this.output.querySelector<HTMLElement>(".card-history .link")?.focus();
  }

  private async save(run: BenchRun): Promise<void> {
    const name = `${run.model.replace(/\.onnx$/, "")}-bench-${run.at.replaceAll(/[^\d]+/g, "-")}.json`;
    try {
      const { path } = await this.app.host.request("saveFile", { name, text: `${JSON.stringify(run, undefined, 1)}\n` }).result;
      if (path !== null) this.app.announce(t("Saved as {0}", path));
    } catch (error) {
      this.notice.failed(errorInfo(error), () => void this.save(run));
    }
  }

  private async open(): Promise<void> {
    try {
      const { run } = await this.app.host.request("openRun", {}).result;
      if (!isBenchRun(run)) return;
      this.runs.put(run);
      this.show(run.id);
    } catch (error) {
      this.notice.failed(errorInfo(error), () => void this.open());
    }
  }

  private heat(): void {
    this.app.store.update({ colorBy: "time", view: "graph", bodies: [] });
  }

  /** Marks the selected group, and offers the parameters of its template. */
  private followSelection(): void {
    const group = groupOfSelection(this.app);
    for (const slice of this.output.querySelectorAll<SVGElement>(".time-slice"))
      slice.classList.toggle("lit", slice.dataset.group === String(group));
    const { generation, summary, hello } = this.app.store.state;
    if (group === undefined || !summary || hello?.recorded) return this.parameters.show(undefined, "");
    if (this.asked?.generation !== generation || this.asked.group !== group) {
      const space = this.app.host.request("templateSpace", { group }).result.catch(() => undefined);
      this.asked = { generation, group, space };
    }
    const { asked } = this;
    void asked.space.then((space) => this.asked === asked && this.parameters.show(space, this.groupName(group)));
  }

  /** What to type to measure the same in a terminal. */
  private command(arg: BenchArg): string {
    const { hello, options, summary } = this.app.store.state;
    return hello && options
      ? benchCommand(
          hello.model.path,
          options,
          { ...arg, sample: arg.lines === true, static: arg.lines === true },
          (node) => summary?.sources[node]?.path ?? `#${node}`,
        )
      : "";
  }

  private groupName(group: number): string {
    const info = this.app.store.state.summary?.groups.find(({ id }) => id === group);
    return info ? `${group} · ${templateText(info.template)}` : t("group {0}", group);
  }
}

let panel: BenchPanel | undefined;

/** Shows the view and runs a benchmark of `scope`, else of what the panel is set to. */
export function startBench(app: App, scope?: BenchScope): void {
  showView(app, "bench");
  void panel?.start(scope);
}

export const benchPanel: Panel = {
  id: "bench",
  title: "Benchmark",
  render: (app) => (panel = new BenchPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.draw(),
};
