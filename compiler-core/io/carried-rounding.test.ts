import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "../graph/eval.ts";
import { GraphBuilder } from "../graph/build.ts";
import { fromValues } from "../graph/ndarray.ts";
import { carriedRounding } from "./carried-rounding.ts";

/** softmax(scale x): the greater the scale, the more a rounding of the scores changes. */
function carriedThrough(scale: number): number {
  const b = new GraphBuilder("softmax");
  const x = b.input("x", "f32", [1, 4]);
  const factor = b.constant("scale", fromValues("f32", [], [scale]));
  const [scores = -1] = b.add("mul", [x, factor]);
  const [y = -1] = b.add("softmax", [scores], { axis: 1 });
  b.output(y);
  const graph = b.finish();
  const given = new Map([[x, fromValues("f32", [1, 4], [0.5, 0.501, 0.25, 0.4])]]);
  const exact = evaluateGraph(graph, given, { mode: "f64" });
  return carriedRounding(graph, given, exact, [y]).get(y) ?? NaN;
}

test("a sharp function magnifies roundings before it, a flat one does not", () => {
  assert.ok(carriedThrough(1) < 2 ** -22, "an ordinary softmax stays at the last bits");
  assert.ok(carriedThrough(1) > 2 ** -28, "nothing is free of rounding");
  assert.ok(carriedThrough(1000) > 10 * carriedThrough(1), "scores in the hundreds lose digits");
});

test("what is no float has no roundings", () => {
  const b = new GraphBuilder("integers");
  const x = b.input("x", "i32", [2]);
  const [y = -1] = b.add("add", [x, x]);
  b.output(y);
  const graph = b.finish();
  const given = new Map([[x, fromValues("i32", [2], [1, 2])]]);
  const exact = evaluateGraph(graph, given, { mode: "f64" });
  assert.equal(carriedRounding(graph, given, exact, [y]).get(y), undefined);
});
