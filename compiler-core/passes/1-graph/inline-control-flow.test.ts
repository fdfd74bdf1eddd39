import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder, modelBuilder } from "../../onnx/builder.ts";
import { importModel } from "../../onnx/import.ts";
import { parseGraph } from "../../graph/parse.ts";
import { printGraph } from "../../graph/print.ts";
import { verifyGraph } from "../../graph/verify.ts";
import { defaultOptions } from "../../options.ts";
import type { Graph } from "../../graph/ir.ts";
import type { Verdict } from "../../protocol/trace.ts";
import { inlineControlFlow } from "./inline-control-flow.ts";

/** A Loop around `op`; its number of iterations is a constant, or an input. */
function loopModel(op: string, trips: number | undefined): Graph {
  const body = new GraphBuilder("body");
  body.input("i", "i64", []);
  body.input("go", "bool", []);
  body.input("v", "f32", [2]);
  body.node(op, ["v"], "w", { name: "inner" });
  body.node("Identity", ["go"], "on");
  body.output("on", "bool");
  body.output("w", "f32", [2]);
  const m = modelBuilder();
  m.input("x", "f32", [2]);
  if (trips === undefined) m.input("trips", "i64", []);
  else m.initializer("trips", "i64", [], [trips]);
  m.node("Loop", ["trips", "", "x"], "y", { attributes: { body: { kind: "graph", value: body.graph() } } });
  m.output("y", "f32", [2]);
  return importModel(m.build());
}

function inlined(graph: Graph, cut = false): { readonly after: Graph; readonly reasons: readonly string[] } {
  const reasons: string[] = [];
  const after = inlineControlFlow.run(graph, {
    options: defaultOptions,
    machine: { name: "none", features: [], caches: { l1d: 32768, l2: 1048576, l3: 0 }, cores: 1 },
    hit: () => undefined,
    verdict: (v: Verdict) => void reasons.push(v.because),
    ...(cut ? { cut: new Map([[0, { reason: "not compiled", types: new Map() }]]) } : {}),
  });
  assert.deepEqual(verifyGraph(after), []);
  return { after, reasons };
}

test("every copy of a node of the file can be told apart", () => {
  const { after } = inlined(loopModel("Exp", 3));
  const copies = after.nodes.filter((n) => n.op === "exp").map((n) => after.sources[n.origin.at(-1)!]!);
  assert.deepEqual(
    copies.map((s) => s.path),
    ["#0/body@0/#0", "#0/body@1/#0", "#0/body@2/#0"],
  );
  assert.deepEqual(
    copies.map((s) => after.sources[s.copyOf!]?.path),
    ["#0/body/#0", "#0/body/#0", "#0/body/#0"],
  );
  // All of them belong to the Loop, too.
  assert.ok(after.nodes.every((n) => n.origin.includes(0)));
});

test("what stays says why, and is left alone", () => {
  const late = loopModel("Exp", undefined);
  const { after, reasons } = inlined(late);
  assert.deepEqual(reasons, ["not written out: how often it runs is computed at run time"]);
  assert.equal(after.nodes.length, 1);
  assert.equal(inlined(after).after, after);
  assert.match(inlined(loopModel("NoSuchOperator", 2)).reasons[0] ?? "", /its body has NoSuchOperator: /);
  assert.match(inlined(loopModel("Exp", 5000)).reasons[0] ?? "", /it runs 5000 times, more than/);
});

test("a node that was cut out is not written out again", () => {
  const graph = loopModel("Exp", 3);
  assert.equal(inlined(graph, true).after, graph);
});

test("bodies survive the text form", () => {
  const graph = loopModel("Exp", 2);
  const text = printGraph(graph);
  const back = parseGraph(text, graph.constants);
  assert.equal(printGraph(back), text);
  assert.deepEqual(
    inlined(back).after.nodes.map((n) => n.op),
    inlined(graph).after.nodes.map((n) => n.op),
  );
});
