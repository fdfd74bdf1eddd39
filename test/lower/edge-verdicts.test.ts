/** Every producer -> consumer edge of the last graph has exactly one verdict, and `--force` and `--forbid` flip it in the code that comes out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compile,
  compilationSummary,
  defaultOptions,
  ruleDocs,
  type Compilation,
  type CompileOptions,
  type Graph,
  type MachineProfile,
} from "#core";
import type { Verdict } from "#protocol";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { visitStmts } from "../../compiler-core/tensor/index.ts";
import { elements, staticShape, valueOf } from "../../compiler-core/graph/ir.ts";
import { decode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { numbers } from "./cases.ts";
import { fewRows, ownModels, sharedModels, type EdgeModel } from "./edge-models.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};

const compiled = (graph: Graph, options: Partial<CompileOptions>): Compilation =>
  compile(graph, { ...defaultOptions, ...options }, machine, { now: () => 0 });

/** `producer-value-consumer` for every value that a node of the last graph reads from another. */
function edgesOf({ nodes }: Graph): string[] {
  const producer = new Map(nodes.flatMap((n) => n.outputs.map((v) => [v, n.id] as const)));
  return nodes.flatMap((n) =>
    [...new Set(n.inputs)].flatMap((v) => (v !== null && producer.has(v) ? [`${producer.get(v)}-${v}-${n.id}`] : [])),
  );
}

const keyOf = ({ nodes, value }: Verdict): string => `${nodes[0]}-${value}-${nodes[1]}`;
const fusions = ({ verdicts }: Compilation): readonly Verdict[] => verdicts.filter((v) => v.subject === "fusion");
const verdictOf = (c: Compilation, key: string): Verdict | undefined => fusions(c).find((v) => keyOf(v) === key);

/** Is there a loop nest of the generated code with statements for both nodes? */
function shareNest({ module }: Compilation, [a = -1, b = -1]: readonly number[]): boolean {
  let found = false;
  visitStmts([...(module?.init.body ?? []), ...(module?.run.body ?? [])], (s) => {
    if (s.k !== "region") return;
    const origins = new Set<number>();
    visitStmts(s.body, (inner) => inner.origin.forEach((n) => origins.add(n)));
    found ||= origins.has(a) && origins.has(b);
  });
  return found;
}

/** Paths of ONNX nodes that stand for the two ends, as the inspector chooses them. */
function pairFor({ graph }: Compilation, [from = -1, to = -1]: readonly number[]): readonly [string, string] {
  const origin = (id: number): readonly number[] => graph.nodes.find((n) => n.id === id)?.origin ?? [];
  const path = (own: readonly number[], other: readonly number[]): string =>
    graph.sources[own.filter((s) => !other.includes(s)).at(-1) ?? own.at(-1) ?? -1]?.path ?? "";
  return [path(origin(from), origin(to)), path(origin(to), origin(from))];
}

/** Accepted edges inside of nests that are written here, one for each rule. */
function flippable(c: Compilation): readonly Verdict[] {
  const byRule = new Map<string, Verdict>();
  for (const v of fusions(c)) if (v.accepted && v.rule !== "fuse/same-hole" && !byRule.has(v.rule)) byRule.set(v.rule, v);
  return [...byRule.values()];
}

function checkModel({ graph: make, threads = 1 }: EdgeModel, flips: number): string {
  const graph = make();
  const base = compiled(graph, { threads });
  if (base.error !== undefined && base.graph.groups.length === 0) return `${base.error.code}: no groups`;
  const edges = edgesOf(base.graph);
  assert.deepEqual(fusions(base).map(keyOf).sort(), edges.sort());
  assert.deepEqual(
    base.verdicts.map((v) => v.rule).filter((rule) => !(rule in ruleDocs)),
    [],
    "rules without words in trace/rule-docs.ts",
  );
  if (base.source === undefined) return `${edges.length} edges, no code`;
  const tried = flippable(base).slice(0, flips);
  for (const verdict of tried) {
    const key = keyOf(verdict);
    assert.ok(shareNest(base, verdict.nodes), `${key} (${verdict.rule}) is fused in the loops`);
    const pair = pairFor(base, verdict.nodes);
    const apart = compiled(graph, { threads, forbid: [pair] });
    assert.equal(apart.error, undefined);
    assert.deepEqual(fusions(apart).map(keyOf).sort(), edges, "the graph is the same");
    const now = verdictOf(apart, key);
    assert.equal(now?.accepted, false, `${key} (${verdict.rule}), --forbid ${pair.join("+")}`);
    assert.equal(shareNest(apart, verdict.nodes), false, `${key} is apart in the loops`);
    assert.notEqual(apart.source?.text, base.source.text);
    assert.deepEqual(
      compilationSummary(apart).pairs?.map((p) => [p.kind, p.done]),
      [["forbid", true]],
    );
  }
  return `${edges.length} edges, ${tried.length} flipped`;
}

