import assert from "node:assert/strict";
import { test } from "node:test";
import type { PanelOptions } from "#protocol";
import { CodedError } from "../coded-error.ts";
import { optionsForOther, otherOptions, twoModels, withoutPass } from "./compare-choice.ts";

const own: PanelOptions = {
  isa: "auto",
  threads: 1,
  precision: "f32",
  dims: { N: 3, S: 5 },
  without: [],
  force: [["#1", "#2"]],
  forbid: [],
};
const isSame = (error: unknown): boolean => error instanceof CodedError && error.info.code === "compare-same";

test("two selected models, the one clicked on first", () => {
  assert.deepEqual(twoModels("b", ["a", "b"]), ["b", "a"]);
  assert.deepEqual(twoModels("a", ["b"]), ["a", "b"]);
  for (const selected of [[], ["a"], ["a", "b", "c"]]) assert.throws(() => twoModels("a", selected), isSame);
});

test("options that change nothing are refused", () => {
  assert.equal(otherOptions(own, { threads: 2 }).threads, 2);
  for (const change of [{}, { threads: 1 }, { dims: { N: 3, S: 5 } }]) assert.throws(() => otherOptions(own, change), isSame);
});

test("another model is compiled like this one, as far as its dimensions go", () => {
  assert.deepEqual(optionsForOther(own, ["S", "T"]), { ...own, dims: { S: 5 }, force: [] });
});

test("a pass is switched off, and on again", () => {
  assert.deepEqual(withoutPass(["a"], "b"), ["a", "b"]);
  assert.deepEqual(withoutPass(["a", "b"], "b"), ["a"]);
});
