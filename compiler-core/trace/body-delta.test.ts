import assert from "node:assert/strict";
import { test } from "node:test";
import { functionDefinition, GraphBuilder, modelBuilder, node, tensorType } from "../onnx/builder.ts";
import { bodyAt, bodyDelta, typeText } from "./body-delta.ts";
import { StringTable } from "./strings.ts";

const inner = new GraphBuilder("inner");
inner.initializer("one", "i64", [2], [1, 2]);
inner.node("Add", ["outer", "one"], "more", { name: "plus" });
inner.output("more", "i64", ["n"]);
const middle = new GraphBuilder("middle");
middle.multi("Loop", ["", "c"], ["y"], { attributes: { body: { kind: "graph", value: inner.graph() } } });
const model = modelBuilder();
model.node("If", ["c"], "z", { attributes: { then_branch: { kind: "graph", value: middle.graph() } } });
model.node("F", ["z"], "w", { domain: "d" });
model.function(functionDefinition("d", "F", ["a"], ["b"], [node("F", ["a"], ["b"], { domain: "d" })]));
const built = model.build();

for (const [path, names] of [
  ["#0/then_branch", ["Loop"]],
  ["#0/then_branch/#0/body", ["Add"]],
  ["#1/F", ["F"]],
  ["#1/F/#0/F/#0/F", ["F"]],
  ["#0/else_branch", undefined],
  ["#7/then_branch", undefined],
  ["", undefined],
] as const) {
  test(`the body ${path}`, () =>
    assert.deepEqual(
      bodyAt(built, path)?.nodes.map(({ opType }) => opType),
      names,
    ));
}

test("a body as a snapshot: what it reads from outside is an input, its own constants are constants", () => {
  const strings = new StringTable();
  const path = "#0/then_branch/#0/body";
  const delta = bodyDelta(bodyAt(built, path)!, path, (at) => (at === `${path}/#0` ? 5 : undefined), strings);
  const names = Array.from(delta.values.name, (i) => delta.strings[i]);
  const shapes = Array.from(delta.values.shape, (i) => delta.strings[i]);
  const dtypes = Array.from(delta.values.dtype, (i) => delta.strings[i]);
  assert.deepEqual(names, ["outer (from outside)", "one", "more"]);
  assert.deepEqual(shapes, ["?", "2", "n"]);
  assert.deepEqual(dtypes, ["", "i64", "i64"]);
  assert.deepEqual([...delta.values.constant], [0, 1, 0]);
  assert.deepEqual([[...delta.inputs], [...delta.outputs], [...delta.nodes.origin.items]], [[0], [2], [5]]);
});

test("types that are not tensors have names", () => {
  const f32 = tensorType("f32", [1]);
  assert.equal(typeText({ kind: "sequence", element: f32, denotation: "" }), "sequence of f32");
  assert.equal(
    typeText({ kind: "map", key: "i64", value: { kind: "optional", element: f32, denotation: "" }, denotation: "" }),
    "map from i64 to optional of f32",
  );
  assert.equal(typeText({ kind: "sparse-tensor", dtype: "f64", denotation: "" }), "sparse f64");
  assert.equal(typeText(undefined), "");
});
