import assert from "node:assert/strict";
import { test } from "node:test";
import { definition, isName, occurrences, wordAt } from "./ir-navigation.ts";

const tensor = [
  'module "mlp" threads 2 next 12',
  "buffer x#0: f32[32,13] input 0 value 3",
  "vars i%0:i64 acc%1:f32x16",
  "run {",
  "  s1: for i%0 in 0..32 step 4 parallel { @[3,4]",
  "    s3: let acc%1 = max(x#0[i%0, 0 : 16 of 13], 0:f32x16)",
  "  }",
  "}",
];

test("the word under the cursor, with its number", () => {
  assert.equal(wordAt(tensor[5] ?? "", 20)?.text, "max");
  assert.equal(wordAt(tensor[5] ?? "", 13)?.text, "acc%1");
  assert.equal(wordAt('  "a b/c"%12 = relu(%3)', 12)?.text, '"a b/c"%12');
  assert.equal(wordAt("  }", 1), undefined);
  assert.equal(isName("x#0"), true);
  assert.equal(isName("max"), false);
});

test("a variable is defined where a statement brings it, not where it is declared or used", () => {
  assert.deepEqual(definition(tensor, "i%0"), { line: 4, start: 10, end: 13 });
  assert.deepEqual(definition(tensor, "acc%1"), { line: 5, start: 12, end: 17 });
  assert.deepEqual(definition(tensor, "x#0"), { line: 1, start: 7, end: 10 });
  assert.equal(definition(tensor, "%99"), undefined);
});

test("graph values are defined on the left of their node", () => {
  const graph = [
    'graph "g" {',
    '  input %0 "x": f32[batch, 3]',
    '  %1 "/a/b": f32[batch, 3] = relu(%0) #0 "/a" from [0]',
    "  %2: f32[2, 3], %3: i64[2] = topk(%1, %0) {k = 1} #1 from [1]",
    "  return %2",
  ];
  assert.deepEqual(definition(graph, "%1"), { line: 2, start: 2, end: 4 });
  assert.deepEqual(definition(graph, "%2"), { line: 3, start: 2, end: 4 });
  assert.deepEqual(definition(graph, "%3"), { line: 3, start: 17, end: 19 });
  assert.deepEqual(definition(graph, "%0"), { line: 1, start: 8, end: 10 });
  assert.equal(occurrences(graph, "%0").length, 3);
});

test("%1 is not %12", () => assert.equal(occurrences(["%12 = relu(%1)"], "%1").length, 1));

test("numbers inside of quotes are no names: paths of ONNX nodes, hostile ones", () => {
  const lines = ['%2 "y": f32[1] = relu(%0) #0 "a %0 #0" from [0]', 'member #0 "tile"', 'source 0 "#0" "Relu" "" "%0"'];
  assert.deepEqual(
    occurrences(lines, "#0").map(({ line }) => line),
    [0, 1],
  );
  assert.deepEqual(
    occurrences(lines, "%0").map(({ line }) => line),
    [0],
  );
  assert.equal(isName('"#0"'), false);
});
