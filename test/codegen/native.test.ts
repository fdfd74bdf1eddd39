/** Generated code against the graph evaluator: every lowering case, built for each instruction set that this machine has, with one and several threads. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { emitFor } from "../../compiler-core/codegen/index.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { IsaName, MachineProfile } from "../../compiler-core/machine.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import type { Module } from "../../compiler-core/tensor/ir.ts";
import { pipeline } from "../../compiler-core/pipeline.ts";
import { cases, numbers } from "../lower/cases.ts";
import { hasCompiler, runBatch, type BatchItem, type BatchResult } from "./native-batch.ts";

const root = process.cwd();
const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 65536, l3: 1 << 20 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};
const cpuFlags = /^flags\s*:(.*)$/m.exec(readCpuInfo())?.[1]?.split(" ") ?? [];
function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

const sets: readonly { readonly isa: IsaName; readonly flags: readonly string[]; readonly needs: readonly string[] }[] = [
  { isa: "scalar", flags: [], needs: [] },
  { isa: "avx2", flags: ["-march=x86-64-v3"], needs: ["avx2", "fma", "f16c"] },
  { isa: "avx512", flags: ["-march=x86-64-v4"], needs: ["avx512f", "avx512bw", "avx512dq", "avx512vl"] },
];
const variants = [
  { name: "one thread", threads: 1, host: 1, without: [] as string[] },
  { name: "three threads, run by two", threads: 3, host: 2, without: [] as string[] },
  { name: "nothing optional", threads: 2, host: 3, without: pipeline.filter((p) => p.optional).map((p) => p.name as string) },
];

interface Prepared extends BatchItem {
  readonly want: readonly NdArray[];
}

function prepare(graph: Graph, isa: IsaName, variant: (typeof variants)[number]): Prepared {
  const options = { ...defaultOptions, isa, threads: variant.threads, without: variant.without };
  const ctx = { options, machine, hit: () => {}, verdict: () => {} };
  let g = graph;
  let module: Module | undefined;
  for (const pass of pipeline) {
    if (pass.optional && variant.without.includes(pass.name)) continue;
    if (pass.when !== undefined && pass.when(options, machine) !== true) continue;
    if (pass.level === "graph") g = pass.run(g, ctx);
    else module = pass.level === "lower" ? pass.run(g, ctx) : pass.run(module!, ctx);
  }
  const given = new Map<ValueId, NdArray>(
    graph.inputs.map((id, i) => {
      const shape = staticShape(valueOf(graph, id)) ?? [];
      return [id, fromValues("f32", shape, numbers(elements(shape), 1000 + i))];
    }),
  );
  const values = evaluateGraph(graph, given);
  const weights = module!.buffers
    .filter((b) => b.scope === "weight")
    .sort((a, b) => a.slot! - b.slot!)
    .map((b) => {
      const c = g.constants.get(valueOf(g, b.value!).constant!);
      return decode(c.dtype, b.shape, c.bytes());
    });
  return {
    source: emitFor(module!, g, isa),
    inputs: graph.inputs.map((v) => given.get(v)!),
    weights,
    threads: variant.host,
    want: graph.outputs.map((v) => values.get(v)!),
  };
}

const compiler = ["g++", "clang++"].find(hasCompiler);

for (const { isa, flags, needs } of sets) {
  const lacking = needs.filter((f) => !cpuFlags.includes(f));
  const skip = compiler === undefined ? "no C++ compiler" : lacking.length > 0 ? `this CPU lacks ${lacking.join(", ")}` : false;
  test(`generated code, ${isa}`, { skip }, async (t) => {
    const names = Object.keys(cases).flatMap((c) => variants.map((v) => ({ c, v })));
    const items = names.map(({ c, v }) => prepare(cases[c]!, isa, v));
    const results = runBatch(items, compiler!, flags, root);
    for (const [i, { c, v }] of names.entries()) {
      await t.test(`${c}, ${v.name}`, () => compareAll(results[i]!, items[i]!.want, tolerances[c] ?? 2e-6));
    }
  });
}

/** Of the largest value, where it is more than a few roundings to f32. */
const tolerances: Readonly<Record<string, number>> = {
  "a norm between products, behind 16 bits": 2 ** -10, // a sum that is rounded to 16 bits the other way: one step of f16
  "channels last, transformed": 1e-5, // sums of sums: the transform of a tile takes up to 16 products apart
};

function compareAll(have: BatchResult, want: readonly NdArray[], tolerance: number): void {
  assert.ok(have.intact, "it wrote past the end of a buffer");
  assert.equal(have.outputs.length, want.length);
  want.forEach((w, i) => {
    const got = toNumbers(decode(w.dtype, w.shape, have.outputs[i]!));
    const values = toNumbers(w);
    // Sums over k cancel: the error scales with the largest value, not with each.
    const scale = values.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    values.forEach((x, j) => {
      const y = got[j]!;
      assert.ok(Object.is(x, y) || Math.abs(x - y) <= tolerance * scale, `output ${i}, element ${j}: ${y} instead of ${x}`);
    });
  });
}
