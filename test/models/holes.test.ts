/**
 * Models with parts that are not compiled, run as one plan with ONNX Runtime in it and held against ONNX Runtime alone: unknown shapes, strings,
 * subgraphs that read outer values, functions with another operator set, operators of other domains, and what happens when a part fails.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, compilationSummary, UserError, type Compilation } from "#core";
import { buildCode, checkModel, compileModel, findOrtLibrary, findToolchain, localMachine, NativeHost, openSessionModel } from "#core/io";
import { functionDefinition, GraphBuilder, modelBuilder, node, tensorType, type ModelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const skip = noCompiler || (findOrtLibrary() === undefined ? "no ONNX Runtime" : false);
const machine = localMachine();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-holes-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i + 1));

/** matmul -> relu natively; the positions of what is left, their number back into native code. */
function unknownShapes(): ModelBuilder {
  const b = modelBuilder();
  b.input("x", "f32", [4, 16]);
  b.initializer("w", "f32", [16, 16], wave(256));
  b.node("MatMul", ["x", "w"], "h");
  b.node("Relu", ["h"], "r");
  b.node("NonZero", ["r"], "where");
  b.node("Transpose", ["where"], "pairs");
  b.node("Size", ["where"], "n");
  b.node("Cast", ["n"], "count", { attributes: { to: 1 } });
  b.node("Add", ["r", "count"], "s");
  b.node("Sigmoid", ["s"], "y");
  b.output("y", "f32", [4, 16]);
  b.output("pairs", "i64", ["k", 2]);
  return b;
}

/** Strings in, an operator of ai.onnx.ml, numbers out to native code, strings out. */
function strings(): ModelBuilder {
  const b = modelBuilder({ opset: 13, opsets: { "ai.onnx.ml": 2 } });
  b.input("t", "string", [1, 6]);
  b.node("LabelEncoder", ["t"], "f", {
    domain: "ai.onnx.ml",
    attributes: { keys_strings: ["the", "a", "day", "1"], values_floats: { kind: "floats", value: [1, 2, 3, 4] } },
  });
  b.value("f", "f32", [1, 6]);
  b.node("Tanh", ["f"], "y");
  b.node("Identity", ["t"], "same");
  b.output("y", "f32", [1, 6]);
  b.output("same", "string", [1, 6]);
  return b;
}

/** A condition known only at run time; both branches read values that native code made, and have an operator that is not compiled. */
function branches(): ModelBuilder {
  const b = modelBuilder({ opset: 16, opsets: { "com.microsoft": 1 } });
  b.input("x", "f32", [4, 4]);
  b.node("Tanh", ["x"], "t");
  b.node("Exp", ["x"], "e");
  b.node("ReduceMax", ["t"], "m", { attributes: { keepdims: 0 } });
  b.initializer("limit", "f32", [], Float32Array.of(0.5));
  b.initializer(
    "strong",
    "f32",
    [4, 4],
    Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 6 : 0)),
  );
  b.node("Greater", ["m", "limit"], "c");
  const branch = (name: string, from: string, op: string): GraphBuilder => {
    const g = new GraphBuilder(name);
    g.node(op, [from], "v7");
    g.node("Add", ["v7", "strong"], `${name}_sum`);
    g.node("Inverse", [`${name}_sum`], `${name}_out`, { domain: "com.microsoft" });
    g.output(`${name}_out`, "f32", [4, 4]);
    return g;
  };
  const [yes, no] = [branch("yes", "t", "Neg"), branch("no", "e", "Sqrt")];
  const attributes = {
    then_branch: { kind: "graph", value: yes.graph() },
    else_branch: { kind: "graph", value: no.graph() },
  } as const;
  b.node("If", ["c"], "z", { attributes });
  b.node("Relu", ["z"], "y");
  b.output("y", "f32", [4, 4]);
  return b;
}

