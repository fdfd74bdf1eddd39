import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsShown, toggled } from "./columns.ts";

test("as many columns as can be read, C++ first", () => {
  assert.deepEqual(columnsShown(500, undefined), ["cpp"]);
  assert.deepEqual(columnsShown(600, undefined), ["ir", "cpp"]);
  assert.deepEqual(columnsShown(900, undefined), ["ir", "cpp", "asm"]);
});

test("what the user chose stays at any width", () => assert.deepEqual(columnsShown(300, ["cpp", "asm"]), ["cpp", "asm"]));

test("a button adds its text or takes it away, but never the last one", () => {
  assert.deepEqual(toggled(["cpp"], "ir"), ["ir", "cpp"]);
  assert.deepEqual(toggled(["ir", "cpp"], "ir"), ["cpp"]);
  assert.deepEqual(toggled(["cpp"], "cpp"), ["cpp"]);
});
