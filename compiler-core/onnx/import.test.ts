import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../graph/eval.ts";
import type { Graph } from "../graph/ir.ts";
import { fromValues, toNumbers } from "../graph/ndarray.ts";
import { verifyGraph } from "../graph/verify.ts";
import { UserError } from "../messages.ts";
import { attribute, functionDefinition, GraphBuilder, modelBuilder, node, type ModelBuilder, type ModelOptions } from "./builder.ts";
import { importModel } from "./import.ts";
import type { OnnxGraph, OnnxModel } from "./model.ts";
import { memoryStore } from "./tensor-data.ts";

const graphOf = (model: OnnxModel): Graph => {
  const graph = importModel(model, memoryStore());
  assert.deepEqual(verifyGraph(graph), []);
  return graph;
};
function imported(make: (m: ModelBuilder) => void, options: ModelOptions = {}): Graph {
  const m = modelBuilder(options);
  make(m);
  return graphOf(m.build());
}
const opsOf = (g: Graph): readonly string[] => g.nodes.map((n) => n.op);
const reasonOf = (g: Graph): string => String(g.nodes.find((n) => n.op === "opaque")?.attrs["reason"]);

/** Evaluates on inputs 1, 2, 3 ... */
function run(g: Graph): readonly number[] {
  const given = new Map(
    g.inputs.map((id) => {
      const { dtype, shape } = g.values[id]!;
      const n = (shape as readonly number[]).reduce((a, d) => a * d, 1);
      return [
        id,
        fromValues(
          dtype,
          shape as readonly number[],
          Array.from({ length: n }, (_, i) => i + 1),
        ),
      ];
    }),
  );
  return toNumbers([...evaluateGraph(g, given).values()][0]!);
}

test("results of an If that nobody declares have the type that its branches make", () => {
  const g = imported((m) => {
    m.input("c", "bool", []);
    m.input("size", "i64", [4]);
    m.initializer("one", "i64", [], [1]);
    const branch = (name: string, op: string): OnnxGraph => {
      const b = new GraphBuilder(name);
      b.node(op, ["size", "one"], `${name}_out`);
      return { ...b.graph(), outputs: [{ name: `${name}_out`, docString: "", type: undefined, metadataProps: [] }] };
    };
    m.node("If", ["c"], "n", {
      attributes: { then_branch: { kind: "graph", value: branch("t", "Add") }, else_branch: { kind: "graph", value: branch("e", "Sub") } },
    });
    m.node("Mul", ["n", "size"], "y");
    m.output("y", "i64", [4]);
  });
  const choice = g.nodes.find((n) => n.op === "opaque");
  assert.deepEqual(
    choice?.outputs.map((id) => [g.values[id]?.dtype, g.values[id]?.shape]),
    [["i64", [4]]],
  );
  assert.deepEqual(opsOf(g), ["opaque", "mul"], "what reads it is not refused");
});

test("nodes keep their names, values the file's names, sources the file's order", () => {
  const g = imported((m) => {
    m.input("x", "f32", ["batch", 4]);
    m.node("Relu", ["x"], "y", { name: "act" });
    m.output("y", "f32", ["batch", 4]);
  });
  assert.deepEqual(
    g.nodes.map((n) => [n.op, n.name, n.origin]),
    [["relu", "act", [0]]],
  );
  assert.equal(g.values[g.outputs[0]!]?.name, "y");
  const [value] = g.outputs;
  assert.deepEqual(g.sources, [
    { path: "#0", opType: "Relu", domain: "", name: "act", outputs: ["y"], reads: [...g.inputs], makes: [value] },
  ]);
});

test("a negative extent, as some exporters write it, is an unknown one", () => {
  const g = imported((m) => {
    m.input("x", "f32", [-1, 4]);
    m.node("Relu", ["x"], "y");
    m.output("y", "f32", [-1, 4]);
  });
  assert.deepEqual(g.values[g.inputs[0]!]?.shape, ["x.0", 4]);
});