/** The body of a function has an older operator set than the graph: two holes side by side. */
function twoOpsets(): ModelBuilder {
  const b = modelBuilder({ opset: 18, opsets: { local: 1 } });
  b.input("x", "f32", [2, 6]);
  b.function(
    functionDefinition("local", "Where7", ["a"], ["c"], [node("NonZero", ["a"], ["b"]), node("Size", ["b"], ["c"])], { opset: 13 }),
  );
  b.node("Where7", ["x"], "n", { domain: "local" });
  b.node("NonZero", ["x"], "w");
  b.node("Size", ["w"], "k");
  b.node("Add", ["n", "k"], "s");
  b.node("Cast", ["s"], "f", { attributes: { to: 1 } });
  b.node("Mul", ["x", "f"], "y");
  b.output("y", "f32", [2, 6]);
  return b;
}

/** Native code between two holes, and a value of unknown shape that goes from one to the other beside it. */
function turns(): ModelBuilder {
  const b = modelBuilder({ opset: 17 });
  b.input("x", "f32", [8, 32]);
  b.node("NonZero", ["x"], "a");
  b.node("Size", ["a"], "na");
  b.node("Cast", ["na"], "fa", { attributes: { to: 1 } });
  b.node("Mul", ["x", "fa"], "m");
  b.node("Softmax", ["m"], "p", { attributes: { axis: -1 } });
  b.node("GatherND", ["p", "at"], "picked");
  b.node("Transpose", ["a"], "at");
  b.node("ReduceSum", ["picked"], "total", { attributes: { keepdims: 0 } });
  b.node("Add", ["p", "total"], "y");
  b.output("y", "f32", [8, 32]);
  return b;
}

/** Operators of a domain that only ONNX Runtime has. */
function contributed(): ModelBuilder {
  const b = modelBuilder({ opset: 17, opsets: { "com.microsoft": 1 } });
  b.input("x", "f32", [3, 4, 4]);
  b.initializer(
    "strong",
    "f32",
    [4, 4],
    Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 6 : 0)),
  );
  b.node("Add", ["x", "strong"], "a");
  b.node("Inverse", ["a"], "g", { domain: "com.microsoft" });
  b.value("g", "f32", [3, 4, 4]);
  b.node("Tanh", ["g"], "y");
  b.output("y", "f32", [3, 4, 4]);
  return b;
}

const models: Readonly<Record<string, () => ModelBuilder>> = { unknownShapes, strings, branches, twoOpsets, turns, contributed };

async function withModel<T>(
  name: string,
  builder: ModelBuilder,
  use: (model: ReturnType<typeof openSessionModel>, c: Compilation) => Promise<T>,
  threads = 1,
): Promise<T> {
  const file = path.join(folder, `${name}.onnx`);
  fs.writeFileSync(file, encodeModel(builder.build()));
  const model = openSessionModel(file);
  try {
    return await use(model, compileModel(model, { ...defaultOptions, threads }, machine));
  } finally {
    model.close();
  }
}

for (const [name, build] of Object.entries(models)) {
  for (const threads of [1, 2]) {
    test(`${name}, ${threads} thread${threads === 1 ? "" : "s"}`, { skip }, () =>
      withModel(
        name,
        build(),
        async (model, compilation) => {
          assert.equal(compilation.error, undefined, compilation.error?.message);
          const { coverage, holes = [], partitions = [] } = compilationSummary(compilation);
          assert.ok(coverage !== undefined);
          assert.ok(coverage.compiledNodes > 0 && coverage.holeNodes > 0 && coverage.otherNodes === 0, JSON.stringify(coverage));
          assert.equal(coverage.compiledNodes + coverage.holeNodes, coverage.nodes);
          assert.equal(partitions.filter((p) => p.kind === "hole").length, holes.length);
          for (const n of holes.flatMap((h) => h.nodes)) assert.notEqual(n.reason, "", n.node);
          const { ok, outputs } = await checkModel(model, compilation, { against: "ort", seed: 3 });
          assert.ok(ok, JSON.stringify(outputs));
        },
        threads,
      ),
    );
  }
}

