import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../graph/build.ts";
import { fromValues } from "../graph/ndarray.ts";
import { accuracy } from "./accuracy.ts";
import { quantisationStep } from "./quantisation-step.ts";

const f32 = (...v: number[]) => fromValues("f32", [v.length], v);

function graph() {
  const b = new GraphBuilder("g");
  const origin = [b.source({ path: "#0", opType: "X", domain: "", name: "", outputs: [] })];
  const x = b.input("x", "f32", [2, 2]);
  const scale = b.constant("scale", fromValues("f32", [], [0.25]));
  const zero = b.constant("zero", fromValues("u8", [], [3]));
  const [q] = b.add("quantize-linear", [x, scale, zero], { to: "u8" }, { origin });
  const [d] = b.add("dequantize-linear", [q!, scale, zero], {}, { origin });
  const [sum] = b.add("add", [d!, d!], {}, { origin });
  const [product] = b.add("matmul", [d!, x], {}, { origin });
  const [plain] = b.add("tanh", [x], {}, { origin });
  for (const v of [q!, sum!, product!, plain!]) b.output(v);
  return { graph: b.finish(), q: q!, sum: sum!, product: product!, plain: plain! };
}

test("a step before an output: a code, the scale, a share of a product, nothing", () => {
  const g = graph();
  assert.equal(quantisationStep(g.graph, g.q, 100), 1);
  assert.equal(quantisationStep(g.graph, g.sum, 100), 0.25);
  assert.equal(quantisationStep(g.graph, g.product, 128), 1);
  assert.equal(quantisationStep(g.graph, g.plain, 100), 0);
});

test("one step passes, two do not", () => {
  const [exact, reference] = [f32(1, 2), f32(1, 2)];
  assert.ok(accuracy(f32(1.25, 2), reference, exact, 2, { step: 0.25 }).ok);
  assert.ok(!accuracy(f32(1.5, 2), reference, exact, 2, { step: 0.25 }).ok);
  assert.ok(!accuracy(f32(1.25, 2), reference, exact, 2).ok);
});
