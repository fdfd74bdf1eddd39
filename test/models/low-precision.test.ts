/**
 * The paper's MLPs in int8 (QDQ) and in bf16 against ONNX Runtime: bytes exact up to one step of the quantisation, bf16 within the bound that
 * `check` states. What lies between two layers is looked at, too: bytes, never floats.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import {
  checkModel,
  compileModel,
  createFileSink,
  findOrtLibrary,
  findToolchain,
  localMachine,
  openSessionModel,
  type CheckedOutput,
} from "#core/io";
import { defaultOptions, type CompileOptions } from "#core";
import type { Compilation } from "../../compiler-core/compile.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { writeModel } from "../../compiler-core/onnx/writer.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { mobilenetV2Qdq } from "../workloads/convnets.ts";
import { encoder } from "../workloads/transformer.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const against = findOrtLibrary() === undefined ? "eval" : "ort";
const machine = localMachine();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-low-precision-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

type Checked = { readonly compilation: Compilation; readonly outputs: readonly CheckedOutput[] };

async function checked(name: string, model: OnnxModel, options: Partial<CompileOptions>): Promise<Checked> {
  const file = path.join(scratch, `${name}.onnx`);
  const sink = createFileSink(file);
  writeModel(model, sink);
  sink.close();
  const opened = openSessionModel(file);
  try {
    const compilation = compileModel(opened, { ...defaultOptions, ...options }, machine);
    assert.equal(compilation.error, undefined, compilation.error?.message);
    assert.deepEqual(compilation.unsupported, []);
    const { outputs } = await checkModel(opened, compilation, { against, seed: 1 });
    for (const o of outputs) {
      assert.ok(o.ok, `${o.name}: error ${o.error}, limit ${o.limit}: ${o.why ?? ""}`);
      assert.ok(!o.degenerate, `${o.name} is degenerate: ${o.nonZero} non-zero, ${o.saturated} saturated`);
    }
    return { compilation, outputs };
  } finally {
    opened.close();
  }
}

const missing = (options: Partial<CompileOptions>): string | false =>
  options.isa === "avx2" && !machine.features.includes("avx2") ? "this machine has no AVX2" : false;

const settings: readonly (readonly [number, Partial<CompileOptions>])[] = [
  [32, {}],
  [33, { threads: 2 }],
  [3, { isa: "avx2" }],
  [1, { isa: "scalar" }],
];
for (const [batch, options] of settings)
  test(`int8 MLP, batch ${batch} ${JSON.stringify(options)}`, { skip: noCompiler || missing(options) }, async () => {
    const { compilation, outputs } = await checked(`int8-${batch}`, mlpInt8("mlp1", batch), options);
    for (const o of outputs) assert.ok(o.error <= 1 && o.limit <= 1, `${o.name}: ${o.error} steps`);
    const { graph } = compilation;
    const run = graph.nodes.filter((n) => n.phase === "run").map((n) => n.op);
    assert.deepEqual(
      run,
      [1, 2, 3].flatMap(() => ["matmul-packed", "requantize"]),
      "nothing but products and the way to bytes",
    );
    const between = compilation.module?.buffers.filter((b) => b.scope === "arena").map((b) => b.dtype) ?? [];
    assert.ok(
      between.every((t) => t === "u8"),
      `between the layers: ${between.join()}`,
    );
  });

const noBF16 = machine.features.includes("avx512_bf16") ? false : "this machine has no AVX512_BF16";
test("bf16 MLP: products in bf16, sums in f32, activations as bf16", { skip: noCompiler || noBF16 }, async () => {
  const { compilation, outputs } = await checked("bf16", mlp("mlp1", 33), { precision: "bf16", threads: 2 });
  const ops = compilation.graph.nodes.map((n) => n.op);
  assert.equal(ops.filter((op) => op === "matmul-bf16").length, 3);
  assert.equal(ops.filter((op) => op === "cast").length, 3, "one rounding of each left operand, none back");
  for (const o of outputs) {
    assert.ok(o.error > 2 ** -16, "as exact as f32: nothing was rounded");
    assert.match(o.because ?? "", /3 products in bf16 in a row/);
  }
});

test("without instructions for it, bf16 is not asked of the kernels, and the reason is told", () => {
  const file = path.join(scratch, "refused.onnx");
  const sink = createFileSink(file);
  writeModel(mlp("mlp1", 4), sink);
  sink.close();
  const opened = openSessionModel(file);
  const compilation = compileModel(opened, { ...defaultOptions, precision: "bf16", isa: "avx2" }, machine);
  opened.close();
  const told = compilation.verdicts.filter((v) => v.rule === "bf16-products/product");
  assert.deepEqual(
    told.map((v) => v.accepted),
    [false, false, false],
  );
  assert.match(told[0]!.because, /avx2 has no instruction for bf16 products/);
});

test("an encoder as QDQ: products on bytes from one end to the other", { skip: noCompiler }, async () => {
  const shape = { layers: 1, hidden: 64, heads: 2, inner: 128, vocabulary: 50, positions: 32, batch: 2, seq: 24 };
  const { compilation } = await checked("encoder", encoder("encoder", shape, undefined, "qdq"), { isa: "auto" });
  const { graph } = compilation;
  const makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const behindViews = (v: number | null | undefined): string | undefined => {
    const node = v == null ? undefined : makers.get(v);
    return node !== undefined && ["reshape", "transpose"].includes(node.op) ? behindViews(node.inputs[0]) : node?.op;
  };
  const dense = graph.nodes.filter((n) => n.op === "matmul-packed");
  assert.equal(dense.length, 6, "queries, keys, values, output, and two of the inner layer");
  for (const n of dense) assert.equal(behindViews(n.inputs[0]), "requantize", `${n.name} reads bytes as they were made`);
  if (!machine.features.includes("avx512_vnni")) return;
  const nests = graph.groups.filter((g) => g.template === "attention");
  assert.deepEqual(
    nests.map((g) => [g.params["scoresKernel"], g.params["mixKernel"]]),
    [["gemm_u8s8", "gemm_u8s8"]],
  );
  for (const n of graph.nodes.filter(
    (m) => m.op === "matmul" && m.phase === "run" && nests.some((g) => g.members.some((x) => x.node === m.id)),
  ))
    assert.equal(behindViews(dequantised(n.inputs[1])), "requantize", "keys and values come as bytes");

  /** The bytes that casts, differences and factors made floats of. */
  function dequantised(v: number | null | undefined): number | null | undefined {
    const node = v == null ? undefined : makers.get(v);
    return node !== undefined && ["cast", "sub", "mul"].includes(node.op) ? dequantised(node.inputs[0]) : v;
  }
});

