/**
 * What becomes of a generated graph: the graph passes and the loops against the evaluator on the imported graph, that against ONNX Runtime,
 * and native code against it, in batches.
 */
import type * as Ort from "onnxruntime-node";
import { compile, isModule, type Compilation } from "../../compiler-core/compile.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { valueOf, type Graph, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, encode, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { isaSets, type MachineProfile } from "../../compiler-core/machine.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { defaultOptions, type CompileOptions } from "../../compiler-core/options.ts";
import { passInfos } from "../../compiler-core/pipeline.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import type { Module } from "../../compiler-core/tensor/ir.ts";
import { inputsOf, modelOf, type FuzzCase } from "./case.ts";

/** Small caches, so that blocking happens at small extents. */
export const machine: MachineProfile = {
  name: "fuzz",
  cores: 4,
  caches: { l1d: 32768, l2: 65536, l3: 1 << 20 },
  features: isaSets.amx,
};

export type Verdict = { readonly problem: string } | { readonly skipped: string } | undefined;

export interface Compiled {
  readonly compilation: Compilation;
  readonly given: ReadonlyMap<ValueId, NdArray>;
  /** The outputs as the evaluator gives them for the imported graph with known shapes. */
  readonly exact: readonly NdArray[];
  /** What is wanted: the same, or where operands are rounded to bf16, what the graph after all passes says, which is near to it. */
  readonly want: readonly NdArray[];
}

/** What says how far answers may be off. */
type Told = Pick<FuzzCase, "outputs" | "options">;
/** Operands of products are rounded to 8 bits: sums in another order may round the next operand the other way, and far from f32 is wrong anyhow. */
const bf16Tolerance = { loops: 0.12, passes: 0.25 };
/** Relative to the largest element: passes may sum in another order, and what cancels loses digits. */
const tolerance = 5e-5;

/** The first difference in words; undefined when there is none. Whole numbers may be `steps` off. */
export function difference(got: NdArray, want: NdArray, allowed = tolerance, steps = 0): string | undefined {
  if (got.dtype !== want.dtype || String(got.shape) !== String(want.shape))
    return `${got.dtype}[${got.shape.join()}] instead of ${want.dtype}[${want.shape.join()}]`;
  let scale = 1;
  if (isFloat(want.dtype)) for (const w of want.data as Float32Array) if (Number.isFinite(w)) scale = Math.max(scale, Math.abs(w));
  const slack = isFloat(want.dtype) ? allowed * scale : steps;
  for (let i = 0; i < want.data.length; i++) {
    const [g, w] = [Number(got.data[i]), Number(want.data[i])];
    if (Object.is(g, w) || g === w || Math.abs(g - w) <= slack) continue;
    return `element ${i} is ${g}, not ${w}`;
  }
  return undefined;
}

/** Compiles a case; the reason when there is nothing to compare. Throws what is no answer: that is a bug. */
export function compileCase(one: FuzzCase, options: Partial<CompileOptions> = {}): Compiled | { readonly skipped: string } {
  const graph = importModel(modelOf(one), memoryStore());
  const compilation = compile(graph, { ...defaultOptions, isa: "avx512", dims: one.dims ?? {}, ...one.options, ...options }, machine, {
    now: () => 0,
  });
  if (compilation.error !== undefined) throw new Error(compilation.error.message);
  const start = graphAfter(compilation, "infer-shapes");
  const hole = start.nodes.find((n) => n.op === "opaque");
  if (hole !== undefined) return { skipped: `${String(hole.attrs["opType"])}: ${String(hole.attrs["reason"])}` };
  const data = inputsOf(one);
  const given = new Map(start.inputs.map((id) => [id, data.get(valueOf(start, id).name)!]));
  const exact = evaluateStage(start, given);
  if (one.options?.precision !== "bf16") return { compilation, given, exact, want: exact };
  const want = evaluateStage(compilation.graph, given);
  const far = want.map((w, i) => difference(w, exact[i]!, bf16Tolerance.passes)).find((d) => d !== undefined);
  if (far !== undefined) throw new Error(`products of bf16 are far from f32: ${far}`);
  return { compilation, given, exact, want };
}

/** Shapes are inferred again once branches and loops are written out. */
const lastOf = (pass: string): number => passInfos.map((p) => p.name).lastIndexOf(pass);

function graphAfter(c: Compilation, pass: string): Graph {
  const at = lastOf(pass);
  const snapshot = c.snapshots[at];
  if (snapshot === undefined || isModule(snapshot)) throw new Error(`no graph after ${pass}`);
  return snapshot;
}

export function weightsOf(graph: Graph, module: Module): NdArray[] {
  return module.buffers
    .filter((b) => b.scope === "weight")
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((b) => {
      const c = graph.constants.get(valueOf(graph, b.value!).constant!);
      return decode(c.dtype, c.shape, c.bytes());
    });
}

/** The passes and the loops against the imported graph; names the first pass whose result differs. */
export function judge(one: FuzzCase, options: Partial<CompileOptions> = {}): Verdict {
  const compiled = attempt(one, options);
  return "compilation" in compiled ? judgeStages(one, compiled) : compiled;
}

/** The compiled case, or the verdict when there is none. */
function attempt(one: FuzzCase, options: Partial<CompileOptions> = {}): Compiled | NonNullable<Verdict> {
  try {
    return compileCase(one, options);
  } catch (e) {
    return { problem: `compilation: ${textOf(e)}` };
  }
}
const textOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

