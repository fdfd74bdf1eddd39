/**
 * Texts of a compilation as they lie in a page that stands alone: stages differ in few lines, so each line is kept once, with what it came
 * from, and a text is a list of runs of lines.
 */
import type { InstructionNotes, LineOrigin, TextReply } from "#protocol";

/** A line, then its origins, each a statement followed by its nodes. */
type Line = readonly [text: string, ...origins: (readonly number[])[]];

interface PackedText {
  readonly language: string;
  /** First line and number of lines, alternating. */
  readonly runs: readonly number[];
  readonly source?: Int32Array;
  readonly notes?: InstructionNotes;
}

export interface PackedTexts {
  readonly lines: readonly Line[];
  readonly texts: readonly PackedText[];
  /** Index into `texts` by `kind:stage`. */
  readonly keys: Readonly<Record<string, number>>;
}

/** @param texts by `kind:stage`; the same object under two keys is kept once */
export function packTexts(texts: Readonly<Record<string, TextReply>>): PackedTexts {
  const lines: Line[] = [];
  const known = new Map<string, number>();
  const packed: PackedText[] = [];
  const places = new Map<TextReply, number>();
  const keys: Record<string, number> = {};
  const indexOf = (line: Line): number => {
    const key = JSON.stringify(line);
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, lines.length);
    return lines.push(line) - 1;
  };
  for (const [key, text] of Object.entries(texts)) {
    const place = places.get(text) ?? packed.push(packText(text, indexOf)) - 1;
    places.set(text, place);
    keys[key] = place;
  }
  return { lines, texts: packed, keys };
}

function packText({ language, lines, origins, source, notes }: TextReply, indexOf: (line: Line) => number): PackedText {
  const byLine = new Map<number, number[][]>();
  for (const { line, stmt, nodes } of origins) {
    const list = byLine.get(line);
    if (list === undefined) byLine.set(line, [[stmt, ...nodes]]);
    else list.push([stmt, ...nodes]);
  }
  const runs: number[] = [];
  let next = -1;
  lines.forEach((text, i) => {
    const index = indexOf([text, ...(byLine.get(i + 1) ?? [])]);
    if (index === next) (runs[runs.length - 1] as number)++;
    else runs.push(index, 1);
    next = index + 1;
  });
  return { language, runs, ...(source === undefined ? {} : { source }), ...(notes === undefined ? {} : { notes }) };
}

/** The text under a key as the host would send it; undefined: there is none. */
export function unpackText({ lines, texts, keys }: PackedTexts, key: string): TextReply | undefined {
  const packed = Object.hasOwn(keys, key) ? texts[keys[key] ?? -1] : undefined;
  if (packed === undefined) return undefined;
  const text: string[] = [];
  const origins: LineOrigin[] = [];
  for (let run = 0; run < packed.runs.length; run += 2) {
    const [first, count] = [packed.runs[run] as number, packed.runs[run + 1] as number];
    for (const [content, ...from] of lines.slice(first, first + count)) {
      text.push(content);
      for (const [stmt, ...nodes] of from) origins.push({ line: text.length, stmt: stmt as number, nodes });
    }
  }
  const { language, source, notes } = packed;
  return { language, lines: text, origins, ...(source === undefined ? {} : { source }), ...(notes === undefined ? {} : { notes }) };
}