for (const model of ownModels) test(`edges of ${model.name}`, (t) => t.diagnostic(checkModel(model, 3)));

const others = sharedModels();
test("edges of other people's models", { skip: others.length === 0 ? "../shared/models is not there" : false }, async (t) => {
  for (const model of others) await t.test(model.name, (inner) => inner.diagnostic(checkModel(model, 1)));
});

test("a fusion that was refused for its cost can be forced, and gives the same numbers", () => {
  const graph = importModel(fewRows(), memoryStore());
  const base = compiled(graph, { threads: 4 });
  const [refused] = fusions(base);
  assert.ok(refused && !refused.accepted);
  assert.equal(refused.rule, "fuse/parallelism");
  const forced = compiled(graph, { threads: 4, force: [["name:abs", "name:max"]] });
  assert.equal(verdictOf(forced, keyOf(refused))?.accepted, true);
  assert.deepEqual([shareNest(base, refused.nodes), shareNest(forced, refused.nodes)], [false, true]);
  assert.notEqual(forced.source?.text, base.source?.text);
  const both = compiled(graph, { threads: 4, force: [["#0", "#1"]], forbid: [["#1", "#0"]] });
  assert.equal(both.source?.text, base.source?.text, "what is forbidden stays forbidden");
  assert.deepEqual(evaluated(forced), evaluated(base));
});

test("forbidding a fusion gives the same numbers", () => {
  const graph = (ownModels[0] as EdgeModel).graph();
  const base = compiled(graph, {});
  const [first, second] = flippable(base);
  for (const verdict of [first, second]) {
    if (verdict === undefined) continue;
    const [have, want] = [evaluated(compiled(graph, { forbid: [pairFor(base, verdict.nodes)] })), evaluated(base)];
    have.forEach((values, i) =>
      values.forEach((v, j) => assert.ok(Math.abs(v - (want[i]?.[j] ?? NaN)) <= 1e-5 * Math.max(1, Math.abs(v)))),
    );
  }
});

test("what cannot be forced says so, with the reason", () => {
  const graph = (ownModels[0] as EdgeModel).graph();
  const base = compiled(graph, {});
  const refused = fusions(base).find((v) => v.rule === "fuse/own-nest");
  assert.ok(refused);
  const pair = pairFor(base, refused.nodes);
  const forced = compiled(graph, { force: [pair] });
  const now = verdictOf(forced, keyOf(refused));
  assert.equal(now?.accepted, false);
  assert.match(now?.because ?? "", /needs a loop nest of its own.*forcing the pair cannot change that/);
  const [outcome] = compilationSummary(forced).pairs ?? [];
  assert.deepEqual([outcome?.kind, outcome?.pair, outcome?.done], ["force", pair, false]);
  assert.equal(outcome?.because, now?.because);
  const strangers = compilationSummary(compiled(graph, { force: [["#0", "#8"]] })).pairs?.[0];
  assert.deepEqual(
    [strangers?.done, strangers?.because],
    [false, "no value goes from one to the other: only neighbours share a loop nest"],
  );
});

/** Outputs of the loops after the last pass, for inputs that are always the same. */
function evaluated({ graph, module }: Compilation): readonly (readonly number[])[] {
  assert.ok(module);
  const weights = module.buffers
    .filter((b) => b.scope === "weight")
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((b): NdArray => {
      const c = graph.constants.get(valueOf(graph, b.value ?? -1).constant ?? -1);
      return decode(c.dtype, c.shape, c.bytes());
    });
  const inputs = graph.inputs.map((v, i) => {
    const shape = staticShape(valueOf(graph, v)) ?? [];
    return fromValues("f32", shape, numbers(elements(shape), 7 + i));
  });
  return evalModule(module, { inputs, weights }, "native").map((out) => Array.from(out.data, Number));
}
