/** Models of holes: written, read again, and the same nodes as in the file, under names of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type Compilation } from "../compile.ts";
import { defaultOptions } from "../options.ts";
import { parseModule, printModule } from "../tensor/index.ts";
import { attribute, functionDefinition, GraphBuilder, modelBuilder, node, type ModelBuilder } from "./builder.ts";
import type { HoleModel } from "./hole-model.ts";
import { importModel } from "./import.ts";
import { memorySource } from "./byte-source.ts";
import type { OnnxGraph, OnnxModel } from "./model.ts";
import { readModel } from "./reader.ts";
import { memoryStore, readTensor } from "./tensor-data.ts";
import { encodeModel } from "./writer.ts";

const machine = { name: "any", features: [], caches: { l1d: 0, l2: 0, l3: 0 }, cores: 1 } as const;

function compiled(builder: ModelBuilder): Compilation {
  const bytes = encodeModel(builder.build());
  const model = readModel(memorySource(bytes), "memory");
  const c = compile(importModel(model, memoryStore(bytes)), { ...defaultOptions, isa: "scalar" }, machine, { now: () => 0 });
  assert.equal(c.error, undefined, c.error?.message);
  return c;
}

interface Written extends HoleModel {
  /** As read back from its bytes. */
  readonly read: OnnxModel;
  readonly bytes: Uint8Array;
}

function holes(c: Compilation): Written[] {
  return (c.source?.plan.holes ?? []).map((h) => {
    const hole = h.model();
    const bytes = encodeModel(hole.model, { store: hole.store });
    return { ...hole, bytes, read: readModel(memorySource(bytes), "memory") };
  });
}

/** Every name that is read is an input, an initialiser, a result, or empty. */
function undefinedNames(graph: OnnxGraph, outer: ReadonlySet<string> = new Set()): string[] {
  const known = new Set([
    ...outer,
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.map((t) => t.name),
    ...graph.nodes.flatMap((n) => n.outputs),
  ]);
  const inside = graph.nodes.flatMap((n) => n.attributes.flatMap((a) => (a.kind === "graph" ? undefinedNames(a.value, known) : [])));
  const read = [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((v) => v.name)];
  return [...read.filter((name) => name !== "" && !known.has(name)), ...inside];
}

test("nodes, constants and boundaries of a hole", () => {
  const b = modelBuilder({ opset: 17, irVersion: 3, opsets: { "com.example": 2 } });
  b.input("x", "f32", [2, 3]);
  b.initializer("w", "f32", [3], Float32Array.of(1, 2, 3));
  b.node("Tanh", ["x"], "t");
  b.multi("Odd", ["t", "", "w"], ["o", "unused", "p"], { domain: "com.example", attributes: { mode: "a", k: 3 } });
  b.value("o", "f32", [2, 3]);
  b.node("NonZero", ["p"], "n");
  b.node("Relu", ["o"], "y");
  b.output("y", "f32", [2, 3]);
  b.output("n", "i64", ["r", "k"]);
  const c = compiled(b);
  const [hole, ...more] = holes(c);
  assert.ok(hole !== undefined && more.length === 0);
  const { graph, irVersion, opsetImports } = hole.read;
  assert.deepEqual(undefinedNames(graph), []);
  assert.deepEqual(
    graph.nodes.map((n) => [n.opType, n.domain, n.inputs.length, n.outputs.length]),
    [
      ["Odd", "com.example", 3, 3],
      ["NonZero", "", 1, 1],
    ],
  );
  assert.equal(graph.nodes[0]?.inputs[1], "", "an operand left out stays left out");
  assert.deepEqual(
    graph.nodes[0]?.attributes.map((a) => a.name),
    ["mode", "k"],
  );
  const [w] = graph.initializers;
  assert.ok(w !== undefined);
  assert.deepEqual([...new Float32Array(readTensor(memoryStore(hole.bytes), w).bytes.slice().buffer)], [1, 2, 3]);
  assert.deepEqual([graph.inputs.length, graph.outputs.length], [1, 2]);
  assert.ok(irVersion >= 4, "older models would need the constant among the inputs");
  assert.deepEqual(Object.fromEntries(opsetImports.map((o) => [o.domain, o.version])), { "": 17, "com.example": 2 });
  const plan = c.source?.plan;
  assert.deepEqual(
    plan?.outputs.map((o) => o.host !== undefined),
    [false, true],
  );
});

