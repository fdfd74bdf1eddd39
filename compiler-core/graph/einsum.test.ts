import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEinsum } from "./einsum.ts";
import type { Shape } from "./ir.ts";

/** Labels of the operands, of the result, and its extents. */
const rows: readonly (readonly [equation: string, shapes: readonly Shape[], operands: string, output: string, extents: string])[] = [
  [
    "ij,jk->ik",
    [
      [2, 3],
      [3, 4],
    ],
    "ij jk",
    "ik",
    "2x4",
  ],
  [
    "ij, jk -> ik",
    [
      [2, 3],
      [3, "N"],
    ],
    "ij jk",
    "ik",
    "2xN",
  ],
  [
    "ij,jk",
    [
      [2, 3],
      [3, 4],
    ],
    "ij jk",
    "ik",
    "2x4",
  ],
  ["ba", [[2, 3]], "ba", "ab", "3x2"],
  ["ii", [[3, 3]], "ii", "", ""],
  ["...ij->...ji", [[5, 6, 2, 3]], ".1.0ij", ".1.0ji", "5x6x3x2"],
  [
    "...i,...i->...",
    [
      [4, 5, 3],
      [5, 3],
    ],
    ".1.0i .0i",
    ".1.0",
    "4x5",
  ],
  ["a...,b->...", [[7, 8, 9], [2]], "a.1.0 b", ".1.0", "8x9"],
  [
    "ij,ij->ij",
    [
      [1, 3],
      [2, 3],
    ],
    "ij ij",
    "ij",
    "2x3",
  ],
];
for (const [equation, shapes, operands, output, extents] of rows) {
  test(`${equation} of ${shapes.map((s) => s.join("x")).join(" and ")}`, () => {
    const parsed = parseEinsum(equation, shapes);
    assert.ok(typeof parsed !== "string", String(parsed));
    assert.equal(parsed.operands.map((o) => o.join("")).join(" "), operands);
    assert.equal(parsed.output.join(""), output);
    assert.equal(parsed.output.map((l) => parsed.extents.get(l)).join("x"), extents);
  });
}

const wrong: readonly (readonly [equation: string, shapes: readonly Shape[], reason: RegExp])[] = [
  ["ij,jk->ik", [[2, 3]], /has 2 operands, not 1/],
  [
    "ij,jk->ik",
    [
      [2, 3],
      [4, 5],
    ],
    /"j" .* is 3 and 4/,
  ],
  ["ij->ik", [[2, 3]], /"k" cannot stand/],
  ["ij->ii", [[2, 3]], /"i" cannot stand/],
  ["ij->i->j", [[2, 3]], /is not an equation/],
  ["i1->i", [[2, 3]], /is not an equation/],
  ["ij->", [[2, 3, 4]], /operand 0 .* has rank 3/],
];
for (const [equation, shapes, reason] of wrong) {
  test(`${equation} is refused for ${shapes.map((s) => s.join("x")).join(" and ")}`, () => {
    const parsed = parseEinsum(equation, shapes);
    assert.ok(typeof parsed === "string");
    assert.match(parsed, reason);
  });
}
