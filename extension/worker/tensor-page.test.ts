import assert from "node:assert/strict";
import { test } from "node:test";
import { type DType, type Graph } from "#core";
import { tensorPage } from "./tensor-page.ts";

/** A graph that is one constant: all that a page of values looks at. */
function constantGraph(dtype: DType, shape: readonly number[], data: { bytes?: Uint8Array; strings?: readonly string[] }): Graph {
  const constant = { id: 0, dtype, shape, bytes: () => data.bytes ?? new Uint8Array(0), strings: () => data.strings ?? [] };
  const value = { id: 0, name: "w", dtype, shape, shapeSource: "declared", layout: "plain", constant: 0 };
  return { name: "g", nodes: [], values: [value], inputs: [], outputs: [0], constants: { get: () => constant } } as unknown as Graph;
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const cases: readonly { dtype: DType; shape: number[]; bytes?: Uint8Array; strings?: string[]; values?: number[]; texts?: string[] }[] = [
  { dtype: "f32", shape: [3], bytes: bytesOf(new Float32Array([1, -2.5, NaN])), values: [1, -2.5, NaN] },
  { dtype: "f16", shape: [2], bytes: bytesOf(new Uint16Array([0x3c00, 0xfc00])), values: [1, -Infinity] },
  { dtype: "bf16", shape: [1], bytes: bytesOf(new Uint16Array([0x4049])), values: [3.140625] },
  { dtype: "f8e4m3fn", shape: [2], bytes: new Uint8Array([0x38, 0xb8]), values: [1, -1] },
  { dtype: "i4", shape: [3], bytes: new Uint8Array([0x8f, 0x07]), values: [-1, -8, 7] },
  { dtype: "u2", shape: [4], bytes: new Uint8Array([0b11_10_01_00]), values: [0, 1, 2, 3] },
  { dtype: "i64", shape: [1], bytes: bytesOf(new BigInt64Array([9007199254740993n])), texts: ["9007199254740993"] },
  { dtype: "bool", shape: [2], bytes: new Uint8Array([1, 0]), texts: ["true", "false"] },
  { dtype: "string", shape: [2], strings: ["a", 'b"\n'], texts: ['"a"', '"b\\"\\n"'] },
  { dtype: "c64", shape: [1], bytes: bytesOf(new Float32Array([1.5, -2])), texts: ["1.5-2i"] },
  { dtype: "c128", shape: [1], bytes: bytesOf(new Float64Array([0, 0.1])), texts: ["0+0.1i"] },
  { dtype: "f32", shape: [0, 4], values: [] },
];

for (const { dtype, shape, values, texts, ...data } of cases) {
  test(`values of ${dtype}[${shape.join("x")}]`, () => {
    const page = tensorPage(constantGraph(dtype, shape, data), 0, 0, 64);
    assert.equal(page.dtype, dtype);
    if (values) assert.deepEqual([...page.values], values);
    assert.deepEqual(page.texts, texts);
  });
}

test("a stretch in the middle, with statistics of the whole", () => {
  const graph = constantGraph("i32", [6], { bytes: bytesOf(new Int32Array([5, 1, 2, 3, 4, 9])) });
  const { values, min, max, mean } = tensorPage(graph, 0, 1, 3);
  assert.deepEqual([[...values], min, max, mean], [[1, 2, 3], 1, 9, 4]);
  assert.deepEqual([...tensorPage(graph, 0, 5, 100).values], [9]);
  assert.deepEqual([...tensorPage(graph, 0, 50, 3).values], []);
});
