/** Rows of the text: lines, and where only changes are wanted, stretches of lines as before. */
import type { DiffRow, LineKind } from "../../model/line-diff.ts";

/** `twin`: of the old line of a changed pair, the new one. `left` and `right`: of lines that only share a row, what became of each. */
export type LineRow = DiffRow & { readonly twin?: number; readonly left?: LineKind; readonly right?: LineKind };
export type TextRow = LineRow | { readonly kind: "fold"; readonly rows: readonly LineRow[] };

/** Lines kept around a change. */
const context = 3;

/** Side by side, lines removed and added at one place share rows. */
export function foldSame(rows: readonly DiffRow[], { folded, split }: { readonly folded: boolean; readonly split: boolean }): TextRow[] {
  const lines = split ? sideBySide(rows) : unified(rows);
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

/** Lines that went away and lines that came at one place stand beside each other. */
function sideBySide(rows: readonly DiffRow[]): LineRow[] {
  const made: LineRow[] = [];
  let [gone, come]: [DiffRow[], DiffRow[]] = [[], []];
  const flush = (): void => {
    for (let i = 0; i < Math.max(gone.length, come.length); i += 1) {
      const [left, right] = [gone[i], come[i]];
      if (left && right) made.push({ kind: "removed", before: left.before, after: right.after, left: left.kind, right: right.kind });
      else made.push((left ?? right) as DiffRow);
    }
    [gone, come] = [[], []];
  };
  for (const row of rows) {
    if (row.after < 0) gone.push(row);
    else if (row.before < 0) come.push(row);
    else {
      flush();
      made.push(row);
    }
  }
  flush();
  return made;
}
