import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../messages.ts";
import { GraphBuilder } from "./build.ts";
import { evaluateGraph } from "./eval.ts";
import { inferOp, withDefaults } from "./infer.ts";
import type { Attrs } from "./ir.ts";
import { decode, encode, fromValues, toNumbers, type NdArray, type Scalar } from "./ndarray.ts";
import { opNames, opOf } from "./ops/index.ts";
import { isRefusal } from "./ops/op.ts";

function evalOp(op: (typeof opNames)[number], inputs: readonly NdArray[], attrs: Attrs = {}, mode: "native" | "f64" = "native"): NdArray {
  const full = withDefaults(op, attrs);
  const types = inferOp(op, { inputs, attrs: full, outputs: 1, known: (i) => inputs[i] });
  if (isRefusal(types)) throw new Error(types.reason);
  const outputs = types.map((t) => ({ dtype: t.dtype, shape: t.shape as readonly number[] }));
  return opOf(op).eval!({ inputs, attrs: full, outputs, mode })[0]!;
}
const f32 = (...values: readonly number[]): NdArray => fromValues("f32", [values.length], values);

/** Values of parameters that have no default. */
const parameters: Readonly<Record<string, Attrs>> = { cast: { to: "f32" }, clip: { min: -1, max: 2 } };

for (const op of opNames.filter((name) => opOf(name).scalar !== undefined)) {
  test(`${op}: native is the double result, rounded`, (t) => {
    const samples = [0.1, -0.7, 1.5, -2.25, 3, 0, 0.3333];
    const operands = Array.from({ length: opOf(op).arity[0] }, (_, i) => f32(...samples.slice(i), ...samples.slice(0, i)));
    let wide: NdArray;
    try {
      wide = evalOp(op, operands, parameters[op], "f64");
    } catch {
      return t.skip("not for floats");
    }
    const narrow = toNumbers(evalOp(op, operands, parameters[op]));
    toNumbers(wide).forEach((x, i) =>
      assert.ok(Object.is(x, narrow[i]) || Math.abs(x - narrow[i]!) <= 1e-6 * (1 + Math.abs(x)), `${x} and ${narrow[i]}`),
    );
  });
}

const exact: readonly (readonly [string, () => NdArray, readonly Scalar[]])[] = [
  ["round half to even", () => evalOp("round", [f32(0.5, 1.5, 2.5, -0.5)]), [0, 2, 2, -0]],
  ["min of NaN", () => evalOp("min", [f32(NaN, 1), f32(1, NaN)]), [NaN, NaN]],
  ["integer division truncates", () => evalOp("div", [fromValues("i32", [2], [-7, 7]), fromValues("i32", [2], [2, 0])]), [-3, 0]],
  ["wrapping", () => evalOp("add", [fromValues("i8", [1], [127]), fromValues("i8", [1], [1])]), [-128]],
  [
    "64-bit integers are exact, and wrap",
    () => evalOp("mul", [fromValues("i64", [1], [3037000501n]), fromValues("i64", [1], [3037000499n])]),
    [BigInt.asIntN(64, 3037000501n * 3037000499n)],
  ],
  [
    "casts of what does not fit give the lowest value",
    () => evalOp("cast", [f32(1e10, -1e10, NaN, -1.9)], { to: "i32" }),
    [-2147483648, -2147483648, -2147483648, -1],
  ],
  ["16-bit floats round once", () => evalOp("add", [fromValues("f16", [1], [2048]), fromValues("f16", [1], [1])]), [2048]],
  ["mod with the divisor's sign", () => evalOp("mod", [f32(-7, 7), f32(3, -3)]), [2, -2]],
  ["fmod", () => evalOp("mod", [fromValues("i32", [2], [-7, 7]), fromValues("i32", [2], [3, -3])], { fmod: true }), [-1, 1]],
  ["a fully masked row", () => evalOp("softmax", [f32(-Infinity, -Infinity)]), [NaN, NaN]],
  ["max of nothing", () => evalOp("reduce-max", [fromValues("f32", [0], [])]), [-Infinity]],
  ["gather stays inside", () => evalOp("gather", [f32(1, 2, 3), fromValues("i64", [3], [-1, 5, -9])]), [3, 3, 1]],
  ["slice backwards", () => evalOp("slice", [f32(1, 2, 3, 4)], { starts: [-1], ends: [-5], axes: [0], steps: [-2] }), [4, 2]],
  [
    "quantisation saturates",
    () => evalOp("quantize-linear", [f32(-1000, 0.5, 1.5, 1000), fromValues("f32", [], [1]), fromValues("u8", [], [3])], { to: "u8" }),
    [0, 3, 5, 255],
  ],
];
for (const [name, run, want] of exact) {
  test(`evaluation: ${name}`, () => {
    const { data } = run();
    assert.deepEqual(
      Array.from(data as ArrayLike<Scalar>, (x) => (typeof want[0] === "bigint" ? x : Number(x))),
      want,
    );
  });
}

test("raw bytes and values convert both ways", () => {
  for (const dtype of ["f32", "f64", "f16", "bf16", "i8", "u16", "i64", "u64", "i4", "u4", "i2", "bool"] as const) {
    const nd = fromValues(dtype, [3], [1, 0, 1]);
    assert.deepEqual(decode(dtype, [3], encode(nd)), nd, dtype);
  }
});

test("only what is wanted is evaluated, from what is given", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "f32", [2]);
  const [a] = g.add("exp", [x]);
  const [b] = g.add("neg", [a!]);
  const [c] = g.addOpaque([x], { opType: "Odd", reason: "it is odd" }, [{ dtype: "f32", shape: [2] }]);
  const [d] = g.add("add", [b!, c!]);
  g.output(d!);
  const graph = g.finish();
  assert.deepEqual(toNumbers(evaluateGraph(graph, new Map([[a!, f32(1, 2)]]), { want: [b!] }).get(b!)!), [-1, -2]);
  assert.deepEqual(
    toNumbers(
      evaluateGraph(
        graph,
        new Map([
          [x, f32(0, 0)],
          [c!, f32(5, 6)],
        ]),
      ).get(d!)!,
    ),
    [4, 5],
  );
  assert.throws(
    () => evaluateGraph(graph, new Map([[x, f32(0, 0)]])),
    (e) => e instanceof UserError && e.code === "not-evaluable" && /it is odd/.test(e.message),
  );
});
