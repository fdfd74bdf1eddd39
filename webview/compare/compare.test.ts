import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaWriter, type FixtureGraph, type FixtureNode } from "../../test/webview/delta-writer.ts";
import { mlp } from "../../test/webview/fixture.ts";
import { syntheticGraph } from "../../test/webview/synthetic.ts";
import { Trace, type Snapshot } from "../model/trace.ts";
import { differenceOf, type Difference } from "./difference.ts";
import { matchByLineage, matchByStructure, Pairs, sourceMapOf } from "./match.ts";
import { fusionDifferences, numberRows, passPairs } from "./summary-rows.ts";

function snapshotOf(graph: FixtureGraph): Snapshot {
  const trace = new Trace();
  trace.add(new DeltaWriter().next(0, graph));
  return trace.snapshot(0);
}

/** The same network from another exporter: other ids, other names, nodes listed in another order. */
function exportedAnew(graph: FixtureGraph): FixtureGraph {
  const id = (node: number): number => 1000 + node;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    id: id(node.id),
    name: `${node.op}_${node.id}`,
    inputs: node.inputs.map(id),
    outputs: node.outputs.map(id),
    origin: [...node.origin].map(id),
  }));
  return {
    nodes,
    values: graph.values.map((value) => ({ ...value, id: id(value.id), name: `t${value.id}` })),
    inputs: graph.inputs.map(id),
    outputs: graph.outputs.map(id),
  };
}

/** With one more node between the value `value` and everything that reads it. */
function withRelu(graph: FixtureGraph, value: number): FixtureGraph {
  const row = graph.values.find(({ id }) => id === value)!;
  const relu: FixtureNode = { id: 9999, op: "relu", name: "extra", inputs: [value], outputs: [9999], origin: [9999] };
  const at = graph.nodes.findIndex(({ outputs }) => outputs.includes(value)) + 1;
  const after = graph.nodes
    .slice(at)
    .map((node) => (node.inputs.includes(value) ? { ...node, inputs: node.inputs.map((v) => (v === value ? 9999 : v)) } : node));
  return { ...graph, nodes: [...graph.nodes.slice(0, at), relu, ...after], values: [...graph.values, { ...row, id: 9999, name: "extra" }] };
}

function compare(a: Snapshot, b: Snapshot, pairs: Pairs): Difference {
  for (const [x, y] of pairs.there) assert.equal(pairs.here.get(y), x, "nobody has two partners");
  return differenceOf(a, b, pairs);
}

describe("two files", () => {
  const graph = syntheticGraph(140);
  const a = snapshotOf(graph);

  test("the same network under other names is the same network", () => {
    const b = snapshotOf(exportedAnew(graph));
    const { same, onlyHere, onlyThere, differing, pairs } = compare(a, b, matchByStructure(a, b));
    assert.deepEqual([onlyHere.length, onlyThere.length, differing.length], [0, 0, 0]);
    assert.equal(same, graph.nodes.length);
    for (const [x, y] of pairs.there) assert.equal(y, x + 1000);
  });

  test("one node more is the only one more, and its readers say so", () => {
    const gelu = graph.nodes.filter(({ name }) => name.endsWith("layer.3/mlp/gelu/mul"))[0]!;
    const b = snapshotOf(withRelu(exportedAnew(graph), gelu.outputs[0]! + 1000));
    const { onlyHere, onlyThere, differing } = compare(a, b, matchByStructure(a, b));
    assert.deepEqual([...onlyHere], []);
    assert.deepEqual([...onlyThere], [9999]);
    assert.deepEqual(
      differing.map(({ here }) => a.nodes.get(here)?.name),
      ["/encoder/layer.3/mlp/down"],
    );
    assert.match(differing[0]!.lines.join(), /^input 1: .* → extra/);
  });

  test("a layer less is gone, and the others keep their partners", () => {
    const less = syntheticGraph(118);
    const b = snapshotOf(exportedAnew(less));
    const { pairs, onlyHere, onlyThere } = compare(a, b, matchByStructure(a, b));
    assert.equal(onlyThere.length, 0);
    assert.equal(onlyHere.length, graph.nodes.length - less.nodes.length);
    const layerOf = (name: string): string => /layer\.(\d+)/.exec(name)?.[1] ?? "";
    const rows = [...a.nodes.values()];
    const layers = new Map(rows.map(({ name }) => [layerOf(name), rows.filter((row) => layerOf(row.name) === layerOf(name))]));
    const whole = [...layers.values()].filter((inside) => inside.every(({ id }) => pairs.there.has(id)));
    assert.ok(whole.length >= layers.size - 2, "where the two ends meet, a layer may be split");
  });

  test("the ONNX nodes behind them are matched with them", () => {
    const b = snapshotOf(exportedAnew(graph));
    const sources = sourceMapOf(matchByStructure(a, b), a, b);
    for (const { origin } of graph.nodes) assert.equal(sources(origin[0]!), origin[0]! + 1000);
    assert.equal(sources(123456), undefined);
  });
});

