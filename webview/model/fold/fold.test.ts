import assert from "node:assert/strict";
import { test } from "node:test";
import { DeltaWriter, type FixtureGraph, type FixtureNode, type FixtureValue } from "../../../test/webview/delta-writer.ts";
import { syntheticMessages } from "../../../test/webview/synthetic.ts";
import { BoxKind, boxesOf, boxesWithGhosts, isCluster, type Boxes } from "../boxes.ts";
import { Trace } from "../trace.ts";
import { clusterKey, firstFolding, foldedBoxes, foldingOf, nodesOfKeys, turnedBetween } from "./index.ts";
import { importedOf } from "./imported.ts";
import { runsOf } from "./runs.ts";
import { scopesOf } from "./scope.ts";

function traceOf(messages: ReturnType<typeof syntheticMessages>): Trace {
  const trace = new Trace();
  for (const message of messages) if (message.type === "stage") trace.add(message.delta);
  return trace;
}

function traceOfGraph(graph: FixtureGraph): Trace {
  const trace = new Trace();
  trace.add(new DeltaWriter().next(0, graph));
  return trace;
}

/** Nodes in a chain, of these operators, with these names. */
function chain(ops: readonly string[], name: (i: number) => string): FixtureGraph {
  const values: FixtureValue[] = Array.from({ length: ops.length + 1 }, (_, i) => ({
    id: i,
    name: `v${i}`,
    dtype: "f32",
    shape: "4x4",
    shapeSource: "inferred",
    constant: false,
    bytes: 64,
  }));
  const nodes = ops.map((op, i): FixtureNode => ({
    id: i,
    op,
    name: name(i),
    inputs: [i],
    outputs: [i + 1],
    origin: [i],
    flops: 1,
    bytes: 1,
  }));
  return { nodes, values, inputs: [0], outputs: [ops.length] };
}

const clusterTitles = (boxes: Boxes): string[] =>
  Array.from(boxes.keys.keys())
    .filter((i) => boxes.kind[i] === BoxKind.Cluster)
    .map((i) => boxes.title[i]!);
const none: ReadonlySet<string> = new Set();

test("scopes of names", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["/encoder/layer.0/attention/MatMul", ["encoder", "layer.0", "attention"]],
    ["bert/encoder/layer_0/attention/self/query/MatMul", ["bert", "encoder", "layer_0", "attention", "self", "query"]],
    ["encoder.layers.0.self_attn.q_proj", ["encoder", "layers.0", "self_attn"]],
    ["model/dense/MatMul;model/dense/BiasAdd", ["model", "dense"]],
    ["MatMul_12", []],
    ["", []],
  ];
  for (const [name, expected] of cases) assert.deepEqual(scopesOf(name), expected, name);
});

test("a closed scope is one box with the work of its nodes, and every node leads to it", () => {
  const trace = traceOf(syntheticMessages(1000));
  const snapshot = trace.snapshot(0);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "scope", none));
  assert.ok(boxes.count < 100);
  const key = clusterKey("scope:/encoder/layer.20");
  const at = boxes.indexOf.get(key)!;
  assert.equal(boxes.title[at], "layer.20");
  const cluster = boxes.clusters.get(key)!;
  assert.equal(cluster.ops, 23);
  const flops = cluster.members.reduce((sum, id) => sum + snapshot.nodes.get(id)!.flops, 0);
  assert.equal(cluster.flops, flops);
  for (const id of cluster.members) assert.equal(boxes.indexOf.get(id), at);
  assert.deepEqual(nodesOfKeys(boxes, [key]), cluster.members);
  // Every node is somewhere, once.
  const shown = Array.from(boxes.keys).flatMap((k) => (isCluster(k) ? boxes.clusters.get(k)!.members : k >= 0 ? [k] : []));
  assert.deepEqual(
    [...shown].sort((a, b) => a - b),
    [...snapshot.nodes.keys()].sort((a, b) => a - b),
  );
});

test("open scopes are frames, nested as the names are", () => {
  const trace = traceOf(syntheticMessages(1000));
  const snapshot = trace.snapshot(0);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "scope", none));
  const layer = boxes.frames.findIndex(({ id }) => id === "scope:/encoder/layer.0");
  assert.equal(boxes.frames[boxes.frames[layer]!.parent]!.id, "scope:/encoder");
  const norm = boxes.subtitle.findIndex((text) => text.endsWith("layer.0/norm1"));
  assert.equal(boxes.frameOf[norm], layer);
  boxes.frames.forEach(({ parent }, f) => assert.ok(parent < f, "parents come first"));
});

