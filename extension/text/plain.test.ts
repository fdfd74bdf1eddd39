import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, plainNotice, plainPick } from "./plain.ts";

test("what cannot be seen is seen, what is long is cut", () => {
  assert.equal(plain("a\u202eb\nc\u0000d\u200be"), "a·b·c·d·e");
  assert.equal(plain("x".repeat(1000)).length, 301);
  assert.equal(plain("Größe 日本 → ½"), "Größe 日本 → ½");
});

test("no links in notifications, no icons in quick picks", () => {
  assert.equal(plainNotice("[click](command:rm)"), "[click] (command:rm)");
  assert.equal(plainPick("$(bug) N"), "\\$(bug) N");
});
