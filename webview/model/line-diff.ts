/** What differs between the texts of two stages: lines are paired by the statement they were written for, the rest by what they say. */
import type { LineOrigin } from "#protocol";
import { longestRising } from "./change.ts";

/** Lines with what they came from; origins are sorted by line, which counts from 1. */
export interface OriginText {
  readonly lines: readonly string[];
  readonly origins: readonly LineOrigin[];
}

/** `moved`: the statement stands elsewhere in the other text; it has a row in both places. */
export type LineKind = "same" | "added" | "removed" | "changed" | "moved";

/** A row of the two texts side by side. Lines count from 0; -1: none on this side. */
export interface DiffRow {
  readonly kind: LineKind;
  readonly before: number;
  readonly after: number;
}

/** Products of lengths up to which a stretch without statements is compared line by line in full. */
const mostCells = 400_000;

export function lineDiff(before: OriginText, after: OriginText): DiffRow[] {
  const [old, now] = [before.lines.map((line) => line.trim()), after.lines.map((line) => line.trim())];
  const [oldStatements, nowStatements] = [statementLines(before), statementLines(after)];
  const pairs: (readonly [number, number])[] = [];
  for (const [statement, line] of oldStatements) {
    const other = nowStatements.get(statement);
    if (other !== undefined) pairs.push([line, other]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  const kept = longestRising(pairs.map(([, line]) => line)).map((i) => pairs[i] as readonly [number, number]);
  const stays = new Set(kept.map(([line]) => line));
  const away = pairs.filter(([line]) => !stays.has(line));
  const [movedOld, movedNow] = [new Set(away.map(([line]) => line)), new Set(away.map(([, line]) => line))];
  const rows: DiffRow[] = [];
  let [i, j] = [0, 0];
  const between = (endOld: number, endNow: number): void => {
    for (const row of stretch(old, i, endOld, now, j, endNow)) {
      const moved = (row.kind === "removed" && movedOld.has(row.before)) || (row.kind === "added" && movedNow.has(row.after));
      rows.push(moved ? { ...row, kind: "moved" } : row);
    }
  };
  for (const [line, other] of kept) {
    between(line, other);
    rows.push({ kind: old[line] === now[other] ? "same" : "changed", before: line, after: other });
    [i, j] = [line + 1, other + 1];
  }
  between(old.length, now.length);
  return rows;
}

/** Statement -> its first line, for statements with a line of their own. */
function statementLines({ origins }: OriginText): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  let last = 0;
  for (const { line, stmt } of origins) {
    if (stmt >= 0 && line !== last && !found.has(stmt)) found.set(stmt, line - 1);
    last = line;
  }
  return found;
}

/** Lines that no statement pairs: equal ends first, then a longest common subsequence. */
function stretch(old: readonly string[], i: number, endOld: number, now: readonly string[], j: number, endNow: number): DiffRow[] {
  const head: DiffRow[] = [];
  while (i < endOld && j < endNow && old[i] === now[j]) head.push({ kind: "same", before: i++, after: j++ });
  const tail: DiffRow[] = [];
  while (i < endOld && j < endNow && old[endOld - 1] === now[endNow - 1]) tail.push({ kind: "same", before: --endOld, after: --endNow });
  return [...head, ...middle(old, i, endOld, now, j, endNow), ...tail.reverse()];
}

function middle(old: readonly string[], i: number, endOld: number, now: readonly string[], j: number, endNow: number): DiffRow[] {
  const [rows, columns] = [endOld - i, endNow - j];
  const made: DiffRow[] = [];
  if (rows > 0 && columns > 0 && rows * columns <= mostCells) {
    const width = columns + 1;
    const longest = new Uint32Array((rows + 1) * width);
    for (let r = rows - 1; r >= 0; r -= 1) {
      for (let c = columns - 1; c >= 0; c -= 1) {
        longest[r * width + c] =
          old[i + r] === now[j + c]
            ? (longest[(r + 1) * width + c + 1] as number) + 1
            : Math.max(longest[(r + 1) * width + c] as number, longest[r * width + c + 1] as number);
      }
    }
    let [r, c] = [0, 0];
    while (r < rows && c < columns) {
      if (old[i + r] === now[j + c]) made.push({ kind: "same", before: i + r++, after: j + c++ });
      else if ((longest[(r + 1) * width + c] as number) >= (longest[r * width + c + 1] as number))
        made.push({ kind: "removed", before: i + r++, after: -1 });
      else made.push({ kind: "added", before: -1, after: j + c++ });
    }
    [i, j] = [i + r, j + c];
  }
  for (; i < endOld; i += 1) made.push({ kind: "removed", before: i, after: -1 });
  for (; j < endNow; j += 1) made.push({ kind: "added", before: -1, after: j });
  return made;
}

/** Stretches of rows that are not the same: first and behind the last. */
export function hunks(rows: readonly DiffRow[]): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let i = 0; i < rows.length;) {
    if (rows[i]?.kind === "same") {
      i += 1;
      continue;
    }
    const begin = i;
    while (i < rows.length && rows[i]?.kind !== "same") i += 1;
    found.push([begin, i]);
  }
  return found;
}

export type Range = readonly [from: number, end: number];

const words = (text: string): string[] => text.match(/\w+|\W/g) ?? [];

/** The parts of `text` that are not in `other`: words that differ one by one, else what lies between the common beginning and end. */
export function differingParts(text: string, other: string): readonly Range[] {
  const [mine, theirs] = [words(text), words(other)];
  if (mine.length !== theirs.length) return [between(mine, theirs)].filter(([from, end]) => end > from);
  const found: Range[] = [];
  let at = 0;
  mine.forEach((word, i) => {
    if (word !== theirs[i]) found.push([at, at + word.length]);
    at += word.length;
  });
  return found;
}

function between(mine: readonly string[], theirs: readonly string[]): Range {
  const least = Math.min(mine.length, theirs.length);
  let first = 0;
  while (first < least && mine[first] === theirs[first]) first += 1;
  let last = 0;
  while (last < least - first && mine[mine.length - 1 - last] === theirs[theirs.length - 1 - last]) last += 1;
  const length = (list: readonly string[]): number => list.reduce((sum, word) => sum + word.length, 0);
  const from = length(mine.slice(0, first));
  return [from, from + length(mine.slice(first, mine.length - last))];
}
