import assert from "node:assert/strict";
import { test } from "node:test";
import type { PassRow } from "../../app.ts";
import { treeRows, type TreeRow } from "./rows.ts";

const pass = (counts: Readonly<Record<string, number>>): PassRow => ({
  index: 7,
  name: "fuse",
  level: "lower",
  why: "",
  optional: true,
  status: "changed",
  hits: Object.entries(counts).flatMap(([rule, count]) =>
    Array.from({ length: count }, () => ({ rule: `fuse/${rule}`, before: [], after: [] })),
  ),
});

const say = (row: TreeRow): string =>
  row.kind === "rule" ? `${row.rule} ×${row.hits}${row.open ? " open" : ""}` : row.kind === "hit" ? `hit ${row.index}` : row.kind;
const shown = (counts: Readonly<Record<string, number>>, rest: { hit?: number; open?: ReadonlySet<string> } = {}): string[] =>
  treeRows([pass(counts)], { stage: 7, showUnchanged: false, ...rest }).map(say);

test("few hits are listed one by one", () => {
  assert.deepEqual(shown({ row: 2, tile: 1 }), ["level", "pass", "hit 0", "hit 1", "hit 2"]);
});

test("many hits are listed by rule, rules with few of them as they are", () => {
  assert.deepEqual(shown({ row: 60, tile: 20, lone: 1 }), ["level", "pass", "fuse/row ×60", "fuse/tile ×20", "hit 80"]);
});

test("the rule of the hit shown and those that were opened list their hits", () => {
  assert.equal(shown({ row: 60, tile: 20 }, { open: new Set(["fuse/tile"]) }).length, 4 + 20);
  const rows = shown({ row: 60, tile: 20 }, { hit: 3 });
  assert.deepEqual([rows[2], rows[6], rows.at(-1)], ["fuse/row ×60 open", "hit 3", "fuse/tile ×20"]);
});
