/** Chains, packed products of bytes and convolutions at other points of their spaces, forced by tuned entries: the same result as the evaluator's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type Compilation } from "../../compiler-core/compile.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Graph } from "../../compiler-core/graph/ir.ts";
import { fromValues, toNumbers } from "../../compiler-core/graph/ndarray.ts";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { paramSpace } from "../../compiler-core/passes/2-lower/params/index.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { numbers } from "../lower/cases.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { weightsOf } from "./weights.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"],
};

function convolution(): Graph {
  const b = modelBuilder();
  b.input("x", "f32", [1, 6, 14, 14]);
  b.initializer("w", "f32", [29, 6, 3, 3], Float32Array.from(numbers(29 * 54, 1)));
  b.node("Conv", ["x", "w"], "h", { attributes: { pads: [1, 1, 1, 1] } });
  b.node("Relu", ["h"], "y");
  b.output("y", "f32", [1, 29, 14, 14]);
  return importModel(b.build());
}

interface Case {
  readonly template: string;
  readonly graph: Graph;
  readonly without: readonly string[];
  readonly isa: "avx2" | "avx512" | "avx512-vnni";
}

const cases: Readonly<Record<string, Case>> = {
  "a chain of f32": { template: "chain", graph: importModel(mlp("mlp1", 29, [40, 64, 33, 32])), without: [], isa: "avx2" },
  "a chain of bytes": { template: "chain", graph: importModel(mlpInt8("mlp1", 29, [40, 64, 33, 32])), without: [], isa: "avx512-vnni" },
  "a product of bytes": {
    template: "matmul",
    graph: importModel(mlpInt8("mlp1", 37, [50, 130])),
    without: ["chain-nests"],
    isa: "avx512",
  },
  "a convolution": { template: "conv", graph: convolution(), without: ["propagate-layouts"], isa: "avx512" },
};

function compiled({ graph, without, isa }: Case, threads: number, tuned: MachineProfile["tuned"]): Compilation {
  const known = without.filter((name) => name !== "propagate-layouts" || hasLayouts);
  const profile = tuned === undefined ? machine : { ...machine, tuned };
  const made = compile(graph, { ...defaultOptions, isa, threads, without: known }, profile, { now: () => 0 });
  assert.equal(made.error, undefined, made.error?.message);
  return made;
}

const hasLayouts = compile(convolution(), defaultOptions, machine, { now: () => 0 }).passes.some((p) => p.name === "propagate-layouts");

for (const [name, one] of Object.entries(cases))
  test(`${name} means the same at points far apart`, () => {
    const { graph } = one;
    const inputs = graph.inputs.map((id, i) => {
      const { dtype } = valueOf(graph, id);
      const shape = staticShape(valueOf(graph, id)) ?? [];
      const values = numbers(elements(shape), 7 + i);
      return fromValues(dtype, shape, dtype === "f32" ? values : values.map((v) => Math.round(Math.abs(v) * 50) % 256));
    });
    const want = toNumbers(evaluateGraph(graph, new Map(graph.inputs.map((id, i) => [id, inputs[i]!]))).get(graph.outputs[0]!)!);
    const tolerance = valueOf(graph, graph.outputs[0]!).dtype === "f32" ? 1e-4 : 1;
    for (const threads of [1, 3]) {
      const plain = compiled(one, threads, undefined);
      const group = plain.graph.groups.find((g) => g.template === one.template && g.phase === "run");
      assert.ok(group, plain.graph.groups.map((g) => g.template).join());
      const space = paramSpace(plain.graph, group.id, { options: plain.options, machine });
      assert.ok(!("why" in space), "why" in space ? space.why : "");
      for (let i = 0; i < 5; i++) {
        const params = space.pointOf(space.axes.map(({ values }, axis) => (i * 7 + axis * 3) % values.length));
        const made = compiled(one, threads, [{ problem: space.key, params }]);
        const said = made.verdicts.filter((v) => v.rule.endsWith("/tuned"));
        assert.deepEqual(
          said.map((v) => v.accepted),
          [true],
          said[0]?.because,
        );
        const [have] = evalModule(made.module!, { inputs, weights: weightsOf(made.graph, made.module!) }, "native");
        const bad = toNumbers(have!).findIndex((x, at) => !(Math.abs(x - want[at]!) <= tolerance * Math.max(1, Math.abs(want[at]!) / 50)));
        assert.ok(bad < 0, `${threads} threads, ${JSON.stringify(params)}: element ${bad} of ${want.length}`);
      }
    }
  });
