/**
 * Every f32 MLP that is at hand, compiled and held against ONNX Runtime by the errors of both against an evaluation in f64: ours at most
 * twice ONNX Runtime's, plus 4 units in the last place of the reduction's magnitude. Outputs must not be degenerate.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import {
  checkModel,
  compileModel,
  createFileSink,
  findOrtLibrary,
  findToolchain,
  localMachine,
  openSessionModel,
  packageRoot,
} from "#core/io";
import { defaultOptions } from "#core";
import { writeModel } from "../../compiler-core/onnx/writer.ts";
import { mlp, type MlpFamily } from "../workloads/mlp.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const against = findOrtLibrary() === undefined ? "eval" : "ort";
const machine = localMachine();

interface Run {
  readonly dims?: Readonly<Record<string, number>>;
  readonly threads?: number;
  readonly isa?: string;
}

async function check(file: string, { dims = {}, threads = 1, isa = "auto" }: Run): Promise<void> {
  const model = openSessionModel(file);
  try {
    const compilation = compileModel(model, { ...defaultOptions, dims, threads, isa }, machine);
    assert.equal(compilation.error, undefined, compilation.error?.message);
    assert.deepEqual(compilation.unsupported, []);
    const { outputs } = await checkModel(model, compilation, { against, seed: 1 });
    for (const o of outputs) {
      assert.ok(o.ok, `${o.name}: error ${o.error}, limit ${o.limit}: ${o.why ?? ""}`);
      assert.ok(!o.degenerate, `${o.name} is degenerate: ${o.nonZero} non-zero, ${o.saturated} saturated`);
    }
  } finally {
    model.close();
  }
}

const here = path.join(packageRoot(), "test");
const shared = path.join(here, "../../shared/models");
const mujoco = "google-deepmind__mujoco_playground/mujoco_playground__experimental__sim2sim__onnx__";
const holosoma = "amazon-far__holosoma/src__holosoma_inference__holosoma_inference__models__loco__g1_29dof__";
const marabou = "NeuralNetworkVerification__Marabou/resources__onnx__";
const windows =
  "microsoft__Windows-Machine-Learning/Samples__Tutorial Samples__PyTorch Data Analysis__Windows ML code - Data Analysis__Iris Data Analysis__Assets__";

/** Real models, by path below ../shared/models. */
const sharedCases: readonly (readonly [string, Run])[] = [
  [`${mujoco}apollo_policy.onnx`, {}],
  [`${mujoco}g1_policy.onnx`, { threads: 2 }],
  [`${mujoco}go1_policy.onnx`, {}],
  [`${holosoma}fastsac_g1_29dof.onnx`, {}],
  [`${holosoma}ppo_g1_29dof.onnx`, {}],
  ["BrandonKi__mnist-in-factorio/models__model.onnx", { dims: { batch_size: 7 } }],
  [`${marabou}fc1.onnx`, { dims: { unk__10: 16 } }],
  [`${marabou}fc_matMul.onnx`, {}],
  [`${marabou}softmax-last-layer.onnx`, { dims: { batch_size: 2 } }],
  [`${marabou}acasxu__ACASXU_experimental_v2a_1_1.onnx`, {}],
  ["eth-sri__eran/data__acasxu__nets__ACASXU_run2a_1_1_batch_2000.onnx", {}],
  ["sonos__tract/examples__keras-tract-tf2__example.onnx", {}],
  ["scailable__sclblonnx/examples__onnx__tf-keras-static.onnx", {}],
  ["scailable__sclblonnx/examples__onnx__tf-keras-dynamic.onnx", { dims: { N: 5 } }],
  [`${windows}Regression.onnx`, { dims: { batch_size: 15 } }],
];

for (const [name, run] of sharedCases) {
  const file = path.join(shared, name);
  test(path.basename(name), { skip: noCompiler || (fs.existsSync(file) ? false : "../shared/models is not here") }, () => check(file, run));
}

/** Models of the repository itself: the same kinds, on every machine. */
const ownCases: readonly (readonly [string, Run])[] = [
  ["data/example-mlp.onnx", { dims: { batch: 3 } }],
  ["data/example-mlp.onnx", { dims: { batch: 3 }, isa: "scalar" }],
  ["data/example-mlp.onnx", { dims: { batch: 3 }, isa: "avx2", threads: 2 }],
  ["models/mnist-mlp.onnx", {}],
  ["models/keras-tract.onnx", {}],
  ["models/tf-keras-dynamic.onnx", {}],
];

for (const [name, run] of ownCases) {
  test(`${name} ${JSON.stringify(run)}`, { skip: noCompiler || missingIsa(run.isa) }, () => check(path.join(here, name), run));
}

function missingIsa(isa: string | undefined): string | false {
  return isa === "avx2" && !machine.features.includes("avx2") ? "this machine has no AVX2" : false;
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-mlps-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** The paper's MLPs at fixed batches, and with a symbolic batch set to awkward values. */
const generated: readonly (readonly [MlpFamily, number | string, Run])[] = (["mlp1", "mlp2"] as const).flatMap((family) => [
  [family, 32, {}] as const,
  [family, 512, { threads: 2 }] as const,
  ...[1, 7, 33].map((n) => [family, "batch", { dims: { batch: n } }] as const),
]);

for (const [family, batch, run] of generated) {
  test(`${family} batch ${batch} ${JSON.stringify(run)}`, { skip: noCompiler }, async () => {
    const file = path.join(scratch, `${family}-${batch}.onnx`);
    if (!fs.existsSync(file)) {
      const sink = createFileSink(file);
      writeModel(mlp(family, batch), sink);
      sink.close();
    }
    await check(file, run);
  });
}
