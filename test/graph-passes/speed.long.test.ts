/**
 * Import and passes of large models: growth with depth, and node counts. Times are processor time of this process, so that other work on the
 * machine counts little; the bounds are wide, the numbers are printed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { localMachine } from "#core/io";
import { compile } from "../../compiler-core/compile.ts";
import { memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { bertBase, encoder, encoderOfNodes } from "../workloads/transformer.ts";

/** Seconds of processor time. */
function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** An encoder with weights of little size: the passes look at structure. */
const narrow = (layers: number) =>
  importModel(encoder(`bert-${layers}`, { ...bertBase, layers, hidden: 96, inner: 384, vocabulary: 1000 }));

test("passes grow with depth: 12, 24, 48 layers", (t) => {
  const machine = localMachine();
  const run = (layers: number) => {
    const graph = narrow(layers);
    let passes = 0;
    const all = seconds(() => {
      const c = compile(graph, defaultOptions, machine, { now: () => process.cpuUsage().user / 1000 });
      assert.equal(c.error, undefined);
      assert.equal(c.unsupported.length, 0);
      passes = c.passes.reduce((sum, p) => sum + p.ms, 0) / 1000;
    });
    return { nodes: graph.nodes.length, all, passes };
  };
  const cold = run(12);
  const [twelve, middle, deep] = [12, 24, 48].map(run) as [typeof cold, typeof cold, typeof cold];
  for (const [name, r] of Object.entries({ "12 layers, first": cold, "12 layers": twelve, "24 layers": middle, "48 layers": deep }))
    t.diagnostic(`${name}: ${r.nodes} nodes, passes ${r.passes.toFixed(2)} s, with checks ${r.all.toFixed(2)} s`);
  assert.ok(deep.passes < 8 * twelve.passes, `48 layers take ${(deep.passes / twelve.passes).toFixed(1)} times as long as 12`);
  assert.ok(deep.passes < 4 * middle.passes, `48 layers take ${(deep.passes / middle.passes).toFixed(1)} times as long as 24`);
  assert.ok(twelve.passes < 1.5, `12 layers take ${twelve.passes} s`);
});

test("50,000 nodes are read and imported in seconds", (t) => {
  const bytes = encodeModel(encoderOfNodes(50_000), { store: memoryStore() });
  let nodes = 0;
  const spent = seconds(() => {
    nodes = importModel(readModel(memorySource(bytes), "big"), memoryStore(bytes, "big")).nodes.length;
  });
  t.diagnostic(`${nodes} nodes, ${(bytes.length / 1e6).toFixed(0)} MB: ${spent.toFixed(2)} s`);
  assert.ok(nodes >= 50_000);
  assert.ok(spent < 6, `${spent} s`);
});
