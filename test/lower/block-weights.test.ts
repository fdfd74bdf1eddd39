/** Products with weights of 4 bits and a scale for each block of the sum: never in memory as floats, and right at every stage of the pipeline. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions, type Compilation, type CompileOptions, type Graph, type MachineProfile } from "#core";
import { GraphBuilder } from "../../compiler-core/graph/build.ts";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { elements, staticShape, valueOf, type Attrs, type ValueId } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { OpName } from "../../compiler-core/graph/ops/index.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";
import { numbers } from "./cases.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 65536, l3: 1 << 20 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"],
};

interface Form {
  readonly dtype: "u4" | "i4";
  readonly k: number;
  readonly n: number;
  readonly block: number;
  readonly rows: number;
  readonly zeros: boolean;
  /** The weight lies as N x K: behind a Transpose, or as Gemm takes it. */
  readonly lies: "K x N" | "N x K, transposed" | "N x K, gemm";
  /** As MatMulNBits with an accuracy level of 4. */
  readonly leftBits?: 8;
}

function product(f: Form): Graph {
  const b = new GraphBuilder("blocks");
  let made = 0;
  const add = (op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId => {
    const origin = [b.source({ path: `#${made}`, opType: op, domain: "", name: `${op}_${made++}`, outputs: [] })];
    return b.add(op, inputs, attrs, { name: op, origin })[0]!;
  };
  const inRows = f.lies !== "K x N";
  const blocks = Math.ceil(f.k / f.block);
  const [shape, parts] = inRows
    ? [
        [f.n, f.k],
        [f.n, blocks],
      ]
    : [
        [f.k, f.n],
        [blocks, f.n],
      ];
  const low = f.dtype === "i4" ? 0 : 8;
  const whole = (extents: readonly number[], seed: number, from: number): number[] =>
    numbers(elements(extents), seed).map((v) => Math.min(Math.max(Math.round(8 * v), -8), 7) + from);
  const weight = b.constant("w", fromValues(f.dtype, shape!, whole(shape!, 3, low)));
  const scales = b.constant(
    "s",
    fromValues(
      "f32",
      parts!,
      numbers(elements(parts!), 4).map((v) => Math.fround(0.05 + 0.02 * v)),
    ),
  );
  const zeros = f.zeros ? [b.constant("z", fromValues(f.dtype, parts!, whole(parts!, 5, low)))] : [];
  const x = b.input("x", "f32", [f.rows, f.k]);
  const bias = b.constant("b", fromValues("f32", [f.n], numbers(f.n, 6)));
  if (f.leftBits !== undefined) {
    const attrs = { block: f.block, transB: inRows, zero: low, leftBits: f.leftBits };
    b.output(add("relu", [add("add", [add("matmul-blocks", [x, weight, scales, ...zeros], attrs), bias])]));
    return b.finish();
  }
  const real = add("dequantize-linear", [weight, scales, ...zeros], { axis: inRows ? 1 : 0, block: f.block, to: "f32" });
  if (f.lies === "N x K, gemm") b.output(add("gemm", [x, real, bias], { transB: true }));
  else {
    const right = inRows ? add("transpose", [real], { perm: [1, 0] }) : real;
    b.output(add("relu", [add("add", [add("matmul", [x, right]), bias])]));
  }
  return b.finish();
}

/** The largest error of the code before and after the tensor passes, as a share of the largest element. */
function checked(form: Form, options: Partial<CompileOptions>): { readonly error: number; readonly c: Compilation } {
  const graph = product(form);
  const c = compile(graph, { ...defaultOptions, ...options }, machine, { now: () => 0 });
  assert.equal(c.error, undefined, c.error?.message);
  const x: NdArray = fromValues("f32", [form.rows, form.k], numbers(form.rows * form.k, 9));
  const want = Array.from(evaluateGraph(graph, new Map([[graph.inputs[0]!, x]])).get(graph.outputs[0]!)!.data, Number);
  const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  let error = 0;
  const modules = c.snapshots.filter((s) => "run" in s);
  for (const module of [modules[0]!, modules.at(-1)!]) {
    if (!("run" in module)) continue;
    assert.deepEqual(verifyModule(module), []);
    const weights = module.buffers
      .filter((w) => w.scope === "weight")
      .sort((p, q) => (p.slot ?? 0) - (q.slot ?? 0))
      .map((w) => {
        const constant = c.graph.constants.get(valueOf(c.graph, w.value!).constant!);
        return decode(constant.dtype, constant.shape, constant.bytes());
      });
    const [have] = evalModule(module, { inputs: [x], weights }, "native");
    Array.from(have!.data, Number).forEach((v, i) => (error = Math.max(error, Math.abs(v - want[i]!) / largest)));
  }
  return { error, c };
}

const size = { k: 96, n: 37, rows: 5 } as const;
const forms: readonly (readonly [string, Form, string | undefined])[] = [
  ["K x N, zero points", { dtype: "u4", block: 32, zeros: true, lies: "K x N", ...size }, "gemm_f32_i4"],
  ["signed, none", { dtype: "i4", block: 96, zeros: false, lies: "K x N", ...size }, "gemm_f32_i4"],
  ["unsigned, none: 0 stands for 0", { dtype: "u4", block: 32, zeros: false, lies: "K x N", ...size }, "gemm_f32_i4"],
  ["transposed", { dtype: "i4", block: 32, zeros: true, lies: "N x K, transposed", ...size, rows: 36 }, "gemm_f32_i4"],
  ["gemm, one row", { dtype: "u4", block: 64, zeros: true, lies: "N x K, gemm", ...size, k: 128, rows: 1 }, "gemm_f32_i4"],
  ["short last block", { dtype: "u4", block: 32, zeros: true, lies: "N x K, transposed", ...size, k: 84 }, "gemm_f32_i4"],
  ["operand as bytes", { dtype: "u4", block: 32, zeros: true, lies: "N x K, transposed", ...size, leftBits: 8 }, "gemm_i8_i4"],
  ["blocks of 16", { dtype: "u4", block: 16, zeros: true, lies: "N x K, transposed", ...size }, "gemm_f32_i4"],
  ["blocks of 8, short last block", { dtype: "i4", block: 8, zeros: true, lies: "K x N", ...size, k: 90 }, "gemm_f32_i4"],
  ["blocks of 24", { dtype: "u4", block: 24, zeros: true, lies: "N x K, transposed", ...size }, undefined],
];
for (const [name, form, kernel] of forms)
  for (const options of [{}, { threads: 3 }, { without: ["pack-weights"] }] as const)
    test(`weights of 4 bits: ${name} ${JSON.stringify(options)}`, () => {
      const { error, c } = checked(form, options);
      const product = c.graph.nodes.find((n) => n.op === "matmul-i4");
      assert.equal(product?.attrs["kernel"], "without" in options ? undefined : kernel);
      assert.ok(error <= (product?.attrs["kernel"] === "gemm_i8_i4" ? 2 ** -6 : 1e-5), `off by ${error}`);
      const widest = form.k * form.n;
      for (const b of c.module?.buffers ?? [])
        assert.ok(!(b.dtype === "f32" && elements(b.shape) >= widest), `${b.name} is the weight as floats`);
      assert.equal(staticShape(valueOf(c.graph, c.graph.outputs[0]!))?.at(-1), form.n);
    });
