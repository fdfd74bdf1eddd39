import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFloat, encodeFloat, smallFloatBits, smallFloats, type SmallFloat } from "./small-floats.ts";

const names = Object.keys(smallFloats) as SmallFloat[];
const signed = names.filter((name) => name !== "f8e8m0");

for (const name of names) {
  const patterns = 2 ** smallFloatBits(name);

  test(`${name}: every bit pattern decodes and encodes back`, () => {
    for (let bits = 0; bits < patterns; bits++) {
      const value = decodeFloat(name, bits);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(decodeFloat(name, encodeFloat(name, value))), `pattern ${bits}`);
      else assert.equal(encodeFloat(name, value), bits, `pattern ${bits} is ${value}`);
    }
  });
}

for (const name of signed) {
  test(`${name}: values between neighbours go to the nearer one, half way to the even one`, () => {
    const half = 2 ** (smallFloatBits(name) - 1);
    for (let bits = 0; bits + 1 < half; bits++) {
      const low = decodeFloat(name, bits);
      const high = decodeFloat(name, bits + 1);
      if (!Number.isFinite(low) || !Number.isFinite(high)) continue;
      assert.ok(high > low, `pattern ${bits + 1} is not above ${bits}`);
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      assert.equal(encodeFloat(name, middle), even, `half way above pattern ${bits}`);
      assert.equal(encodeFloat(name, middle - (high - low) / 64), bits);
      assert.equal(encodeFloat(name, middle + (high - low) / 64), bits + 1);
      if (even !== 0) assert.equal(decodeFloat(name, encodeFloat(name, -middle)), -decodeFloat(name, even));
    }
  });
}

/** Largest finite value, and what lies beyond it without and with saturation. From the papers and ONNX's table of Cast. */
const limits: readonly (readonly [SmallFloat, number, number, number])[] = [
  ["f16", 65504, Infinity, 65504],
  ["bf16", 3.3895313892515355e38, Infinity, 3.3895313892515355e38],
  ["f8e4m3fn", 448, NaN, 448],
  ["f8e4m3fnuz", 240, NaN, 240],
  ["f8e5m2", 57344, Infinity, 57344],
  ["f8e5m2fnuz", 57344, NaN, 57344],
  ["f8e8m0", 2 ** 127, NaN, 2 ** 127],
  ["f6e2m3", 7.5, 7.5, 7.5],
  ["f6e3m2", 28, 28, 28],
  ["f4e2m1", 6, 6, 6],
];

for (const [name, largest, beyond, saturated] of limits) {
  test(`${name}: the largest number is ${largest}, beyond it comes ${beyond}`, () => {
    assert.equal(decodeFloat(name, encodeFloat(name, largest)), largest);
    const twice = Math.min(largest * 2, Number.MAX_VALUE);
    assert.deepEqual(decodeFloat(name, encodeFloat(name, twice)), beyond);
    assert.deepEqual(decodeFloat(name, encodeFloat(name, twice, true)), saturated);
  });
}

test("known patterns", () => {
  assert.equal(encodeFloat("f16", 1), 0x3c00);
  assert.equal(encodeFloat("f16", -2), 0xc000);
  assert.equal(encodeFloat("f16", 2 ** -24), 1);
  assert.equal(encodeFloat("f16", 2 ** -25), 0);
  assert.equal(encodeFloat("f16", 65519.99), 0x7bff);
  assert.equal(encodeFloat("f16", 65520), 0x7c00);
  assert.equal(encodeFloat("bf16", 1.00390625), 0x3f80);
  assert.equal(encodeFloat("bf16", 1.01171875), 0x3f82);
  assert.equal(encodeFloat("f8e4m3fn", 1), 0x38);
  assert.equal(encodeFloat("f8e4m3fnuz", -0), 0);
  assert.equal(encodeFloat("f8e8m0", 3), 129);
  assert.equal(encodeFloat("f4e2m1", -1.5), 0xb);
});
