/** Measuring: what, against what, and the result with everything needed to trust it or not. */
import { benchCommand, type BenchResult, type BenchScope, type PanelRequests } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { groupOfSelection, selectGroup, sourcesOfSelection } from "../../actions.ts";
import { button, checkbox, progressRing, segmented, type Control } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo, type Reply } from "../../host.ts";
import { visible } from "../../model/format.ts";
import { isHoleGroup, templateText } from "../../model/holes.ts";
import type { State } from "../../store.ts";
import { resultView } from "./result.ts";

type ScopeKind = BenchScope["kind"];

class BenchPanel {
  readonly element: HTMLElement;
  private kind: ScopeKind = "model";
  private readonly scope: Control<ScopeKind>;
  private readonly scopeText = el("span", { class: "muted" });
  private readonly run: Control<string>;
  private readonly cancel: Control<string>;
  private readonly notice = el("div", { class: "bench-notice", role: "status" });
  private readonly output = el("div", { class: "bench-output" });
  private againstOrt = true;
  private running: Reply<BenchResult> | undefined;
  private result: BenchResult | undefined;
  private resultCommand = "";

  constructor(private readonly app: App) {
    this.scope = segmented<ScopeKind>(
      "What to measure",
      [
        { value: "model", label: "Model" },
        { value: "group", label: "Selected group" },
        { value: "nodes", label: "Selected nodes" },
      ],
      (value) => {
        this.kind = value;
        this.showScope();
      },
    );
    this.run = button("Run benchmark", () => void this.start(), "primary", "play");
    this.cancel = button("Cancel", () => this.running?.cancel(), "secondary", "stop");
    const baseline = checkbox("Compare with ONNX Runtime", true, (checked) => (this.againstOrt = checked));
    this.element = el(
      "section",
      { class: "bench" },
      el("div", { class: "bench-controls" }, this.scope.element, this.scopeText, baseline.element, this.run.element, this.cancel.element),
      this.notice,
      this.output,
    );
    this.cancel.element.hidden = true;
    this.showScope();
    fill(
      this.output,
      el(
        "p",
        { class: "empty" },
        "Runs the code of the chosen scope on this machine, in turns with the baseline, and shows medians with their 95 % intervals.",
      ),
    );
  }

  update(state: State, previous: State): void {
    if (state.generation !== previous.generation) this.running?.cancel();
    const relevant: (keyof State)[] = ["selection", "trusted", "summary", "busy", "hello", "stage"];
    if (relevant.some((key) => state[key] !== previous[key])) this.showScope();
  }

  /** Why it can't run now; undefined when it can. */
  private obstacle(): string | undefined {
    const { state } = this.app.store;
    if (!state.trusted) return "This workspace is not trusted: code is shown but not built or run. Trust the workspace to measure.";
    if (state.hello?.cannotRun) return state.hello.cannotRun;
    const missing = state.hello?.isas.find(({ name }) => name === state.options?.isa)?.missing ?? [];
    if (missing.length > 0) return `This machine lacks ${missing.join(", ")}: the code can be looked at, not run.`;
    if (state.failed) return "The compilation failed: there is nothing to run.";
    if (state.busy || !state.summary) return "Compiling …";
    if (this.kind === "group" && groupOfSelection(this.app) === undefined)
      return "Select one fusion group, in the graph or in the list of groups.";
    if (this.kind === "nodes" && sourcesOfSelection(this.app).length === 0) return "Select nodes that come from the model.";
    return undefined;
  }

  private showScope(): void {
    this.scope.set(this.kind);
    const sources = sourcesOfSelection(this.app);
    const group = groupOfSelection(this.app);
    this.scopeText.textContent =
      this.kind === "group"
        ? group === undefined
          ? ""
          : `group ${group}`
        : this.kind === "nodes" && sources.length > 0
          ? `${sources.length} ONNX nodes`
          : "";
    const obstacle = this.obstacle();
    this.run.disable(obstacle !== undefined || this.running !== undefined);
    if (!this.running) fill(this.notice, obstacle === undefined ? undefined : el("p", { class: "muted" }, visible(obstacle)));
  }