/** Buffers of this type in the plan that a group with a product of bytes writes, and another group with one reads. */
function betweenProducts({ graph, module }: Compilation, dtype: string): readonly string[] {
  const kernels = ["matmul-packed", "conv-last", "depthwise-last"];
  const ofBytes = (id: number): boolean => {
    const node = graph.nodes.find((n) => n.id === id);
    return node !== undefined && kernels.includes(node.op) && graph.values[node.outputs[0]!]?.dtype === "i32";
  };
  const groups = graph.groups.filter((g) => g.members.some((m) => ofBytes(m.node)));
  const nodesOf = (g: (typeof groups)[number]) => graph.nodes.filter((n) => g.members.some((m) => m.node === n.id));
  const written = new Set(groups.flatMap((g) => nodesOf(g).flatMap((n) => n.outputs)));
  const stored = new Set(module?.buffers.filter((b) => b.scope === "arena" && b.dtype === dtype).map((b) => b.name));
  const behindView = (v: number): number => {
    const view = graph.nodes.find((n) => n.outputs.includes(v));
    return view?.op === "reshape" || view?.op === "transpose" ? behindView(view.inputs[0]!) : v;
  };
  return groups.flatMap((g) => {
    const own = new Set(nodesOf(g).flatMap((n) => n.outputs));
    const read = nodesOf(g).flatMap((n) => n.inputs.flatMap((v) => (v === null ? [] : [behindView(v)])));
    return read
      .filter((v) => written.has(v) && !own.has(v))
      .flatMap((v) => (stored.has(graph.values[v]!.name) ? [graph.values[v]!.name] : []));
  });
}

const qdqModels: readonly (readonly [string, () => OnnxModel])[] = [
  ["mobilenetv2", () => mobilenetV2Qdq(1)],
  [
    "encoder",
    () =>
      encoder(
        "encoder",
        { layers: 2, hidden: 64, heads: 2, inner: 128, vocabulary: 50, positions: 32, batch: 2, seq: 24 },
        undefined,
        "qdq",
      ),
  ],
];
for (const [name, make] of qdqModels)
  test(`no floats are stored between products of bytes: ${name} as QDQ`, () => {
    const file = path.join(scratch, `${name}-between.onnx`);
    const sink = createFileSink(file);
    writeModel(make(), sink);
    sink.close();
    const opened = openSessionModel(file);
    try {
      const compilation = compileModel(opened, { ...defaultOptions, isa: "avx512-vnni" }, machine);
      assert.equal(compilation.error, undefined);
      assert.ok(betweenProducts(compilation, "u8").length > 0, "bytes are");
      assert.deepEqual(betweenProducts(compilation, "f32"), []);
    } finally {
      opened.close();
    }
  });
