/**
 * Every elementwise ONNX operator in every element type, from the model to native code, against the evaluator: one model per type that
 * holds all of its operators, so that one compiler run is enough. Also in f64 mode: the yardstick has to work for every type.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions } from "#core";
import { localMachine } from "#core/io";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import type { OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { bounds, elementwiseCases, pairs, type Domain, type Value } from "../onnx-ops/elementwise-cases.ts";
import { compileFlags, findToolchain } from "../../compiler-core/io/toolchain.ts";
import { hasCompiler, runBatch } from "./native-batch.ts";

const types: readonly DType[] = ["f32", "f64", "f16", "bf16", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool"];
const domains: readonly Domain[] = ["all", "divide", "shift", "power"];
const compiler = ["g++", "clang++"].find(hasCompiler);

/** All cases of a type; operands are inputs named after their domain. */
function modelOf(dtype: DType): Graph {
  const m = modelBuilder({ opset: 24, irVersion: 11 });
  const type = dtype as OnnxDType;
  const [lo, hi] = bounds(dtype);
  m.initializer("lo", type, [], [lo]);
  m.initializer("hi", type, [], [hi]);
  const made = new Set<string>();
  const input = (name: string, of: OnnxDType, n: number): string => {
    if (!made.has(name)) m.input(name, of, [n]);
    made.add(name);
    return name;
  };
  for (const c of elementwiseCases.filter((x) => x.types.includes(dtype))) {
    const n = pairs(dtype, c.domain).a.length;
    const operands = c.operands.map((o) =>
      o === "lo" || o === "hi" ? o : o === "c" ? input(`${c.domain} c`, "bool", n) : input(`${c.domain} ${o}`, type, n),
    );
    m.node(c.op, operands, c.name, { attributes: c.attributes });
    m.output(c.name, /^(Is|Equal|Less|Greater|And|Or|Xor|Not)/.test(c.op) ? "bool" : type, [n]);
  }
  return importModel(m.build());
}

function inputsOf(graph: Graph, dtype: DType): Map<ValueId, NdArray> {
  const values = (name: string): readonly Value[] => {
    const [domain, operand] = name.split(" ") as [Domain, "a" | "b" | "c"];
    const { a, b } = pairs(
      dtype,
      domains.find((d) => d === domain)!,
    );
    return operand === "c" ? a.map((_, i) => (i % 3 === 0 ? 1 : 0)) : operand === "a" ? a : b;
  };
  return new Map(
    graph.inputs.map((id) => {
      const v = valueOf(graph, id);
      const list = values(v.name);
      return [id, fromValues(v.dtype, [list.length], list)];
    }),
  );
}

/** Ours and theirs are good to a few units of the last place; libm's fmod and division are exact, functions and chains of operators are not. */
const slack: Readonly<Partial<Record<DType, number>>> = { f32: 2e-6, f64: 2e-14, f16: 2 ** -9, bf16: 2 ** -6 };

function compare(name: string, have: NdArray, want: NdArray): void {
  assert.equal(have.dtype, want.dtype);
  const limit = slack[want.dtype] ?? 0;
  want.data.forEach((x: Value, i: number) => {
    const y = have.data[i]!;
    const [u, v] = [Number(x), Number(y)];
    const close = isFloat(want.dtype) && Math.abs(u - v) <= limit * (Math.abs(u) + 0.01);
    assert.ok(x === y || Object.is(u, v) || close, `${name}, element ${i}: ${y} instead of ${x}`);
  });
}

test("elementwise operators in all types, native", { skip: compiler === undefined ? "no C++ compiler" : false }, async (t) => {
  const machine = localMachine();
  const all = types.map((dtype) => {
    const graph = modelOf(dtype);
    const compilation = compile(graph, { ...defaultOptions, threads: 2 }, machine, { now: () => performance.now() });
    assert.equal(compilation.error, undefined, `${dtype}: ${compilation.error?.message ?? ""}`);
    assert.deepEqual(compilation.unsupported, [], dtype);
    const given = inputsOf(graph, dtype);
    return { dtype, graph, source: compilation.source!, given, want: evaluateGraph(graph, given) };
  });
  const flags = compileFlags(all[0]!.source.plan.isa, await findToolchain()).filter((f) => f.startsWith("-m"));
  const results = runBatch(
    all.map(({ source, given }) => ({ source, inputs: [...given.values()], weights: [], threads: 2 })),
    compiler!,
    flags,
    process.cwd(),
  );
  for (const [i, { dtype, graph, want }] of all.entries()) {
    for (const [slot, id] of graph.outputs.entries()) {
      const { name } = valueOf(graph, id);
      const expected = want.get(id)!;
      await t.test(`${name} of ${dtype}`, () =>
        compare(name, decode(expected.dtype, expected.shape, results[i]!.outputs[slot]!), expected),
      );
    }
  }
});

for (const dtype of types.filter(isFloat)) {
  test(`evaluation of ${dtype} in f64`, () => {
    const graph = modelOf(dtype);
    const given = inputsOf(graph, dtype);
    const [native, exact] = [evaluateGraph(graph, given), evaluateGraph(graph, given, { mode: "f64" })];
    for (const id of graph.outputs) {
      const [a, b] = [toNumbers(native.get(id)!), toNumbers(exact.get(id)!)];
      const limit = { f64: 0, f32: 1e-5, f16: 4e-3, bf16: 4e-2 }[dtype as "f32"];
      const far = a.findIndex((x, i) => Number.isFinite(x) && Math.abs(x - b[i]!) > limit * Math.max(1, Math.abs(x)) + 1e-7);
      assert.ok(far < 0, `${valueOf(graph, id).name}: ${a[far]} in ${dtype}, ${b[far]} in f64`);
    }
  });
}
