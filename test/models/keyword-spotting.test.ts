/**
 * One keyword-spotting network in three forms (floats, QDQ, QLinear operators) on the same inputs: the quantised ones agree with each other to a
 * step, and with the floats as well as quantisation allows. Inputs fill the range that the first quantisation covers, so that nothing saturates.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { buildCode, compileModel, findToolchain, localMachine, NativeHost, openSessionModel, packageRoot } from "#core/io";
import { defaultOptions } from "#core";
import { fromValues, toNumbers } from "../../compiler-core/graph/ndarray.ts";
import { randomSource } from "../../compiler-core/io/random-inputs.ts";

const folder = path.join(packageRoot(), "../shared/models/emmtrix__emx-onnx-cgen");
const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const skip = noCompiler ?? (fs.existsSync(folder) ? false : "../shared/models is not here");
const samples = 4;

/** Results of one form for every sample. */
async function results(form: string): Promise<Float64Array[]> {
  const model = openSessionModel(path.join(folder, `tests__onnx__micro_kws_m_static_${form}.onnx`));
  const host = await NativeHost.start({ timeoutSeconds: 120 });
  try {
    const { source, error, unsupported } = compileModel(model, defaultOptions, localMachine());
    assert.equal(error, undefined, error?.message);
    assert.deepEqual(unsupported, []);
    assert.ok(source !== undefined);
    const built = await buildCode(source);
    const loaded = await host.load(built, form);
    const [input] = source.plan.inputs;
    const out: Float64Array[] = [];
    for (let seed = 1; seed <= samples; seed++) {
      const random = randomSource(seed);
      const values = Array.from({ length: 1960 }, (_, i) => 26 * (0.5 + 0.5 * Math.sin(i * 0.01 * seed)) * random());
      const [y] = await host.run(loaded, host.inputFiles([input!.name], [fromValues("f32", input!.shape, values)]));
      out.push(Float64Array.from(toNumbers(y!)));
    }
    return out;
  } finally {
    await host.close();
    model.close();
  }
}

const distance = (a: Float64Array, b: Float64Array): number => a.reduce((m, v, i) => Math.max(m, Math.abs(v - (b[i] ?? NaN))), 0);
const range = (a: Float64Array): number => Math.max(...a) - Math.min(...a);

test("micro_kws: floats, QDQ and QLinear say the same", { skip }, async () => {
  const floats = await results("fp32");
  const qdq = await results("qdq");
  const qlinear = await results("qoperator");
  const said = floats.map((f, i) => [distance(f, qdq[i]!), distance(qdq[i]!, qlinear[i]!), range(f)] as const);
  for (const [toFloats, between, width] of said) {
    assert.ok(width > 1e-3, `the outputs hardly differ among themselves: ${said.join(" ")}`);
    assert.ok(between <= 0.02 * width, `QDQ and QLinear differ: ${said.join(" ")}`);
    if (width > 0.9) assert.ok(toFloats <= 0.25 * width, `a sure answer differs in floats: ${said.join(" ")}`);
  }
  // Where the network is not sure, eight bits move its probabilities: that is the quantisation of the file, so only the mean is bounded.
  const mean = said.reduce((s, [toFloats, , width]) => s + toFloats / width, 0) / said.length;
  assert.ok(mean <= 0.2, `quantised and floats differ: ${said.join(" ")}`);
});
