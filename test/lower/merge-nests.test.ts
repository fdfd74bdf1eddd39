/** Which neighbouring nests become one, how they walk through their rows, and that scores are then nowhere in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions, type Compilation, type CompileOptions, type Graph, type MachineProfile } from "#core";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { visitStmts } from "../../compiler-core/tensor/index.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { mha, mhaShapes, type MhaFamily } from "../workloads/mha.ts";
import { cases } from "./cases.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};
/** As in the test of lowering: long rows begin at lengths that a test can afford. */
const small: MachineProfile = { ...machine, caches: { l1d: 32768, l2: 65536, l3: 1 << 20 } };

const compiled = (graph: Graph, options: Partial<CompileOptions> = {}, on = machine): Compilation =>
  compile(graph, { ...defaultOptions, ...options }, on, { now: () => 0 });

/** Templates of the groups that do the work, with the variant of nests. */
const nests = (c: Compilation): string[] =>
  c.graph.groups
    .filter((g) => g.phase === "run" && g.template !== "view")
    .map((g) => `${g.template}${g.params["variant"] === undefined ? "" : ` ${g.params["variant"]}`}`);

const expected: Readonly<Record<string, readonly string[]>> = {
  "attention, keys transposed": ["attention rows"],
  "attention, one query": ["attention rows"],
  "attention, two keys": ["attention rows"],
  "attention, long rows": ["attention online"],
  "attention, heads from one row": ["matmul", "matmul", "matmul", "attention rows", "matmul", "points"],
  "attention, queries, keys and values from one product": ["matmul", "attention rows", "matmul", "points"],
  "attention, shared keys": ["attention rows"],
  "attention, shared keys, long rows": ["attention online"],
  "attention, rows that are masked as a whole": ["attention rows"],
  "attention, operands that are computed": ["attention rows"],
  "attention, operands that are computed, long rows": ["attention online"],
  "attention, scores are a result, too": ["matmul", "rows", "matmul"],
  "attention, weights are a result, too": ["matmul-rows rows", "matmul"],
  "a norm between products, behind 16 bits": ["attention rows"],
  "causal attention": ["attention rows"],
  "causal attention, long rows": ["attention online"],
  "softmax of a product": ["matmul-rows rows"],
  "residual and norm behind a product": ["matmul-rows rows"],
};

for (const [name, want] of Object.entries(expected))
  test(`nests of: ${name}`, () => {
    const c = compiled(cases[name]!, { without: ["chain-nests"] }, small);
    assert.equal(c.error, undefined);
    assert.deepEqual(nests(c), want);
  });

for (const family of Object.keys(mhaShapes) as MhaFamily[])
  test(`${family}: one nest, and no buffer as large as the scores`, () => {
    const { seq, heads, hidden } = mhaShapes[family];
    const batch = 32;
    const c = compiled(importModel(mha(family, batch, "f32"), memoryStore()), { threads: 2 });
    assert.deepEqual(nests(c), ["attention rows"]);
    assert.equal(c.source?.plan.arenaBytes, 0, "no shared temporary at all");
    assert.ok((c.source?.plan.scratchBytes ?? Infinity) < machine.caches.l2, "scratch of a thread fits its cache");
    const scores = batch * heads * seq * seq;
    for (const b of c.module?.buffers ?? []) {
      assert.ok(b.shape.reduce((x, y) => x * y, 1) < scores, `${b.name}: ${b.shape.join("x")}`);
      assert.ok(b.scope !== "arena");
    }
    assert.doesNotMatch(c.source?.text ?? "", new RegExp(`\\b${scores}\\b|\\b${4 * scores}\\b`));
    const verdict = c.verdicts.find((v) => v.rule === "merge-nests/attention");
    assert.match(verdict?.because ?? "", /^one nest: both products and what is between them: whole rows, \d+ at a time/);
    assert.ok(
      verdict?.alternatives?.some((a) => a.choice.startsWith("online softmax")),
      "the other variant was counted, too",
    );
    assert.ok(verdict?.facts.some((f) => f.name === "scores that are never in memory" && f.value === 4 * scores));
    // More than the caches hold: the result goes past them, and the next head's operands are brought near.
    assert.match(c.source?.text ?? "", /fs::store_past\(y_/);
    assert.match(c.source?.text ?? "", /fs::stream_end\(\);/);
    const few = compiled(importModel(mha(family, 1, "f32"), memoryStore()), { threads: 2 });
    assert.doesNotMatch(few.source?.text ?? "", /store_past|stream_end/);
    assert.equal(hidden % heads, 0);
  });

test("switched off, or forbidden, the nests stay apart; forced, one that does not pay is made", () => {
  const graph = importModel(mha("mha1", 2, "f32"), memoryStore());
  assert.deepEqual(nests(compiled(graph, { without: ["merge-nests"] })), ["matmul", "rows", "matmul", "copy"]);
  const apart = compiled(graph, { forbid: [["#2", "#3"]] });
  assert.deepEqual(nests(apart), ["matmul", "rows", "matmul", "copy"]);
  assert.ok(apart.verdicts.some((v) => v.rule === "merge-nests/forbidden"));
  const few = cases["softmax of a product"]!;
  const without = ["chain-nests"];
  assert.deepEqual(nests(compiled(few, { threads: 4, without })), ["matmul", "rows"]);
  assert.deepEqual(nests(compiled(few, { threads: 4, without, force: [["#0", "#1"]] })), ["matmul-rows rows"]);
});

test("layers that are shared out by rows are one nest without a barrier; columns that pay stay", () => {
  const bytes = compiled(
    importModel(mlpInt8("mlp1", 32), memoryStore()),
    { threads: 2 },
    { ...machine, features: [...machine.features, "avx512_vnni"] },
  );
  assert.deepEqual(nests(bytes), ["chain"]);
  const statements = new Set<string>();
  visitStmts(bytes.module?.run.body ?? [], (s) => statements.add(s.k));
  assert.ok(!statements.has("barrier"), "nobody waits");
  assert.equal(bytes.source?.plan.arenaBytes, 0, "what goes from layer to layer is the thread's own");
  assert.match(
    bytes.verdicts.find((v) => v.rule === "chain-nests/chain")?.because ?? "",
    /^one nest of 3: .* a thread takes 16 of 32 rows/,
  );
  const floats = compiled(importModel(mlp("mlp1", 128), memoryStore()), { threads: 2 });
  assert.deepEqual(nests(floats), ["chain"]);
  const wide = compiled(importModel(mlp("mlp2", 32), memoryStore()), { threads: 2 });
  assert.ok(wide.verdicts.some((v) => v.rule === "chain-nests/columns" && v.alternatives === undefined && v.facts.length === 6));
  const off = compiled(importModel(mlp("mlp1", 128), memoryStore()), { threads: 2, without: ["chain-nests"] });
  assert.deepEqual(nests(off), ["matmul", "matmul", "matmul"]);
});

test("a chain goes through products, residuals and norms, and side by side; what breaks it is named", () => {
  const c = compiled(cases["attention, heads from one row"]!, { threads: 2 });
  assert.deepEqual(nests(c), ["chain", "attention rows", "matmul", "points"]);
  const apart = compiled(cases["three layers, odd extents"]!, { threads: 3, forbid: [["#2", "#3"]] });
  assert.equal(apart.graph.groups.filter((g) => g.template === "chain").length, 1);
  assert.equal(nests(apart).length, 2);
});
