import assert from "node:assert/strict";
import { test } from "node:test";
import { plainOrtText } from "./ort-text.ts";

const cases: readonly (readonly [string, string])[] = [
  [
    "node #0: Non-zero status code returned while running If node. Name:'If_0' Status Message: Non-zero status code returned while running Pad node. Name:'pad' Status Message: Pad reflect requires axis length >= 2 after slicing. Input shape:{1,1}",
    'node #0: If "If_0": Pad "pad": Pad reflect requires axis length >= 2 after slicing. Input shape:{1,1}',
  ],
  [
    "nodes #0: Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/text/string_normalizer.cc:235 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale with name:en_US.UTF-8\n",
    "nodes #0: Failed to construct locale with name:en_US.UTF-8",
  ],
  [
    "node #0: Non-zero status code returned while running Trees node. Name:'Trees' Status Message: /onnxruntime_src/onnxruntime/core/tree.h:624 void onnxruntime::Tree<A, B>::Compute(onnxruntime::Pool*, const AGG&) const [with AGG = Sum<float, float>; A = float] x->shape(1) is too small.",
    "node #0: Trees: x->shape(1) is too small.",
  ],
  [
    "nodes #2: Load model from /dev/shm/fusionscope-Ih4c33/7-hole0.onnx failed:Node (Add_0) Op (Add) [ShapeInferenceError] Incompatible dimensions",
    "nodes #2: Node (Add_0) Op (Add) [ShapeInferenceError] Incompatible dimensions",
  ],
  ["Unexpected input data type. Actual: (tensor(float))", "Unexpected input data type. Actual: (tensor(float))"],
];

for (const [said, plain] of cases) {
  test(`said plainly: ${plain}`, () => assert.equal(plainOrtText(said), plain));
}
