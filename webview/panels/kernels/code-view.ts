/** One text: numbered, coloured lines, of which only those in sight exist. */
import { shareText, type ErrorInfo, type LineHeat } from "#protocol";
import { progressRing, linkButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { ColumnKind } from "./columns.ts";
import { t } from "../../strings.ts";
import { VirtualList } from "../../virtual-list.ts";
import { tokens } from "./syntax.ts";

export interface CodeEvents {
  /** The pointer is over a line (from 1), or over none. */
  readonly hover: (kind: ColumnKind, line: number | undefined) => void;
  readonly pick: (kind: ColumnKind, line: number) => void;
  readonly open: (kind: ColumnKind) => void;
  readonly retry: (kind: ColumnKind) => void;
  /** A call of a function of the native library was clicked. */
  readonly native: (name: string) => void;
}

export interface Shown {
  readonly lines: readonly string[];
  /** What is to be said of a line (from 1): behind it, and in its tooltip. */
  readonly about?: (line: number) => { readonly behind?: string; readonly title: string } | undefined;
  /** Columns between the number of a line and the line. */
  readonly columns?: (line: number) => readonly HTMLElement[];
}

const lineHeight = 18;
const titles: Readonly<Record<ColumnKind, string>> = { ir: "Loops", cpp: "C++", header: "Header", asm: "Assembly" };
export const titleOf = (kind: ColumnKind): string => titles[kind];

export class CodeView {
  readonly element: HTMLElement;
  private readonly list: VirtualList;
  private readonly notice = el("div", { class: "code-notice" });
  private readonly subtitle = el("span", { class: "count-of" });
  /** Links that stand in the head before `open`. */
  readonly links = el("span", { class: "code-links" });
  /** What is said of the text as a whole, below its head. */
  readonly remark = el("div", { class: "code-remark", hidden: true });
  private scrolled = 0;
  private text: Shown | undefined;
  private lit: ReadonlySet<number> = new Set();
  private chosen: ReadonlySet<number> = new Set();
  private heat: ReadonlyMap<number, LineHeat> = new Map();
  /** Hot lines, the hottest first, and which of them was gone to last. */
  private hottest: readonly number[] = [];
  private wentTo = -1;
  private readonly hotLink = el("span", { class: "hot-link" });

  constructor(
    private readonly kind: ColumnKind,
    private readonly events: CodeEvents,
  ) {
    this.list = new VirtualList({
      label: titles[kind],
      role: "listbox",
      idPrefix: `${kind}-`,
      rowHeight: lineHeight,
      row: (i) => this.row(i),
      selected: (i) => this.chosen.has(i + 1),
      onSelect: (i, event) => {
        const name = event.target instanceof HTMLElement ? event.target.dataset["native"] : undefined;
        if (name === undefined) events.pick(kind, i + 1);
        else events.native(name);
      },
      onHover: (i) => events.hover(kind, i === undefined ? undefined : i + 1),
    });
    this.list.element.classList.add("code");
    const head = el(
      "div",
      { class: "section-head" },
      el("h2", {}, titles[kind]),
      this.subtitle,
      el(
        "div",
        { class: "tools" },
        this.hotLink,
        this.links,
        linkButton("open", () => events.open(kind), `Open ${titles[kind]} in an editor`),
      ),
    );
    this.element = el(
      "section",
      { class: "code-column", attrs: { "aria-label": titles[kind] } },
      head,
      this.remark,
      this.notice,
      this.list.element,
    );
    this.list.element.hidden = true;
  }

  show(text: Shown, subtitle: string): void {
    this.subtitle.textContent = subtitle;
    if (this.text === text) return;
    this.text = text;
    this.notice.hidden = true;
    this.list.element.hidden = false;
    const longest = text.lines.reduce((most, line) => Math.max(most, line.length), 0);
    (this.list.element.firstElementChild as HTMLElement).style.minWidth = `${Math.min(longest, 4000) + 8}ch`;
    this.list.set(text.lines.length);
  }

  wait(): void {
    this.text = undefined;
    this.remark.hidden = true;
    this.list.element.hidden = true;
    this.notice.hidden = false;
    fill(
      this.notice,
      progressRing(`Loading ${titles[this.kind]}`),
      this.kind === "asm" && el("p", { class: "muted" }, "The C++ compiler is at work. A big model may take a minute, once."),
    );
  }

  fail({ message, next }: ErrorInfo): void {
    this.text = undefined;
    this.remark.hidden = true;
    this.list.element.hidden = true;
    this.notice.hidden = false;
    fill(
      this.notice,
      el("p", { class: "error-text" }, visible(message)),
      el("p", {}, visible(next)),
      linkButton("try again", () => this.events.retry(this.kind)),
    );
  }

  /** The first line that is lit or chosen, from 1. */
  get firstLit(): number | undefined {
    const marked = this.lit.size > 0 ? this.lit : this.chosen;
    return marked.size > 0 ? Math.min(...marked) : undefined;
  }

  /** `lit` follows the pointer, `chosen` the selection. */
  light(lit: ReadonlySet<number>, chosen: ReadonlySet<number>): void {
    this.lit = lit;
    this.chosen = chosen;
    this.list.draw();
  }

  /** Shows the samples of a benchmark beside the lines; none: nothing of it. */
  warm(heat: ReadonlyMap<number, LineHeat>): void {
    if (heat.size === 0 && this.heat.size === 0) return;
    this.heat = heat;
    this.hottest = [...heat.keys()].sort((a, b) => (heat.get(b)?.samples ?? 0) - (heat.get(a)?.samples ?? 0) || a - b);
    this.wentTo = -1;
    this.element.classList.toggle("has-heat", heat.size > 0);
    fill(
      this.hotLink,
      heat.size > 0 && linkButton(t("hottest"), () => this.nextHot(), t("The line with the most samples; again: the next one")),
    );
    this.list.draw();
  }

  private nextHot(): void {
    this.wentTo = (this.wentTo + 1) % this.hottest.length;
    this.reveal(this.hottest[this.wentTo] ?? 1);
  }

  /** Notes what is in sight, before the text leaves the page. */
  keepPlace(): void {
    this.scrolled = this.list.element.scrollTop;
  }

  takePlace(): void {
    this.list.element.scrollTop = this.scrolled;
    this.list.draw();
  }

  reveal(line: number): void {
    this.list.reveal(line - 1);
  }

  /** Brings the first of some lines into sight. */
  revealFirst(lines: ReadonlySet<number>): void {
    if (lines.size > 0) this.list.reveal(Math.min(...lines) - 1);
  }

  private row(i: number): HTMLElement {
    const line = visible(this.text?.lines[i]?.replaceAll("\t", "    ") ?? "");
    const code = el("span", { class: "code-text" });
    for (const { text, kind } of tokens(line, this.kind === "header" ? "cpp" : this.kind)) {
      if (kind === "") code.append(text);
      else if (kind === "native") code.append(nativeCall(text));
      else code.append(el("span", { class: `t-${kind}` }, text));
    }
    const about = this.text?.about?.(i + 1);
    if (about?.behind) code.append(el("span", { class: "code-from" }, about.behind));
    const title = [heatText(this.heat.get(i + 1)), about?.title].filter(Boolean).join("\n");
    const state = `${this.lit.has(i + 1) ? " lit" : ""}${this.chosen.has(i + 1) ? " chosen" : ""}`;
    if (line.trim() === "") code.append(el("span", { class: "for-readers" }, "blank line"));
    return el(
      "div",
      { class: `row line${state}`, ...(title === "" ? {} : { title }) },
      el(
        "span",
        { class: "gutter", attrs: { "aria-hidden": "true" } },
        el("span", { class: "line-number" }, String(i + 1)),
        ...(this.heat.size > 0 ? [heatCell(this.heat.get(i + 1))] : []),
        ...(this.text?.columns?.(i + 1) ?? []),
      ),
      code,
    );
  }
}

/** A bar as long as the share, and the share; an empty cell keeps the column. */
function heatCell(heat: LineHeat | undefined): HTMLElement {
  if (!heat) return el("span", { class: "heat" });
  const bar = el("span", { class: "heat-bar" });
  bar.style.width = `${Math.max(4, Math.round(100 * Math.min(1, heat.share)))}%`;
  return el("span", { class: "heat" }, bar, el("span", { class: "heat-share" }, shareText(heat.share)));
}

const heatText = (heat: LineHeat | undefined): string =>
  heat === undefined ? "" : t("{0} of the samples ({1})", shareText(heat.share), heat.samples);

const nativeCall = (text: string): HTMLElement =>
  el("span", { class: "t-call t-native", title: "Click: the header of this function", data: { native: text.slice("fs::".length) } }, text);