  private scopeNow(): BenchScope {
    if (this.kind === "group") return { kind: "group", group: groupOfSelection(this.app) ?? 0 };
    return this.kind === "nodes" ? { kind: "nodes", nodes: sourcesOfSelection(this.app) } : { kind: "model" };
  }

  async start(scope?: BenchScope): Promise<void> {
    if (scope !== undefined && !this.running) this.kind = scope.kind;
    if (scope?.kind === "group") selectGroup(this.app, scope.group);
    if (this.obstacle() !== undefined || this.running) return this.showScope();
    const text = el("span", {}, "Starting …");
    const bar = el("progress", { attrs: { max: "1", "aria-label": "Benchmark" } });
    fill(this.notice, progressRing("Measuring"), text, bar);
    const asked = { scope: scope ?? this.scopeNow(), baselines: this.againstOrt ? ["ort"] : [] };
    const command = this.command(asked);
    this.running = this.app.host.request("bench", asked, (message, done) => {
      text.textContent = message;
      if (done === null) bar.removeAttribute("value");
      else bar.value = done;
    });
    this.cancel.element.hidden = false;
    this.showScope();
    try {
      this.result = await this.running.result;
      this.resultCommand = command;
      this.app.store.update({ measured: this.result });
      this.draw();
      fill(this.notice);
      this.app.announce("Benchmark done");
    } catch (error) {
      const { message, next, code } = errorInfo(error);
      fill(
        this.notice,
        el("p", { class: "error-text", role: "alert" }, visible(message)),
        el("p", {}, visible(next)),
        el("code", { class: "muted" }, code),
      );
    } finally {
      this.running = undefined;
      this.cancel.element.hidden = true;
      this.run.disable(this.obstacle() !== undefined);
    }
  }

  draw(): void {
    if (this.result)
      fill(
        this.output,
        resultView(
          this.result,
          this.app.theme,
          this.output.clientWidth,
          (group) => selectGroup(this.app, group),
          (group) => this.groupName(group),
          this.holes(),
          this.resultCommand,
        ),
      );
  }

  /** What to type to measure the same in a terminal. */
  private command(asked: PanelRequests["bench"]["arg"]): string {
    const { hello, options, summary } = this.app.store.state;
    return hello && options ? benchCommand(hello.model.path, options, asked, (node) => summary?.sources[node]?.path ?? `#${node}`) : "";
  }

  /** What ran on ONNX Runtime inside of our time. */
  private holes(): readonly string[] {
    const groups = this.app.store.state.summary?.groups.filter(isHoleGroup) ?? [];
    if (groups.length === 0) return [];
    const last = this.app.trace.graphStages[this.app.trace.graphStages.length - 1] ?? 0;
    const { nodes } = this.app.trace.snapshot(last);
    const names = groups.flatMap(({ members }) => members.map(({ node }) => nodes.get(node)?.op ?? `#${node}`));
    const counts = [...new Set(names)].map((name) => [name, names.filter((other) => other === name).length] as const);
    const list = counts.map(([name, count]) => (count === 1 ? name : `${count}× ${name}`)).join(", ");
    return [`Not all of this is our code: ${names.length} node${names.length === 1 ? "" : "s"} ran on ONNX Runtime (${list}).`];
  }

  private groupName(group: number): string {
    const info = this.app.store.state.summary?.groups.find(({ id }) => id === group);
    return info ? `${group} · ${templateText(info.template)}` : `group ${group}`;
  }
}

let panel: BenchPanel | undefined;

/** Runs a benchmark of `scope`, else the one that the panel is set to. */
export const startBench = (_app: App, scope?: BenchScope): void => void panel?.start(scope);

export const benchPanel: Panel = {
  id: "bench",
  title: "Benchmark",
  render: (app) => (panel = new BenchPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
  repaint: () => panel?.draw(),
};
