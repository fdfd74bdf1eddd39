import assert from "node:assert/strict";
import { test } from "node:test";
import { graphDelta, StringTable } from "#core";
import { modelBuilder, tensorType } from "../../compiler-core/onnx/builder.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { declaredTypes, withDeclaredTypes } from "./declared-types.ts";

test("sequences, optionals and sparse tensors are shown as what the file declares", () => {
  const builder = modelBuilder();
  builder.input("list", { kind: "sequence", element: tensorType("f32", ["n"]), denotation: "" });
  builder.input("maybe", { kind: "optional", element: tensorType("i64"), denotation: "" });
  builder.input("thin", { kind: "sparse-tensor", dtype: "f64", dims: [{ value: 4, denotation: "" }], denotation: "" });
  builder.input("plain", "f16", [3]);
  builder.output(builder.node("SequenceLength", ["list"], "length"), "i64", []);
  const model = builder.build();
  const graph = importModel(model);
  const strings = new StringTable();
  const rewrite = withDeclaredTypes(declaredTypes(model), strings);
  const { values, strings: texts } = rewrite(graphDelta(0, graph, -1, undefined, strings));
  const shown = Object.fromEntries(Array.from(values.name, (name, i) => [texts[name] ?? "", texts[values.dtype[i] ?? -1] ?? ""]));
  assert.deepEqual(shown, {
    list: "sequence of f32",
    maybe: "optional of i64",
    thin: "sparse f64",
    plain: "f16",
    length: "i64",
  });
});
