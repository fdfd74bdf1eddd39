import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { type DType, type Graph } from "#core";
import type { TensorWindow } from "#protocol";
import { bytesOf, constantGraph } from "../../test/extension/constant-graph.ts";
import { tensorPage } from "./tensor-page.ts";

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
    const page = tensorPage(constantGraph(dtype, shape, data), { value: 0, stage: 0, start: 0, count: 64 });
    assert.equal(page.dtype, dtype);
    if (values) assert.deepEqual([...page.values], values);
    assert.deepEqual(page.texts, texts);
  });
}

const stretch = (graph: Graph, start: number, count: number): number[] => [
  ...tensorPage(graph, { value: 0, stage: 0, start, count }).values,
];

test("a stretch in the middle, at the end, and beyond it", () => {
  const graph = constantGraph("i32", [6], { bytes: bytesOf(new Int32Array([5, 1, 2, 3, 4, 9])) });
  assert.deepEqual(stretch(graph, 1, 3), [1, 2, 3]);
  assert.deepEqual(stretch(graph, 5, 100), [9]);
  assert.deepEqual(stretch(graph, 50, 3), []);
});

test("a stretch of elements that share bytes may begin inside of one", () => {
  const graph = constantGraph("u4", [9], { bytes: new Uint8Array([0x10, 0x32, 0x54, 0x76, 0x08]) });
  for (let from = 0; from < 9; from++) assert.deepEqual(stretch(graph, from, 2), from === 8 ? [8] : [from, from + 1]);
  const six = constantGraph("f6e2m3", [5], { bytes: new Uint8Array([0x01, 0x20, 0x0c, 0x04]) });
  assert.deepEqual(stretch(six, 0, 5).slice(3), stretch(six, 3, 5));
});

const numbered = constantGraph("i32", [2, 3, 4], { bytes: bytesOf(Int32Array.from({ length: 24 }, (_, i) => i)) });
const windows: readonly { window: TensorWindow; values: number[]; size: [number, number] }[] = [
  { window: { at: [1, 1, 1], rowAxis: 1, columnAxis: 2, rows: 2, columns: 2 }, values: [17, 18, 21, 22], size: [2, 2] },
  { window: { at: [0, 2, 3], rowAxis: 0, columnAxis: 1, rows: 2, columns: 5 }, values: [11, 23], size: [2, 1] },
  { window: { at: [0, 1, 2], rowAxis: 2, columnAxis: 0, rows: 9, columns: 9 }, values: [6, 18, 7, 19], size: [2, 2] },
  { window: { at: [9, 9, 9], rowAxis: 1, columnAxis: 2, rows: 1, columns: 1 }, values: [23], size: [1, 1] },
];

for (const { window, values, size } of windows) {
  test(`a window at ${window.at.join(",")} over axes ${window.rowAxis} and ${window.columnAxis}`, () => {
    const page = tensorPage(numbered, { value: 0, stage: 0, start: 0, count: 0, window });
    assert.deepEqual([[...page.values], page.rows, page.columns], [values, ...size]);
  });
}

test("of a weight in a file nothing is read but the window", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-page-"));
  const file = path.join(folder, "weights.bin");
  writeFileSync(file, bytesOf(Float32Array.from({ length: 64 }, (_, i) => i / 2)));
  const graph = constantGraph("f32", [4, 16], { range: { file, offset: 0, length: 256 } });
  try {
    const window = { at: [2, 15], rowAxis: 0, columnAxis: 1, rows: 2, columns: 4 };
    assert.deepEqual([...tensorPage(graph, { value: 0, stage: 0, start: 0, count: 0, window }).values], [23.5, 31.5]);
    writeFileSync(file, bytesOf(new Float32Array(4)));
    assert.throws(() => tensorPage(graph, { value: 0, stage: 0, start: 40, count: 4 }), /became shorter/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
