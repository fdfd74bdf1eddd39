/** What to measure, against what, and the button that starts it or calls it off. */
import type { BenchScope } from "#protocol";
import { button, checkbox, segmented, type Control } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { baselineName } from "../../model/bench-text.ts";
import { t } from "../../strings.ts";

export type ScopeKind = BenchScope["kind"];

/** Baselines to choose from, in their order. */
const offered = ["ort", "onednn", "plain"] as const;

export interface StartBarActions {
  readonly changed: () => void;
  readonly start: () => void;
  readonly cancel: () => void;
}

export class StartBar {
  readonly element: HTMLElement;
  kind: ScopeKind = "model";
  /** Also sample the code. */
  lines = true;
  private readonly scope: Control<ScopeKind>;
  private readonly scopeText = el("span", { class: "muted scope-text" });
  private readonly run: Control<string>;
  private readonly stop: Control<string>;
  private readonly boxes = new Map<string, Control<boolean>>();
  private readonly wanted = new Set<string>(["ort"]);

  constructor(actions: StartBarActions) {
    this.scope = segmented<ScopeKind>(
      "What to measure",
      [
        { value: "model", label: "Model" },
        { value: "group", label: "Selected group" },
        { value: "nodes", label: "Selected nodes" },
      ],
      (value) => {
        this.kind = value;
        actions.changed();
      },
    );
    this.run = button("Run benchmark", actions.start, "primary", "play");
    this.stop = button("Cancel", actions.cancel, "secondary", "stop");
    this.stop.element.hidden = true;
    for (const name of offered)
      this.boxes.set(
        name,
        checkbox(baselineName(name), this.wanted.has(name), (checked) => void (checked ? this.wanted.add(name) : this.wanted.delete(name))),
      );
    const hot = checkbox("Hot lines", this.lines, (checked) => (this.lines = checked)).element;
    hot.title = t("Also sample the code, and estimate its loops where llvm-mca is installed");
    const boxes = [...this.boxes.values()].map(({ element }) => element);
    const against = el(
      "div",
      { class: "baselines", role: "group", attrs: { "aria-label": t("Compare with") } },
      el("span", { class: "muted" }, t("Compare with")),
      ...boxes,
    );
    this.element = el(
      "div",
      { class: "bench-controls" },
      this.scope.element,
      this.scopeText,
      against,
      hot,
      this.run.element,
      this.stop.element,
    );
  }

  /** In the order they are offered. */
  get baselines(): readonly string[] {
    return offered.filter((name) => this.wanted.has(name));
  }

  /** As the settings have it. */
  setBaselines(names: readonly string[]): void {
    for (const [name, box] of this.boxes) {
      box.set(names.includes(name));
      if (names.includes(name)) this.wanted.add(name);
      else this.wanted.delete(name);
    }
  }

  show(scopeText: string, can: boolean, running: boolean): void {
    this.scope.set(this.kind);
    this.scopeText.textContent = scopeText;
    this.run.disable(!can || running);
    this.run.element.hidden = running;
    this.stop.element.hidden = !running;
  }
}
