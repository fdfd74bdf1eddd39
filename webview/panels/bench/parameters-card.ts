/** Sliders for the parameters of a group's template: its kernel is built anew with them and timed in turns with what the compiler chose. */
import type { TemplateParams, TemplateSpace } from "#protocol";
import { button, slider, type Control } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { card, note } from "./parts.ts";

export interface ParameterActions {
  /** Measures the group with these parameters; the compiler's own take part. */
  readonly measure: (group: number, params: TemplateParams) => void;
  /** Why nothing can be measured now. */
  readonly obstacle: () => string | undefined;
}

export class ParametersCard {
  readonly element: HTMLElement;
  private readonly body = el("div", { class: "parameters" });
  private space: TemplateSpace | undefined;
  /** Position on each axis. */
  private at: number[] = [];
  private run: Control<string> | undefined;

  constructor(private readonly actions: ParameterActions) {
    this.element = card("parameters", "Parameters of the kernel", this.body);
    this.element.hidden = true;
  }

  /** @param name of the group; undefined: none is chosen */
  show(space: TemplateSpace | undefined, name: string): void {
    if (space === this.space) return;
    this.space = space;
    this.element.hidden = space === undefined;
    if (!space) return;
    this.at = space.axes.map(({ chosen }) => chosen);
    if (space.axes.length === 0) return fill(this.body, note(t("{0}: {1}.", name, visible(space.why ?? t("nothing to choose")))));
    this.run = button("Build and time it", () => this.measure(), "primary", "play");
    const reset = button("The compiler's choice", () => this.reset());
    fill(
      this.body,
      note(
        t(
          "{0}, template {1}. The kernel is built with what is set here, and timed in turns with what the compiler chose.",
          name,
          visible(space.template),
        ),
      ),
      el("div", { class: "parameter-grid" }, ...space.axes.map((axis, i) => this.axisRow(axis, i))),
      el("div", { class: "bench-actions" }, this.run.element, reset.element),
    );
    this.refresh();
  }

  /** Whether it can be measured may have changed. */
  refresh(): void {
    const same = this.space?.axes.every(({ chosen }, i) => chosen === this.at[i]) ?? true;
    this.run?.disable(same || this.actions.obstacle() !== undefined);
  }

  private axisRow({ name, what, values, chosen }: TemplateSpace["axes"][number], i: number): HTMLElement {
    const value = el("output", { class: "parameter-value" });
    const control = slider(`${name}: ${what}`, (position) => set(position));
    const said = (position: number): string => visible(String(values[position] ?? ""));
    const set = (position: number): void => {
      this.at[i] = position;
      control.set(position, values.length - 1, said(position));
      fill(value, said(position), position === chosen ? el("span", { class: "muted" }, ` ${t("(chosen)")}`) : "");
      row.classList.toggle("changed", position !== chosen);
      this.refresh();
    };
    control.element.disabled = values.length < 2;
    const row = el(
      "div",
      { class: "parameter" },
      el("span", { class: "parameter-name", title: visible(what) }, visible(name)),
      el("span", { class: "parameter-what muted" }, visible(what)),
      control.element,
      value,
    );
    set(this.at[i] ?? chosen);
    this.resets[i] = () => set(chosen);
    return row;
  }

  private readonly resets: (() => void)[] = [];

  private reset(): void {
    for (const each of this.resets.slice(0, this.space?.axes.length)) each();
  }

  private measure(): void {
    const { space } = this;
    if (!space) return;
    const chosen = space.axes.map(({ name, values }, i) => [name, values[this.at[i] ?? 0] ?? 0] as const);
    this.actions.measure(space.group, Object.fromEntries(chosen));
  }
}