test("nodes that are not sorted are sorted", () => {
  const g = imported((m) => {
    m.input("x", "f32", [2]);
    m.node("Neg", ["b"], "c");
    m.node("Exp", ["a"], "b");
    m.node("Relu", ["x"], "a");
    m.output("c", "f32", [2]);
  });
  assert.deepEqual(opsOf(g), ["relu", "exp", "neg"]);
  assert.deepEqual(
    g.nodes.map((n) => n.origin),
    [[2], [1], [0]],
  );
});

test("a cycle is an error with a code", () => {
  const make = (): Graph =>
    imported((m) => {
      m.node("Neg", ["b"], "a");
      m.node("Neg", ["a"], "b");
      m.output("b", "f32", [2]);
    });
  assert.throws(make, (e) => e instanceof UserError && e.code === "onnx-cycle");
});

test("initialisers that are inputs too are constants; their bytes are read when asked for", () => {
  const g = imported(
    (m) => {
      m.input("x", "f32", [2]);
      m.input("w", "f32", [2]);
      m.initializer("w", "f32", [2], [3, 4]);
      m.initializer("unused", "f32", [2], [3, 4]);
      m.node("Add", ["x", "w"], "y");
      m.output("y", "f32", [2]);
    },
    { irVersion: 3 },
  );
  assert.equal(g.inputs.length, 1);
  assert.equal(g.constants.size, 1);
  assert.deepEqual(run(g), [4, 6]);
});

const silu = functionDefinition(
  "my",
  "Silu",
  ["x"],
  ["y"],
  [
    node("Sigmoid", ["x"], ["s"], { name: "gate" }),
    { ...node("LeakyRelu", ["s"], ["t"]), attributes: [{ ...attribute("alpha", { kind: "float", value: 0 }), refAttrName: "slope" }] },
    node("Mul", ["x", "t"], ["y"]),
  ],
  { attributes: ["slope"] },
);

test("functions are inlined with fresh names; inner nodes come from the call too", () => {
  const g = imported(
    (m) => {
      m.function(silu);
      m.input("x", "f32", [1]);
      m.multi("Silu", ["x"], ["s"], { domain: "my", name: "first", attributes: { slope: { kind: "float", value: 0.25 } } });
      m.multi("Silu", ["s"], ["y"], { domain: "my", attributes: { slope: { kind: "float", value: 0.5 } } });
      m.output("y", "f32", [1]);
    },
    { opsets: { my: 1 } },
  );
  assert.deepEqual(opsOf(g), ["sigmoid", "leaky-relu", "mul", "sigmoid", "leaky-relu", "mul"]);
  assert.deepEqual(
    g.nodes.map((n) => n.attrs["alpha"]),
    [undefined, 0.25, undefined, undefined, 0.5, undefined],
  );
  assert.deepEqual(
    g.sources.map((s) => s.path),
    ["#0", "#0/Silu/#0", "#0/Silu/#1", "#0/Silu/#2", "#1", "#1/Silu/#0", "#1/Silu/#1", "#1/Silu/#2"],
  );
  assert.deepEqual(g.nodes[0]?.origin, [0, 1]);
});

test("a function that calls itself is an error with a code", () => {
  const loop = functionDefinition("my", "Loop", ["x"], ["y"], [node("Loop", ["x"], ["y"], { domain: "my" })]);
  const make = (): Graph =>
    imported(
      (m) => {
        m.function(loop);
        m.input("x", "f32", [1]);
        m.multi("Loop", ["x"], ["y"], { domain: "my" });
        m.output("y", "f32", [1]);
      },
      { opsets: { my: 1 } },
    );
  assert.throws(make, (e) => e instanceof UserError && e.code === "onnx-function-depth");
});

test("functions that call each other twice, and so on, are an error before they fill the memory", () => {
  const twice = (i: number): ReturnType<typeof functionDefinition> => {
    const callee = i === 0 ? "Relu" : `F${i - 1}`;
    const domain = i === 0 ? "" : "my";
    return functionDefinition(
      "my",
      `F${i}`,
      ["x"],
      ["y"],
      [node(callee, ["x"], ["m"], { domain }), node(callee, ["m"], ["y"], { domain })],
    );
  };
  const make = (): Graph =>
    imported(
      (m) => {
        for (let i = 0; i < 60; i++) m.function(twice(i));
        m.input("x", "f32", [1]);
        m.multi("F59", ["x"], ["y"], { domain: "my" });
        m.output("y", "f32", [1]);
      },
      { opsets: { my: 1 } },
    );
  assert.throws(make, (e) => e instanceof UserError && e.code === "onnx-function-size" && e.line().length < 300);
});

