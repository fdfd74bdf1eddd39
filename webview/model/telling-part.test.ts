import assert from "node:assert/strict";
import { test } from "node:test";
import { tellingPart } from "./telling-part.ts";

const part = (name: string, ...around: readonly string[]): string =>
  Array.from(name)
    .slice(...tellingPart(name, around))
    .join("");

test("what differs from the names around stays", () => {
  const kws = ["Relu__8:0_DequantizeLinear", "Relu__11:0_DequantizeLinear", "StatefulPartitionedCall:0_DequantizeLinear"] as const;
  assert.equal(part(kws[0], ...kws), "Relu__8");
  assert.equal(part(kws[1], ...kws), "Relu__11");
  const layer = [
    "layer.3/attention/self/query/MatMul",
    "layer.3/attention/self/key/MatMul",
    "layer.3/attention/self/value/MatMul",
  ] as const;
  assert.equal(part(layer[0], ...layer), "query");
  assert.equal(part(layer[1], ...layer), "key");
  const gemm = ["model/mlp/dense_1/gemm__6", "model/mlp/dense_1/gemm__7"] as const;
  assert.equal(part(gemm[0], ...gemm), "gemm__6");
});

test("a name alone shows its end, and a long word the end of it", () => {
  assert.equal(part("encoder/attention/MatMul"), "MatMul");
  assert.equal(part("a/ReadVariableOperatorNumberOne", "a/x"), "umberOne");
  assert.equal(part(""), "");
});
