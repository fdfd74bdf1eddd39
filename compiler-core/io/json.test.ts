import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonText } from "./json.ts";
import { nearest } from "./nearest-name.ts";

const cases: readonly (readonly [unknown, string])[] = [
  [NaN, '"NaN"'],
  [-Infinity, '"-Infinity"'],
  [2 ** 53, '"9007199254740992"'],
  [2 ** 53 - 1, "9007199254740991"],
  [-(2 ** 60), '"-1152921504606846976"'],
  [12345678901234567890n, '"12345678901234567890"'],
  [7n, "7"],
  [1e300, '"1e+300"'],
  [0.1, "0.1"],
  [Float32Array.of(1, NaN), '[1,"NaN"]'],
  [BigInt64Array.of(5n, 2n ** 62n), '[5,"4611686018427387904"]'],
  [{ a: undefined, b: [null, true, "x"] }, '{"b":[null,true,"x"]}'],
  [new Map([["k", Infinity]]), '{"k":"Infinity"}'],
];

test("nothing is lost in JSON", () => {
  for (const [value, text] of cases) assert.equal(jsonText(value), text);
});

test("a mistyped name finds the one that is meant, a strange one none", () => {
  const names = ["fuse", "lower", "fold-constants", "simplify"];
  assert.equal(nearest("fusse", names), "fuse");
  assert.equal(nearest("fold", names), "fold-constants");
  assert.equal(nearest("flod-constants", names), "fold-constants");
  assert.equal(nearest("inline", names), undefined);
});
