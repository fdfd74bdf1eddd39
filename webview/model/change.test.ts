import assert from "node:assert/strict";
import { test } from "node:test";
import { DeltaWriter, type FixtureGraph, type FixtureNode, type FixtureValue } from "../../test/webview/delta-writer.ts";
import { changeLines } from "./change-text.ts";
import { kindOf, longestRising } from "./change.ts";
import { Trace } from "./trace.ts";

const value = (id: number, shape = "4x8", more: Partial<FixtureValue> = {}): FixtureValue => ({
  id,
  name: `v${id}`,
  dtype: "f32",
  shape,
  shapeSource: "inferred",
  ...more,
});
const node = (id: number, op: string, inputs: number[], output: number, attrs = {}): FixtureNode => ({
  id,
  op,
  name: `/n${id}`,
  inputs,
  outputs: [output],
  origin: [id],
  attrs,
});
const group = (id: number, leader: number, members: readonly number[], params = {}) => ({
  id,
  name: `g${id}`,
  template: "gemm",
  leader,
  phase: "run" as const,
  members: members.map((member) => ({ node: member, anchor: "tile" })),
  params,
});

const first: FixtureGraph = {
  nodes: [node(0, "relu", [0], 1), node(1, "tanh", [0], 2), node(2, "softmax", [1], 3, { axis: -1 }), node(3, "add", [3, 2], 4)],
  values: [0, 1, 2, 3, 4].map((id) => value(id)),
  inputs: [0],
  outputs: [4],
};

function traceOf(...graphs: readonly FixtureGraph[]): Trace {
  const trace = new Trace();
  const writer = new DeltaWriter();
  graphs.forEach((graph, stage) => trace.add(writer.next(stage, graph)));
  return trace;
}

test("changed: the attribute, the operand or the operator says so", () => {
  const [relu, tanh, softmax, add] = first.nodes as [FixtureNode, FixtureNode, FixtureNode, FixtureNode];
  const nodes = [relu, tanh, { ...softmax, attrs: { axis: 1, stable: true } }, node(9, "mul", [3, 1], 4)];
  const trace = traceOf(first, { ...first, nodes });
  assert.deepEqual(changeLines(trace, 1, softmax.id), ["attribute axis: -1 → 1", "attribute stable: none → true"]);
  assert.deepEqual(changeLines(trace, 1, 9), ["takes the place of add #3", "operator add → mul", "input 2: v2 (%2) → v1 (%1)"]);
  assert.deepEqual([kindOf(trace.change(1), 2), kindOf(trace.change(1), 9), kindOf(trace.change(1), 0)], ["changed", "changed", undefined]);
  assert.deepEqual(changeLines(trace, 1, add.id), [], "its place is taken: the row of mul #9 says so");
});

test("a result of another shape, type or layout is a change of its node, though the node is the same", () => {
  const values = first.values.map((v) => (v.id === 1 ? value(1, "4x16", { shapeSource: "set", dtype: "f16", layout: "BA32b" }) : v));
  const trace = traceOf(first, { ...first, values });
  assert.deepEqual([...trace.change(1).retyped], [0]);
  assert.deepEqual(changeLines(trace, 1, 0), ["result shape 4×8 → 4×16 (set)", "result type f32 → f16", "result layout plain → BA32b"]);
  assert.deepEqual(trace.change(1).changed.size, 0);
});

test("moved: another place in the order, told by the fewest nodes", () => {
  const [a, b, c, d] = first.nodes as [FixtureNode, FixtureNode, FixtureNode, FixtureNode];
  const trace = traceOf(first, { ...first, nodes: [a, c, b, d] });
  assert.equal(trace.change(1).moved.size, 1);
  const [moved] = [...trace.change(1).moved];
  assert.ok(moved === 1 || moved === 2);
  assert.deepEqual(changeLines(trace, 1, moved!), ["moved to another place in the order of execution"]);
});

test("moved: into the loops of another group; tuned: the same leader with other parameters; numbers of groups do not matter", () => {
  const apart = [group(0, 0, [0]), group(1, 1, [1]), group(2, 2, [2]), group(3, 3, [3])];
  const fused = [group(7, 0, [0], { kc: 8 }), group(8, 1, [1]), group(9, 2, [2, 3], { kc: 64 })];
  const trace = traceOf({ ...first, groups: apart }, { ...first, groups: fused });
  assert.deepEqual([...trace.change(1).moved], [3]);
  assert.deepEqual([...trace.change(1).tuned], [0, 2]);
  assert.deepEqual(changeLines(trace, 1, 3), ["group 3 → group 9 (gemm, 2 ops), led by softmax #2"]);
  assert.deepEqual(changeLines(trace, 1, 2), ["members of the group: 1 → 2", "kc: none → 64"]);
});

test("a longest rising subsequence", () => {
  assert.deepEqual(
    longestRising([3, 1, 2, 5, 4, 6]).map((i) => [3, 1, 2, 5, 4, 6][i]),
    [1, 2, 4, 6],
  );
  assert.deepEqual(longestRising([]), []);
  assert.deepEqual(longestRising([5, 4, 3]).length, 1);
});
