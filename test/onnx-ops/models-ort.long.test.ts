/**
 * Whole models, as imported and after the graph passes, against ONNX Runtime on random inputs. The committed models always; the
 * larger collection where it lies beside the repository.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type * as Ort from "onnxruntime-node";
import { openModel, packageRoot } from "#core/io";
import { nodeCost } from "../../compiler-core/graph/cost.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { staticShape, valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { encode, fromValues, toNumbers, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { UserError } from "../../compiler-core/messages.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { graphPipeline } from "../graph-passes/run-pass.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { silent } from "./onnx-case.ts";

const runtime = await loadRuntime();

/** Enough for every MLP; larger ones would take the reference evaluator too long. */
const maxFlops = 2e8;

const ortTypes: Readonly<Partial<Record<DType, Ort.Tensor.Type>>> = {
  f32: "float32",
  f64: "float64",
  i64: "int64",
  i32: "int32",
  u8: "uint8",
  i8: "int8",
  bool: "bool",
};
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

function modelFiles(): readonly string[] {
  const roots = [path.join(packageRoot(), "test/models"), path.join(packageRoot(), "../shared/models")];
  return roots.flatMap((root) =>
    fs.existsSync(root)
      ? (fs.readdirSync(root, { recursive: true }) as string[]).filter((f) => f.endsWith(".onnx")).map((f) => path.join(root, f))
      : [],
  );
}

/** A deterministic stream of numbers in [-1, 1). */
function random(): () => number {
  let x = 12345;
  return () => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return x / 0x40000000 - 1;
  };
}

function randomInputs(graph: Graph): Map<ValueId, NdArray> | undefined {
  const next = random();
  const out = new Map<ValueId, NdArray>();
  for (const id of graph.inputs) {
    const v = valueOf(graph, id);
    const shape = staticShape(v);
    if (shape === undefined || ortTypes[v.dtype] === undefined) return undefined;
    const real = v.dtype.startsWith("f");
    out.set(
      id,
      fromValues(
        v.dtype,
        shape,
        Array.from({ length: shape.reduce((a, d) => a * d, 1) }, () => (real ? next() : next() > 0 ? 1 : 0)),
      ),
    );
  }
  return out;
}

/** Relative to the largest element: sums of many terms lose digits where they cancel. */
function relativeError(got: readonly number[], want: readonly number[]): number {
  const scale = want.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1e-6);
  return got.reduce((worst, x, i) => (Object.is(x, want[i]) || x === want[i] ? worst : Math.max(worst, Math.abs(x - want[i]!) / scale)), 0);
}

/** What the error against f64 may be: twice ONNX Runtime's own, and never less than some roundings. */
const limit = (exact: readonly number[], runtime: readonly number[]): number => Math.max(1e-5, 2 * relativeError(runtime, exact));

async function compare(ort: typeof Ort, file: string): Promise<string | undefined> {
  const { model, store } = openModel(file);
  try {
    const stages: Graph[] = [importModel(model, store)];
    for (const pass of graphPipeline) stages.push(pass.run(stages.at(-1)!, silent));
    const [start, end] = [stages[2]!, stages.at(-1)!];
    const hole = start.nodes.find((n) => n.op === "opaque");
    if (hole !== undefined) return String(hole.attrs["reason"]);
    const inputs = randomInputs(start);
    if (inputs === undefined) return "inputs of a type that the runtime's binding lacks";
    if (!(start.nodes.reduce((sum, n) => sum + nodeCost(start, n).flops, 0) < maxFlops)) return "too large for the reference evaluator";
    const want = await runOrt(ort, file, start, inputs);
    if (typeof want === "string") return `ONNX Runtime: ${want}`;
    const exact = evaluateGraph(start, inputs, { mode: "f64" });
    const limits = start.outputs.map((id, i) => want[i] && limit(toNumbers(exact.get(id)!), want[i]));
    if (limits.includes(NaN)) return "ONNX Runtime gives no numbers where there are some";
    for (const [what, graph] of [
      ["as imported", start],
      ["after the passes", end],
    ] as const) {
      const results = evaluateGraph(graph, inputs);
      start.outputs.forEach((id, i) => {
        if (limits[i] === undefined) return;
        const error = relativeError(toNumbers(results.get(graph.outputs[i]!)!), toNumbers(exact.get(id)!));
        assert.ok(error <= limits[i], `${what}, output ${i}: relative error ${error}, allowed ${limits[i]}`);
      });
    }
    return undefined;
  } catch (e) {
    if (e instanceof UserError && e.code === "dim-conflict") return e.message;
    throw e;
  } finally {
    store.close();
  }
}

/** The outputs in the order of the graph's; or why it does not run. */
async function runOrt(
  ort: typeof Ort,
  file: string,
  graph: Graph,
  inputs: ReadonlyMap<ValueId, NdArray>,
): Promise<(readonly number[] | undefined)[] | string> {
  try {
    const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    const feeds = Object.fromEntries(
      [...inputs].map(([id, nd]) => {
        const type = ortTypes[nd.dtype]! as keyof typeof arrays;
        const bytes = new Uint8Array(encode(nd));
        return [
          valueOf(graph, id).name,
          new ort.Tensor(type as "float32", new (arrays[type] as Float32ArrayConstructor)(bytes.buffer), [...nd.shape]),
        ];
      }),
    );
    const results = await session.run(feeds);
    await session.release();
    return graph.outputs.map((id) => {
      const t = results[valueOf(graph, id).name];
      return t === undefined ? undefined : Array.from(t.data as unknown as ArrayLike<number | bigint | boolean>, Number);
    });
  } catch (e) {
    return (e instanceof Error ? e.message : String(e)).split("\n")[0]!;
  }
}

for (const file of modelFiles()) {
  const name = path.relative(packageRoot(), file);
  test(name, { skip: typeof runtime === "string" ? runtime : false }, async (t) => {
    if (typeof runtime === "string") return;
    const skipped = await compare(runtime, file);
    if (skipped !== undefined) t.skip(skipped);
  });
}
