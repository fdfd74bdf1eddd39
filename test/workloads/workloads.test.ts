import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openModel } from "../../compiler-core/io/model-file.ts";
import { memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { exampleModelPath, workloads } from "./catalog.ts";
import { Random } from "./prng.ts";
import { findWorkload, hashModel, workloadInputs } from "./write.ts";

const hashes = JSON.parse(fs.readFileSync("test/workloads/hashes.json", "utf8")) as Readonly<Record<string, string>>;

test("generated models are the same everywhere, byte for byte", () => {
  const small = workloads.filter(({ isBig }) => !isBig);
  assert.deepEqual(
    small.map(({ name }) => name),
    Object.keys(hashes),
  );
  for (const { name, make } of small) assert.equal(hashModel(make()), hashes[name], name);
});

test("the catalogue has the paper's 44 cases", () => {
  const names = workloads.filter(({ group }) => group === "paper").map(({ name }) => name);
  assert.equal(names.length, 44);
  const batches = { mlp: [32, 64, 128, 256, 512], mha: [32, 64, 128] };
  const families = ["mlp1", "mlp2", "mha1", "mha2", "mha3", "mha4"];
  const expected = families.flatMap((family) =>
    batches[family.startsWith("mlp") ? "mlp" : "mha"].flatMap((batch) => ["f32", "int8"].map((form) => `${family}_b${batch}_${form}`)),
  );
  assert.deepEqual(new Set(names), new Set(expected));
  assert.equal(new Set(workloads.map(({ name }) => name)).size, workloads.length);
});

test("the bundled example is what its generator makes", () => {
  const bytes = fs.readFileSync(exampleModelPath);
  assert.deepEqual(bytes, Buffer.from(encodeModel(findWorkload("example-mlp").make())));
  assert.ok(bytes.length < 300_000);
});

test("graphs by node count have that many nodes, in an order that can be run", () => {
  for (const { name, make } of workloads.filter(({ group, isBig }) => group === "nodes" && !isBig)) {
    const { graph } = readModel(memorySource(encodeModel(make())), name);
    assert.equal(graph.nodes.length, Number(name.replace("nodes-", "")));
    const known = new Set([...graph.inputs, ...graph.initializers].map((value) => value.name));
    for (const node of graph.nodes) {
      for (const input of node.inputs) assert.ok(known.has(input), `${name}: ${input}`);
      for (const output of node.outputs) {
        assert.ok(!known.has(output), `${name}: ${output} twice`);
        known.add(output);
      }
    }
    for (const output of graph.outputs) assert.ok(known.has(output.name));
    assert.equal(new Set(graph.nodes.map((node) => node.name)).size, graph.nodes.length);
  }
});

test("inputs have the shapes and ranges of their model", () => {
  for (const workload of workloads.filter(({ group }) => group !== "net" && group !== "nodes")) {
    if (/^mha|_b(64|128|256|512)_/.test(workload.name) && workload.name !== "mha1_b32_int8") continue;
    const inputs = workloadInputs(workload);
    assert.deepEqual(
      inputs.map(({ name }) => name),
      workload.make().graph.inputs.map(({ name }) => name),
    );
    for (const { dtype, dims, bytes } of inputs) {
      const width = dtype === "f32" ? 4 : dtype === "i64" ? 8 : 1;
      assert.equal(
        bytes.length,
        dims.reduce((product, dim) => product * dim, width),
      );
    }
  }
});

test("the random sequence has zero mean and unit variance", () => {
  const random = new Random("moments");
  let sum = 0;
  let squares = 0;
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const value = random.bell();
    sum += value;
    squares += value * value;
  }
  assert.ok(Math.abs(sum / count) < 0.01);
  assert.ok(Math.abs(squares / count - 1) < 0.01);
  assert.notEqual(new Random("a").word(), new Random("b").word());
});

test("a model is opened from its file without its weights", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-workloads-"));
  const file = path.join(folder, "m.onnx");
  fs.writeFileSync(file, encodeModel(findWorkload("mlp2_b32_f32").make()));
  const { model, store } = openModel(file);
  assert.ok(model.graph.initializers.every(({ data }) => data.source === "file"));
  store.close();
  fs.rmSync(folder, { recursive: true });
});
