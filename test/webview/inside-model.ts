/** A small model with what is shown but not compiled: a branch chosen at run time, a custom operator, strings; and a function. */
import { functionDefinition, GraphBuilder, modelBuilder, node } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

/** The file of the model. */
export function insideModel(): Uint8Array {
  const model = modelBuilder({ name: "inside", opset: 17, opsets: { "com.example": 1 } });
  const x = model.input("x", "f32", ["rows", 8]);
  const positive = model.input("positive", "bool", []);
  const scale = model.initializer("scale", "f32", [8], new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]));
  const scaled = model.node("Mul", [x, scale], "scaled");
  const chosen = model.node("If", [positive], "chosen", {
    name: "choice",
    attributes: { then_branch: { kind: "graph", value: thenBranch() }, else_branch: { kind: "graph", value: elseBranch() } },
  });
  const doubled = model.node("Twice", [chosen], "doubled", { name: "twice", domain: "com.example" });
  const odd = model.node("Mystery", [doubled], "odd", { name: "mystery", domain: "com.example", attributes: { words: ["a", "b"] } });
  model.initializer("greeting", "string", [2], ["hello", "wörld"]);
  model.node("Identity", ["greeting"], "words", { name: "words" });
  model.function(
    functionDefinition("com.example", "Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"], { name: "sum" })], { opset: 17 }),
  );
  model.output(odd, "f32", ["rows", 8]);
  model.output("words", "string", [2]);
  void scaled;
  return encodeModel(model.build());
}

/** Reads `scaled` from the graph around it. */
function thenBranch() {
  const graph = new GraphBuilder("then");
  graph.initializer("one", "f32", [], [1]);
  graph.node("Add", ["scaled", "one"], "more", { name: "more" });
  graph.output(graph.node("Relu", ["more"], "then_result", { name: "cut" }), "f32", ["rows", 8]);
  return graph.graph();
}

function elseBranch() {
  const graph = new GraphBuilder("else");
  graph.output(graph.node("Neg", ["scaled"], "else_result", { name: "turned" }), "f32", ["rows", 8]);
  return graph.graph();
}
