import assert from "node:assert/strict";
import { test } from "node:test";
import { asUserError } from "#core";
import { parseArguments } from "./parse-arguments.ts";

const words = (line: string): string[] => (line === "" ? [] : line.split(" "));
function failure(line: string): string {
  try {
    parseArguments(words(line));
  } catch (e) {
    return asUserError(e).line();
  }
  return "no error";
}

test("options are typed by the table and may stand anywhere", () => {
  const line = parseArguments(words("--json compile m.onnx --threads 2 --isa=avx2 --dim batch=7 --dim seq=128 --without a,b --without c"));
  assert.equal(line.command, "compile");
  assert.deepEqual(line.arguments, ["m.onnx"]);
  assert.deepEqual(line.options, { json: true, threads: 2, isa: "avx2", dim: { batch: 7, seq: 128 }, without: ["a", "b", "c"] });
});

test("node references keep commas, plus and equals signs of names", () => {
  assert.deepEqual(parseArguments(["bench", "m", "--nodes", "#1,name:a,b,out:c"]).options.nodes, ["#1", "name:a,b", "out:c"]);
  assert.deepEqual(parseArguments(["bench", "m", "--force", "name:a+b+#3", "--force", "#1+#2"]).options.force, [
    ["name:a+b", "#3"],
    ["#1", "#2"],
  ]);
  assert.deepEqual(parseArguments(["compile", "m", "--dim", "a=b=3"]).options.dim, { "a=b": 3 });
});

test("after -- everything is an argument", () => {
  assert.deepEqual(parseArguments(["compile", "--", "--odd.onnx"]).arguments, ["--odd.onnx"]);
});

test("help needs no arguments", () => {
  assert.equal(parseArguments(["compile", "--help"]).options.help, true);
  assert.equal(parseArguments(["--help"]).command, undefined);
  assert.equal(parseArguments(["-h"]).command, undefined);
  assert.equal(parseArguments([]).command, undefined);
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ["--json", /no command given; run `fusionscope --help`/],
  ["compil m", /no command "compil" \(did you mean compile\?\)/],
  ["compile", /compile needs MODEL: an .onnx file/],
  ["explain m", /needs NODE.*quote it/],
  ["compile a b", /takes MODEL, not also "b"/],
  ["compile m --thread 2", /unknown option --thread \(did you mean --threads\?\)/],
  ["compile m --threads", /--threads needs a value/],
  ["compile m --threads 0", /must be at least 1/],
  ["compile m --threads 1.5", /is not a whole number/],
  ["compile m --threads 0x10", /is not a whole number/],
  ["compile m --isa avx3", /choose auto, scalar.*did you mean avx2\?/],
  ["compile m --dim batch", /write NAME=N/],
  ["compile m --dim batch=-1", /must be at least 0/],
  ["compile m --force #1", /write two node references/],
  ["compile m --seed 3", /compile has no option --seed/],
  ["--seed 3 compile m", /compile has no option --seed/],
  ["compile m --json=1", /--json takes no value/],
  ["bench m --nodes=", /has an empty item/],
  ["cache wipe", /choose info, clear/],
  ["compile m -x", /unknown option -x/],
];
for (const [line, expected] of mistakes) {
  test(`mistake: ${line || "(nothing)"}`, () => {
    const text = failure(line);
    assert.match(text, /^error\[usage\]: /);
    assert.match(text, expected);
    assert.ok(!text.includes("\n"));
  });
}
