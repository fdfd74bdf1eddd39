import assert from "node:assert/strict";
import { test } from "node:test";
import { mlp } from "../../test/webview/fixture.ts";
import { syntheticMessages } from "../../test/webview/synthetic.ts";
import { boxesOf, boxesWithGhosts } from "./boxes.ts";
import { categoryOf, Category } from "./category.ts";
import { bytesText, tail, timeText } from "./format.ts";
import { Lineage } from "./lineage.ts";
import { Trace } from "./trace.ts";

function traceOf(messages: ReturnType<typeof syntheticMessages>): Trace {
  const trace = new Trace();
  for (const message of messages) if (message.type === "stage") trace.add(message.delta);
  return trace;
}

test("snapshots rebuilt from deltas share what did not change", () => {
  const trace = traceOf(syntheticMessages(400));
  const [first, same, rewritten, , restored] = [0, 1, 2, 3, 4].map((stage) => trace.snapshot(stage));
  assert.equal(first!.nodes, same!.nodes);
  assert.equal(first!.nodes.size, 391);
  assert.ok(rewritten!.nodes.size < first!.nodes.size);
  assert.deepEqual(
    [...restored!.nodes.keys()].sort((a, b) => a - b),
    [...first!.nodes.keys()].sort((a, b) => a - b),
  );
  const kept = [...rewritten!.nodes.values()].filter((node) => first!.nodes.get(node.id) === node);
  assert.ok(kept.length > 300, "nodes that a pass left alone are the same objects");
});

test("snapshots are the same in whatever order they are looked at", () => {
  const [forwards, jumping] = [traceOf(syntheticMessages(200)), traceOf(syntheticMessages(200))];
  for (const stage of [0, 1, 2, 3, 4]) forwards.snapshot(stage);
  for (const stage of [4, 0, 3, 1, 2]) assert.deepEqual(jumping.snapshot(stage), forwards.snapshot(stage));
});

test("a node that takes over an output is changed, not added", () => {
  const trace = traceOf(mlp().messages);
  const change = trace.change(5);
  assert.equal(change.added.size, 0);
  assert.equal(change.changed.size, 2);
  assert.equal(change.removed.size, 8);
  assert.equal(change.replaces.size, 2);
  assert.equal(trace.change(0).added.size, 0, "the first stage changes nothing");
});

test("ghosts stand beside the living and keep their edges", () => {
  const trace = traceOf(mlp().messages);
  const [now, before] = [trace.snapshot(5), trace.snapshot(trace.baseOf(5))];
  const [live, both] = [boxesOf(now), boxesWithGhosts(now, before, trace.change(5))];
  assert.equal(both.count, live.count + 8);
  assert.equal(both.firstGhost, live.count);
  assert.ok(both.from.length > live.from.length);
  for (let e = both.firstGhostEdge; e < both.from.length; e += 1) assert.ok(both.from[e]! < both.count && both.to[e]! < both.count);
});

test("constants are folded into their consumers", () => {
  const trace = traceOf(mlp().messages);
  const boxes = boxesOf(trace.snapshot(1));
  const matmul = boxes.subtitle.indexOf("fc1/MatMul");
  assert.deepEqual(boxes.chips[matmul], ["784×512 f32"]);
  assert.equal(boxes.tag[matmul], "128×512 f32\n256 KiB");
});

test("lineage follows origins through every stage", () => {
  const trace = traceOf(mlp().messages);
  const lineage = new Lineage(trace);
  const erf = [...trace.snapshot(0).nodes.values()].find((node) => node.op === "erf")!;
  const gelu = [...trace.snapshot(9).nodes.values()].find((node) => node.op === "gelu")!;
  assert.deepEqual(lineage.at(erf.origin[0]!, 0), [erf.id]);
  assert.deepEqual(lineage.at(erf.origin[0]!, 9), [gelu.id]);
  assert.deepEqual(
    lineage.of(erf.origin[0]!).map(({ stage }) => stage),
    [0, 5],
  );
});

test("categories by name", () => {
  const expected: readonly (readonly [string, Category])[] = [
    ["matmul", Category.Matmul],
    ["batch_matmul", Category.Matmul],
    ["conv", Category.Matmul],
    ["relu", Category.Elementwise],
    ["gelu", Category.Elementwise],
    ["reduce_sum", Category.Reduction],
    ["softmax", Category.Reduction],
    ["layer_norm", Category.Reduction],
    ["reshape", Category.Movement],
    ["transpose", Category.Movement],
    ["add", Category.Elementwise],
    ["NonMax", Category.Elementwise],
  ];
  for (const [op, category] of expected) assert.equal(categoryOf(op, false), category, op);
  assert.equal(categoryOf("matmul", true), Category.Constant);
  assert.equal(categoryOf("NonMaxSuppression", false, true), Category.Hole);
});

test("numbers and names as people read them", () => {
  assert.equal(bytesText(0), "0 B");
  assert.equal(bytesText(262144), "256 KiB");
  assert.equal(bytesText(NaN), "?");
  assert.equal(timeText(0.0123), "12.3 µs");
  assert.equal(tail("/encoder/layer.0/attention/self/query/MatMul"), "attention/self/query/MatMul");
  assert.equal(tail("a\u202eb"), "a\uFFFDb");
});
