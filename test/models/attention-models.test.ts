/**
 * Transformers of other projects: how many of their attentions become one nest without scores in memory, and why the others do not. Their numbers are
 * held against ONNX Runtime in the long run.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compile, defaultOptions, type Compilation, type MachineProfile } from "#core";
import { openModel, packageRoot } from "#core/io";
import { importModel } from "../../compiler-core/onnx/import.ts";

const folder = path.join(packageRoot(), "../shared/models");
const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};

interface Expected {
  readonly file: string;
  /** Groups of two products with rows between them; not all are attention: a norm between two products is one, too. */
  readonly nests: number;
  /** Why there is none: part of what is said of an operator, or of an edge. */
  readonly why?: RegExp;
}

const ort = "intel__onnxruntime/onnxruntime__test__";
const transformers = `${ort}python__transformers__test_data__models__`;
const models: readonly Expected[] = [
  { file: `${ort}testdata__bert_toy_optimized.onnx`, nests: 6 },
  { file: `${ort}testdata__transform__fusion__gpt2_one_layer.onnx`, nests: 1 },
  { file: `${ort}testdata__transform__fusion__attention_distilbert.onnx`, nests: 0, why: /only known at run time/ },
  { file: `${ort}testdata__transform__model_parallel__bart_self_attention_megatron_basic_test.onnx`, nests: 1 },
  { file: `${ort}testdata__attention_mask1d_fp32.onnx`, nests: 1 },
  { file: `${ort}testdata__attention_past_state.onnx`, nests: 1 },
  { file: `${ort}testdata__attention_past_state.u8u8.onnx`, nests: 1 },
  { file: `${transformers}whisper__hf_fp32_decoder_attention_no_past.onnx`, nests: 2 },
  { file: `${transformers}whisper__hf_fp32_decoder_attention_with_past.onnx`, nests: 2 },
  { file: `${transformers}whisper__hf_fp32_encoder_self_attention.onnx`, nests: 1 },
  { file: `${transformers}gpt2_attention_no_past_opt.onnx`, nests: 1 },
  { file: `${transformers}gemma3-vision-attention_fp32.onnx`, nests: 1 },
  { file: "justinchuby__onnx-genai/tests__fixtures__tiny-llm__model.onnx", nests: 2 },
  { file: "microsoft__onnxruntime-genai/test__models__hf-internal-testing__tiny-qwen35-cuda__decoder.onnx", nests: 2 },
  // Its softmax runs over the queries, behind a transpose of the scores.
  {
    file: "NeuralNetworkVerification__Marabou/resources__onnx__self-attention-mnist-pgd-medium-sim.onnx",
    nests: 0,
    why: /^not fused: .*(transpose|elements|extents)/,
  },
];

function reasons(c: Compilation): readonly string[] {
  return [...c.unsupported.map((u) => u.reason), ...c.verdicts.filter((v) => !v.accepted).map((v) => v.because)];
}

for (const { file, nests, why } of models)
  test(
    `nests of ${path.basename(file)}`,
    { skip: fs.existsSync(path.join(folder, file)) ? false : "../shared/models is not there" },
    () => {
      const { model, store } = openModel(path.join(folder, file));
      const c = compile(importModel(model, store), { ...defaultOptions, threads: 2 }, machine, { now: () => 0 });
      assert.equal(c.error, undefined);
      const found = c.graph.groups.filter((g) => g.template === "attention");
      assert.equal(found.length, nests, found.map((g) => g.name).join(", "));
      if (why !== undefined)
        assert.ok(
          reasons(c).some((r) => why.test(r)),
          reasons(c).join("\n"),
        );
    },
  );
