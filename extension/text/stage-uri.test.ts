import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf, parseVirtual, virtualAddress, type VirtualText } from "./stage-uri.ts";

const texts: readonly VirtualText[] = [
  { view: "text", model: "file:///a%20b/m%26x%3D1.onnx", kind: "ir", stage: 3 },
  { view: "text", model: "file:///m.onnx", kind: "asm", stage: 0 },
  { view: "selection", model: "file:///m.onnx", stage: 2, nodes: [1, 22], sources: [] },
];

for (const text of texts) {
  test(`an address says again what it was made from: ${JSON.stringify(text)}`, () => {
    const { path, query } = virtualAddress(text, "03 fold-constants", "fusionscope-graph");
    assert.deepEqual(parseVirtual(query), text);
    assert.equal(languageOf(path), "fusionscope-graph");
  });
}

test("hostile titles stay inside one path segment", () => {
  const { path } = virtualAddress({ view: "text", model: "file:///m.onnx", kind: "ir", stage: 1 }, "../..\u0000/etc?x#y", "cpp");
  assert.equal(path.split("/").length, 3);
  assert.ok(!["?", "#", "\u0000"].some((letter) => path.includes(letter)));
});

for (const query of [
  "",
  "model=file:///m.onnx",
  "view=text&model=a&stage=-1&kind=ir",
  "view=text&model=a&stage=1&kind=exe",
  "view=text&stage=1&kind=ir",
]) {
  test(`not an address: "${query}"`, () => assert.equal(parseVirtual(query), undefined));
}
