import assert from "node:assert/strict";
import { test } from "node:test";
import { modelBuilder } from "./builder.ts";
import { flattenModel } from "./flatten.ts";

const opsetOf = (irVersion: number, imports: boolean): number | undefined => {
  const b = modelBuilder({ irVersion, opset: 12 });
  b.input("x", "f32", [2]);
  b.node("Relu", ["x"], "y");
  b.output("y", "f32", [2]);
  const model = b.build();
  return flattenModel(imports ? model : { ...model, opsetImports: [] }).nodes[0]?.opset;
};

test("a file that names no operator set: the first before IR version 3, else the newest", () => {
  assert.equal(opsetOf(2, false), 1);
  assert.ok((opsetOf(8, false) ?? 0) > 20);
  assert.equal(opsetOf(2, true), 12);
});
