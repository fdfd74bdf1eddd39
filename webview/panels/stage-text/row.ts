/** Draws a row of a stage's text: one line with its sign, or two side by side. */
import { el } from "../../dom.ts";
import { differingParts, type DiffRow, type Range } from "../../model/line-diff.ts";
import { codeLine, lineText } from "./code-line.ts";
import type { LineRow, TextRow } from "./fold.ts";

/** Lines (from 0) that are in the light. */
export interface RowMarks {
  readonly lit: ReadonlySet<number>;
  readonly litBefore: ReadonlySet<number>;
  readonly chosen: ReadonlySet<number>;
}

export interface RowLook {
  readonly before: readonly string[] | undefined;
  readonly after: readonly string[];
  readonly language: "ir" | "cpp";
  readonly split: boolean;
  /** Without signs of change. */
  readonly plain: boolean;
  readonly marks: RowMarks;
}

type Side = "before" | "after";

export function textRow(row: TextRow, look: RowLook): HTMLElement {
  if (row.kind === "fold") return el("div", { class: "row line text-fold" }, `⋯ ${row.rows.length} lines as before`);
  if (look.split) {
    const chosenThere = look.marks.chosen.has(row.after) ? " chosen" : "";
    return el("div", { class: `row line two${chosenThere}` }, half(row, "before", look), half(row, "after", look));
  }
  const lit = look.marks.lit.has(row.after) || (row.after < 0 && look.marks.litBefore.has(row.before));
  const chosen = look.marks.chosen.has(row.after);
  const classes = ["row", "line", ...(lit ? ["lit"] : []), ...(chosen ? ["chosen"] : [])];
  const side: Side = row.after >= 0 ? "after" : "before";
  const kind = look.plain ? "same" : kindOn(row, side);
  const line = side === "after" ? row.after : row.before;
  return el(
    "div",
    { class: [...classes, `line-${kind}`].join(" ") },
    el("span", { class: "line-number", attrs: { "aria-hidden": "true" } }, side === "after" ? String(line + 1) : ""),
    sign(kind),
    codeLine(textOn(row, side, look), look.language, look.plain ? [] : differs(row, side, look)),
  );
}

/** The old line of a changed pair goes away, the new one is the change. */
function kindOn(row: LineRow, side: Side): DiffRow["kind"] {
  const own = side === "before" ? row.left : row.right;
  if (own) return own;
  if (row.kind === "changed" && side === "before") return "removed";
  return row.kind;
}

const signs: Readonly<Record<DiffRow["kind"], readonly [string, string]>> = {
  same: ["", ""],
  added: ["+", "added"],
  removed: ["−", "removed"],
  changed: ["~", "changed"],
  moved: ["↕", "moved"],
};

const sign = (kind: DiffRow["kind"]): HTMLElement =>
  el(
    "span",
    { class: `sign ${kind === "same" ? "" : kind}` },
    el("span", { attrs: { "aria-hidden": "true" } }, signs[kind][0]),
    el("span", { class: "for-readers" }, signs[kind][1]),
  );

function textOn(row: LineRow, side: Side, { before, after }: RowLook): string {
  return lineText((side === "after" ? after[row.after] : before?.[row.before]) ?? "");
}

function differs(row: LineRow, side: Side, look: RowLook): readonly Range[] {
  if (row.kind !== "changed" || row.before < 0) return [];
  const other = lineText((side === "after" ? look.before?.[row.before] : look.after[row.twin ?? row.after]) ?? "");
  const mine = textOn(row, side, look);
  const indent = mine.length - mine.trimStart().length;
  return differingParts(mine.trimStart(), other.trimStart()).map(([from, end]) => [from + indent, end + indent]);
}

function half(row: LineRow, side: Side, look: RowLook): HTMLElement {
  const line = row[side];
  const kind = line < 0 ? "none" : kindOn(row, side);
  const text = line < 0 ? "" : textOn(row, side, look);
  const lit = line >= 0 && (side === "after" ? look.marks.lit : look.marks.litBefore).has(line);
  return el(
    "span",
    { class: `half line-${kind}${lit ? " lit" : ""}`, title: text.length > 80 ? text.trim() : "" },
    el("span", { class: "line-number", attrs: { "aria-hidden": "true" } }, line < 0 ? "" : String(line + 1)),
    ...(line < 0 ? [] : [sign(kind as DiffRow["kind"]), codeLine(text, look.language, differs(row, side, look))]),
  );
}
