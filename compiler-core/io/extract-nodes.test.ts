import assert from "node:assert/strict";
import { test } from "node:test";
import { modelBuilder, tensorType } from "../onnx/builder.ts";
import { extractNodes } from "./extract-nodes.ts";

function chain() {
  const b = modelBuilder();
  b.input("x", "f32", [2, 4]);
  b.initializer("w", "f32", [4, 4], new Float32Array(16));
  b.initializer("v", "f32", [4, 4], new Float32Array(16));
  b.node("MatMul", ["x", "w"], "a");
  b.node("Relu", ["a"], "b");
  b.node("MatMul", ["b", "v"], "c");
  b.node("Add", ["c", "a"], "y");
  b.output("y", "f32", [2, 4]);
  return b.build();
}
const types = (name: string) => tensorType("f32", name === "unknown" ? undefined : [2, 4]);

test("what is read from outside becomes an input, with its type", () => {
  const { model, inputs, outputs } = extractNodes(chain(), [1, 2], types);
  assert.deepEqual([inputs, outputs], [["a"], ["c"]]);
  assert.deepEqual(
    model.graph.initializers.map((t) => t.name),
    ["v"],
  );
  assert.deepEqual(model.graph.inputs[0]?.type, tensorType("f32", [2, 4]));
});

test("a value that the rest reads is an output, one that only the part reads is not", () => {
  assert.deepEqual(extractNodes(chain(), [0, 1, 2], types).outputs, ["a", "c"]);
  assert.deepEqual(extractNodes(chain(), [2, 3], types), { ...extractNodes(chain(), [2, 3], types), inputs: ["b", "a"], outputs: ["y"] });
});

test("values that nobody reads are the outputs when there are no others", () => {
  const model = chain();
  const cut = { ...model, graph: { ...model.graph, outputs: [], nodes: model.graph.nodes.slice(0, 2) } };
  assert.deepEqual(extractNodes(cut, [0, 1], types).outputs, ["b"]);
});

test("what a subgraph captures is read too", () => {
  const model = chain();
  const inner = { ...modelBuilder().graph(), nodes: [{ ...model.graph.nodes[1]!, inputs: ["a"], outputs: ["inner"] }] };
  const branch = { name: "then_branch", docString: "", refAttrName: "", kind: "graph" as const, value: inner };
  const nodes = [...model.graph.nodes, { ...model.graph.nodes[1]!, opType: "If", inputs: ["y"], outputs: ["z"], attributes: [branch] }];
  assert.deepEqual(extractNodes({ ...model, graph: { ...model.graph, nodes } }, [4], types).inputs, ["y", "a"]);
});