test("holes that follow each other are one call, functions of another operator set are another", { skip }, () =>
  withModel("twoOpsets", twoOpsets(), async (_, compilation) => {
    const { holes = [] } = compilationSummary(compilation);
    assert.equal(holes.length, 2);
    assert.deepEqual(holes.map((h) => h.nodes.map((n) => n.opType)).sort(), [
      ["NonZero", "Size"],
      ["NonZero", "Size"],
    ]);
  }),
);

test("values that only holes touch have no memory of the plan", { skip }, () =>
  withModel("turns", turns(), async (_, compilation) => {
    const scopes = new Map(compilation.module?.buffers.map((b) => [b.name, b.scope]));
    assert.equal(scopes.get("a") ?? "host", "host");
    assert.equal(scopes.get("total"), "arena");
    assert.ok(![...scopes.keys()].includes("picked"), "a value inside a hole is nobody's buffer");
  }),
);

async function failure(builder: ModelBuilder, name: string, env: Readonly<Record<string, string>> = {}): Promise<UserError> {
  return withModel(name, builder, async (model, compilation) => {
    assert.equal(compilation.error, undefined, compilation.error?.message);
    assert.ok(compilation.source !== undefined, "a model with holes has code");
    const before = { ...process.env };
    Object.assign(process.env, env);
    try {
      await checkModel(model, compilation, { against: "ort", seed: 3 });
    } catch (e) {
      assert.ok(e instanceof UserError, String(e));
      return e;
    } finally {
      process.env = before;
    }
    return assert.fail("it runs");
  });
}

