/** Parts that all cards of the dashboard are made of. */
import type { BenchRun } from "#protocol";
import { button, iconButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import type { Theme } from "../../draw/theme.ts";
import { t } from "../../strings.ts";

/** What a card is drawn from, and what it can do. */
export interface Dashboard {
  readonly run: BenchRun;
  /** All runs that are known, oldest first. */
  readonly runs: readonly BenchRun[];
  readonly theme: Theme;
  /** Pixels for a picture over the whole width of the dashboard. */
  readonly width: number;
  readonly selected: number | undefined;
  /** The groups of the run are those of the compilation that is shown. */
  readonly ownGroups: boolean;
  readonly pickGroup: (group: number) => void;
  readonly groupName: (group: number) => string;
  /** Remarks on the compilation that was measured. */
  readonly remarks: readonly string[];
  /** Opens a line of the generated code. */
  readonly openLine: (line: number) => void;
}

/** A titled card. `kind` names its class; children that are not there leave it as it is. */
export function card(kind: string, title: string, ...children: (Node | string | undefined | false)[]): HTMLElement {
  const heading = el("h3", {}, t(title));
  return el("section", { class: `bench-card card-${kind}`, attrs: { "aria-label": t(title) } }, heading, ...children);
}

export const note = (text: string, kind = ""): HTMLElement => el("p", { class: `bench-note ${kind}`.trim() }, text);

export const plot = (picture: SVGElement): HTMLElement => {
  const holder = el("div", { class: "plot" });
  holder.append(picture);
  return holder;
};

/** A part that opens on a click, closed at first. */
export function more(summary: string, ...children: (Node | string | undefined)[]): HTMLDetailsElement {
  return el("details", { class: "unfold bench-more" }, el("summary", {}, summary), ...children);
}

interface Column {
  readonly title: string;
  readonly numeric?: boolean;
}

/** A table with a caption for screen readers; cells are texts or elements. */
export function dataTable(caption: string, columns: readonly Column[], rows: readonly (readonly (string | HTMLElement)[])[]): HTMLElement {
  const kind = (i: number): { readonly class?: string } => (columns[i]?.numeric ? { class: "numeric" } : {});
  const head = columns.map(({ title }, i) => (title === "" ? el("td", {}) : el("th", { ...kind(i), attrs: { scope: "col" } }, t(title))));
  const body = rows.map((row) => el("tr", {}, ...row.map((cell, i) => el("td", kind(i), cell))));
  return el(
    "div",
    { class: "table-frame" },
    el(
      "table",
      { class: "data-table" },
      el("caption", { class: "for-readers" }, t(caption)),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...body),
    ),
  );
}

/** A line to be typed, with a button that copies it. */
export function commandLine(command: string): HTMLElement {
  const done = el("span", { class: "copied muted", role: "status" });
  const copy = iconButton("copy", "Copy the command", () => {
    void copyText(command).then((ok) => fill(done, ok ? t("Copied") : t("Select it to copy")));
    setTimeout(() => fill(done), 2500);
  });
  return el("div", { class: "command-row" }, el("code", { class: "command-line", tabIndex: 0 }, command), copy, done);
}

/** To the clipboard; false where the page may not. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A secondary button as an element. */
export const action = (label: string, run: () => void, sign?: Parameters<typeof button>[3]): HTMLElement =>
  button(label, run, "secondary", sign).element;
