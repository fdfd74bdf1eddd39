import assert from "node:assert/strict";
import { test } from "node:test";
import { linkQuery, markdownLink, parseLink, roundedState } from "./link.ts";

test("a link is what it was made of", () => {
  const state = { version: 1, view: "graph", camera: { x: 1.5, y: -2, k: 0.25 } };
  const place = { model: "file:///a%20b/m&n.onnx", stage: 4, node: "#12/then_branch:#3", state };
  assert.deepEqual(parseLink("/open", linkQuery(place)), place);
  assert.deepEqual(parseLink("/open", linkQuery({ model: "file:///m.onnx", stage: 0 })), { model: "file:///m.onnx", stage: 0 });
});

for (const [query, why] of [
  ["stage=1", "names no model"],
  ["model=m.onnx", "names no model"],
  ["model=command://%5B.onnx", "names no model"],
  ["model=file:///etc/passwd", "not name an .onnx"],
  ["model=file:///m.onnx&stage=-1", "stage"],
  ["model=file:///m.onnx&stage=x", "stage"],
] as const) {
  test(`${query} is refused`, () => assert.match(String(parseLink("/open", query)), new RegExp(why)));
}

test("no other command is in a link", () => assert.match(String(parseLink("/delete", "model=file:///m.onnx")), /not a command/));

for (const state of ["{", "[1]", "7", "null"])
  test(`a state ${state} is left out`, () =>
    assert.deepEqual(parseLink("/open", `model=file:///m.onnx&state=${state}`), { model: "file:///m.onnx", stage: 0 }));

test("a link keeps five digits of a zoom, and no state that would make it too long", () => {
  assert.deepEqual(roundedState({ k: 0.123456789, n: 12345678 }), { k: 0.12346, n: 12345678 });
  assert.equal(roundedState(undefined), undefined);
  const long = linkQuery({ model: "file:///m.onnx", stage: 0, state: { closed: "x".repeat(5000) } });
  assert.ok(long.length < 200);
});

test("names are text in a link for a report", () => {
  const link = markdownLink(["m](http://evil).onnx", "fuse", "<img src=x>\n# a"], "vscode://f/open?model=file:///a>b");
  assert.equal(link, "[m\\]\\(http://evil\\)\\.onnx › fuse › \\<img src=x\\> \\# a](<vscode://f/open?model=file:///a%3Eb>)");
});
