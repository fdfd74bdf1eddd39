/** Finding one's way in IR text: what stands under the cursor, where a name is defined. Pure functions on lines. */

export interface Span {
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

const word = /[%@$]?[A-Za-z_][\w.]*|%\d+[\w.]*/g;

/** The name or keyword at a column. */
export function wordAt(line: string, column: number): { text: string; start: number; end: number } | undefined {
  for (const match of line.matchAll(word)) {
    const end = match.index + match[0].length;
    if (match.index <= column && column <= end) return { text: match[0], start: match.index, end };
  }
  return undefined;
}

/** True for names of values and variables: they have one place of definition. */
export const isName = (text: string): boolean => text.startsWith("%");

/** Where a name is defined: the first place it stands at, for both IRs define before use. */
export function definition(lines: readonly string[], name: string): Span | undefined {
  for (const [line, text] of lines.entries()) {
    for (const match of text.matchAll(word)) if (match[0] === name) return { line, start: match.index, end: match.index + name.length };
  }
  return undefined;
}

/** Every place a name stands at. */
export function occurrences(lines: readonly string[], name: string): Span[] {
  return lines.flatMap((text, line) => [...text.matchAll(word)].filter((m) => m[0] === name).map((m) => ({ line, start: m.index, end: m.index + name.length })));
}
