/**
 * The ONNX project's whole CNNs, compiled without fallback. Their weights are repeated numbers that the models make themselves, their input
 * is, as in the project's own runner, i / n for element i of n, and their stored outputs are those of its reference evaluator.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { defaultOptions } from "#core";
import {
  buildModule,
  compareStored,
  compileModel,
  findToolchain,
  localMachine,
  NativeHost,
  openSessionModel,
  packageRoot,
  readTensorFile,
} from "#core/io";
import { count, fromValues } from "../../compiler-core/graph/ndarray.ts";

const folder = path.join(packageRoot(), "../shared/onnx-backend/light");
const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const skip = noCompiler ?? (fs.existsSync(folder) ? false : "the models do not lie beside the repository");

/** Declares the test of `light_<name>.onnx`. */
export function lightCnn(name: string, threads: number): void {
  test(`${name} on ${threads} thread${threads === 1 ? "" : "s"}`, { skip }, async () => {
    const model = openSessionModel(path.join(folder, `light_${name}.onnx`));
    const host = await NativeHost.start({ timeoutSeconds: 120 });
    try {
      const { source, error, unsupported } = compileModel(model, { ...defaultOptions, threads }, localMachine());
      assert.equal(error, undefined, error?.message);
      assert.deepEqual(unsupported, []);
      assert.ok(source !== undefined);
      const { plan, text } = source;
      const { so } = await buildModule({ sources: [{ name: "model.cpp", text }], isa: plan.isa });
      const loaded = await host.load({ sharedObject: so, plan }, name);
      const inputs = plan.inputs.map((p) => {
        const n = count(p.shape);
        return fromValues(
          p.dtype,
          p.shape,
          Array.from({ length: n }, (_, i) => i / n),
        );
      });
      const outputs = await host.run(
        loaded,
        host.inputFiles(
          plan.inputs.map((p) => p.name),
          inputs,
        ),
      );
      const wanted = readTensorFile(path.join(folder, `light_${name}_output_0.pb`));
      assert.equal(outputs.length, 1);
      const result = compareStored(name, outputs[0]!, wanted, { rtol: 1e-3, atol: 1e-7 });
      assert.ok(result.ok, result.why);
    } finally {
      await host.close();
      model.close();
    }
  });
}
