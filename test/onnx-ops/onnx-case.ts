/** One case of the ONNX project's operator tests: a model, its inputs and its expected outputs, evaluated by the reference evaluator. */
import fs from "node:fs";
import path from "node:path";
import { openModel, readTensorFolder, type NamedTensor } from "#core/io";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { decode, evaluable, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { asDType } from "../../compiler-core/onnx/ops/build-call.ts";
import { tensor } from "../../compiler-core/onnx/builder.ts";
import { inlineControlFlow } from "../../compiler-core/passes/1-graph/inline-control-flow.ts";
import { inferShapes } from "../../compiler-core/passes/1-graph/infer-shapes.ts";
import { specialiseDims } from "../../compiler-core/passes/1-graph/specialise-dims.ts";
import { UserError } from "../../compiler-core/messages.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import type { PassContext } from "../../compiler-core/passes/pass.ts";

export type CaseResult = { readonly skipped: string } | { readonly problems: readonly string[] };

export const silent: PassContext = {
  options: defaultOptions,
  machine: { name: "none", features: [], caches: { l1d: 32768, l2: 1048576, l3: 0 }, cores: 1 },
  hit: () => undefined,
  verdict: () => undefined,
};

const truncated = "stored for an extent that is a fraction; ONNX Runtime rounds it down first, and so do we";
/** Cases whose stored outputs ONNX Runtime does not reproduce either, with the difference. */
export const disputed: Readonly<Record<string, string>> = {
  test_resize_downsample_scales_cubic_align_corners: truncated,
  test_resize_downsample_scales_linear_align_corners: truncated,
};

/** Cases whose stored outputs have fewer digits, or noise where there should be zeros, as a relative tolerance. */
export const rounded: Readonly<Record<string, number>> = {
  test_averagepool_2d_ceil_last_window_starts_on_pad: 1e-3,
  test_gridsample_bicubic: 1e-3,
  test_dft_inverse_opset19: 1e-4,
};

/** Integer inputs of at most this many elements may be shapes or axes, which we need at compile time. */
const maxBaked = 16;

/** Evaluates the case in `folder` after `change`. Cases with operators that are not compiled are skipped with the reason. */
export function runCase(folder: string, change: (graph: Graph) => Graph = (g) => g): CaseResult {
  const name = path.basename(folder);
  if (disputed[name] !== undefined) return { skipped: disputed[name] };
  const { model, store } = openModel(path.join(folder, "model.onnx"));
  try {
    const data = fs.readdirSync(folder).filter((f) => f.startsWith("test_data_set"));
    const problems: string[] = [];
    for (const set of data) {
      const inputs = readTensorFolder(path.join(folder, set), "input");
      const outputs = readTensorFolder(path.join(folder, set), "output");
      const names = model.graph.inputs.map((v) => v.name);
      const direct = prepare(importModel(model, store));
      const baked = (first: number): Graph => prepare(importModel(bake(model, inputs, first), store));
      const graph = [() => direct, () => baked(1)].map((make) => make()).find((g) => isOpaque(g) === undefined) ?? baked(0);
      const why = isOpaque(graph);
      if (why !== undefined) return { skipped: why };
      const given = new Map<number, NdArray>();
      for (const id of graph.inputs) {
        const data = inputs[names.indexOf(graph.values[id]!.name)];
        if (data === undefined) return { skipped: "an input without data" };
        given.set(id, toNd(data));
      }
      const results = evaluateGraph(change(graph), given);
      [...results.values()].forEach(
        (r, i) => outputs[i] && problems.push(...differences(r, toNd(outputs[i]), `output ${i}`, rounded[name])),
      );
    }
    return { problems };
  } catch (e) {
    if (e instanceof UserError && e.code === "onnx-dtype") return { skipped: e.message };
    throw e;
  } finally {
    store.close();
  }
}

const prepare = (graph: Graph): Graph =>
  [specialiseDims, inferShapes, inlineControlFlow, inferShapes].reduce((g, pass) => pass.run(g, silent), graph);

function isOpaque(graph: Graph): string | undefined {
  const node = graph.nodes.find((n) => n.op === "opaque");
  if (node !== undefined) return `${String(node.attrs["opType"])}: ${String(node.attrs["reason"])}`;
  const unknown = graph.values.find((v) => v !== undefined && (v.shape === undefined || v.shape.some((d) => typeof d === "string")));
  return unknown === undefined ? undefined : `the shape of "${unknown.name}" depends on data`;
}

/** Small inputs from number `first` on as initialisers. */
export function bake(model: OnnxModel, inputs: readonly (NamedTensor | undefined)[], first = 0): OnnxModel {
  const { graph } = model;
  const baked = graph.inputs.flatMap((v, i) => {
    const data = i < first ? undefined : inputs[i];
    const small = data !== undefined && data.dims.length <= 1 && data.dims.reduce((a, d) => a * d, 1) <= maxBaked;
    return small && data.strings === undefined ? [tensor(v.name, data.dtype, data.dims, data.bytes)] : [];
  });
  const names = new Set(baked.map((t) => t.name));
  return {
    ...model,
    graph: { ...graph, inputs: graph.inputs.filter((v) => !names.has(v.name)), initializers: [...graph.initializers, ...baked] },
  };
}

function toNd(t: NamedTensor): NdArray {
  const dtype = asDType(t.dtype);
  if (dtype === undefined || !evaluable(dtype)) throw new Error(`elements of type ${t.dtype}`);
  return decode(dtype, t.dims, t.bytes);
}

/** Relative tolerance by element type; the ONNX project uses 1e-3 for all. */
const tolerance: Readonly<Record<string, number>> = { f32: 1e-5, f64: 1e-7, f16: 2e-3, bf16: 2e-2 };

export function differences(got: NdArray, want: NdArray, what: string, relative?: number): string[] {
  if (got.dtype !== want.dtype || String(got.shape) !== String(want.shape))
    return [`${what}: ${got.dtype}[${got.shape.join()}] instead of ${want.dtype}[${want.shape.join()}]`];
  const limit = relative ?? tolerance[got.dtype] ?? 0;
  for (let i = 0; i < got.data.length; i++) {
    const [a, b] = [Number(got.data[i]), Number(want.data[i])];
    const same = Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= limit * (Math.abs(b) + 0.01);
    if (!same) return [`${what}: element ${i} is ${a} instead of ${b}`];
  }
  return [];
}
