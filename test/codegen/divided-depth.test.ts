/** Products whose depth is divided among threads: chosen where rows and columns do not fill them, and the same result for any number of threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type Compilation } from "../../compiler-core/compile.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { localMachine } from "#core/io";
import { numbers } from "../lower/cases.ts";
import { hasCompiler, runBatch } from "./native-batch.ts";
import { weightsOf } from "./weights.ts";

const features = ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"] as const;
const machine: MachineProfile = {
  name: "test",
  cores: 32,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 },
  features: [...features],
  peaks: { ghz: 3, f32GflopsPerCore: 180, f32Avx2GflopsPerCore: 90 },
};

/** gelu-like members after x w + b; x and w from outside, or w constant. */
function product(m: number, n: number, k: number, constant: boolean): Graph {
  const b = modelBuilder();
  b.input("x", "f32", [m, k]);
  if (constant) b.initializer("w", "f32", [k, n], Float32Array.from(numbers(k * n, 1)));
  else b.input("w", "f32", [k, n]);
  b.initializer("b", "f32", [n], Float32Array.from(numbers(n, 2)));
  b.node("MatMul", ["x", "w"], "h");
  b.node("Add", ["h", "b"], "s");
  b.node("Relu", ["s"], "r");
  b.node("Mul", ["r", "s"], "y");
  b.output("y", "f32", [m, n]);
  // Two readers of one member: it is stored, and used.
  b.output("r", "f32", [m, n]);
  return importModel(b.build());
}

function compiled(graph: Graph, threads: number): Compilation {
  const made = compile(graph, { ...defaultOptions, isa: "avx512", threads }, machine, { now: () => 0 });
  assert.equal(made.error, undefined);
  return made;
}

const partsOf = ({ graph }: Compilation): unknown => graph.groups.find((g) => g.template === "matmul")?.params["parts"];

function same(have: NdArray, want: NdArray, what: string): void {
  const [h, w] = [toNumbers(have), toNumbers(want)];
  const bad = w.findIndex((x, i) => !(Math.abs((h[i] ?? NaN) - x) <= 1e-4 * Math.max(1, Math.abs(x))));
  assert.ok(bad < 0, `${what}: element ${bad} is ${h[bad]}, not ${w[bad]}`);
}

// The depth is a multiple of nothing; 16 x 64 is what has few tiles.
const cases = [
  { m: 16, n: 64, k: 4096, constant: true },
  { m: 5, n: 33, k: 3001, constant: false },
].map((c) => {
  const graph = product(c.m, c.n, c.k, c.constant);
  const inputs = graph.inputs.map((_, i) =>
    fromValues("f32", i === 0 ? [c.m, c.k] : [c.k, c.n], numbers(i === 0 ? c.m * c.k : c.k * c.n, 5 + i)),
  );
  const values = evaluateGraph(graph, new Map(graph.inputs.map((id, i) => [id, inputs[i]!])));
  return { ...c, graph, inputs, want: graph.outputs.map((v) => values.get(v)!) };
});
const teams = [1, 2, 3, 7, 16, 32];

for (const { m, n, k, graph, inputs, want } of cases)
  test(`${m} x ${n} x ${k}: the depth is divided where the threads are many, and loops mean the same`, () => {
    for (const threads of teams) {
      const made = compiled(graph, threads);
      const said = made.verdicts.filter((v) => v.rule === "choose-tiles/depth");
      const parts = partsOf(made);
      assert.equal(
        said.some((v) => v.accepted),
        parts !== undefined,
      );
      if (threads >= 7) assert.ok(Number(parts) > 1, `${threads} threads: ${said[0]?.because}`);
      if (threads === 1) assert.equal(parts, undefined);
      const have = evalModule(made.module!, { inputs, weights: weightsOf(made.graph, made.module!) }, "native");
      have.forEach((h, i) => same(h, want[i]!, `${threads} threads, output ${i}`));
    }
  });

const compiler = ["g++", "clang++"].find(hasCompiler);
const lacks = features.filter((f) => !localMachine().features.includes(f));
const skip = compiler === undefined ? "no C++ compiler" : lacks.length > 0 ? `the CPU lacks ${lacks.join(", ")}` : false;
test("native code means the same, scheduled for few or many, run by others", { skip }, () => {
  const items = cases.flatMap(({ graph, inputs, want }) =>
    [2, 7, 32].flatMap((scheduled) => {
      const { source, module, graph: last } = compiled(graph, scheduled);
      const weights = weightsOf(last, module!);
      return (scheduled === 7 ? teams : [scheduled]).map((threads) => ({ source: source!, inputs, weights, threads, want, scheduled }));
    }),
  );
  const results = runBatch(items, compiler!, ["-march=x86-64-v4"], process.cwd());
  results.forEach(({ outputs, intact }, i) => {
    const { want, threads, scheduled } = items[i]!;
    const what = `scheduled for ${scheduled}, run by ${threads}`;
    assert.ok(intact, `${what} wrote beside its buffers`);
    want.forEach((w, o) => same(decode("f32", w.shape, outputs[o]!), w, what));
  });
});