describe("two compilations of one file", () => {
  const traceOf = (fixture: ReturnType<typeof mlp>): Trace => {
    const trace = new Trace();
    for (const message of fixture.messages) if (message.type === "stage") trace.add(message.delta);
    return trace;
  };
  const trace = traceOf(mlp());
  const same = (source: number): number => source;

  test("a stage is the same as itself", () => {
    for (const stage of [0, 5, 9]) {
      const snapshot = trace.snapshot(stage);
      const { same: count, differing, onlyHere, onlyThere } = compare(snapshot, snapshot, matchByLineage(snapshot, snapshot, same));
      assert.equal(count, snapshot.nodes.size);
      assert.equal(differing.length + onlyHere.length + onlyThere.length, 0);
    }
  });

  test("with and without the pass that recognises GELU: five operators stand for one", () => {
    const [without, recognised] = [trace.snapshot(4), trace.snapshot(5)];
    const { pairs, onlyHere, onlyThere, differing } = compare(without, recognised, matchByLineage(without, recognised, same));
    assert.equal(onlyThere.length, 0, "both GELUs have a partner");
    assert.equal(onlyHere.length, 8, "of five operators each, four have none");
    const gelus = differing.filter(({ there }) => recognised.nodes.get(there)?.op === "gelu");
    assert.equal(gelus.length, 2);
    for (const { lines } of gelus) assert.match(lines[0] ?? "", /^operator .* → gelu$/);
    const matmuls = [...without.nodes.values()].filter(({ op }) => op === "matmul");
    for (const { id } of matmuls) assert.equal(pairs.there.get(id), id);
  });

  test("numbers, passes and decisions", () => {
    const message = mlp().messages.find(({ type }) => type === "summary");
    assert.ok(message?.type === "summary");
    const here = message.summary;
    const there = {
      ...here,
      arenaBytes: here.arenaBytes * 2,
      passes: here.passes.map((pass) => (pass.index === 5 ? { ...pass, status: "skipped" as const, opsAfter: pass.opsBefore } : pass)),
      verdicts: here.verdicts.map((verdict, i) =>
        i === 0 ? { ...verdict, accepted: false, because: "not fused: it was forbidden" } : verdict,
      ),
    };
    const arena = numberRows(here, there).find(({ name }) => name === "arena");
    assert.deepEqual([arena?.here, arena?.there, arena?.change, arena?.differs], ["384 KiB", "768 KiB", "+100 %", true]);
    assert.deepEqual(
      passPairs(here, there)
        .filter(({ differs }) => differs)
        .map(({ index }) => index),
      [5],
    );
    const pairs = new Pairs();
    for (const id of trace.snapshot(9).order) pairs.add(id, id);
    const edges = fusionDifferences(here, there, pairs);
    assert.deepEqual(
      edges.map((edge) => [edge.here.accepted, edge.there.because]),
      [[true, "not fused: it was forbidden"]],
    );
  });
});

test("two files of 5,000 nodes are matched in a moment", (t) => {
  const graph = syntheticGraph(5_000);
  const [a, b] = [snapshotOf(graph), snapshotOf(exportedAnew(graph))];
  const begin = process.cpuUsage();
  const pairs = matchByStructure(a, b);
  const made = differenceOf(a, b, pairs);
  const seconds = process.cpuUsage(begin).user / 1e6;
  t.diagnostic(`${seconds.toFixed(2)} s`);
  assert.equal(made.onlyHere.length, 0);
  assert.ok(seconds < 3, `${seconds} s`);
});
