/** Columns of text, aligned by the longest cell. */

export type Align = "left" | "right";

/** Rows as lines; the last column is never padded. */
export function alignColumns(rows: readonly (readonly string[])[], aligns: readonly Align[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0, aligns[i] ?? "left", i === row.length - 1))
      .join("  ")
      .trimEnd(),
  );
}

export interface Column<Row> {
  readonly title: string;
  readonly align?: Align;
  readonly cell: (row: Row) => string;
}

/** A table with a header line; nothing for no rows. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => columns.map((c) => printable(c.cell(row))));
  return alignColumns(
    [columns.map((c) => c.title), ...cells],
    columns.map((c) => c.align ?? "left"),
  );
}

function pad(cell: string, width: number, align: Align, last: boolean): string {
  const fill = " ".repeat(Math.max(0, width - displayWidth(cell)));
  if (align === "right") return fill + cell;
  return last ? cell : cell + fill;
}

const displayWidth = (text: string): number => [...text].length;

/** Names from a model can hold anything: control characters would break the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is being replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\u00b7");
}

/** At most `limit` characters, the middle left out. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = Math.ceil((limit - 3) / 2);
  return `${text.slice(0, head)}...${text.slice(text.length - (limit - 3 - head))}`;
}
