/** oneDNN's primitives as a baseline: they compute what the model means, post-ops are part of them, and what is missing is said. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultOptions, UserError, type MessageCode } from "#core";
import { compileModel, localMachine, NativeHost, openSessionModel } from "#core/io";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { inputsById, referenceGraph } from "../../compiler-core/io/session/check.ts";
import { onednnPlan, type DraftPlan } from "../../compiler-core/io/session/onednn/plan.ts";
import { farFrom } from "../../compiler-core/io/session/onednn/same-results.ts";
import { randomModelInputs } from "../../compiler-core/io/session/run-inputs.ts";
import { compilerOrReason } from "./native-program.ts";
import { onednnModels } from "./onednn-models.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-onednn-"));
after(() => fs.rmSync(folder, { recursive: true }));
const compiler = await compilerOrReason();
const nothing: DraftPlan = { buffers: [], inputs: [], outputs: [], steps: [] };

/** Why oneDNN cannot be tested here, or false. */
async function absence(): Promise<string | false> {
  if (typeof compiler === "string") return compiler;
  const host = await NativeHost.start();
  try {
    await host.loadOnednn(nothing, 1);
    return false;
  } catch (e) {
    return e instanceof UserError && e.code === "onednn-missing" ? e.message : Promise.reject(e);
  } finally {
    await host.close();
  }
}

// Before any test changes where the library is looked for.
const absent = await absence();

function open(name: string, model: OnnxModel) {
  const file = path.join(folder, `${name}.onnx`);
  fs.writeFileSync(file, encodeModel(model));
  return openSessionModel(file);
}

async function failsWith(code: MessageCode, promise: Promise<unknown>): Promise<UserError> {
  const e = await promise.then(
    () => assert.fail(`it should have failed with ${code}`),
    (error: unknown) => error,
  );
  assert.ok(e instanceof UserError, String(e));
  assert.equal(e.code, code, e.message);
  return e;
}

test("a library that is not there is said, with what to install", { skip: typeof compiler === "string" ? compiler : false }, async () => {
  const own = process.env["FUSIONSCOPE_ONEDNN"];
  process.env["FUSIONSCOPE_ONEDNN"] = "/nowhere/libdnnl.so.2";
  const host = await NativeHost.start();
  try {
    const e = await failsWith("onednn-missing", host.loadOnednn(nothing, 1));
    assert.match(e.line(), /apt-get install libdnnl2/);
  } finally {
    await host.close();
    if (own === undefined) delete process.env["FUSIONSCOPE_ONEDNN"];
    else process.env["FUSIONSCOPE_ONEDNN"] = own;
  }
});

test("what has no primitive is named", () => {
  const b = modelBuilder();
  b.input("x", "f32", [5, 4]);
  b.initializer("i", "i64", [2], [1, 3]);
  b.node("Gather", ["x", "i"], "g", { attributes: { axis: 0 } });
  b.node("Relu", ["g"], "y");
  b.output("y", "f32", [2, 4]);
  const model = open("gather", b.build());
  const mapped = onednnPlan(model, defaultOptions, localMachine());
  assert.ok("why" in mapped && /^Gather #0 .*has no primitive/.test(mapped.why), JSON.stringify(mapped));
  model.close();
});

describe("oneDNN", { skip: absent }, () => {
  let host: NativeHost;
  before(async () => void (host = await NativeHost.start()));
  after(() => host.close());

  for (const [name, make] of Object.entries(onednnModels)) {
    for (const threads of [1, 2]) {
      test(`${name}, ${threads} threads: the results of the evaluator`, async () => {
        const model = open(name, make());
        const machine = localMachine();
        const compilation = compileModel(model, { ...defaultOptions, onlyUntil: "infer-shapes" }, machine);
        const graph = referenceGraph(compilation);
        const values = randomModelInputs(model, graph, 3);
        const expected = evaluateGraph(graph, inputsById(graph, values), { mode: "f64" });
        const mapped = onednnPlan(model, { ...defaultOptions, threads }, machine);
        assert.ok("plan" in mapped, "why" in mapped ? mapped.why : "");
        const { primitives, ...loaded } = await host.loadOnednn(mapped.plan, threads);
        const names = model.file.model.graph.inputs.map((i) => i.name);
        const results = await host.run(loaded, host.inputFiles(names, values));
        graph.outputs.forEach((id, i) => {
          const wanted = expected.get(id);
          assert.ok(wanted !== undefined && results[i] !== undefined);
          assert.equal(farFrom({ ...wanted, dtype: results[i].dtype }, results[i]), undefined);
        });
        assert.ok(primitives.some((p) => p.postOps > 0) || name.endsWith("convolutions"), JSON.stringify(primitives));
        await host.unload(loaded);
        model.close();
      });
    }
  }

  test("what the library refuses is its own coded error, and the runner goes on", async () => {
    const view = { buffer: 0, dtype: "f32", dims: [4, 5], strides: [5, 1] };
    const step = { kind: "matmul", what: "a product that does not fit", source: view, weights: view, destination: view } as const;
    await failsWith("onednn-failed", host.loadOnednn({ ...nothing, buffers: [{ bytes: 80 }], steps: [step] }, 1));
    assert.ok(host.client.alive);
  });
});