test("an operator that ONNX Runtime does not know is an error when it is run", { skip }, async () => {
  const b = modelBuilder({ opsets: { "com.example": 1 } });
  b.input("x", "f32", [2, 4]);
  b.node("Relu", ["x"], "r");
  b.node("Mystery", ["r"], "y", { domain: "com.example" });
  b.output("y", "f32", [2, 4]);
  const error = await failure(b, "mystery");
  assert.deepEqual([error.code, error.exit], ["hole-refused", 4]);
  assert.match(error.message, /node #1/);
});

test("an operator that wants a locale that the machine lacks is no fault of the model", { skip }, async () => {
  const b = modelBuilder({ opset: 10 });
  b.input("t", "string", [2]);
  b.node("StringNormalizer", ["t"], "y", { attributes: { case_change_action: "LOWER", locale: "no_SUCH.locale" } });
  b.output("y", "string", [2]);
  const error = await failure(b, "locale");
  assert.deepEqual([error.code, error.exit], ["hole-locale", 4]);
});

/** The pairs of a 2 x k list do not make 77 numbers, whatever k is. */
function neverRuns(): ModelBuilder {
  const b = modelBuilder({ opset: 17 });
  b.input("x", "f32", [2, 3]);
  b.initializer("shape", "i64", [2], [7, 11]);
  b.node("NonZero", ["x"], "pairs");
  b.node("Reshape", ["pairs", "shape"], "y");
  b.output("y", "i64", [7, 11]);
  return b;
}

test("a model that ONNX Runtime cannot run alone, either, says so", { skip }, async () => {
  const error = await failure(neverRuns(), "never");
  assert.deepEqual([error.code, error.exit], ["ort-cannot-run", 3]);
});

test("a model without results has nothing to compare", { skip }, () => {
  const b = modelBuilder({ opset: 17 });
  b.input("x", "f32", [2]);
  return withModel("nothing", b, async (model, compilation) => {
    const { ok, outputs } = await checkModel(model, compilation, { against: "ort", elseEval: true, seed: 3 });
    assert.deepEqual([ok, outputs.length], [true, 0]);
  });
});

test("where ONNX Runtime refuses the whole, what is compiled is held against the evaluator, the rest against nothing", { skip }, () => {
  const b = modelBuilder({ opset: 17 });
  b.input("x", "f32", [2, 3]);
  b.input("y", "f32", [2, 3]);
  b.node("NonZero", ["x"], "places");
  // Without fmod = 1 it is not defined for floats, and ONNX Runtime refuses it.
  b.node("Mod", ["x", "y"], "rest");
  b.output("places", "i64", [2, "k"]);
  b.output("rest", "f32", [2, 3]);
  return withModel("partly", b, async (model, compilation) => {
    const { ok, against, note, outputs } = await checkModel(model, compilation, { against: "ort", elseEval: true, seed: 3 });
    assert.deepEqual([ok, against, outputs.map((o) => o.method)], [true, "eval", ["none", "f64"]]);
    assert.match(note ?? "", /fmod/);
  });
});

test("an optional input has the extents that the model wants of its content", { skip }, () => {
  const b = modelBuilder({ opset: 18 });
  const optional = { kind: "optional", denotation: "", element: tensorType("f32", ["a", "b"]) } as const;
  b.input("o", optional);
  b.node("OptionalGetElement", ["o"], "t");
  b.value("t", "f32", [3, 5]);
  b.node("NonZero", ["t"], "y");
  b.output("y", "i64", [2, "k"]);
  return withModel("optional", b, async (model, compilation) => {
    const { ok, outputs } = await checkModel(model, compilation, { against: "ort", seed: 3 });
    assert.ok(ok);
    assert.deepEqual(outputs[0]?.shape, [2, 15]);
  });
});

test("without ONNX Runtime a model with holes compiles, and running it says what is missing", { skip }, async () => {
  const error = await failure(unknownShapes(), "missing", { FUSIONSCOPE_ORT: path.join(folder, "nowhere.so") });
  assert.deepEqual([error.code, error.exit], ["ort-missing", 4]);
});

/** The file declares 4 x 4 where the operator makes 2 x 2: ONNX Runtime must not write past the memory it got, nor less of it. */
function wrongDeclaration(): ModelBuilder {
  const b = modelBuilder({ opset: 17, opsets: { "com.microsoft": 1 } });
  b.input("x", "f32", [2, 2]);
  b.node("Inverse", ["x"], "g", { domain: "com.microsoft" });
  b.value("g", "f32", [4, 4]);
  b.node("Relu", ["g"], "y");
  b.output("y", "f32", [4, 4]);
  return b;
}

test("a part that makes another shape than the file declares is an error, not an overrun", { skip }, async () => {
  const error = await failure(wrongDeclaration(), "wrong");
  assert.ok(["hole-failed", "hole-invalid"].includes(error.code), error.code);
});

test("a failed run leaves the plan usable, for two threads", { skip }, () =>
  withModel(
    "again",
    failsOnZeros(),
    async (_, compilation) => {
      const { source } = compilation;
      assert.ok(source !== undefined);
      const host = await NativeHost.start({});
      try {
        const loaded = await host.load(await buildCode(source, {}));
        const input = (...values: number[]) => host.inputFiles(["i"], [{ dtype: "f32", shape: [4], data: Float32Array.from(values) }]);
        const [first] = await host.run(loaded, input(1, 2, 3, 4));
        await assert.rejects(host.run(loaded, input(1, 0, 0, 4)), (e: UserError) => e.code === "hole-failed" && e.exit === 3);
        const [again] = await host.run(loaded, input(1, 2, 3, 4));
        assert.deepEqual(again, first);
      } finally {
        await host.close();
      }
    },
    2,
  ),
);

/** Reads the fourth of the places that are not 0. */
function failsOnZeros(): ModelBuilder {
  const b = modelBuilder({ opset: 17 });
  b.input("i", "f32", [4]);
  b.initializer("fourth", "i64", [1], [3]);
  b.node("NonZero", ["i"], "nz");
  b.node("Gather", ["nz", "fourth"], "picked", { attributes: { axis: 1 } });
  b.value("picked", "i64", [1, 1]);
  b.node("Cast", ["picked"], "f", { attributes: { to: 1 } });
  b.node("Tanh", ["f"], "y");
  b.output("y", "f32", [1, 1]);
  return b;
}
