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
import { defaultOptions, type CompileOptions } from "../../compiler-core/options.ts";
import type { EncoderForm } from "../workloads/quantised-encoder.ts";
import { bertBase, encoder, encoderOfNodes } from "../workloads/transformer.ts";

/** Seconds of processor time. */
function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** An encoder with weights of little size: the passes look at structure. */
const narrow = (layers: number, form: EncoderForm) =>
  importModel(encoder(`bert-${layers}-${form}`, { ...bertBase, layers, hidden: 96, inner: 384, vocabulary: 1000 }, undefined, form));

/** Forms that other passes work on: floats, bytes, products of bf16; for an instruction set with products of both. */
const forms: Readonly<Record<string, { readonly form: EncoderForm; readonly options: Partial<CompileOptions> }>> = {
  f32: { form: "f32", options: {} },
  "quantised to bytes": { form: "qdq", options: { isa: "avx512-bf16" } },
  "f32 with products of bf16": { form: "f32", options: { precision: "bf16", isa: "avx512-bf16" } },
};

interface Times {
  readonly nodes: number;
  /** Seconds of processor time: all passes, and with the checks. */
  readonly passes: number;
  readonly all: number;
  readonly each: ReadonlyMap<string, number>;
}

function timesOf(layers: number, { form, options }: (typeof forms)[string]): Times {
  const graph = narrow(layers, form);
  const each = new Map<string, number>();
  const all = seconds(() => {
    const c = compile(graph, { ...defaultOptions, ...options }, localMachine(), { now: () => process.cpuUsage().user / 1000 });
    assert.equal(c.error, undefined);
    assert.equal(c.unsupported.length, 0);
    for (const p of c.passes) each.set(p.name, (each.get(p.name) ?? 0) + p.ms / 1000);
  });
  return { nodes: graph.nodes.length, all, passes: [...each.values()].reduce((sum, t) => sum + t, 0), each };
}

/** The shorter of two measurements, pass by pass: a collection of garbage or a translation to machine code falls into one of them. */
function better(a: Times, b: Times): Times {
  const least = (x: number | undefined, y: number): number => Math.min(x ?? y, y);
  return {
    nodes: a.nodes,
    passes: Math.min(a.passes, b.passes),
    all: Math.min(a.all, b.all),
    each: new Map([...b.each].map(([name, t]) => [name, least(a.each.get(name), t)])),
  };
}

for (const [name, form] of Object.entries(forms))
  test(`passes grow with depth: 12, 24, 48 layers, ${name}`, (t) => {
    const cold = timesOf(12, form);
    const [twelve, middle, deep] = [12, 24, 48].map((layers) => better(timesOf(layers, form), timesOf(layers, form))) as [
      Times,
      Times,
      Times,
    ];
    for (const [title, r] of Object.entries({ "12 layers, first": cold, "12 layers": twelve, "24 layers": middle, "48 layers": deep }))
      t.diagnostic(`${title}: ${r.nodes} nodes, passes ${r.passes.toFixed(2)} s, with checks ${r.all.toFixed(2)} s`);
    assert.ok(deep.passes < 8 * twelve.passes, `48 layers take ${(deep.passes / twelve.passes).toFixed(1)} times as long as 12`);
    assert.ok(deep.passes < 4 * middle.passes, `48 layers take ${(deep.passes / middle.passes).toFixed(1)} times as long as 24`);
    // Twice the nodes in twice the time; four times is what a pass that is quadratic takes. Short ones are noise: collecting garbage may take as long.
    const grown = [...deep.each].map(([pass, s]) => ({ pass, s, times: s / Math.max(0.01, middle.each.get(pass) ?? 0) }));
    const slowest = grown.sort((a, b) => b.s - a.s).slice(0, 6);
    t.diagnostic(slowest.map((g) => `${g.pass} ${g.s.toFixed(2)} s (${g.times.toFixed(1)} times 24 layers)`).join(", "));
    assert.deepEqual(
      grown.filter((g) => g.s > 0.4 && g.times > 3.5).map((g) => `${g.pass}: ${g.times.toFixed(1)} times as long for twice the layers`),
      [],
    );
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
