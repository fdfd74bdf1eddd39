/** Products at many points of their search space, forced by tuned entries: the same result as the evaluator's, as loops and as native code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type Compilation } from "../../compiler-core/compile.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Graph } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { IsaName, MachineProfile } from "../../compiler-core/machine.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { gemmCandidates, gemmProblemKey, type GemmPoint, type GemmProblem } from "../../compiler-core/passes/2-lower/gemm-space.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { localMachine } from "#core/io";
import { numbers } from "../lower/cases.ts";
import { hasCompiler, runBatch } from "./native-batch.ts";
import { weightsOf } from "./weights.ts";

const [m, n, k] = [37, 150, 96];

/** relu(x w + b), or relu(x w' + b) with both operands from outside. */
function product(constant: boolean): Graph {
  const b = modelBuilder();
  b.input("x", "f32", [m, k]);
  if (constant) b.initializer("w", "f32", [k, n], Float32Array.from(numbers(k * n, 1)));
  else b.input("w", "f32", [k, n]);
  b.initializer("b", "f32", [n], Float32Array.from(numbers(n, 2)));
  b.node("MatMul", ["x", "w"], "h");
  b.node("Add", ["h", "b"], "s");
  b.node("Relu", ["s"], "y");
  b.output("y", "f32", [m, n]);
  return importModel(b.build());
}

const features = ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"] as const;
const plain: MachineProfile = { name: "test", cores: 4, caches: { l1d: 32768, l2: 65536, l3: 1 << 20 }, features: [...features] };

/** Points far apart: every so-manieth of the space. */
function points(p: GemmProblem, count: number): readonly GemmPoint[] {
  const all = gemmCandidates(p);
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]!.point);
}

function at(graph: Graph, p: GemmProblem, point: GemmPoint): Compilation {
  const machine = { ...plain, tuned: [{ problem: gemmProblemKey(p), params: { ...point } }] };
  const made = compile(graph, { ...defaultOptions, isa: p.isa, threads: p.threads }, machine, { now: () => 0 });
  assert.equal(made.error, undefined);
  const said = made.verdicts.filter((v) => v.rule === "choose-tiles/tuned");
  assert.deepEqual(
    said.map((v) => v.accepted),
    [true],
    said[0]?.because,
  );
  return made;
}

const given = (graph: Graph): NdArray[] =>
  graph.inputs.map((id, i) => {
    const shape = staticShape(valueOf(graph, id)) ?? [];
    return fromValues("f32", shape, numbers(elements(shape), 1000 + i));
  });

function same(have: NdArray, want: NdArray, what: string): void {
  const [h, w] = [toNumbers(have), toNumbers(want)];
  const bad = w.findIndex((x, i) => !(Math.abs((h[i] ?? NaN) - x) <= 2e-5 * Math.max(1, Math.abs(x))));
  assert.ok(bad < 0, `${what}: element ${bad} is ${h[bad]}, not ${w[bad]}`);
}

const problem = (constant: boolean, isa: IsaName, threads: number): GemmProblem => ({
  ...{ kernel: "gemm_f32", m, n, k, batch: 1, threads, isa, b: constant ? "panels" : "rows", mayCopy: true, colliding: false },
});

for (const constant of [true, false]) {
  const graph = product(constant);
  const inputs = given(graph);
  const want = evaluateGraph(graph, new Map(graph.inputs.map((id, i) => [id, inputs[i]!]))).get(graph.outputs[0]!)!;
  const kind = constant ? "packed" : "in rows";

  for (const [isa, threads] of [
    ["scalar", 1],
    ["avx2", 2],
    ["avx512", 3],
  ] as const) {
    test(`B ${kind}, ${isa}, ${threads} threads: loops mean the same at every point`, () => {
      for (const point of points(problem(constant, isa, threads), 6)) {
        const { module, graph: last } = at(graph, problem(constant, isa, threads), point);
        const [have] = evalModule(module!, { inputs, weights: weightsOf(last, module!) }, "native");
        same(have!, want, JSON.stringify(point));
      }
    });
  }

  const compiler = ["g++", "clang++"].find(hasCompiler);
  const lacks = features.filter((f) => !localMachine().features.includes(f));
  const skip = compiler === undefined ? "no C++ compiler" : lacks.length > 0 ? `the CPU lacks ${lacks.join(", ")}` : false;
  test(`B ${kind}: native code means the same`, { skip }, () => {
    const chosen = points(problem(constant, "avx512", 2), 4);
    const items = chosen.map((point) => {
      const { source, module, graph: last } = at(graph, problem(constant, "avx512", 2), point);
      return { source: source!, inputs, weights: weightsOf(last, module!), threads: 2 };
    });
    const results = runBatch(items, compiler!, ["-march=x86-64-v4"], process.cwd());
    results.forEach(({ outputs, intact }, i) => {
      assert.ok(intact, `${JSON.stringify(chosen[i])} wrote beside its buffers`);
      same(decode("f32", [m, n], outputs[0]!), want, JSON.stringify(chosen[i]));
    });
  });
}
