/** Rows of the text: lines, and where only changes are wanted, stretches of lines as before. */
import type { DiffRow } from "../../model/line-diff.ts";

/** `twin`: of the old line of a changed pair, the new one. */
export type LineRow = DiffRow & { readonly twin?: number };
export type TextRow = LineRow | { readonly kind: "fold"; readonly rows: readonly LineRow[] };

/** Lines kept around a change. */
const context = 3;

/** Side by side, lines removed and added at one place share rows. */
export function foldSame(rows: readonly DiffRow[], { folded, split }: { readonly folded: boolean; readonly split: boolean }): TextRow[] {
  const lines = split ? rows : unified(rows);
  if (!folded) return [...lines];
  const near = new Uint8Array(lines.length);
  lines.forEach(({ kind }, i) => kind !== "same" && near.fill(1, Math.max(0, i - context), i + context + 1));
  const made: TextRow[] = [];
  for (let i = 0; i < lines.length;) {
    if (near[i] !== 0) {
      made.push(lines[i] as LineRow);
      i += 1;
      continue;
    }
    const begin = i;
    while (i < lines.length && near[i] === 0) i += 1;
    made.push({ kind: "fold", rows: lines.slice(begin, i) });
  }
  return made;
}

/** One above the other, a changed line is the old one, then the new one. */
function unified(rows: readonly DiffRow[]): LineRow[] {
  return rows.flatMap((row): LineRow[] => (row.kind === "changed" ? [{ ...row, after: -1, twin: row.after }, row] : [row]));
}
