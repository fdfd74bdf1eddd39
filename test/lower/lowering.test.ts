/** Loops against operators: every case is lowered, verified and interpreted at every stage of the pipeline, and compared with the graph evaluator. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { verifyGraph } from "../../compiler-core/graph/verify.ts";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import { defaultOptions, type CompileOptions } from "../../compiler-core/options.ts";
import type { PassContext } from "../../compiler-core/passes/pass.ts";
import { settleVerdicts } from "../../compiler-core/passes/settle-verdicts.ts";
import { pipeline } from "../../compiler-core/pipeline.ts";
import type { Verdict } from "../../compiler-core/protocol/trace.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { evalByThreads } from "../../compiler-core/tensor/eval-threads.ts";
import type { Module } from "../../compiler-core/tensor/ir.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";
import { cases, numbers } from "./cases.ts";

/** Small caches, so that blocking happens at sizes a test can afford. */
const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 65536, l3: 1 << 20 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};

/** Threads meet at no cost, so that even loops of this size are shared out. */
const cheapBarriers: MachineProfile = { ...machine, peaks: { ghz: 1 }, teamCosts: [{ threads: 4, barrierNs: 1, launchNs: 1 }] };

const variants: Readonly<Record<string, Partial<CompileOptions>>> = {
  "one thread": {},
  "three threads": { threads: 3 },
  "scalar, nothing optional": { isa: "scalar", without: pipeline.filter((p) => p.optional).map((p) => p.name) },
};

for (const [name, graph] of Object.entries(cases)) {
  for (const [variant, options] of Object.entries(variants)) {
    test(`${name}, ${variant}`, () => check(graph, { ...defaultOptions, ...options }));
  }
}

test("every producer -> consumer edge has exactly one fusion verdict", () => {
  for (const [name, graph] of Object.entries(cases)) {
    const verdicts: Verdict[] = [];
    const last = lowerTo(graph, defaultOptions, verdicts).graph;
    const producer = new Map(last.nodes.flatMap((n) => n.outputs.map((v) => [v, n.id] as const)));
    const edges = last.nodes.flatMap((n) =>
      [...new Set(n.inputs)].flatMap((v) => (v !== null && producer.has(v) ? [`${producer.get(v)}-${v}-${n.id}`] : [])),
    );
    const judged = verdicts.filter((v) => v.subject === "fusion").map((v) => `${v.nodes[0]}-${v.value}-${v.nodes[1]}`);
    assert.deepEqual(judged.sort(), edges.sort(), name);
  }
});

function check(graph: Graph, options: CompileOptions): void {
  const given = new Map<ValueId, NdArray>(
    graph.inputs.map((id, i) => {
      const shape = staticShape(valueOf(graph, id)) ?? [];
      return [id, fromValues("f32", shape, numbers(elements(shape), 1000 + i))];
    }),
  );
  const want = graph.outputs.map((v) => evaluateGraph(graph, given).get(v)!);
  const { stages, graph: last } = lowerTo(graph, options, []);
  for (const { pass, module } of stages) {
    assert.deepEqual(verifyModule(module), [], `after ${pass}`);
    const have = evalModule(module, { inputs: graph.inputs.map((v) => given.get(v)!), weights: weights(last, module) }, "native");
    have.forEach((h, i) => compare(h, want[i]!, `output ${i} after ${pass}`));
    assert.equal(have.length, want.length);
  }
  const done = stages.at(-1)?.module;
  if (done === undefined || options.threads === 1) return;
  const inputs = graph.inputs.map((v) => given.get(v)!);
  const apart = evalByThreads(done, { inputs, weights: weights(last, done) }, "native");
  apart.forEach((h, i) => compare(h, want[i]!, `output ${i}, one thread after the other`));
}

function lowerTo(graph: Graph, options: CompileOptions, verdicts: Verdict[]): { graph: Graph; stages: { pass: string; module: Module }[] } {
  const ctx: PassContext = {
    options,
    machine: options.threads > 1 ? cheapBarriers : machine,
    hit: () => {},
    verdict: (v) => verdicts.push(v),
  };
  const stages: { pass: string; module: Module }[] = [];
  let g = graph;
  let module: Module | undefined;
  for (const pass of pipeline) {
    if (pass.optional && options.without.includes(pass.name)) continue;
    if (pass.level === "graph") {
      const told = verdicts.splice(0);
      const was = g;
      g = pass.run(g, ctx);
      verdicts.splice(0, verdicts.length, ...settleVerdicts(told, verdicts, { pass: pass.name, was, now: g }));
      assert.deepEqual(verifyGraph(g), [], `after ${pass.name}`);
    } else {
      const before: Module | undefined = module;
      module = pass.level === "lower" ? pass.run(g, ctx) : pass.run(module!, ctx);
      if (module !== before) stages.push({ pass: pass.name, module });
    }
  }
  return { graph: g, stages };
}

function weights(graph: Graph, module: Module): NdArray[] {
  return module.buffers
    .filter((b) => b.scope === "weight")
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((b) => {
      const c = graph.constants.get(valueOf(graph, b.value!).constant!);
      return decode(c.dtype, c.shape, c.bytes());
    });
}

/** Sums are taken in another order, so floats agree to a few units of the last place of the terms. */
function compare(have: NdArray, want: NdArray, what: string): void {
  assert.equal(have.data.length, want.data.length, what);
  for (let i = 0; i < want.data.length; i++) {
    const [h, w] = [Number(have.data[i]), Number(want.data[i])];
    assert.ok(Math.abs(h - w) <= 2e-5 * Math.max(1, Math.abs(w)), `${what}: element ${i} is ${h}, not ${w}`);
  }
}
