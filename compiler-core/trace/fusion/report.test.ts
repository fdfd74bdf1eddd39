/** The rows of fusion groups, against sums that are written out here, and against each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type Compilation } from "../../compile.ts";
import { GraphBuilder } from "../../graph/build.ts";
import type { Attrs } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import { defaultOptions, type CompileOptions } from "../../options.ts";
import { unforceable } from "../../protocol/fusion.ts";
import { ruleDocs } from "../rule-docs.ts";
import { fusionReport } from "./report.ts";

const machine: MachineProfile = {
  name: "a test's",
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
  caches: { l1d: 32 * 1024, l2: 1024 * 1024, l3: 16 * 1024 * 1024 },
  cores: 2,
};

function compiled(build: (b: GraphBuilder) => void, options: Partial<CompileOptions> = {}): Compilation {
  const b = new GraphBuilder("rows");
  build(b);
  const c = compile(b.finish(), { ...defaultOptions, ...options }, machine, { now: () => 0 });
  assert.equal(c.error, undefined);
  return c;
}

/** One node of a file each. */
function op(b: GraphBuilder, name: Parameters<GraphBuilder["add"]>[0], operands: readonly number[], attrs: Attrs = {}): readonly number[] {
  const source = b.source({ path: `#${name}`, opType: name, domain: "", name: "", outputs: [] });
  return b.add(name, operands, attrs, { origin: [source] });
}

const weights = (b: GraphBuilder, name: string, shape: readonly number[]): number =>
  b.constant(name, { dtype: "f32", shape, data: new Float32Array(shape.reduce((x, y) => x * y, 1)).fill(0.5) });

/** `y = relu(x w + c)`, then its softmax. */
function layer(b: GraphBuilder): void {
  const x = b.input("x", "f32", [64, 96]);
  const [p] = op(b, "matmul", [x, weights(b, "w", [96, 256])]);
  const [s] = op(b, "add", [p ?? 0, weights(b, "c", [256])]);
  const [r] = op(b, "relu", [s ?? 0]);
  b.output(op(b, "softmax", [r ?? 0], { axis: -1 })[0] ?? 0);
}

test("what is saved, read and written: each intermediate, operand and result once", () => {
  const rows = fusionReport(compiled(layer, { without: ["merge-nests", "chain-nests"] })).filter((r) => r.nests[0]?.template !== "pack");
  const [product, softmax] = rows;
  const full = 4 * 64 * 256;
  assert.deepEqual(
    [rows.length, product?.kind, softmax?.kind, product?.anchors],
    [2, "matmul", "rows", ["tile"]],
    "the bias and the activation are on the product's tile",
  );
  assert.equal(product?.savedBytes, 2 * 2 * full, "the sum and the product are neither written nor read back");
  assert.equal(product?.writtenBytes, full);
  assert.equal(product?.readBytes, 4 * (64 * 96 + 96 * 256 + 256));
  assert.deepEqual([softmax?.readBytes, softmax?.writtenBytes], [full, full]);
});

test("a group per nest of the last graph; every refusal between two of them is a row beneath its producer, once", () => {
  const c = compiled(layer, { without: ["merge-nests", "chain-nests"], threads: 2 });
  const rows = fusionReport(c);
  assert.deepEqual(
    rows.map(({ group }) => group),
    c.graph.groups.map(({ id }) => id),
  );
  const [refused] = rows.flatMap((r) => r.refused);
  const verdict = c.verdicts[refused?.verdict ?? -1];
  assert.equal(verdict?.rule, "fuse/needs-row");
  assert.equal(refused?.togetherNs, null, "no matter of cost");
  assert.equal(refused?.why, unforceable["fuse/needs-row"]);
  assert.equal(refused?.bytes, 2 * 4 * 64 * 256);
  assert.ok((refused?.apartNs ?? 0) > 400, "a barrier at least");
  const all = rows.flatMap((r) => r.refused.map(({ verdict: i }) => i));
  assert.equal(new Set(all).size, all.length);
});

test("the estimate is the greater of arithmetic and memory, and what comes on top; shared out it takes less", () => {
  const times = [1, 2].map((threads) => {
    const [row] = fusionReport(compiled(layer, { threads, without: ["merge-nests", "chain-nests"] })).filter((r) => r.kind === "matmul");
    const cost = row?.cost;
    assert.ok(cost);
    const { ns, computeNs, memoryNs, recomputeNs, launchNs } = cost;
    assert.equal(ns, Math.max(computeNs, memoryNs) + recomputeNs + launchNs);
    return cost;
  });
  assert.ok((times[1]?.computeNs ?? 0) < (times[0]?.computeNs ?? 0) * 0.75, JSON.stringify(times));
  assert.equal(times[0]?.launchNs, 0, "one thread waits for nobody");
});

test("a merged nest names what it was made of, and the pass", () => {
  const attention = compiled((b) => {
    const input = (name: string): number => b.input(name, "f32", [1, 4, 128, 64]);
    const [q, k, v] = ["q", "k", "v"].map(input) as [number, number, number];
    const [t] = op(b, "transpose", [k], { perm: [0, 1, 3, 2] });
    const [s] = op(b, "matmul", [q, t ?? 0]);
    const [p] = op(b, "softmax", [s ?? 0], { axis: -1 });
    b.output(op(b, "matmul", [p ?? 0, v])[0] ?? 0);
  });
  const row = fusionReport(attention).find(({ kind }) => kind === "attention");
  assert.deepEqual(row?.mergedBy, ["merge-nests"]);
  assert.deepEqual(
    row?.nests.map(({ template }) => template).filter((t) => t === "matmul" || t === "rows"),
    ["matmul", "rows", "matmul"],
  );
  assert.ok((row?.savedBytes ?? 0) >= 4 * 4 * 128 * 128 * 4, "scores and weights are not written and read back");
  assert.ok((row?.footprint.scratch ?? 0) > 0, "scores of a block of rows are scratch of the thread");
});

test("rules that cannot be overruled are rules", () => {
  assert.deepEqual(
    Object.keys(unforceable).filter((rule) => !(rule in ruleDocs)),
    [],
  );
});
