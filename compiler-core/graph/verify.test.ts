import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph, Node } from "./ir.ts";
import { parseGraph } from "./parse.ts";
import { verifyGraph } from "./verify.ts";

const text = `graph "g" {
  input %0 "x": f32[2, 3]
  const %1 "c": f32[3] = c0 {1, 2, 3}
  %2 "a": f32[2, 3] = add(%0, %1) #0 from [0]
  %3 "b": f32[2, 3] = relu(%2) #1 from [0, 1]
  %4 "n": f32[3] = neg(%1) #2 from [1] init
  return %3, %4
  group 0 "g0" "rows" leader #1 run
    member #0 "row"
    member #1 "row"
  source 0 "#0" "Add" "" "" -> ["a"]
  source 1 "#1" "Relu" "" "" -> ["b"]
}`;
const good = parseGraph(text);

test("a well-formed graph has no problems", () => assert.deepEqual(verifyGraph(good), []));

const changeNode = (i: number, change: Partial<Node>): Graph => ({
  ...good,
  nodes: good.nodes.map((n, j) => (i === j ? { ...n, ...change } : n)),
});
const broken: readonly (readonly [string, Graph, RegExp])[] = [
  ["order", { ...good, nodes: [good.nodes[1]!, good.nodes[0]!, good.nodes[2]!], groups: [] }, /%2 is not computed before/],
  ["missing producer", { ...good, nodes: good.nodes.slice(1), groups: [] }, /%2 is not computed before/],
  ["two producers", changeNode(2, { outputs: [3] }), /two producers/],
  ["constant as result", changeNode(2, { outputs: [1] }), /is a constant/],
  ["node id twice", changeNode(1, { id: 0 }), /id is used twice/],
  ["node id beyond", { ...good, nextNode: 2 }, /not below 2/],
  ["no origin", changeNode(0, { origin: [] }), /no origin/],
  ["origin range", changeNode(0, { origin: [2] }), /not a source/],
  ["origin order", changeNode(1, { origin: [1, 0] }), /not sorted/],
  ["attribute", changeNode(0, { attrs: { alpha: 1 } }), /no attribute alpha/],
  ["arity", changeNode(0, { inputs: [0] }), /takes 2 operands/],
  ["shape", { ...good, values: good.values.map((v) => (v?.id === 3 ? { ...v, shape: [3, 2] } : v)) }, /f32\[2x3\] follows/],
  ["dtype", { ...good, values: good.values.map((v) => (v?.id === 2 ? { ...v, dtype: "f64" as const } : v)) }, /%2 is f64/],
  ["value gone", { ...good, values: good.values.map((v) => (v?.id === 2 ? undefined : v)) }, /%2 does not exist/],
  ["constant gone", { ...good, values: good.values.map((v) => (v?.id === 1 ? { ...v, constant: 9 } : v)) }, /no constant c9/],
  ["constant type", { ...good, values: good.values.map((v) => (v?.id === 1 ? { ...v, shape: [1, 3] } : v)) }, /its constant c0/],
  ["init on inputs", changeNode(0, { phase: "init" }), /operand %0 is not constant/],
  ["group twice", { ...good, groups: [...good.groups, ...good.groups] }, /also in group/],
  ["leader", { ...good, groups: [{ ...good.groups[0]!, leader: 2 }] }, /is not a member/],
  ["group order", { ...good, groups: [{ ...good.groups[0]!, members: [...good.groups[0]!.members].reverse() }] }, /execution order/],
  ["output", { ...good, outputs: [3, 99] }, /%99 does not exist/],
];
for (const [name, graph, message] of broken) {
  test(`finds a broken graph: ${name}`, () => assert.match(verifyGraph(graph).join("\n"), message));
}
