import assert from "node:assert/strict";
import { test } from "node:test";
import { differingParts, hunks, lineDiff, type OriginText } from "./line-diff.ts";

/** `12|text` is a line of statement 12. */
function text(...lines: readonly string[]): OriginText {
  const parts = lines.map((line) => /^(?:(\d+)\|)?(.*)$/.exec(line));
  return {
    lines: parts.map((part) => part?.[2] ?? ""),
    origins: parts.flatMap((part, i) => (part?.[1] === undefined ? [] : [{ line: i + 1, stmt: Number(part[1]), nodes: [] }])),
  };
}

function shown(before: OriginText, after: OriginText): string[] {
  const signs = { same: " ", added: "+", removed: "-", changed: "~", moved: "^" };
  return lineDiff(before, after).map(
    ({ kind, before: b, after: a }) => `${signs[kind]} ${(a >= 0 ? after.lines[a] : before.lines[b])?.trim()}`,
  );
}

test("statements keep their lines together, whatever stands between; indentation is no change", () => {
  const before = text("1|for i in 0..4 {", "2|  store a[i]", "}", "3|for j in 0..4 {", "4|  store b[j]", "}");
  const after = text("1|for i in 0..4 {", "2|    store a[i]", "4|    store b[i]", "}");
  assert.deepEqual(shown(before, after), ["  for i in 0..4 {", "  store a[i]", "- }", "- for j in 0..4 {", "~ store b[i]", "  }"]);
});

test("a statement that stands elsewhere is moved", () => {
  const before = text("1|a", "2|b", "3|c");
  const after = text("3|c", "1|a", "2|b");
  assert.deepEqual(shown(before, after), ["^ c", "  a", "  b", "^ c"]);
});

test("texts without statements are compared by line", () => {
  assert.deepEqual(shown(text("x", "a", "b", "y"), text("x", "b", "c", "y")), ["  x", "- a", "  b", "+ c", "  y"]);
  assert.deepEqual(shown(text(), text("a")), ["+ a"]);
  assert.deepEqual(shown(text("a"), text("a")), ["  a"]);
});

test("every line of both texts has its place, in order", () => {
  let seed = 3;
  const random = (most: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % most;
  for (let round = 0; round < 200; round += 1) {
    const made = [0, 1].map(() => {
      const statements = Array.from({ length: 12 }, (_, i) => i).filter(() => random(3) > 0);
      if (random(2) > 0) statements.sort(() => random(3) - 1);
      return text(...statements.map((s) => (random(4) > 0 ? `${s}|line ${s} ${random(2)}` : `plain ${random(3)}`)));
    }) as [OriginText, OriginText];
    const rows = lineDiff(...made);
    assert.deepEqual(
      rows.filter(({ before }) => before >= 0).map(({ before }) => before),
      made[0].lines.map((_, i) => i),
    );
    assert.deepEqual(
      rows.filter(({ after }) => after >= 0).map(({ after }) => after),
      made[1].lines.map((_, i) => i),
    );
    for (const { kind, before, after } of rows)
      if (kind === "same") assert.equal(made[0].lines[before]?.trim(), made[1].lines[after]?.trim());
  }
});

test("hunks, and the words that differ", () => {
  const rows = lineDiff(text("a", "b", "c", "d"), text("a", "x", "c", "d", "e"));
  assert.deepEqual(hunks(rows), [
    [1, 3],
    [5, 6],
  ]);
  const parts = (a: string, b: string): string[] => differingParts(a, b).map(([from, end]) => a.slice(from, end));
  assert.deepEqual(parts("for i in 0..1024 step 16", "for i in 0..1024 step 64"), ["16"]);
  assert.deepEqual(parts("x[i%35] = y[i%35]", "x[i%34] = y[i%34]"), ["35", "35"]);
  assert.deepEqual(parts("parallel for i", "for i"), ["parallel "]);
  assert.deepEqual(parts("for i", "parallel for i"), []);
});
