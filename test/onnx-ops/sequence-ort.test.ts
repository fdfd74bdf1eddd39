/** Recurrent networks, attention and control flow against ONNX Runtime: the reference evaluator, the graph after the passes, and native code in one unit. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { compile, defaultOptions } from "#core";
import { buildModule, findToolchain, localMachine, NativeHost } from "#core/io";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { inlineControlFlow } from "../../compiler-core/passes/1-graph/inline-control-flow.ts";
import { inferShapes } from "../../compiler-core/passes/1-graph/infer-shapes.ts";
import { graphPipeline } from "../graph-passes/run-pass.ts";
import { prefixOf, quickBuilds, unitOf } from "../onnx-node/unit.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { silent } from "./onnx-case.ts";
import { controlFlowCases } from "./control-flow-cases.ts";
import { sequenceCases, type SequenceCase } from "./sequence-cases.ts";

const cases = [...sequenceCases, ...controlFlowCases];

const runtime = await loadRuntime();
const missing = typeof runtime === "string" ? runtime : undefined;
const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
/** Sums of f32 in another order; states feed back, so errors grow with the steps. */
const tolerance = 2e-5;

async function runOrt(c: SequenceCase): Promise<readonly (readonly number[])[]> {
  assert.ok(typeof runtime !== "string");
  const session = await runtime.InferenceSession.create(encodeModel(c.model), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(
    [...c.inputs].map(([name, nd]) => [
      name,
      nd.dtype === "i32"
        ? new runtime.Tensor("int32", nd.data as Int32Array, [...nd.shape])
        : new runtime.Tensor("float32", nd.data as Float32Array, [...nd.shape]),
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return c.model.graph.outputs.map(({ name }) => Array.from(results[name]!.data as Float32Array));
}

function expectClose(what: string, got: readonly (readonly number[])[], want: readonly (readonly number[])[]): void {
  want.forEach((list, i) => {
    assert.equal(got[i]?.length, list.length, `${what}, output ${i}: number of elements`);
    const at = list.findIndex((w, j) => !(Math.abs(w - got[i]![j]!) <= tolerance * Math.max(1, Math.abs(w))));
    assert.ok(at < 0, `${what}, output ${i}, element ${at}: ${got[i]![at]} instead of ${list[at]}`);
  });
}

const byValue = (graph: Graph, c: SequenceCase): Map<ValueId, NdArray> =>
  new Map(graph.inputs.map((id) => [id, c.inputs.get(valueOf(graph, id).name)!]));
const evaluated = (graph: Graph, c: SequenceCase): readonly (readonly number[])[] => {
  const results = evaluateGraph(graph, byValue(graph, c));
  return graph.outputs.map((id) => toNumbers(results.get(id)!));
};

const wanted = new Map<SequenceCase, readonly (readonly number[])[]>();
for (const c of cases) {
  test(c.name, { skip: missing ?? false }, async () => {
    const want = await runOrt(c);
    wanted.set(c, want);
    // Extents that follow from shape arithmetic are known after inference.
    const imported = [inferShapes, inlineControlFlow, inferShapes].reduce((g, pass) => pass.run(g, silent), importModel(c.model));
    expectClose("as imported", evaluated(imported, c), want);
    expectClose(
      "after the passes",
      evaluated(
        graphPipeline.reduce((g, pass) => pass.run(g, silent), imported),
        c,
      ),
      want,
    );
  });
}

let host: NativeHost | undefined;
after(() => host?.close());

test("native code of all of them", { skip: missing ?? noCompiler ?? false }, async (t) => {
  const compiled = cases.map((c) => {
    const { source, error, unsupported } = compile(importModel(c.model), defaultOptions, localMachine(), { now: () => 0 });
    assert.ok(
      source && unsupported.length === 0,
      `${c.name}: ${error?.message ?? unsupported.map((u) => `${u.opType}: ${u.reason}`).join("; ")}`,
    );
    return { c, source };
  });
  const text = unitOf(compiled.map(({ source }) => source.text));
  const { so } = await buildModule({ sources: [{ name: "model.cpp", text }], isa: compiled[0]!.source.plan.isa, quick: quickBuilds });
  const runner = (host = await NativeHost.start({ timeoutSeconds: 30 }));
  for (const [i, { c, source }] of compiled.entries()) {
    await t.test(c.name, async () => {
      const { plan } = source;
      const loaded = await runner.load({ sharedObject: so, plan }, c.name, prefixOf(i));
      const names = plan.inputs.map((p) => p.name);
      const outputs = await runner.run(
        loaded,
        runner.inputFiles(
          names,
          names.map((n) => c.inputs.get(n)!),
        ),
      );
      await runner.unload(loaded);
      expectClose("native", outputs.map(toNumbers), wanted.get(c)!);
    });
  }
});
