/**
 * The ONNX project's whole CNNs. Their weights are repeated numbers that the models make themselves, their input is, as in the project's own
 * runner, i / n for element i of n, and their stored outputs are those of its reference evaluator.
 */
import fs from "node:fs";
import path from "node:path";
import { defaultOptions } from "#core";
import {
  buildModule,
  compareStored,
  compileModel,
  localMachine,
  NativeHost,
  openSessionModel,
  packageRoot,
  readTensorFile,
} from "#core/io";
import type { ArtifactPlan } from "../../compiler-core/codegen/plan.ts";
import { count, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";

const folder = path.join(packageRoot(), "../shared/onnx-backend/light");

export const lightCnns = [
  "bvlc_alexnet",
  "densenet121",
  "inception_v1",
  "inception_v2",
  "resnet50",
  "shufflenet",
  "squeezenet",
  "vgg19",
  "zfnet512",
] as const;

/** Why they cannot be run here. */
export const withoutLightCnns = fs.existsSync(folder) ? undefined : "the models do not lie beside the repository";

/** Runs `light_<name>.onnx`, compiled whole, and by ONNX Runtime if asked for. A text says what is wrong; undefined: all is well. */
export async function lightCnnProblem(name: string, threads: number, by: "us" | "runtime" = "us"): Promise<string | undefined> {
  const file = path.join(folder, `light_${name}.onnx`);
  const model = openSessionModel(file);
  const host = await NativeHost.start({ timeoutSeconds: 120 });
  try {
    const { source, error, unsupported } = compileModel(model, { ...defaultOptions, threads }, localMachine());
    if (source === undefined || unsupported.length > 0) return error?.message ?? `${unsupported[0]?.opType ?? "nothing"} is not compiled`;
    const { plan, text } = source;
    const files = host.inputFiles(
      plan.inputs.map((p) => p.name),
      plan.inputs.map(rampOf),
    );
    const loaded = by === "us" ? await load(host, name, plan, text) : await host.loadOrt(file, threads);
    const [output] = await host.run(loaded, files);
    const wanted = readTensorFile(path.join(folder, `light_${name}_output_0.pb`));
    if (output === undefined) return "there is no output";
    const { ok, why } = compareStored(name, output, wanted, { rtol: 1e-3, atol: 1e-7 });
    return ok ? undefined : (why ?? "it differs");
  } finally {
    await host.close();
    model.close();
  }
}

async function load(host: NativeHost, name: string, plan: ArtifactPlan, text: string) {
  const { so } = await buildModule({ sources: [{ name: "model.cpp", text }], isa: plan.isa });
  return host.load({ sharedObject: so, plan }, name);
}

function rampOf({ dtype, shape }: ArtifactPlan["inputs"][number]): NdArray {
  const n = count(shape);
  return fromValues(
    dtype,
    shape,
    Array.from({ length: n }, (_, i) => i / n),
  );
}
