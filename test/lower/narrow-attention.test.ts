/** Attention on bytes and on bf16: one nest whose products are of what the operands were before they were widened, at every stage of the pipeline. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions, type Compilation, type CompileOptions, type Graph, type MachineProfile } from "#core";
import { GraphBuilder } from "../../compiler-core/graph/build.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Attrs, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { OpName } from "../../compiler-core/graph/ops/index.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";
import { numbers } from "./cases.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 65536, l3: 1 << 20 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16"],
};

interface Form {
  readonly dtype: "u8" | "i8" | "f32" | "bf16";
  readonly zeros: readonly [number, number, number];
  /** Of the weights: quantised to this with a zero point, or left as they are. */
  readonly weights?: readonly ["u8" | "i8", number];
  /** Keys lie as S x D. */
  readonly keysInRows?: true;
  readonly rows: number;
  readonly keys: number;
  readonly depth: number;
  readonly columns: number;
}

/** softmax(q k / 4 + mask) v, two batches of two heads, the result moved behind the heads. */
function attention(f: Form): Graph {
  const b = new GraphBuilder("attention");
  let made = 0;
  const add = (op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId => {
    const origin = [b.source({ path: `#${made}`, opType: op, domain: "", name: `${op}_${made++}`, outputs: [] })];
    return b.add(op, inputs, attrs, { name: op, origin })[0]!;
  };
  const scalar = (dtype: DType, v: number): ValueId => b.constant("", fromValues(dtype, [], [v]));
  const load = (name: string, shape: readonly number[], zero: number): ValueId => {
    const x = b.input(name, f.dtype, shape);
    if (f.dtype === "f32") return x;
    if (f.dtype === "bf16") return add("cast", [x], { to: "f32" });
    return add("dequantize-linear", [x, scalar("f32", 1 / 32), scalar(f.dtype, zero)], { axis: 0, to: "f32" });
  };
  const q = load("q", [2, 2, f.rows, f.depth], f.zeros[0]);
  const k = load("k", f.keysInRows ? [2, 2, f.keys, f.depth] : [2, 2, f.depth, f.keys], f.zeros[1]);
  const v = load("v", [2, 2, f.keys, f.columns], f.zeros[2]);
  const scores = add("div", [add("matmul", [q, k], { transB: f.keysInRows === true }), scalar("f32", 4)]);
  const x = add("add", [scores, b.input("mask", "f32", [2, 1, 1, f.keys])]);
  const over = { axes: [3], keepdims: true };
  const e = add("exp", [add("sub", [x, add("reduce-max", [x], over)])]);
  let weights = add("div", [e, add("reduce-sum", [e], over)]);
  if (f.weights !== undefined) {
    const parameters = [scalar("f32", 1 / 255), scalar(f.weights[0], f.weights[1])];
    const bytes = add("quantize-linear", [weights, ...parameters], { axis: 0, to: f.weights[0] });
    weights = add("dequantize-linear", [bytes, ...parameters], { axis: 0, to: "f32" });
  }
  if (f.dtype === "bf16") weights = add("cast", [add("cast", [weights], { to: "bf16" })], { to: "f32" });
  b.output(add("transpose", [add("matmul", [weights, v])], { perm: [0, 2, 1, 3] }));
  return b.finish();
}

function filled(graph: Graph): NdArray[] {
  return graph.inputs.map((id, i) => {
    const v = valueOf(graph, id);
    const shape = staticShape(v) ?? [];
    const bell = numbers(elements(shape), 50 + i);
    const of = { u8: (x: number) => Math.round(128 + 100 * x), i8: (x: number) => Math.round(100 * x) } as Record<
      string,
      (x: number) => number
    >;
    const exact = (x: number): number => Math.round(x * 64) / 64;
    return fromValues(v.dtype, shape, bell.map(of[v.dtype] ?? (v.dtype === "bf16" ? exact : (x: number) => 2 * x)));
  });
}

/** The largest difference to the graph, for the module after every pass; and the compilation. */
function worst(form: Form, options: Partial<CompileOptions>): { readonly difference: number; readonly c: Compilation } {
  const graph = attention(form);
  const c = compile(graph, { ...defaultOptions, ...options }, machine, { now: () => 0 });
  assert.equal(c.error, undefined, c.error?.message);
  const inputs = filled(graph);
  const want = evaluateGraph(graph, new Map(graph.inputs.map((id, i) => [id, inputs[i]!]))).get(graph.outputs[0]!)!;
  const modules = [...c.snapshots.filter((s) => "run" in s), ...(c.module === undefined ? [] : [c.module])];
  assert.ok(modules.length > 2);
  let difference = 0;
  for (const module of [modules[0]!, modules.at(-1)!]) {
    if (!("run" in module)) continue;
    assert.deepEqual(verifyModule(module), []);
    const weights = module.buffers
      .filter((w) => w.scope === "weight")
      .sort((x, y) => (x.slot ?? 0) - (y.slot ?? 0))
      .map((w) => {
        const constant = c.graph.constants.get(valueOf(c.graph, w.value!).constant!);
        return decode(constant.dtype, constant.shape, constant.bytes());
      });
    const [have] = evalModule(module, { inputs, weights }, "native");
    have!.data.forEach((h: number | bigint, i: number) => (difference = Math.max(difference, Math.abs(Number(h) - Number(want.data[i])))));
  }
  return { difference, c };
}

const kernelsOf = (c: Compilation): unknown[] => {
  const [nest] = c.graph.groups.filter((g) => g.template === "attention");
  return [nest?.params["scoresKernel"], nest?.params["mixKernel"]];
};

const sizes = { rows: 19, keys: 37, depth: 12, columns: 21 } as const;
/** A step of the weights, for values up to 4. */
const step = 4 / 255;
const bytes: Readonly<Record<string, readonly [Form, readonly unknown[]]>> = {
  "u8 in, u8 weights": [{ dtype: "u8", zeros: [128, 128, 128], weights: ["u8", 0], ...sizes }, ["gemm_u8s8", "gemm_u8s8"]],
  "zero points everywhere": [{ dtype: "u8", zeros: [120, 131, 3], weights: ["u8", 7], ...sizes }, ["gemm_u8s8", "gemm_u8s8"]],
  "signed, keys in rows": [{ dtype: "i8", zeros: [0, 0, 0], weights: ["u8", 0], keysInRows: true, ...sizes }, ["gemm_s8s8", "gemm_u8s8"]],
  "signed with zero points, signed weights": [
    { dtype: "i8", zeros: [3, -2, 5], weights: ["i8", -128], ...sizes, depth: 7 },
    ["gemm_s8s8", "gemm_s8s8"],
  ],
  "weights stay f32": [{ dtype: "u8", zeros: [128, 128, 128], ...sizes }, ["gemm_u8s8", undefined]],
  "long rows": [{ dtype: "u8", zeros: [128, 120, 128], ...sizes, keys: 1300 }, ["gemm_u8s8", undefined]],
};
for (const [name, [form, kernels]] of Object.entries(bytes))
  test(`bytes: ${name}`, () => {
    const { difference, c } = worst(form, { threads: 2 });
    assert.deepEqual(kernelsOf(c), kernels);
    assert.ok(difference <= (form.weights === undefined ? 1e-4 : step), `off by ${difference}`);
    const operands = c.module?.buffers.filter((b) => b.name === "panels" && b.scope === "thread").map((b) => b.dtype) ?? [];
    assert.deepEqual(operands.slice(0, 1), ["i8"], "keys are packed as bytes");
  });

const floats: Readonly<Record<string, readonly [Form, Partial<CompileOptions>]>> = {
  "asked for": [{ dtype: "f32", zeros: [0, 0, 0], ...sizes }, { precision: "bf16" }],
  "asked for, keys in rows": [{ dtype: "f32", zeros: [0, 0, 0], keysInRows: true, ...sizes }, { precision: "bf16" }],
  "asked for, long rows": [{ dtype: "f32", zeros: [0, 0, 0], ...sizes, keys: 1300 }, { precision: "bf16" }],
  "a model of bf16": [{ dtype: "bf16", zeros: [0, 0, 0], ...sizes }, {}],
};
for (const [name, [form, options]] of Object.entries(floats))
  test(`bf16: ${name}`, () => {
    const { difference, c } = worst(form, options);
    assert.deepEqual(kernelsOf(c), ["gemm_bf16", "gemm_bf16"]);
    assert.ok(difference <= 2 ** -5, `off by ${difference}`);
    if (form.dtype === "f32") assert.ok(difference > 2 ** -16, "nothing was rounded");
    assert.ok(c.verdicts.some((v) => v.rule === "merge-nests/product" && v.accepted));
  });

test("what cannot be on bytes or bf16 is on f32, and says so", () => {
  const few = worst({ dtype: "f32", zeros: [0, 0, 0], ...sizes, rows: 3 }, { precision: "bf16" });
  assert.deepEqual(kernelsOf(few.c), [undefined, undefined]);
  assert.match(few.c.verdicts.find((v) => v.rule === "merge-nests/product")?.because ?? "", /does not pay for 3 rows/);
  const old = worst({ dtype: "u8", zeros: [128, 128, 128], weights: ["u8", 0], ...sizes }, { isa: "scalar" });
  assert.deepEqual(kernelsOf(old.c), [undefined, undefined]);
  assert.match(old.c.verdicts.find((v) => v.rule === "merge-nests/product")?.because ?? "", /is slower on scalar/);
  assert.ok(old.difference <= step);
});
