import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../graph/build.ts";
import { decode, encode, fromValues, toNumbers } from "../graph/ndarray.ts";
import { integerRange, randomInputs, randomSource, randomTensor } from "./random-inputs.ts";

/** An embedding of 5 rows, looked up by ids that go through a cast and a reshape first. */
function embedding() {
  const b = new GraphBuilder("embedding");
  const table = b.constant(
    "table",
    fromValues(
      "f32",
      [5, 2],
      Array.from({ length: 10 }, (_, i) => i),
    ),
  );
  const ids = b.input("ids", "i32", [3, 4]);
  const x = b.input("x", "f32", [3, 4, 2]);
  const [wide = -1] = b.add("cast", [ids], { to: "i64" });
  const [rows = -1] = b.add("gather", [table, wide], { axis: 0 });
  const [y = -1] = b.add("add", [rows, x]);
  b.output(y);
  return { graph: b.finish(), ids };
}

test("ids stay inside the table that they index, through casts", () => {
  const { graph, ids } = embedding();
  assert.deepEqual(integerRange(graph, graph, ids), { low: 0, high: 4 });
  const [values] = randomInputs(graph, graph, 1);
  const seen = new Set(toNumbers(values!));
  assert.ok([...seen].every((v) => v >= 0 && v <= 4) && seen.size > 2);
});

test("floats have both signs; the same seed gives the same inputs, another one others", () => {
  const { graph } = embedding();
  const x = toNumbers(randomInputs(graph, graph, 1)[1]!);
  assert.ok(x.some((v) => v < -0.2) && x.some((v) => v > 0.2) && x.every((v) => Math.abs(v) <= 1));
  assert.deepEqual(toNumbers(randomInputs(graph, graph, 1)[1]!), x);
  assert.notDeepEqual(toNumbers(randomInputs(graph, graph, 2)[1]!), x);
});

test("random numbers are spread evenly, seed 0 included", () => {
  const random = randomSource(0);
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) bins[Math.floor(random() * 10)]! += 1;
  assert.ok(
    bins.every((n) => n > 850 && n < 1150),
    bins.join(),
  );
});

test("values are those of their type: packed integers stay in range, small floats are rounded", () => {
  const random = randomSource(3);
  const u2 = toNumbers(randomTensor("u2", [64], { low: 0, high: 7 }, random));
  assert.deepEqual([...new Set(u2)].sort(), [0, 1, 2, 3]);
  const f8 = randomTensor("f8e5m2", [64], undefined, random);
  assert.deepEqual([...decode("f8e5m2", [64], encode(f8)).data], [...f8.data]);
});

test("no integer is divided by zero", () => {
  const b = new GraphBuilder("divide");
  const [x, y] = [b.input("x", "i32", [64]), b.input("y", "i32", [64])];
  b.output(b.add("div", [x, y])[0]!);
  const graph = b.finish();
  const [dividend, divisor] = randomInputs(graph, graph, 1);
  assert.ok(toNumbers(divisor!).every((v) => v > 0) && toNumbers(dividend!).includes(0));
});

test("a value that is compared with a number is that number", () => {
  const b = new GraphBuilder("rate");
  const rate = b.input("rate", "i64", []);
  const [same = -1] = b.add("equal", [rate, b.constant("wide", fromValues("i64", [], [16000]))]);
  b.output(same);
  const graph = b.finish();
  assert.deepEqual(integerRange(graph, graph, rate), { low: 16000, high: 16000 });
});

test("lengths of attention's cache are those of its operands, and a mask that is summed to them is all ones", () => {
  const b = new GraphBuilder("cache");
  const query = b.input("query", "f32", [1, 3, 16]);
  const past = b.input("past", "f32", [1, 2, 5, 8]);
  const mask = b.input("mask", "i32", [1, 8]);
  const lengths = b.input("lengths", "i32", [1]);
  const total = b.input("total", "i32", []);
  const gqa = { domain: "com.microsoft", opType: "GroupQueryAttention", reason: "it is not supported" };
  const types = [{ dtype: "f32", shape: [1, 3, 16] }] as const;
  const [sum = -1] = b.add("reduce-sum", [mask], { axes: [1], keepdims: false });
  const [y = -1] = b.addOpaque([query, null, null, past, past, lengths, total], gqa, types);
  const [z = -1] = b.addOpaque([query, null, null, past, past, sum, total], gqa, types);
  b.output(y);
  b.output(z);
  const graph = b.finish();
  assert.deepEqual(integerRange(graph, graph, lengths), { low: 7, high: 7 });
  assert.deepEqual(integerRange(graph, graph, total), { low: 8, high: 8 });
  assert.deepEqual(integerRange(graph, graph, mask), { low: 1, high: 1 });
});

test("codes of quantised tensors are spread around the middle of their type, whoever passes them on", () => {
  const b = new GraphBuilder("codes");
  const x = b.input("x", "u8", [1000]);
  const [flat = -1] = b.add("reshape", [x], { shape: [10, 100] });
  const scale = b.constant("scale", fromValues("f32", [], [0.1]));
  b.output(b.add("dequantize-linear", [flat, scale, b.constant("zero", fromValues("u8", [], [128]))])[0]!);
  const graph = b.finish();
  const values = toNumbers(randomInputs(graph, graph, 1)[0]!);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  assert.ok(Math.abs(mean - 128) < 4, `mean ${mean}`);
  assert.ok(values.every((v) => v >= 0 && v <= 255) && Math.max(...values) > 200 && Math.min(...values) < 56);
});
