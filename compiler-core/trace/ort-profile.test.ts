import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceNodeInfo } from "../protocol/trace.ts";
import { ortProfile } from "./ort-profile.ts";

const source = (i: number, name: string, opType: string): SourceNodeInfo => ({ path: `#${i}`, name, opType, domain: "" });
const sources = [
  source(0, "MatMul_1", "MatMul"),
  source(1, "", "Relu"),
  source(2, "twice", "Add"),
  source(3, "twice", "Add"),
  source(4, "enc/Mul_9", "Mul"),
];

const run = (ts: number, dur: number): object => ({ cat: "Session", name: "model_run", ts, dur, args: {} });
const kernel = (name: string, op: string, index: number, ts: number, dur: number): object => ({
  ...{ cat: "Node", name: `${name}_kernel_time`, ts, dur },
  args: { op_name: op, provider: "CPUExecutionProvider", node_index: String(index) },
});

test("times per run are medians of the runs but the first; nodes are found by name, position or a part of the name", () => {
  const all = [100, 1000, 2000, 3000].flatMap((ts, i) => [
    kernel("MatMul_1", "MatMul", 0, ts + 1, i === 0 ? 900 : 10 * i),
    kernel("Relu_1", "Relu", 1, ts + 40, 4),
    kernel("twice", "Add", 3, ts + 50, 3),
    kernel("enc/Mul_9/LayerNormFusion/", "LayerNormalization", 40, ts + 60, 2),
    kernel("SkipLayerNormalization", "SkipLayerNormalization", 41, ts + 70, 1),
    run(ts, 90 + i),
  ]);
  const profile = ortProfile(all, sources, "p.json");
  assert.ok(profile);
  assert.deepEqual([profile.runs, profile.runUs, profile.kernelsUs], [3, 92, 30]);
  assert.deepEqual(
    profile.kernels.map(({ name, us, source, found }) => [name, us, source, found]),
    [
      ["MatMul_1", 20, 0, "name"],
      ["Relu_1", 4, 1, "position"],
      ["twice", 3, 3, "name"],
      ["enc/Mul_9/LayerNormFusion/", 2, 4, "part"],
      ["SkipLayerNormalization", 1, undefined, "none"],
    ],
  );
});

test("a kernel in a loop runs often in a run; one that some runs lack is counted there as nothing", () => {
  const all = [
    run(0, 5),
    run(100, 50),
    kernel("MatMul_1", "MatMul", 0, 101, 4),
    kernel("MatMul_1", "MatMul", 0, 110, 5),
    run(200, 50),
    kernel("MatMul_1", "MatMul", 0, 201, 5),
  ];
  const [only] = ortProfile(all, sources, "p.json")?.kernels ?? [];
  assert.deepEqual([only?.us, only?.calls], [7, 1.5]);
});

test("another operator of the same name is not that node", () =>
  assert.equal(ortProfile([kernel("MatMul_1", "Gemm", 0, 0, 1)], sources, "p")?.kernels[0]?.found, "part"));

test("what is no profile is refused", () => {
  for (const data of [
    {},
    [],
    [1, null, "x"],
    [run(0, 1)],
    [{ cat: "Node", name: "a_kernel_time", ts: "0", dur: 1 }],
    [{ ...kernel("a", "b", 0, 0, 1), dur: -1 }],
  ])
    assert.equal(ortProfile(data, sources, "p"), undefined);
});