test("subgraphs stay opaque, with the outer values they read and their nodes as sources", () => {
  const branch = modelBuilder();
  branch.node("Add", ["outer", "outer"], "sum");
  branch.output("sum", "f32", [2]);
  const g = imported((m) => {
    m.input("c", "bool", []);
    m.input("x", "f32", [2]);
    m.node("Exp", ["x"], "outer");
    m.node("If", ["c"], "y", {
      attributes: { then_branch: { kind: "graph", value: branch.graph() }, else_branch: { kind: "graph", value: branch.graph() } },
    });
    m.output("y", "f32", [2]);
  });
  assert.deepEqual(opsOf(g), ["exp", "opaque"]);
  assert.deepEqual(g.nodes[1]?.inputs, [0, g.nodes[0]!.outputs[0]]);
  assert.deepEqual(
    g.sources.map((s) => s.path),
    ["#0", "#1", "#1/then_branch/#0", "#1/else_branch/#0"],
  );
  assert.deepEqual(g.values[g.outputs[0]!]?.shape, [2]);
});

const opaque: readonly (readonly [string, (m: ModelBuilder) => void, RegExp])[] = [
  ["an unknown operator", (m) => m.node("Frobnicate", ["x"], "y", { domain: "my" }), /^my\.Frobnicate is not supported$/],
  ["shapes that do not fit", (m) => m.node("MatMul", ["x", "x"], "y"), /inner extents/],
  ["an undefined operand", (m) => m.node("Neg", ["nowhere"], "y"), /"nowhere" is not defined/],
  ["a missing operand", (m) => m.node("Add", ["x", ""], "y"), /operand 1 is missing/],
  ["an attribute of the wrong kind", (m) => m.node("Softmax", ["x"], "y", { attributes: { axis: "one" } }), /not an int/],
  ["another domain", (m) => m.node("Neg", ["x"], "y", { domain: "elsewhere" }), /elsewhere\.Neg is not supported/],
  ["no output node", () => undefined, /"y" is not computed/],
];
for (const [name, make, reason] of opaque) {
  test(`the model opens and says why: ${name}`, () => {
    const g = imported((m) => {
      m.input("x", "f32", [2, 3]);
      make(m);
      m.output("y", "f32", [5]);
    });
    assert.match(reasonOf(g), reason);
    assert.deepEqual(g.values[g.outputs[0]!]?.shape, [5]);
  });
}

const byOpset: readonly (readonly [string, number, (m: ModelBuilder) => void, readonly string[]])[] = [
  [
    "Softmax joins axes before 13",
    11,
    (m) => m.node("Softmax", ["x"], "y", { attributes: { axis: 1 } }),
    ["reshape", "softmax", "reshape"],
  ],
  ["Softmax has one axis from 13 on", 13, (m) => m.node("Softmax", ["x"], "y", { attributes: { axis: 1 } }), ["softmax"]],
  ["Clip bounds as attributes", 6, (m) => m.node("Clip", ["x"], "y", { attributes: { min: { kind: "float", value: 0 } } }), ["clip"]],
  [
    "Clip bounds as operands",
    13,
    (m) => {
      m.initializer("low", "f32", [], [2]);
      m.node("Clip", ["x", "low"], "y");
    },
    ["clip"],
  ],
  ["Unsqueeze axes as an attribute", 11, (m) => m.node("Unsqueeze", ["x"], "y", { attributes: { axes: [0, 2] } }), ["reshape"]],
  [
    "Unsqueeze axes as an operand",
    13,
    (m) => {
      m.initializer("axes", "i64", [1], [-1]);
      m.node("Unsqueeze", ["x", "axes"], "y");
    },
    ["reshape"],
  ],
  ["Slice by attributes", 9, (m) => m.node("Slice", ["x"], "y", { attributes: { starts: [1], ends: [2], axes: [1] } }), ["slice"]],
  [
    "ReduceSum axes as an operand",
    13,
    (m) => {
      m.initializer("axes", "i64", [1], [-1]);
      m.node("ReduceSum", ["x", "axes"], "y");
    },
    ["reduce-sum"],
  ],
  ["Dropout is the identity", 10, (m) => m.node("Dropout", ["x"], "y"), ["identity"]],
];
for (const [name, opset, make, ops] of byOpset) {
  test(`opsets: ${name}`, () => {
    const g = imported(
      (m) => {
        m.input("x", "f32", [2, 3, 4]);
        make(m);
        m.output("y", "f32");
      },
      { opset },
    );
    assert.deepEqual(opsOf(g), ops);
    assert.ok(run(g).every((v) => !Number.isNaN(v)));
  });
}

