/** Runs generated models in ONNX Runtime, where it is installed: they load, and their outputs are worth computing. */
import assert from "node:assert/strict";
import type * as Ort from "onnxruntime-node";
import type { NamedTensor } from "../../compiler-core/io/tensor-file.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { findWorkload, workloadInputs } from "./write.ts";

type Runtime = typeof Ort;

/** ONNX Runtime, or why it is not here. */
export async function loadRuntime(): Promise<Runtime | string> {
  try {
    const loaded = (await import("onnxruntime-node")) as Runtime & { default?: Runtime };
    return loaded.default ?? loaded;
  } catch (error) {
    return `onnxruntime-node is not installed (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`;
  }
}

function feed(runtime: Runtime, { dtype, dims, bytes }: NamedTensor): Ort.Tensor {
  const { buffer } = bytes.slice();
  if (dtype === "u8") return new runtime.Tensor("uint8", new Uint8Array(buffer), dims);
  if (dtype === "i64") return new runtime.Tensor("int64", new BigInt64Array(buffer), dims);
  return new runtime.Tensor("float32", new Float32Array(buffer), dims);
}

/** Loads and runs a workload on its own inputs; asserts finite outputs, at least half of them not zero, and at most 1 % saturated. */
export async function runWorkload(
  runtime: Runtime,
  name: string,
  optimise: Ort.InferenceSession.SessionOptions["graphOptimizationLevel"] = "all",
): Promise<void> {
  const workload = findWorkload(name);
  const session = await runtime.InferenceSession.create(encodeModel(workload.make()), {
    graphOptimizationLevel: optimise,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(workloadInputs(workload).map((tensor) => [tensor.name, feed(runtime, tensor)]));
  const outputs = await session.run(feeds);
  for (const [output, tensor] of Object.entries(outputs)) checkOutput(`${name}: ${output}`, tensor.data as Float32Array | Uint8Array, name);
  await session.release();
}

function checkOutput(what: string, data: Float32Array | Uint8Array, name: string): void {
  const isBytes = data instanceof Uint8Array;
  // What stands for zero: the zero point of the MLPs' outputs; attention's outputs are around theirs.
  const zero = isBytes && name.startsWith("mlp") ? 2 : isBytes ? -1 : 0;
  let nonZero = 0;
  let saturated = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) assert.fail(`${what} has ${value}`);
    if (value !== zero) nonZero++;
    if (isBytes && (value === 255 || value === 0)) saturated++;
  }
  assert.ok(nonZero >= data.length / 2, `${what}: ${nonZero} of ${data.length} are not zero`);
  assert.ok(saturated <= data.length / 100, `${what}: ${saturated} of ${data.length} are saturated`);
  assert.ok(new Set(data.subarray(0, 1000)).size > 5, `${what}: hardly any different values`);
}