test("captured names, attributes of functions, and names that clash", () => {
  const b = modelBuilder({ opset: 17, opsets: { local: 1, odd: 1 } });
  b.input("v1", "f32", [4]);
  b.input("c", "bool", []);
  const branch = (name: string): OnnxGraph => {
    const g = new GraphBuilder(name);
    g.node("Mul", ["a", "outer"], "v2");
    g.node("Odd", ["v2"], `${name}_y`, { domain: "odd" });
    g.output(`${name}_y`, "f32", [4]);
    const graph = g.graph();
    const [mul, oddNode] = graph.nodes;
    return {
      ...graph,
      nodes: [mul!, { ...oddNode!, attributes: [{ name: "alpha", kind: "undefined", docString: "", refAttrName: "slope" }] }],
    };
  };
  b.function(
    functionDefinition(
      "local",
      "Choose",
      ["cond", "a"],
      ["y"],
      [
        node("Neg", ["a"], ["outer"]),
        node("If", ["cond"], ["y"], {
          attributes: { then_branch: { kind: "graph", value: branch("t") }, else_branch: { kind: "graph", value: branch("e") } },
        }),
      ],
      { attributes: ["slope"] },
    ),
  );
  b.node("Choose", ["c", "v1"], "z", { domain: "local", attributes: { slope: { kind: "float", value: 0.5 } } });
  b.node("Tanh", ["z"], "y");
  b.output("y", "f32", [4]);
  const [hole] = holes(compiled(b));
  assert.ok(hole !== undefined);
  const { graph } = hole.read;
  assert.deepEqual(undefinedNames(graph), []);
  const [choice] = graph.nodes;
  assert.equal(choice?.opType, "If");
  for (const a of choice?.attributes ?? []) {
    assert.ok(a.kind === "graph");
    const [mul, oddNode] = a.value.nodes;
    const inner = new Set(mul?.outputs);
    assert.ok([...(mul?.inputs ?? [])].every((name) => graph.inputs.some((i) => i.name === name) && !inner.has(name)));
    const alpha = oddNode?.attributes.find((x) => x.name === "alpha") ?? attribute("none", 0);
    assert.ok(alpha.kind === "float" && alpha.value === 0.5 && alpha.refAttrName === "");
  }
});

test("strings are initialisers, and a module with a hole has a text form", () => {
  const b = modelBuilder({ opset: 17, opsets: { "ai.onnx.ml": 3 } });
  b.input("t", "string", [2]);
  b.initializer("words", "string", [2], ["caf\u00e9", ""]);
  b.node("Odd", ["t", "words"], "f", { domain: "ai.onnx.ml" });
  b.value("f", "f32", [2]);
  b.node("Exp", ["f"], "y");
  b.output("y", "f32", [2]);
  const c = compiled(b);
  const [hole] = holes(c);
  const [words] = hole?.read.graph.initializers ?? [];
  assert.ok(hole !== undefined && words !== undefined);
  assert.deepEqual(readTensor(memoryStore(hole.bytes), words).strings, ["caf\u00e9", ""]);
  assert.ok(c.module !== undefined);
  const text = printModule(c.module);
  assert.match(text, /hole 0\(/);
  assert.equal(printModule(parseModule(text)), text);
  assert.deepEqual(
    c.source?.plan.inputs.map((i) => i.host),
    [0],
  );
});

test("stages are reported once, in order, when nodes are cut out later", () => {
  const b = modelBuilder({ opset: 17 });
  b.input("x", "f32", [2, 3]);
  b.node("NonZero", ["x"], "n");
  b.node("Transpose", ["n"], "y");
  b.output("y", "i64", ["k", 2]);
  const bytes = encodeModel(b.build());
  const model = readModel(memorySource(bytes), "memory");
  const told: number[] = [];
  const c = compile(importModel(model, memoryStore(bytes)), { ...defaultOptions, isa: "scalar" }, machine, {
    now: () => 0,
    onStage: (event) => {
      told.push(event.index);
    },
  });
  assert.deepEqual(
    told,
    c.passes.map((p) => p.index),
  );
  assert.deepEqual(
    c.unsupported.map((u) => u.opType),
    ["NonZero", "Transpose"],
  );
  assert.equal(c.source?.plan.holes.length, 1);
});

test("a model that tells types alone: no extents, and known values that nothing is concluded from", () => {
  const b = modelBuilder({ opset: 17, opsets: { "com.example": 1 } });
  b.input("x", "f32", [2, 3]);
  b.initializer("small", "i64", [1], [1]);
  b.initializer("large", "f32", [100], new Float32Array(100));
  b.node("Tanh", ["x"], "t");
  b.node("Odd", ["t", "small", "large"], "y", { domain: "com.example" });
  b.output("y", "f32", [2, 3]);
  const [planned] = compiled(b).source?.plan.holes ?? [];
  const hole = planned?.model("types");
  assert.ok(hole !== undefined);
  const { inputs, initializers } = hole.model.graph;
  assert.deepEqual(
    inputs.map(({ type }) => type?.kind === "tensor" && [type.dtype, type.dims]),
    [
      ["f32", undefined],
      ["i64", undefined],
    ],
  );
  assert.equal(hole.inputs.length, 1, "what has a default need not be given");
  assert.deepEqual(
    initializers.map((t) => inputs.some((i) => i.name === t.name)),
    [true, false],
  );
});
