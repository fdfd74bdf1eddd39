/** Plans of a few models: sound, near the bound that the checker computes by itself, and below what no reuse would take. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { arenaBound, overlaps } from "../../compiler-core/passes/3-tensor/check-memory.ts";
import { parseModule } from "../../compiler-core/tensor/parse.ts";
import { mha } from "../workloads/mha.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";
import { memoryPlanOf } from "./memory-plans.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-memory-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const models: Readonly<Record<string, OnnxModel>> = {
  mlp2: mlp("mlp2", 64, [64, 96, 80, 16]),
  "mlp1-int8": mlpInt8("mlp1", 32),
  mha1: mha("mha1", 2, "f32"),
  encoder: encoder("encoder", { ...bertBase, layers: 2, hidden: 64, heads: 2, inner: 256, vocabulary: 100, positions: 64, seq: 32 }),
};

for (const [name, model] of Object.entries(models)) {
  for (const threads of [1, 3]) {
    test(`${name}, ${threads} threads: the plan is sound and near its bound`, () => {
      const file = path.join(folder, `${name}.onnx`);
      fs.writeFileSync(file, encodeModel(model));
      const plan = memoryPlanOf(file, name, threads);
      assert.ok(plan !== undefined);
      assert.deepEqual(plan.problems, []);
      assert.equal(plan.bound, plan.plannersBound, "two ways to compute what is alive at one time");
      assert.ok(plan.bound <= plan.peak && plan.peak <= plan.without, `${plan.bound} <= ${plan.peak} <= ${plan.without}`);
      assert.ok(plan.peak <= 1.1 * plan.bound, `the peak is ${plan.peak}, no plan can do with less than ${plan.bound}`);
    });
  }
}

const handMade = (offsets: readonly [number, number, number]): string => `module "m" threads 2 next 20
memory arena 1024 without 1088 packed 0 scratch 0
buffer x#0: f32[64] input slot 0
buffer y#1: f32[64] output slot 0
buffer a#2: f32[64] arena offset ${offsets[0]}
buffer b#3: f32[64] arena offset ${offsets[1]}
buffer c#4: f32[64] arena offset ${offsets[2]}
vars i%0:i64 j%1:i64 k%2:i64 l%3:i64
init {
}
run {
  s2: alloc a#2
  s3: alloc b#3
  s4: alloc c#4
  s5: for i%0 in 0..64 parallel {
    s6: a#2[i%0] = x#0[i%0]
  }
  s7: barrier
  s8: for j%1 in 0..64 parallel {
    s9: b#3[j%1] = a#2[63 - j%1]
  }
  s12: barrier
  s13: for k%2 in 0..64 parallel {
    s14: c#4[k%2] = b#3[63 - k%2]
  }
  s15: barrier
  s16: for l%3 in 0..64 parallel {
    s17: y#1[l%3] = c#4[63 - l%3]
  }
}
`;

test("the checker's bound is what is alive at one time, and it finds overlaps of the living", () => {
  const right = parseModule(handMade([0, 256, 0]));
  assert.equal(arenaBound(right), 512, "a and b, or b and c");
  assert.deepEqual(overlaps(right), []);
  assert.equal(overlaps(parseModule(handMade([0, 0, 256]))).length, 1, "a is read while b is written");
  assert.equal(overlaps(parseModule(handMade([0, 192, 0]))).length, 2, "b reaches into both");
});
