import assert from "node:assert/strict";
import { test } from "node:test";
import { attribute, functionDefinition, modelBuilder, node, tensor, tensorType } from "../../compiler-core/onnx/builder.ts";
import { memorySink, memorySource } from "../../compiler-core/onnx/byte-source.ts";
import { onnxDTypes, packedByteLength, type OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import type { OnnxAttributeValue, OnnxModel, OnnxTensor, OnnxType } from "../../compiler-core/onnx/model.ts";
import { readModel, readTensorMessage } from "../../compiler-core/onnx/reader.ts";
import { memoryStore, readBytes, readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel, encodeTensor, externalTarget } from "../../compiler-core/onnx/writer.ts";
import { generatedBytes } from "../workloads/fill.ts";
import { Random } from "../workloads/prng.ts";
import { withValues } from "./corpus.ts";

const dtypes = (Object.keys(onnxDTypes) as OnnxDType[]).filter((dtype) => onnxDTypes[dtype].bits > 0);

/** Random bytes for elements that no conversion may change: booleans are 0 or 1, padding bits are zero. */
function bytesFor(dtype: OnnxDType, count: number): Uint8Array {
  const { bits } = onnxDTypes[dtype];
  const bytes = generatedBytes(`bytes:${dtype}`, "u8", [packedByteLength(dtype, count)], {
    kind: "integer",
    low: 0,
    high: dtype === "bool" ? 1 : 255,
  });
  const used = (count * bits) % 8;
  const end = bytes.length - 1;
  if (used !== 0) bytes[end] = (bytes[end] ?? 0) & ((1 << used) - 1);
  return bytes;
}

for (const dtype of dtypes) {
  for (const field of ["raw", onnxDTypes[dtype].field] as const) {
    test(`${dtype} as ${field} comes back byte for byte`, () => {
      for (const dims of [[], [3], [5, 7], [0], [16]]) {
        const count = dims.reduce<number>((product, dim) => product * dim, 1);
        const bytes = bytesFor(dtype, count);
        const data = { source: "memory", bytes, ...(field === "raw" || field === "none" ? {} : { field }) } as const;
        const message = encodeTensor(tensor("t", dtype, dims, data));
        const store = memoryStore(message);
        const again = readTensorMessage(store.source, "t.pb");
        assert.equal(again.data.source, count === 0 && field !== "raw" ? again.data.source : field === "raw" ? "file" : "fields");
        assert.deepEqual(readTensor(store, again), { dtype, dims, bytes });
      }
    });
  }
}

test("strings come back, text or not", () => {
  const values = ["", "plain", "größe", "\udcff\udc80"];
  const message = encodeTensor(tensor("s", "string", [2, 2], values));
  const store = memoryStore(message);
  assert.deepEqual(readTensor(store, readTensorMessage(store.source, "s.pb")).strings, values);
});

test("lists that are not packed, or half packed, read the same", () => {
  // dims 3, f32, float_data: one element, two packed, and a foreign field between.
  const bytes = [0x08, 3, 0x10, 1, 0x25, 0, 0, 0x80, 0x3f, 0x42, 1, 0x77, 0x22, 8, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40];
  const store = memoryStore(Uint8Array.from(bytes));
  const value = readTensor(store, readTensorMessage(store.source, "t.pb"));
  assert.deepEqual([...new Float32Array(value.bytes.slice().buffer)], [1, 2, 3]);
  // i64: two single elements and a packed one; -1 takes ten bytes.
  const negative = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  const ints = [0x08, 3, 0x10, 7, 0x38, 5, 0x38, ...negative, 0x3a, 1, 9];
  const intStore = memoryStore(Uint8Array.from(ints));
  const intValue = readTensor(intStore, readTensorMessage(intStore.source, "t.pb"));
  assert.deepEqual([...new BigInt64Array(intValue.bytes.slice().buffer)], [5n, -1n, 9n]);
});

test("a range of a tensor is read without the rest", () => {
  const bytes = bytesFor("f32", 1000);
  const message = encodeTensor(tensor("t", "f32", [1000], bytes));
  const store = memoryStore(message);
  const again = readTensorMessage(store.source, "t.pb");
  assert.deepEqual(readBytes(store, again, 400, 80), bytes.subarray(400, 480));
});

const inner = tensor("inner", "i64", [2], [1, -1]);
const types: readonly OnnxType[] = [
  { kind: "none", denotation: "nothing" },
  tensorType("f32"),
  tensorType("bf16", []),
  tensorType("f32", ["N", 3, undefined, 2n ** 60n]),
  { kind: "sparse-tensor", dtype: "f64", dims: [{ value: 0, denotation: "DATA_BATCH" }], denotation: "" },
  { kind: "sequence", element: { kind: "optional", element: tensorType("string"), denotation: "" }, denotation: "LIST" },
  { kind: "sequence", denotation: "" },
  { kind: "map", key: "i64", value: tensorType("f32", [1]), denotation: "" },
  { kind: "opaque", domain: "d", name: "n", denotation: "" },
];

function attributeValues(random: Random, depth: number): OnnxAttributeValue[] {
  const values: OnnxAttributeValue[] = [
    { kind: "undefined" },
    { kind: "float", value: Math.fround(random.bell()) },
    { kind: "float", value: 0 },
    { kind: "int", value: 0 },
    { kind: "int", value: -(2n ** 63n) },
    { kind: "int", value: -random.integer(1, 1000) },
    { kind: "string", value: "" },
    { kind: "string", value: "text\udcfe" },
    { kind: "tensor", value: inner },
    { kind: "sparse", value: { values: inner, indices: inner, dims: [5, 2n ** 55n] } },
    { kind: "type", value: types[random.integer(0, types.length - 1)] ?? tensorType("f32") },
    { kind: "floats", value: [0, -0, Infinity, Math.fround(0.1)] },
    { kind: "ints", value: [] },
    { kind: "ints", value: [0, -1, 2n ** 62n, 300] },
    { kind: "strings", value: ["", "a"] },
    { kind: "tensors", value: [inner, inner] },
    { kind: "types", value: types },
    { kind: "sparses", value: [{ dims: [] }] },
  ];
  if (depth > 0) {
    values.push({ kind: "graph", value: randomModel(random, depth - 1).graph });
    values.push({ kind: "graphs", value: [randomModel(random, depth - 1).graph, randomModel(random, 0).graph] });
  }
  return values;
}

/** A model with everything that the format can say. */
function randomModel(random: Random, depth: number): OnnxModel {
  const builder = modelBuilder({
    name: `g${random.word()}`,
    opset: random.integer(7, 24),
    opsets: { "com.example": 1 },
    docString: "line\nline",
  });
  types.forEach((type, i) => builder.input(`in${i}`, type));
  builder.output("out", "f32", ["N"]);
  builder.value("v", "i4", [3]);
  builder.initializer("w", "f32", [2, 3], [1, 2, 3, 4, 5, Math.fround(0.1)]);
  const values = attributeValues(random, depth);
  builder.multi("Everything", ["", "w", "in0", ""], ["out", ""], { domain: "com.example", docString: "doc" });
  const attributes = Object.fromEntries(values.map((value, i) => [`a${i}`, value]));
  builder.node("Op", ["w"], "o", { attributes });
  const reference = { ...attribute("alpha", { kind: "float", value: 0 }), refAttrName: "outer" };
  const body = [{ ...node("Elu", ["X"], ["Y"]), attributes: [reference], overload: "second" }];
  builder.function(
    functionDefinition("com.example", "F", ["X"], ["Y"], body, { attributes: ["outer"], attributeDefaults: [attribute("k", 3)] }),
  );
  const model = builder.build();
  const entries = [
    { key: "", value: "" },
    { key: "k", value: "v" },
  ];
  const graph = {
    ...model.graph,
    docString: "graph",
    metadataProps: entries,
    sparseInitializers: [{ values: inner, indices: inner, dims: [4] }],
    quantizationAnnotations: [{ tensorName: "w", quantParameterTensorNames: entries }],
  };
  const training = { initialization: graph, initializationBinding: entries, updateBinding: [] };
  const devices = [
    {
      configurationId: "c",
      pipelineStage: 1,
      shardingSpecs: [
        {
          tensorName: "w",
          devices: [0, -1],
          indexToDeviceGroup: [{ key: 1, value: [2, 3] }],
          shardedDims: [{ axis: -1, simpleShardings: [{ param: "N", numShards: 2 }] }],
        },
      ],
    },
  ];
  const nodes = graph.nodes.map((item, i) => (i === 0 ? { ...item, deviceConfigurations: devices, metadataProps: entries } : item));
  return {
    ...model,
    graph: { ...graph, nodes },
    metadataProps: entries,
    modelVersion: -1,
    producerVersion: "1",
    domain: "org.example",
    trainingInfo: [training],
    configurations: [{ name: "c", numDevices: 2, devices: ["a", "b"] }],
  };
}

test("models with everything the format can say are the same after writing and reading", () => {
  const random = new Random("writer");
  for (let round = 0; round < 20; round++) {
    const model = randomModel(random, 2);
    const bytes = encodeModel(model);
    const store = memoryStore(bytes);
    const again = readModel(store.source, "m");
    assert.deepEqual(withValues(again, store), withValues(model, memoryStore()));
    assert.deepEqual(encodeModel(again, { store }), bytes);
  }
});

test("attributes of old files without a type have the type of their value", () => {
  const model = modelBuilder();
  model.node("Op", [], "o", { attributes: { i: 7, s: "x", f: { kind: "float", value: 2 }, l: [1, 2] } });
  const bytes = encodeModel(model.build());
  // The type field is number 20 (key a0 01): rename it to an unknown field of the same size.
  for (let i = 0; i + 1 < bytes.length; i++) {
    if (bytes[i] === 0xa0 && bytes[i + 1] === 0x01) bytes[i + 1] = 0x06;
  }
  const kinds = readModel(memorySource(bytes), "old").graph.nodes[0]?.attributes.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["int", "string", "float", "ints"]);
});

