/**
 * Models of one operator against ONNX Runtime on sizes that the ONNX project's cases do not have: the reference evaluator on the model as
 * imported, and the native code, 50 models to a translation unit.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type * as Ort from "onnxruntime-node";
import { defaultOptions } from "#core";
import { buildModule, compileModel, findToolchain, localMachine, NativeHost, openSessionModel, type SessionModel } from "#core/io";
import { referenceGraph } from "../../compiler-core/io/session/check.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { encode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { ArtifactPlan } from "../../compiler-core/codegen/plan.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { runtimeTypes, type MathCase, type Operand } from "./math-cases.ts";
import { prefixOf, quickBuilds, unitOf } from "./unit.ts";

const runtime = await loadRuntime();
const machine = localMachine();
const casesPerUnit = 50;
const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-math-"));
let host: NativeHost | undefined;
after(async () => {
  await host?.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

const nd = (o: Operand): NdArray => fromValues(o.dtype, o.shape, o.values);

function feed(ort: typeof Ort, o: Operand): Ort.Tensor {
  const type = runtimeTypes[o.dtype] as keyof typeof arrays;
  const { buffer } = new Uint8Array(encode(nd(o)));
  return new ort.Tensor(type as "float32", new (arrays[type] as Float32ArrayConstructor)(buffer), [...o.shape]);
}

interface Wanted {
  readonly values: readonly number[];
  readonly shape: readonly number[];
  readonly type: string;
}

async function askRuntime(ort: typeof Ort, c: MathCase): Promise<readonly Wanted[]> {
  const session = await ort.InferenceSession.create(encodeModel(c.model), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const names = session.inputNames;
  const results = await session.run(Object.fromEntries(c.inputs.map((o, i) => [names[i]!, feed(ort, o)])));
  const wanted = session.outputNames.map((name): Wanted => {
    const t = results[name]!;
    return { values: Array.from(t.data as unknown as ArrayLike<number>, Number), shape: t.dims, type: t.type };
  });
  await session.release();
  return wanted;
}

/** Floats agree to 1e-5 of the largest element, integers up to the case's number of steps. */
function compare(got: NdArray, want: Wanted, steps: number, what: string): void {
  assert.equal(runtimeTypes[got.dtype], want.type, `${what}: element type`);
  assert.deepEqual([...got.shape], [...want.shape], `${what}: shape`);
  const largest = want.values.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 1e-3);
  const allowed = isFloat(got.dtype as DType) ? 1e-5 * largest : steps;
  toNumbers(got).forEach((x, i) => {
    const y = want.values[i]!;
    assert.ok(Object.is(x, y) || x === y || Math.abs(x - y) <= allowed, `${what}: element ${i} is ${x} instead of ${y}`);
  });
}

interface Prepared {
  readonly one: MathCase;
  readonly model: SessionModel;
  readonly graph: Graph;
  readonly text: string;
  readonly plan: ArtifactPlan;
}

function prepare(c: MathCase, i: number): Prepared {
  const file = path.join(scratch, `case${i}.onnx`);
  fs.writeFileSync(file, encodeModel(c.model));
  const model = openSessionModel(file);
  const compilation = compileModel(model, defaultOptions, machine);
  if (compilation.error?.exit === 70) throw compilation.error;
  const { source, unsupported } = compilation;
  if (source === undefined || unsupported.length > 0)
    throw new Error(`${c.name} is not compiled: ${unsupported.map((u) => u.reason).join("; ")} ${compilation.error?.message ?? ""}`);
  return { one: c, model, graph: referenceGraph(compilation), text: source.text, plan: source.plan };
}

async function runNative({ plan, one }: Prepared, sharedObject: string, prefix: string): Promise<readonly NdArray[]> {
  if (host?.client.alive !== true) host = await NativeHost.start({ timeoutSeconds: 30 });
  const loaded = await host.load({ sharedObject, plan }, one.name, prefix);
  const names = plan.inputs.map((p) => p.name);
  const outputs = await host.run(loaded, host.inputFiles(names, one.inputs.map(nd)));
  await host.unload(loaded);
  return outputs;
}

/** Registers the tests of these cases. */
export function againstRuntime(title: string, cases: readonly MathCase[]): void {
  if (typeof runtime === "string") test(title, { skip: runtime }, () => undefined);
  else {
    for (let from = 0; from < cases.length; from += casesPerUnit) {
      const unit = cases.slice(from, from + casesPerUnit);
      test(`${title} ${from} to ${from + unit.length - 1}`, async (t) => {
        const prepared: Prepared[] = [];
        const wanted = new Map<MathCase, readonly Wanted[]>();
        for (const [i, one] of unit.entries()) {
          await t.test(`${one.name}: evaluated`, async () => {
            const p = prepare(one, from + i);
            const want = await askRuntime(runtime, one);
            const results = evaluateGraph(p.graph, new Map(p.graph.inputs.map((id, k) => [id, nd(one.inputs[k]!)])));
            prepared.push(p);
            wanted.set(one, want);
            p.graph.outputs.forEach((id, k) => compare(results.get(id)!, want[k]!, one.steps, `output ${k}`));
          });
        }
        if (noCompiler !== undefined) return t.skip(noCompiler);
        const source = { name: "model.cpp", text: unitOf(prepared.map((p) => p.text)) };
        const { so } = await buildModule({ sources: [source], isa: prepared[0]?.plan.isa ?? "scalar", quick: quickBuilds });
        for (const [i, p] of prepared.entries()) {
          await t.test(`${p.one.name}: native`, async () => {
            const outputs = await runNative(p, so, prefixOf(i));
            outputs.forEach((y, k) => compare(y, wanted.get(p.one)![k]!, p.one.steps, `output ${k}`));
            p.model.close();
          });
        }
      });
    }
  }
}
