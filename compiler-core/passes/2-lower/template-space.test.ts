import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { modelBuilder } from "../../onnx/builder.ts";
import { importModel } from "../../onnx/import.ts";
import { memoryStore } from "../../onnx/tensor-data.ts";
import { defaultOptions } from "../../options.ts";
import { entryOf, templateSpace } from "./template-space.ts";

const machine: MachineProfile = {
  name: "test",
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
  caches: { l1d: 32768, l2: 1048576, l3: 33554432 },
  cores: 2,
};
const options = { ...defaultOptions, isa: "avx512" as const, threads: 2 };

function compiled(m: number, n: number, machineNow = machine) {
  const b = modelBuilder();
  b.input("x", "f32", [m, 300]);
  b.initializer("w", "f32", [300, n], new Float32Array(300 * n));
  b.node("MatMul", ["x", "w"], "y");
  b.node("Relu", ["y"], "z");
  b.output("z", "f32", [m, n]);
  const compilation = compile(importModel(b.build(), memoryStore()), options, machineNow, { now: () => 0 });
  assert.equal(compilation.error, undefined);
  const { graph } = compilation;
  const group = graph.groups.find(({ template }) => template === "matmul");
  assert.ok(group);
  return { graph, group };
}

test("what the compiler chose is a point of the space, and choosing it again changes nothing", () => {
  for (const [m, n] of [
    [128, 256],
    [1, 64],
    [777, 33],
  ] as const) {
    const { graph, group } = compiled(m, n);
    const space = templateSpace(graph, group.id, { options, machine });
    assert.equal(space.why, undefined);
    for (const { name, values, chosen } of space.axes) assert.ok(values.length > 0 && values[chosen] !== undefined, name);
    const params = Object.fromEntries(space.axes.map(({ name, values, chosen }) => [name, values[chosen] ?? 0]));
    const entry = entryOf(graph, group.id, params, { options, machine });
    assert.ok(entry);
    const again = compiled(m, n, { ...machine, tuned: [entry] });
    assert.deepEqual(again.group.params, group.params, `${m} x ${n}`);
  }
});

test("another value of an axis reaches the code; values of no axis are refused", () => {
  const { graph, group } = compiled(128, 256);
  const space = templateSpace(graph, group.id, { options, machine });
  const usual = Object.fromEntries(space.axes.map(({ name, values, chosen }) => [name, values[chosen] ?? 0]));
  const entry = entryOf(graph, group.id, { ...usual, tile: "6 x 64", rowBlocks: 2 }, { options, machine });
  assert.ok(entry);
  assert.match(entry.problem, /^gemm_f32 m=128 n=256 k=300 /);
  const { params } = compiled(128, 256, { ...machine, tuned: [entry] }).group;
  assert.deepEqual([params["mr"], params["nr"]], [6, 64]);
  assert.equal(entryOf(graph, group.id, { ...usual, tile: "7 x 7" }, { options, machine }), undefined);
  assert.equal(entryOf(graph, group.id, {}, { options, machine }), undefined);
});

test("where there is nothing to choose, the reason is given", () => {
  const { graph, group } = compiled(128, 256);
  assert.match(templateSpace(graph, 999, { options, machine }).why ?? "", /no group 999/);
  const other = graph.groups.find(({ id }) => id !== group.id);
  assert.ok(other, "its weight is packed");
  assert.match(templateSpace(graph, other.id, { options, machine }).why ?? "", /no parameters/);
});