test("edges between clusters are merged, and count values and bytes", () => {
  const trace = traceOf(syntheticMessages(1000));
  const snapshot = trace.snapshot(0);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "scope", none));
  const [a, b] = [10, 11].map((layer) => boxes.indexOf.get(clusterKey(`scope:/encoder/layer.${layer}`))!);
  const between = Array.from(boxes.from.keys()).filter((e) => boxes.from[e] === a && boxes.to[e] === b);
  assert.equal(between.length, 1, "the norm and the residual read the same value");
  assert.equal(boxes.edgeValues![between[0]!], 1);
  assert.equal(boxes.edgeBytes![between[0]!], 4 * 128 * 768);
  assert.equal(new Set(Array.from(boxes.from, (from, e) => `${from} ${boxes.to[e]}`)).size, boxes.from.length);

  const wide: FixtureGraph = {
    nodes: [
      { id: 0, op: "split", name: "/a/split", inputs: [0], outputs: [1, 2], origin: [0], flops: 1, bytes: 1 },
      { id: 1, op: "neg", name: "/a/neg", inputs: [1], outputs: [3], origin: [1], flops: 1, bytes: 1 },
      { id: 2, op: "abs", name: "/b/abs", inputs: [2], outputs: [4], origin: [2], flops: 1, bytes: 1 },
      { id: 3, op: "add", name: "/b/add", inputs: [3, 4], outputs: [5], origin: [3], flops: 1, bytes: 1 },
    ],
    values: [0, 1, 2, 3, 4, 5].map((id) => ({
      id,
      name: `v${id}`,
      dtype: "f32",
      shape: "8",
      shapeSource: "inferred",
      constant: false,
      bytes: 32,
    })),
    inputs: [0],
    outputs: [5],
  };
  const two = traceOfGraph(wide).snapshot(0);
  // Both scopes are open at the start of so small a graph; closed, two values go from one to the other.
  const closed = foldedBoxes(boxesOf(two), two, undefined, foldingOf(two, "scope", new Set(["scope:/a", "scope:/b"])));
  const counts = closed.count === 4 ? closed : foldedBoxes(boxesOf(two), two, undefined, foldingOf(two, "scope", none));
  const [from, to] = ["scope:/a", "scope:/b"].map((id) => counts.indexOf.get(clusterKey(id))!);
  const edge = Array.from(counts.from.keys()).find((e) => counts.from[e] === from && counts.to[e] === to)!;
  assert.equal(counts.edgeValues![edge], 2);
  assert.equal(counts.edgeBytes![edge], 64);
  assert.equal(counts.tag[from!], "2 tensors\n64 B");
});

test("equal consecutive blocks are found, with the cut where least crosses", () => {
  const block = ["matmul", "add", "relu", "mul", "softmax"];
  const ops = ["cast", ...Array.from({ length: 6 }, () => block).flat(), "reshape"];
  const runs = runsOf(importedOf(traceOfGraph(chain(ops, () => "")).snapshot(0)));
  assert.deepEqual(runs, [{ begin: 1, size: 5, times: 6, equal: true }]);
});

test("blocks that are wired in another way are not equal", () => {
  const block = ["matmul", "add", "relu", "mul", "softmax"];
  const graph = chain(Array.from({ length: 6 }, () => block).flat(), () => "");
  // In the third block, the product reads what the matmul made instead of what came in.
  const nodes = graph.nodes.map((node, i) => (i % 5 === 3 ? { ...node, inputs: [node.inputs[0]!, i === 13 ? i - 1 : i - 3] } : node));
  const runs = runsOf(importedOf(traceOfGraph({ ...graph, nodes }).snapshot(0)));
  for (const { begin, size, times } of runs)
    assert.ok(begin + size * times <= 13 || begin > 10, `${begin}+${size}x${times} goes over the odd block`);
});

test("the layers of a transformer are one repetition", () => {
  const snapshot = traceOf(syntheticMessages(1000)).snapshot(0);
  const [run, ...more] = runsOf(importedOf(snapshot));
  assert.equal(run!.size, 23);
  assert.equal(run!.times, 43);
  assert.deepEqual(more, []);
});

test("a folded repetition says how often", () => {
  const block = ["matmul", "add", "relu", "mul", "softmax", "gelu", "neg"];
  const graph = chain(Array.from({ length: 100 }, () => block).flat(), () => "");
  const snapshot = traceOfGraph(graph).snapshot(0);
  const folding = foldingOf(snapshot, "repetition", none);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, folding);
  const [frame] = boxes.frames;
  assert.equal(frame!.title, "block of 7 ops × 100");
  const closed = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "repetition", new Set([frame!.id])));
  assert.deepEqual(clusterTitles(closed), ["block of 7 ops × 100"]);
  assert.equal([...closed.clusters.values()][0]!.times, 100);
});

test("what is open stays open over the stages, under the same keys", () => {
  const trace = traceOf(syntheticMessages(1000));
  for (const by of ["scope", "repetition"] as const) {
    const folding = foldingOf(trace.snapshot(0), by, none);
    const at = (stage: number): Boxes => {
      const snapshot = trace.snapshot(stage);
      return foldedBoxes(boxesOf(snapshot), snapshot, undefined, folding);
    };
    const first = at(0);
    for (const stage of [2, 3, 4]) {
      const later = at(stage);
      assert.deepEqual([...later.clusters.keys()].sort(), [...first.clusters.keys()].sort(), `${by}, stage ${stage}: closed`);
      const open = (boxes: Boxes): string[] => boxes.frames.map(({ id }) => id);
      for (const id of open(later)) assert.ok(open(first).includes(id), `${id} is new at stage ${stage}`);
    }
  }
});

