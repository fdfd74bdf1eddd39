import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultOptions, UserError } from "#core";
import { shellWord } from "../protocol/command-line.ts";
import { otherOptions, shellWords } from "./other-options.ts";

test("words are divided as a shell does, and what is quoted for it comes back", () => {
  assert.deepEqual(shellWords(""), []);
  assert.deepEqual(shellWords(' a  \'b c\' "d \\" e" f\\ g'), ["a", "b c", 'd " e', "f g"]);
  for (const word of ["plain", "two words", "it's", '"', "a\\b", "name:x y+#3"]) assert.deepEqual(shellWords(shellWord(word)), [word]);
});

test("the other build differs in what is named", () => {
  const line = { ...defaultOptions, threads: 2, without: ["fuse"], dims: { batch: 3 } };
  assert.deepEqual(otherOptions("--threads 1", line), { ...line, threads: 1, without: [] });
  assert.deepEqual(otherOptions("--without merge-nests,chain-nests --forbid '#1+name:a b'", line), {
    ...line,
    without: ["merge-nests", "chain-nests"],
    forbid: [["#1", "name:a b"]],
  });
});

for (const [text, says] of [
  ["--seconds 3", /--seconds is the same for both/],
  ["model.onnx", /is no option/],
  ["--withuot x", /unknown option --withuot/],
  ["  ", /names no option/],
] as const)
  test(`refused: ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => otherOptions(text, defaultOptions),
      (e) => e instanceof UserError && e.code === "usage" && says.test(e.message),
    ));
