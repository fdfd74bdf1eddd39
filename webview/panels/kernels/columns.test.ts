import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsShown, toggled, withText } from "./columns.ts";

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

test("a text that is asked for joins those that are there as far as they find room", () => {
  assert.deepEqual(withText(["ir", "cpp"], "asm", 624), ["ir", "cpp", "asm"]);
  assert.deepEqual(withText(["ir", "cpp"], "asm", 500), ["cpp", "asm"]);
  assert.deepEqual(withText(["cpp"], "asm", 300), ["asm"]);
});