test("a node made of nodes of two scopes is in the one around both", () => {
  const trace = new Trace();
  const writer = new DeltaWriter();
  const before = chain(["matmul", "add", "mul", "neg"], (i) => ["/m/a/matmul", "/m/a/add", "/m/b/mul", "/m/b/neg"][i]!);
  trace.add(writer.next(0, before));
  const fused: FixtureNode = { id: 9, op: "fma", name: "", inputs: [1], outputs: [3], origin: [1, 2], flops: 1, bytes: 1 };
  trace.add(writer.next(1, { ...before, nodes: [before.nodes[0]!, fused, before.nodes[3]!] }));
  const tree = foldingOf(trace.snapshot(0), "scope", none).treeOf(trace.snapshot(1));
  const cluster = tree.clusterOf(trace.snapshot(1).nodes.get(9)!);
  assert.equal(tree.clusters[cluster]!.id, "scope:/m");
});

test("what a stage removed is counted in its cluster, not drawn beside it", () => {
  const trace = traceOf(syntheticMessages(1000));
  const [now, before, change] = [trace.snapshot(2), trace.snapshot(0), trace.change(2)];
  const boxes = foldedBoxes(boxesWithGhosts(now, before, change), now, before, foldingOf(before, "scope", none));
  const cluster = boxes.clusters.get(clusterKey("scope:/encoder/layer.20"))!;
  const removed = cluster.members.filter((id) => change.removed.has(id));
  assert.equal(removed.length, 2, "the erf and the scale of its gelu");
  assert.equal(cluster.ops, cluster.members.length - 2);
  for (let i = boxes.firstGhost; i < boxes.count; i += 1) assert.ok(change.removed.has(boxes.keys[i]!));
  for (let e = 0; e < boxes.firstGhostEdge; e += 1) assert.ok(boxes.from[e]! < boxes.firstGhost && boxes.to[e]! < boxes.firstGhost);
});

test("big graphs start folded by what gathers them best, small ones as they are", () => {
  assert.equal(firstFolding(traceOf(syntheticMessages(100)).snapshot(0)), "none");
  assert.equal(firstFolding(traceOf(syntheticMessages(1000)).snapshot(0)), "scope");
  const block = ["matmul", "add", "relu", "mul", "softmax", "gelu", "neg"];
  const nameless = traceOfGraph(chain(Array.from({ length: 100 }, () => block).flat(), (i) => `node_${i}`)).snapshot(0);
  assert.equal(firstFolding(nameless), "repetition");
  // Neither scopes nor repetition: parts in topological order.
  let state = 1;
  const any = Array.from({ length: 700 }, () => `op${(state = (state * 48271) % 2147483647) % 97}`);
  const plain = traceOfGraph(chain(any, () => "")).snapshot(0);
  assert.equal(firstFolding(plain), "repetition");
  const boxes = foldedBoxes(boxesOf(plain), plain, undefined, foldingOf(plain, "repetition", none));
  assert.ok(boxes.count <= 160, `${boxes.count} boxes`);
});

test("rows of very many clusters are gathered in parts", () => {
  const snapshot = traceOf(syntheticMessages(10_000)).snapshot(0);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "scope", none));
  assert.ok(boxes.count <= 80, `${boxes.count} boxes`);
  assert.ok(clusterTitles(boxes).some((title) => /^layer\.\d+ … layer\.\d+$/.test(title)));
});

test("hostile and very deep names are only names", () => {
  const deep = Array.from({ length: 4000 }, (_, i) => `s${i}`).join("/");
  const graph = chain(["neg", "abs", "exp", "log"], (i) => (i < 2 ? `/${deep}/n${i}` : `/__proto__/constructor/\u202e${i}`));
  const snapshot = traceOfGraph(graph).snapshot(0);
  const boxes = foldedBoxes(boxesOf(snapshot), snapshot, undefined, foldingOf(snapshot, "scope", none));
  assert.ok(boxes.count >= 4);
  for (const title of [...boxes.title, ...boxes.frames.map((frame) => frame.title)]) assert.ok(!title.includes("\u202e"));
});

test("the cluster that was turned is known", () => {
  const snapshot = traceOf(syntheticMessages(100)).snapshot(0);
  const [a, b] = [foldingOf(snapshot, "scope", none), foldingOf(snapshot, "scope", new Set(["scope:/encoder/layer.1"]))];
  assert.equal(turnedBetween(a, b), "scope:/encoder/layer.1");
  assert.equal(turnedBetween(b, a), "scope:/encoder/layer.1");
  assert.equal(turnedBetween(a, a), undefined);
});
