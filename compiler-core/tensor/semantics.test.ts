import assert from "node:assert/strict";
import { test } from "node:test";
import { roundEven, roundFloat } from "./rounding.ts";
import { evalBinary, evalCast, evalFma, evalUnary, reduceIdentity } from "./semantics.ts";
import { erf } from "./special-functions.ts";

const equal = (got: unknown, want: unknown): void => assert.ok(Object.is(got, want), `${String(got)} instead of ${String(want)}`);

test("rounding is half to even and keeps signed zeros", () => {
  const pairs: [number, number][] = [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [0.49999999999999994, 0],
    [4503599627370495.5, 4503599627370496],
    [-0, -0],
    [NaN, NaN],
    [Infinity, Infinity],
  ];
  for (const [x, want] of pairs) equal(roundEven(x), want);
});

test("16-bit floats round once, overflow to infinity and keep denormals", () => {
  equal(roundFloat("bf16", 1.00390625), 1);
  equal(roundFloat("bf16", 1.01171875), 1.015625);
  equal(roundFloat("f16", 65520), Infinity);
  equal(roundFloat("f16", 65519.99), 65504);
  equal(roundFloat("f16", 2 ** -25), 0);
  equal(roundFloat("f16", 1.5 * 2 ** -25), 2 ** -24);
  equal(roundFloat("bf16", -3.4e38), -Infinity);
});

test("integer arithmetic wraps and division never traps", () => {
  equal(evalBinary("add", "i32", 2147483647, 1, "native"), -2147483648);
  equal(evalBinary("mul", "i32", 65536, 65537, "native"), 65536);
  equal(evalBinary("div", "i32", -2147483648, -1, "native"), -2147483648);
  equal(evalBinary("div", "i64", -7, 2, "native"), -3);
  equal(evalBinary("div", "i64", 5, 0, "native"), 0);
  equal(evalBinary("mod", "i64", -7, 3, "native"), 2);
  equal(evalBinary("mod", "i64", 7, -3, "native"), -2);
  equal(evalBinary("mod", "i8", 7, 0, "native"), 0);
  equal(evalBinary("sub", "u8", 3, 5, "native"), 254);
  equal(evalBinary("mul", "i64", 4294967296, 4294967297, "native"), 4294967296);
  equal(evalBinary("add", "i64", 9007199254740991, 1, "native"), 9007199254740992n);
  equal(evalBinary("div", "i64", 9007199254740991, 2, "native"), 4503599627370495);
  equal(evalBinary("pow", "i32", 3, 5, "native"), 243);
  equal(evalBinary("pow", "i32", 2, -1, "native"), 0);
  equal(evalBinary("shl", "u8", 1, 9, "native"), 0);
  equal(evalBinary("shr", "i8", -128, 20, "native"), -1);
  equal(evalUnary("abs", "i8", -128, "native"), -128);
  equal(evalUnary("not", "u8", 5, "native"), 250);
});

test("floats: NaN goes through min and max, fmod keeps the sign of the dividend, pow is C's", () => {
  equal(evalBinary("max", "f32", NaN, 1, "native"), NaN);
  equal(evalBinary("min", "f32", 1, NaN, "native"), NaN);
  equal(evalBinary("mod", "f32", -5.5, 3, "native"), -2.5);
  equal(evalBinary("pow", "f32", 1, NaN, "native"), 1);
  equal(evalBinary("pow", "f32", -1, Infinity, "native"), 1);
  equal(evalBinary("ne", "f32", NaN, NaN, "native"), true);
  equal(evalBinary("add", "f32", 16777216, 1, "native"), 16777216);
  equal(evalBinary("add", "f32", 16777216, 1, "f64"), 16777217);
});

test("fma rounds once", () => {
  const a = Math.fround(1 + 2 ** -23);
  // a * a = 1 + 2^-22 + 2^-46: the last bit decides a tie that a second rounding would lose.
  equal(evalFma("f32", a, a, Math.fround(2 ** -24), "native"), Math.fround(1 + 3 * 2 ** -23));
  equal(evalBinary("add", "f32", evalBinary("mul", "f32", a, a, "native"), Math.fround(2 ** -24), "native"), Math.fround(1 + 2 ** -22));
});

test("casts of floats truncate and keep the low bits, NaN becomes the lowest value, integers wrap", () => {
  // As onnxruntime 1.30 gives them.
  const floats = [-9, 300.7, -70000.25, 3e9, -3e9, 1e19, NaN, Infinity];
  const want = {
    u8: [247, 44, 144, 0, 0, 0, 0, 0],
    i16: [-9, 300, -4464, 0, 0, 0, 0, 0],
    i32: [-9, 300, -70000, -2147483648, -2147483648, -2147483648, -2147483648, -2147483648],
    u32: [4294967287, 300, 4294897296, 3000000000, 2147483648, 0, 2147483648, 0],
    u64: [18446744073709551607n, 300, 18446744073709481616n, 3000000000, 18446744070709551616n, 10000000000000000000n, 2n ** 63n, 0],
  } as const;
  for (const [to, list] of Object.entries(want)) {
    floats.forEach((x, i) => equal(evalCast("f64", to as keyof typeof want, x, "native"), list[i]!));
  }
  equal(evalCast("f32", "i4", -9, "native"), 7);
  equal(evalCast("f32", "u8", NaN, "native"), 0);
  equal(evalCast("f32", "i32", NaN, "native"), -2147483648);
  equal(evalCast("f32", "i32", -1.9, "native"), -1);
  equal(evalCast("i32", "u8", 300, "native"), 44);
  equal(evalCast("f32", "bool", NaN, "native"), true);
  equal(evalCast("i64", "f32", 9007199791611905n, "native"), 9007200328482816);
  equal(evalCast("f64", "i64", 1e30, "native"), -9223372036854775808n);
});

test("special functions", () => {
  // Reference values from tables of 17 digits.
  for (const [x, want] of [
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.4, 0.9993114861033549],
    [3, 0.9999779095030014],
    [-1, -0.8427007929497149],
  ] as const) {
    assert.ok(Math.abs(erf(x) - want) <= 2e-16, `erf(${x}) = ${erf(x)}`);
  }
  equal(evalUnary("sigmoid", "f64", -1000, "f64"), 0);
  equal(evalUnary("softplus", "f64", 1000, "f64"), 1000);
  equal(reduceIdentity("max", "i8"), -128);
});

test("a small integer that comes as a bigint, as literals of 64-bit constants do, is cast exactly", () => {
  assert.equal(evalCast("i64", "f32", 3n, "native"), 3);
  assert.equal(evalCast("i64", "f32", -2049n, "native"), -2049);
});