test("Softmax before opset 13 sums over all axes from its axis on", () => {
  const g = imported(
    (m) => {
      m.input("x", "f32", [2, 3, 4]);
      m.node("Softmax", ["x"], "y", { attributes: { axis: 1 } });
      m.output("y", "f32");
    },
    { opset: 11 },
  );
  const y = run(g);
  assert.ok(Math.abs(y.slice(0, 12).reduce((a, b) => a + b, 0) - 1) < 1e-6);
});

test("Softmax before opset 13 over axes that have names so far", () => {
  const g = imported(
    (m) => {
      m.input("x", "f32", [2, "n", 4]);
      m.node("Softmax", ["x"], "y", { attributes: { axis: 1 } });
      m.output("y", "f32");
    },
    { opset: 11 },
  );
  assert.deepEqual(opsOf(g), ["reshape", "softmax", "shape", "reshape"]);
});

test("SkipLayerNormalization is a sum and a normalisation, and gives the sum too", () => {
  const scale = (m: ModelBuilder): void => {
    m.input("x", "f32", [2, 4]);
    m.initializer("skip", "f32", [2, 4], [4, 3, 2, 1, 0, 5, 0, 5]);
    m.initializer("scale", "f32", [4], [1, 2, 3, 4]);
    m.initializer("bias", "f32", [4], [0, 1, 0, 1]);
  };
  const fused = imported(
    (m) => {
      scale(m);
      m.multi("SkipLayerNormalization", ["x", "skip", "scale", "", "bias"], ["y", "", "", "sum"], { domain: "com.microsoft" });
      m.output("y", "f32");
      m.output("sum", "f32");
    },
    { opsets: { "com.microsoft": 1 } },
  );
  const plain = imported((m) => {
    scale(m);
    m.node("Add", ["x", "skip"], "s");
    m.node("Add", ["s", "bias"], "sum");
    m.node("LayerNormalization", ["sum", "scale"], "y", { attributes: { epsilon: { kind: "float", value: 1e-12 } } });
    m.output("y", "f32");
  });
  assert.deepEqual(run(fused), run(plain));
  assert.equal(fused.outputs.length, 2);
});

test("names may be empty, repeated or hostile", () => {
  const g = imported((m) => {
    m.input("x\n{}", "f32", [2]);
    m.node("Neg", ["x\n{}"], "*/", { name: "same" });
    m.node("Neg", ["*/"], "\u0000", { name: "same" });
    m.output("\u0000", "f32", [2]);
  });
  assert.deepEqual(run(g), [1, 2]);
});

test("unknown extents that cannot be written as one -1 are computed from the shape", () => {
  const g = imported((m) => {
    m.input("x", "f32", [6]);
    m.input("s", "i64", [2]);
    m.node("Reshape", ["x", "s"], "r");
    m.initializer("axes", "i64", [1], [0]);
    m.node("Unsqueeze", ["r", "axes"], "y");
    m.output("y", "f32");
  });
  assert.equal(g.nodes.at(-1)?.op, "reshape");
  assert.deepEqual(g.values[g.outputs[0]!]?.shape?.length, 3);
});
