import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openModel } from "../../compiler-core/io/model-file.ts";
import { UserError } from "../../compiler-core/messages.ts";
import { memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { onnxDTypes } from "../../compiler-core/onnx/dtype.ts";
import type { OnnxGraph } from "../../compiler-core/onnx/model.ts";
import { readModel } from "../../compiler-core/onnx/reader.ts";
import { readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { filesBelow, missing, root, sharedBackend, sharedModels, tensorsOf, withValues } from "./corpus.ts";

const ownModels = path.join(root, "test", "models");

interface Facts {
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: number;
  readonly functions: number;
  readonly opTypes: readonly string[];
  readonly inputs: Readonly<Record<string, readonly [number, readonly (number | string)[]]>>;
  readonly initializers: Readonly<Record<string, readonly [number, readonly number[], string]>>;
}

function countNodes(graph: OnnxGraph): number {
  const inner = graph.nodes.flatMap((node) => node.attributes.map((item) => (item.kind === "graph" ? countNodes(item.value) : 0)));
  return graph.nodes.length + inner.reduce((sum, count) => sum + count, 0);
}

const facts = JSON.parse(fs.readFileSync(path.join(ownModels, "facts.json"), "utf8")) as Readonly<Record<string, Facts>>;

for (const [name, expected] of Object.entries(facts)) {
  test(`${name} reads as the onnx package reads it`, () => {
    const { model, store } = openModel(path.join(ownModels, name));
    assert.equal(model.irVersion, expected.irVersion);
    assert.deepEqual(Object.fromEntries(model.opsetImports.map(({ domain, version }) => [domain, version])), expected.opsets);
    assert.equal(countNodes(model.graph), expected.nodes);
    assert.equal(model.functions.length, expected.functions);
    assert.deepEqual(
      model.graph.nodes.map(({ opType }) => opType),
      expected.opTypes,
    );
    const inputs = model.graph.inputs.map(({ name: input, type }) => {
      if (type?.kind !== "tensor") return [input, [0, []]];
      return [input, [onnxDTypes[type.dtype].code, (type.dims ?? []).map(({ value, param }) => value ?? param ?? "")]];
    });
    assert.deepEqual(Object.fromEntries(inputs), expected.inputs);
    const initializers = model.graph.initializers.map((tensor) => {
      const hash = createHash("sha256").update(readTensor(store, tensor).bytes).digest("hex");
      return [tensor.name, [onnxDTypes[tensor.dtype].code, tensor.dims, hash]];
    });
    assert.deepEqual(Object.fromEntries(initializers), expected.initializers);
    store.close();
  });
}

/** Models of the corpus whose weights were left out by their authors: how many tensors, and the code each of them gives. */
const withoutData: Readonly<Record<string, readonly [number, string]>> = {
  "swiglu_128_128_256.onnx": [2, "onnx-tensor-size"],
  "weightless.matmul.bf16.onnx": [1, "onnx-tensor-size"],
  "weightless.qdq_conv.onnx": [2, "onnx-tensor-size"],
  "alexnet.onnx": [16, "external-missing"],
  "mobilenetv2.onnx": [76, "external-missing"],
  "ext_weights.onnx": [3, "external-missing"],
};

for (const [what, folder] of [
  ["models of other projects", sharedModels],
  ["models of ONNX's backend tests", sharedBackend],
] as const) {
  test(`all ${what} open, and all their tensors read or give their known code`, { skip: missing(folder) }, () => {
    const files = filesBelow(folder, ".onnx");
    assert.ok(files.length > 100);
    for (const file of files) {
      const { model, store } = openModel(file);
      const codes = tensorsOf(model).flatMap((tensor) => {
        try {
          readTensor(store, tensor);
          return [];
        } catch (error) {
          assert.ok(error instanceof UserError, file);
          return [error.code];
        }
      });
      const known = Object.entries(withoutData).find(([suffix]) => file.endsWith(`/${suffix}`) || file.endsWith(`__${suffix}`))?.[1];
      const isKnown = known !== undefined && folder === sharedModels;
      assert.deepEqual(codes, isKnown ? Array.from({ length: known[0] }, () => known[1]) : [], file);
      store.close();
    }
  });

  test(`all ${what} are the same after writing and reading`, { skip: missing(folder) }, () => {
    for (const file of filesBelow(folder, ".onnx")) {
      const { model, store } = openModel(file);
      const bytes = encodeModel(model, { store });
      const source = memorySource(bytes);
      const again = readModel(source, file);
      const copy = { file, source, external: store.external };
      assert.deepEqual(withValues(again, copy), withValues(model, store), file);
      assert.deepEqual(encodeModel(again, { store: copy }), bytes, file);
      store.close();
    }
  });
}

test("writing a file of the onnx package gives the same bytes where it used the usual field order", () => {
  const file = path.join(ownModels, "keras-tract.onnx");
  const { model, store } = openModel(file);
  assert.deepEqual(Buffer.from(encodeModel(model, { store })), fs.readFileSync(file));
  store.close();
});
