/**
 * Finding one's way in IR text: what stands under the cursor, where a name is defined. Names are `name%3` (values, variables) and
 * `name#3` (buffers); the number is the identity, what stands before it is for people. Pure functions on lines.
 */

export interface Span {
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A numbered name, with its readable part plain or quoted; a text in quotes, which is no name whatever it says; or a plain word. */
const word = /(?:[A-Za-z_][\w.]*|"(?:[^"\\]|\\.)*")?[%#]\d+|"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*/g;

/** `%3` of `acc%3`; undefined for a word without an identity. */
const identity = (text: string): string | undefined => /[%#]\d+$/.exec(text)?.[0];

/** What brings a name into the world, before the name. Anything else is a use. */
const defines = /^\s*(?:s\d+:\s*)?(?:for|let|register|buffer|const|input|output)\s+$/;

export const isName = (text: string): boolean => identity(text) !== undefined;

export function wordAt(line: string, column: number): Word | undefined {
  return wordsOf(line).find(({ start, end }) => start <= column && column <= end);
}

/** Where the name at a place is defined: after a defining keyword or on the left of `=`, else where it stands first. */
export function definition(lines: readonly string[], name: string): Span | undefined {
  const all = occurrences(lines, name);
  return all.find(({ line, start, end }) => isDefinition(lines[line] ?? "", start, end)) ?? all[0];
}

/** Every place a name stands at, in order. */
export function occurrences(lines: readonly string[], name: string): Span[] {
  const id = identity(name);
  if (id === undefined) return [];
  return lines.flatMap((text, line) =>
    text.includes(id)
      ? wordsOf(text)
          .filter((w) => identity(w.text) === id)
          .map(({ start, end }) => ({ line, start, end }))
      : [],
  );
}

function isDefinition(line: string, start: number, end: number): boolean {
  if (defines.test(line.slice(0, start))) return true;
  // `%5 "name": f32[2, 3], %6: ... = op(...)`: results with their types, before the first lone `=`.
  const equals = line.search(/[^=!<>:]=(?!=)/);
  return (
    equals >= end - 1 && /^[\s\w%#",.:[\]x?/-]*$/.test(line.slice(0, start)) && /^\s*(?:"(?:[^"\\]|\\.)*")?\s*[:=,]/.test(line.slice(end))
  );
}

const wordsOf = (line: string): Word[] => [...line.matchAll(word)].map((m) => ({ text: m[0], start: m.index, end: m.index + m[0].length }));
