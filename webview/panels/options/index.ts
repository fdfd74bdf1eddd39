/** The options of the compilation, in one line: changed here, compiled again by the host. */
import type { PanelOptions } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { button, checkbox, dropdown, textField, type Control } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { bytesText, visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { PairChips } from "./pair-chips.ts";

const isCount = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

class OptionsPanel {
  readonly element = el("div", { class: "options-bar", role: "toolbar", attrs: { "aria-label": "Compilation" } });
  private wanted: PanelOptions | undefined;
  private compile: Control<string> | undefined;
  private passesButton: Control<string> | undefined;
  private popover: HTMLElement | undefined;
  private readonly chips: PairChips;

  constructor(private readonly app: App) {
    this.chips = new PairChips(app);
    document.addEventListener("pointerdown", (event) => {
      const inside =
        this.popover?.contains(event.target as Node) === true || this.passesButton?.element.contains(event.target as Node) === true;
      if (!inside) this.closePopover();
    });
  }

  update(state: State, previous: State): void {
    if (state.hello !== previous.hello || state.options !== previous.options) this.build(state);
    if (state.busy !== previous.busy || state.failed !== previous.failed) this.showDifference();
    if (state.options !== previous.options || state.summary !== previous.summary) this.chips.show(state);
  }

  private build({ hello, options }: State): void {
    if (!hello || !options) return fill(this.element, el("span", { class: "muted" }, "Fusionscope"));
    this.wanted = options;
    const labelled = (label: string, control: HTMLElement): HTMLElement => el("label", { class: "option" }, el("span", {}, label), control);
    const isa = dropdown(
      "Instruction set",
      hello.isas.map(({ name, missing }) => ({ value: name, label: missing.length > 0 ? `${name} (look only)` : name })),
      options.isa,
      (value) => this.change({ isa: value }),
    );
    const counts = Array.from({ length: Math.max(1, hello.maxThreads, options.threads) }, (_, i) => ({
      value: String(i + 1),
      label: String(i + 1),
    }));
    const threads = dropdown("Threads", counts, String(options.threads), (value) => this.change({ threads: Number(value) }));
    const precisions = (["f32", "bf16"] as const).map((value) => ({ value, label: value }));
    const precision = dropdown("Precision", precisions, options.precision, (value) =>
      this.change({ precision: value === "bf16" ? "bf16" : "f32" }),
    );
    const dims = hello.dims.map(({ name, value, source }) => {
      const field: Control<string> = textField(`Dimension ${name}`, String(options.dims[name] ?? value), (text) => {
        if (isCount(text)) this.change({ dims: { ...this.wanted?.dims, [name]: Number(text) } });
        else field.set(String(this.wanted?.dims[name] ?? value));
      });
      const note = name in options.dims ? "" : source === "default" ? "default" : "";
      const option = labelled(visible(name), field.element);
      option.title = note === "" ? `Extent of ${visible(name)}` : `Extent of ${visible(name)}: nobody has set it, ${value} is assumed`;
      if (note !== "") option.append(el("small", { class: "muted" }, note));
      return option;
    });
    this.passesButton = button("", () => this.togglePopover(), "secondary");
    this.passesButton.element.setAttribute("aria-haspopup", "dialog");
    this.compile = button("Compile", () => this.start(), "primary");
    fill(
      this.element,
      el(
        "span",
        { class: "model", title: visible(hello.model.path) },
        visible(hello.model.name),
        hello.model.bytes > 0 && el("span", { class: "model-size" }, bytesText(hello.model.bytes)),
      ),
      labelled("ISA", isa.element),
      labelled("Threads", threads.element),
      labelled("Precision", precision.element),
      ...dims,
      this.passesButton.element,
      this.chips.element,
      el("span", { class: "spring" }),
      this.compile.element,
    );
    this.showDifference();
  }

  private change(part: Partial<PanelOptions>): void {
    if (!this.wanted) return;
    this.wanted = { ...this.wanted, ...part };
    this.showDifference();
  }

  private showDifference(): void {
    const { options, busy } = this.app.store.state;
    const off = this.wanted?.without.length ?? 0;
    this.passesButton?.set(off === 0 ? "All passes on" : `${off} pass${off === 1 ? "" : "es"} off`);
    const same = JSON.stringify(this.wanted) === JSON.stringify(options);
    this.compile?.set(busy && !this.app.store.state.failed ? "Compiling …" : same ? "Compile" : "Compile with changes");
    this.compile?.disable(same || (busy && !this.app.store.state.failed));
  }

  private start(): void {
    if (!this.wanted) return;
    this.closePopover();
    this.app.host
      .request("compile", { options: this.wanted })
      .result.catch((error: unknown) => this.app.store.update({ failed: errorInfo(error), busy: false }));
  }

  private togglePopover(): void {
    if (this.popover) return this.closePopover();
    const { hello } = this.app.store.state;
    // A pass that runs twice is switched off by its one name.
    const optional = new Map((hello?.passes ?? []).filter((pass) => pass.optional).map((pass) => [pass.name, pass]));
    const rows = [...optional.values()].map(({ name, why }) => {
      const box = checkbox(visible(name), !this.wanted?.without.includes(name), (checked) => {
        const without = (this.wanted?.without ?? []).filter((other) => other !== name);
        this.change({ without: checked ? without : [...without, name].sort() });
      });
      return el("div", { class: "check-row" }, box.element, el("small", {}, visible(why)));
    });
    const popover = el(
      "div",
      { class: "popover", role: "dialog", attrs: { "aria-label": "Optional passes" } },
      el("h3", {}, "Optional passes"),
      ...rows,
    );
    popover.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.closePopover();
      this.passesButton?.element.focus();
    });
    const anchor = this.passesButton?.element.getBoundingClientRect();
    popover.style.left = `${Math.min(anchor?.left ?? 0, innerWidth - 420)}px`;
    popover.style.top = `${(anchor?.bottom ?? 0) + 4}px`;
    this.element.append(popover);
    this.popover = popover;
    (popover.querySelector("vscode-checkbox") as HTMLElement | null)?.focus();
  }

  private closePopover(): void {
    this.popover?.remove();
    this.popover = undefined;
  }
}

let panel: OptionsPanel | undefined;

export const optionsPanel: Panel = {
  id: "options",
  title: "Options",
  render: (app) => (panel = new OptionsPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};
