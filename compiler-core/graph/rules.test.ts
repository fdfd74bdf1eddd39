import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleHit } from "../protocol/trace.ts";
import { GraphEditor } from "./edit.ts";
import type { Graph } from "./ir.ts";
import { parseGraph } from "./parse.ts";
import { printGraph } from "./print.ts";
import { applyRules, type Rule } from "./rules.ts";
import { verifyGraph } from "./verify.ts";

const wrap = (body: string): Graph =>
  parseGraph(`graph "g" {\n${body}\n  source 0 "#0" "A" "" "" -> []\n  source 1 "#1" "B" "" "" -> []\n}`);

/** Deep freezing, so that a rule or the editor that changes its input in place fails. */
function frozen<T>(x: T): T {
  if (typeof x === "object" && x !== null && !Object.isFrozen(x)) {
    Object.freeze(x);
    Object.values(x).forEach(frozen);
  }
  return x;
}

const doubleNeg: Rule = {
  name: "test/double-neg",
  ops: ["neg"],
  rewrite: (node, e) => {
    const inner = e.producer(node.inputs[0]);
    return inner?.op === "neg" ? e.patch(node, [inner, node]).done(inner.inputs[0]!) : undefined;
  },
};
const reluToMax: Rule = {
  name: "test/relu-to-clip",
  ops: ["relu"],
  rewrite: (node, e) => {
    const p = e.patch(node);
    return p.done(p.add("abs", [p.add("clip", [node.inputs[0]!], { min: 0 })]));
  },
};

function apply(graph: Graph, rules: readonly Rule[]): { readonly after: Graph; readonly hits: readonly RuleHit[] } {
  const hits: RuleHit[] = [];
  const { constants, ...rest } = graph;
  const after = applyRules({ ...frozen(rest), constants }, rules, { hit: (h) => hits.push(h) });
  assert.deepEqual(verifyGraph(after), []);
  return { after, hits };
}

test("a graph without matches stays the same object", () => {
  const graph = wrap(`input %0 "x": f32[2]\n%1: f32[2] = relu(%0) #0 from [0]\nreturn %1`);
  assert.equal(applyRules(graph, [doubleNeg], { hit: () => undefined }), graph);
  assert.equal(new GraphEditor(graph).finish(), graph);
});

test("untouched nodes and values are shared", () => {
  const graph = wrap(`input %0 "x": f32[2]\n%1: f32[2] = exp(%0) #0 from [0]\n%2: f32[2] = relu(%1) #1 from [1]\nreturn %2`);
  const { after } = apply(graph, [reluToMax]);
  assert.equal(after.nodes[0], graph.nodes[0]);
  assert.equal(after.values[1], graph.values[1]);
  assert.equal(after.values[2], graph.values[2], "the replaced output keeps its value");
});

test("rules run to a fixed point and report every firing", () => {
  const chain = Array.from({ length: 7 }, (_, i) => `%${i + 1}: f32[2] = neg(%${i}) #${i} from [${i % 2}]`).join("\n");
  const { after, hits } = apply(wrap(`input %0 "x": f32[2]\n${chain}\n%8: f32[2] = exp(%7) #7 from [0]\nreturn %8`), [doubleNeg]);
  assert.deepEqual(
    after.nodes.map((n) => n.op),
    ["neg", "exp"],
  );
  assert.equal(hits.length, 3);
  assert.ok(hits.every((h) => h.rule === "test/double-neg" && h.before.length === 2 && h.after.length === 0));
});

test("a graph output keeps its id: the producer takes it over", () => {
  const { after } = apply(
    wrap(
      `input %0 "x": f32[2]\n%1 "e": f32[2] = exp(%0) #0 from [0]\n%2: f32[2] = neg(%1) #1 from [0]\n%3 "y": f32[2] = neg(%2) #2 from [1]\nreturn %3`,
    ),
    [doubleNeg],
  );
  assert.deepEqual(after.outputs, [3]);
  assert.deepEqual(
    after.nodes.map((n) => [n.op, n.outputs]),
    [["exp", [3]]],
  );
  assert.equal(after.values[3]?.name, "y");
});

test("a graph output that is an input becomes a copy", () => {
  const { after } = apply(wrap(`input %0 "x": f32[2]\n%1: f32[2] = neg(%0) #0 from [0]\n%2 "y": f32[2] = neg(%1) #1 from [1]\nreturn %2`), [
    doubleNeg,
  ]);
  assert.deepEqual(
    after.nodes.map((n) => [n.op, n.inputs, n.outputs]),
    [["identity", [0], [2]]],
  );
});

test("origins of all covered nodes are carried", () => {
  const { after } = apply(wrap(`input %0 "x": f32[2]\n%1: f32[2] = relu(%0) #0 from [0, 1]\nreturn %1`), [reluToMax]);
  assert.deepEqual(
    after.nodes.map((n) => n.origin),
    [
      [0, 1],
      [0, 1],
    ],
  );
  assert.match(printGraph(after), /%1: f32\[2\] = abs/);
});

test("rules that undo each other are a bug, not a hang", () => {
  const there: Rule = {
    name: "test/there",
    ops: ["abs"],
    rewrite: (n, e) => {
      const p = e.patch(n);
      return p.done(p.add("relu", [n.inputs[0]!]));
    },
  };
  const back: Rule = {
    name: "test/back",
    ops: ["relu"],
    rewrite: (n, e) => {
      const p = e.patch(n);
      return p.done(p.add("abs", [n.inputs[0]!]));
    },
  };
  const graph = wrap(`input %0 "x": f32[2]\n%1: f32[2] = abs(%0) #0 from [0]\nreturn %1`);
  assert.throws(() => applyRules(graph, [there, back], { hit: () => undefined }), /do not come to an end/);
});

test("the work is linear in the nodes", () => {
  const time = (n: number): number => {
    const chain = Array.from({ length: n }, (_, i) => `%${i + 1}: f32[2] = neg(%${i}) #${i} from [0]`).join("\n");
    const graph = wrap(`input %0 "x": f32[2]\n${chain}\nreturn %${n}`);
    const start = process.hrtime.bigint();
    applyRules(graph, [doubleNeg], { hit: () => undefined });
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  time(2000);
  const small = Math.min(time(2000), time(2000), time(2000));
  const large = Math.min(time(16000), time(16000), time(16000));
  assert.ok(large < 40 * small + 50, `2,000 nodes: ${small} ms, 16,000 nodes: ${large} ms`);
});