function judgeStages(one: FuzzCase, compiled: Compiled): Verdict {
  const { compilation, want } = compiled;
  const last = want === compiled.exact ? stageProblem(one, compiled, compilation.graph) : undefined;
  const loops = last === undefined && compilation.module !== undefined && compilation.unsupported.length === 0;
  const problem = last ?? (loops ? stageProblem(one, compiled, compilation.module!) : undefined);
  if (problem === undefined)
    return compilation.unsupported[0] === undefined ? undefined : { skipped: `loops of ${compilation.unsupported[0].opType}` };
  const first = compilation.snapshots.findIndex(
    (s, i) => i > lastOf("infer-shapes") && s !== compilation.snapshots[i - 1] && stageProblem(one, compiled, s) !== undefined,
  );
  return { problem: `${passInfos[first]?.name ?? "?"}: ${problem} (of ${want.length} outputs)` };
}

function stageProblem(one: Told, { compilation, given, want }: Compiled, stage: Graph | Module): string | undefined {
  try {
    const got = isModule(stage)
      ? evalModule(stage, { inputs: [...given.values()], weights: weightsOf(compilation.graph, stage) }, "native")
      : evaluateStage(stage, given);
    return problemOf(got, want, one);
  } catch (e) {
    return `evaluation: ${textOf(e)}`;
  }
}

function evaluateStage(graph: Graph, given: ReadonlyMap<ValueId, NdArray>): readonly NdArray[] {
  const results = evaluateGraph(graph, given);
  return graph.outputs.map((id) => results.get(id)!);
}

/** The first difference between lists of outputs, of which the case may say how far they may be off. */
export function problemOf(
  got: readonly NdArray[],
  want: readonly NdArray[],
  { outputs, options }: Told,
  usual = tolerance,
): string | undefined {
  for (const [i, w] of want.entries()) {
    const slack = outputs[i]?.slack ?? 0;
    const allowed = Math.max(usual, slack, options?.precision === "bf16" ? bf16Tolerance.loops : 0);
    const found = got[i] === undefined ? "is missing" : difference({ ...got[i], shape: w.shape }, w, allowed, slack);
    if (found !== undefined) return `output ${i}: ${found}`;
  }
  return undefined;
}

const ortTypes: Readonly<Partial<Record<DType, Ort.Tensor.Type>>> = {
  f32: "float32",
  f64: "float64",
  i64: "int64",
  u64: "uint64",
  i32: "int32",
  u32: "uint32",
  i16: "int16",
  u16: "uint16",
  i8: "int8",
  u8: "uint8",
  bool: "bool",
};
const arrays: Readonly<Record<string, new (buffer: ArrayBufferLike) => unknown>> = {
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

/** The evaluator against ONNX Runtime. Its float sums may be in any order, so it is allowed ten times as much as we are. */
export async function judgeOrt(ort: typeof Ort, one: FuzzCase): Promise<Verdict> {
  if (one.alone === true) return { skipped: "ONNX Runtime has another answer" };
  const compiled = compileCase(one);
  return "skipped" in compiled ? compiled : againstOrt(ort, one, compiled);
}

async function againstOrt(ort: typeof Ort, one: FuzzCase, { exact }: Compiled): Promise<Verdict> {
  let got: readonly NdArray[];
  try {
    got = await runOrt(ort, one);
  } catch (e) {
    return { skipped: `ONNX Runtime: ${textOf(e).split("\n")[0]!.slice(0, 200)}` };
  }
  const problem = problemOf(got, exact, { outputs: one.outputs }, 10 * tolerance);
  return problem === undefined ? undefined : { problem: `ONNX Runtime, ours is not its answer: ${problem}` };
}

/** Both questions about one compilation: whether the stages mean the same, and whether ONNX Runtime agrees. */
export async function judgeBoth(
  ort: typeof Ort | undefined,
  one: FuzzCase,
): Promise<{ readonly stages: Verdict; readonly runtime: Verdict }> {
  const compiled = attempt(one);
  if (!("compilation" in compiled)) return { stages: compiled, runtime: { skipped: "it is not compiled" } };
  const stages = judgeStages(one, compiled);
  if (ort === undefined || one.alone === true) return { stages, runtime: { skipped: "it is not asked" } };
  return { stages, runtime: await againstOrt(ort, one, compiled) };
}

/** The outputs of ONNX Runtime, without its own rewriting of graphs. */
export async function runOrt(ort: typeof Ort, one: FuzzCase): Promise<readonly NdArray[]> {
  const session = await ort.InferenceSession.create(encodeModel(modelOf(one), { store: memoryStore() }), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    graphOptimizationLevel: "disabled",
  });
  try {
    const feeds = Object.fromEntries(
      [...inputsOf(one)].map(([name, nd]) => {
        const data = new arrays[nd.dtype]!(encode(nd).slice().buffer);
        return [name, new ort.Tensor(ortTypes[nd.dtype] as "float32", data as Float32Array, [...nd.shape])];
      }),
    );
    const results = await session.run(feeds);
    return one.outputs.map(({ name, dtype }) => {
      const t = results[name]!;
      const data = t.data as unknown as Float32Array;
      // The binding gives half precision as bit patterns.
      if (dtype === "f16") return decode(dtype, t.dims, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return { dtype, shape: t.dims, data };
    });
  } finally {
    await session.release();
  }
}