test("weights move to an external file and are found there", () => {
  const model = modelBuilder();
  const small = [1, 2, 3];
  const large = bytesFor("f32", 3000);
  model.initializer("small", "f32", [3], small);
  model.initializer("large", "f32", [3000], large);
  model.initializer("typed", "i64", [300], { source: "memory", bytes: bytesFor("i64", 300), field: "int64_data" });
  model.initializer("streamed", "u8", [5000], {
    source: "stream",
    length: 5000,
    chunks: () => [new Uint8Array(2000).fill(1), new Uint8Array(3000).fill(2)],
  });
  const sink = memorySink();
  const bytes = encodeModel(model.build(), { external: externalTarget("weights.bin", sink) });
  assert.ok(bytes.length < 600);
  const store = { ...memoryStore(bytes), external: () => memorySource(sink.bytes()) };
  const tensors = readModel(store.source, "m").graph.initializers;
  const byName = (name: string): OnnxTensor => tensors.find((item) => item.name === name) ?? assert.fail(name);
  assert.equal(byName("small").data.source, "file");
  for (const name of ["large", "typed", "streamed"]) {
    const { data } = byName(name);
    assert.ok(data.source === "external" && data.location === "weights.bin" && data.offset % 4096 === 0, name);
  }
  assert.deepEqual(readTensor(store, byName("large")).bytes, large);
  assert.deepEqual(readTensor(store, byName("typed")).bytes, bytesFor("i64", 300));
  const streamed = readTensor(store, byName("streamed")).bytes;
  assert.deepEqual([streamed[1999], streamed[2000], streamed[4999]], [1, 2, 2]);
});
