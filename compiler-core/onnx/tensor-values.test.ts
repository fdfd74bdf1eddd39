import assert from "node:assert/strict";
import { test } from "node:test";
import { elementCount, onnxDTypes, packedByteLength, type OnnxDType } from "./dtype.ts";
import { elementsOf, encodeElements } from "./tensor-values.ts";

const ranges: readonly (readonly [OnnxDType, readonly (number | bigint)[]])[] = [
  ["u8", [0, 1, 127, 128, 255]],
  ["i8", [-128, -1, 0, 1, 127]],
  ["u16", [0, 1, 0x7fff, 0x8000, 0xffff]],
  ["i16", [-32768, -1, 0, 1, 32767]],
  ["u32", [0, 1, 2 ** 31, 2 ** 32 - 1]],
  ["i32", [-(2 ** 31), -1, 0, 2 ** 31 - 1]],
  ["i64", [-(2n ** 63n), Number.MIN_SAFE_INTEGER, -1, 0, 2 ** 53 - 1, 2n ** 63n - 1n]],
  ["u64", [0, 1, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n]],
  ["bool", [0, 1, 1, 0, 1]],
  ["u4", [0, 1, 7, 8, 15]],
  ["i4", [-8, -1, 0, 1, 7]],
  ["u2", [0, 1, 2, 3, 1]],
  ["i2", [-2, -1, 0, 1, -2]],
  ["f32", [0, -1.5, 2 ** -149, Infinity, NaN, 1.1754943508222875e-38]],
  ["f64", [0, -0.1, 5e-324, -Infinity, NaN]],
  ["f16", [0, 1, -65504, 2 ** -24, Infinity, NaN]],
  ["bf16", [0, 1, -2, Infinity, NaN]],
  ["f8e4m3fn", [0, 448, -0.015625, NaN]],
  ["f4e2m1", [0, 0.5, -1.5, 6, -6]],
  ["f6e2m3", [0, 0.125, -7.5, 1.875, 4]],
  ["f6e3m2", [0, 28, -0.0625, 3.5, 1]],
  ["f8e8m0", [1, 2 ** -127, 2 ** 127, NaN]],
  ["c64", [1, -2, 3, -4]],
  ["c128", [0.1, -0.2]],
];

for (const [dtype, values] of ranges) {
  test(`${dtype} values come back from packed bytes`, () => {
    const bytes = encodeElements(dtype, values);
    assert.equal(bytes.length, packedByteLength(dtype, onnxDTypes[dtype].kind === "complex" ? values.length / 2 : values.length));
    assert.deepEqual(elementsOf(dtype, bytes, 0, values.length), values);
    assert.deepEqual(elementsOf(dtype, bytes, 1, 1), [values[1]]);
  });
}

test("packing of narrow elements: the first one in the lowest bits", () => {
  assert.deepEqual([...encodeElements("u4", [1, 2, 3])], [0x21, 0x03]);
  assert.deepEqual([...encodeElements("i4", [-1, 2])], [0x2f]);
  assert.deepEqual([...encodeElements("u2", [1, 2, 3, 0, 1])], [0b00111001, 0b01]);
  // x0 | x1 << 6, x1 >> 2 | x2 << 4, x2 >> 4 | x3 << 2 with the codes 8, 16, 24, 31 of f6e2m3.
  assert.deepEqual([...encodeElements("f6e2m3", [1, 2, 4, 7.5])], [0x08, 0x84, 0x7d]);
});

test("element counts", () => {
  assert.equal(elementCount([]), 1);
  assert.equal(elementCount([2, 0, 2 ** 60]), 0);
  assert.equal(elementCount([2, 3, 5]), 30);
});
