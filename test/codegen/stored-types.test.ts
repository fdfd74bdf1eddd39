/**
 * Element types without arithmetic of their own (floats of 16 bits and less, integers of 2 and 4 bits): moved, chosen, cast and given out by
 * native code on three threads, in odd sizes, so that neighbours in one byte belong to different rows.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions } from "#core";
import { findToolchain, localMachine } from "#core/io";
import { compileFlags } from "../../compiler-core/io/toolchain.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { valueOf, type Graph } from "../../compiler-core/graph/ir.ts";
import { decode, encode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { onnxDTypes, type OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { dtypeBits, isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { integerRange, roundFloat } from "../../compiler-core/tensor/rounding.ts";
import { hasCompiler, runBatch } from "./native-batch.ts";

const types = ["f16", "bf16", "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f8e8m0", "f4e2m1", "i4", "u4", "i2", "u2"] as const;
const [rows, columns] = [37, 13];
const compiler = ["g++", "clang++"].find(hasCompiler);

function modelOf(dtype: OnnxDType): Graph {
  const m = modelBuilder({ opset: 24, irVersion: 11 });
  const from = { attributes: { to: onnxDTypes[dtype].code } };
  m.input("x", dtype, [rows, columns]);
  m.input("c", "bool", [rows, 1]);
  m.input("v", "f32", [rows, columns]);
  m.initializer("i", "i64", [3], [4, 0, 11]);
  m.initializer("w", dtype, [columns], new Uint8Array(Math.ceil((columns * onnxDTypes[dtype].bits) / 8)).fill(0x31));
  const outputs: readonly (readonly [string, OnnxDType, readonly number[]])[] = [
    [m.node("Transpose", ["x"], "turned"), dtype, [columns, rows]],
    [m.node("Concat", ["x", "x"], "twice", { attributes: { axis: 1 } }), dtype, [rows, 2 * columns]],
    [m.node("Gather", ["x", "i"], "picked", { attributes: { axis: 1 } }), dtype, [rows, 3]],
    [m.node("Where", ["c", "x", "w"], "chosen"), dtype, [rows, columns]],
    [m.node("Cast", ["x"], "wide", { attributes: { to: onnxDTypes.f32.code } }), "f32", [rows, columns]],
    [m.node("Cast", ["v"], "narrow", from), dtype, [rows, columns]],
    [m.node("Cast", ["turned"], "i64s", { attributes: { to: onnxDTypes.i64.code } }), "i64", [columns, rows]],
    [m.node("Cast", ["i64s"], "and back", from), dtype, [columns, rows]],
  ];
  for (const [name, type, dims] of outputs) m.output(name, type, dims);
  return importModel(m.build());
}

/** Values that the type holds, all of them in turn where they are few. */
function operand(dtype: DType, n: number): NdArray {
  const value = (i: number): number => {
    if (isFloat(dtype)) return roundFloat(dtype, ((i * 7919) % 401) / 16 - 12);
    const { lowest, highest } = integerRange(dtype);
    return Number(lowest) + (i % (Number(highest - lowest) + 1));
  };
  const data = Array.from({ length: n }, (_, i) => (dtype === "bool" ? i % 2 : value(i)));
  return decode(dtype, [n], encode(fromValues(dtype, [n], data)));
}

test("types that are only stored, native", { skip: compiler === undefined ? "no C++ compiler" : false }, async (t) => {
  const all = types.map((dtype) => {
    const graph = modelOf(dtype);
    const compilation = compile(graph, { ...defaultOptions, threads: 3 }, localMachine(), { now: () => performance.now() });
    assert.equal(compilation.error, undefined, `${dtype}: ${compilation.error?.message ?? ""}`);
    assert.deepEqual(compilation.unsupported, [], dtype);
    const given = graph.inputs.map((id) => {
      const v = valueOf(graph, id);
      const shape = v.shape as readonly number[];
      return {
        ...operand(
          v.dtype,
          shape.reduce((a, d) => a * d, 1),
        ),
        shape,
      };
    });
    const want = evaluateGraph(graph, new Map(graph.inputs.map((id, i) => [id, given[i]!])));
    const { source } = compilation;
    const weights = source!.plan.weights.map((w): NdArray => ({
      dtype: w.dtype,
      shape: w.shape,
      data: decode(w.dtype, w.shape, w.inline!()).data,
    }));
    return { dtype, graph, given, want, weights, source: source! };
  });
  const flags = compileFlags(all[0]!.source.plan.isa, await findToolchain()).filter((f) => f.startsWith("-m"));
  const items = all.map(({ source, given, weights }) => ({ source, inputs: given, weights, threads: 3 }));
  const results = runBatch(items, compiler!, flags, process.cwd());
  for (const [i, { dtype, graph, want }] of all.entries()) {
    for (const [slot, id] of graph.outputs.entries()) {
      const { name } = valueOf(graph, id);
      await t.test(`${name} of ${dtype}`, () => {
        const expected = want.get(id)!;
        const have = decode(expected.dtype, expected.shape, results[i]!.outputs[slot]!);
        assert.deepEqual([...have.data], [...expected.data], `${dtype} of ${dtypeBits[dtype]} bits`);
      });
    }
  }
});
