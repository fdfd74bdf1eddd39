import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { DType } from "#core";
import { bytesOf, constantGraph } from "../../test/extension/constant-graph.ts";
import { writeArray } from "./tensor-page-npy.ts";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-npy-"));
after(() => rmSync(folder, { recursive: true }));
const quiet = { signal: new AbortController().signal, event: (): void => undefined };

const cases: readonly {
  dtype: DType;
  shape: number[];
  bytes?: Uint8Array;
  strings?: string[];
  descr: string;
  data: Uint8Array;
  note?: RegExp;
}[] = [
  { dtype: "f32", shape: [2, 1], bytes: bytesOf(new Float32Array([1, 2])), descr: "<f4", data: bytesOf(new Float32Array([1, 2])) },
  { dtype: "i64", shape: [], bytes: bytesOf(new BigInt64Array([7n])), descr: "<i8", data: bytesOf(new BigInt64Array([7n])) },
  { dtype: "f16", shape: [1], bytes: new Uint8Array([0, 0x3c]), descr: "<f2", data: new Uint8Array([0, 0x3c]) },
  { dtype: "bf16", shape: [1], bytes: new Uint8Array([0x80, 0x3f]), descr: "<f4", data: bytesOf(new Float32Array([1])), note: /as f32/ },
  { dtype: "i4", shape: [3], bytes: new Uint8Array([0x8f, 0x07]), descr: "|i1", data: bytesOf(new Int8Array([-1, -8, 7])), note: /as i8/ },
  { dtype: "string", shape: [2], strings: ["a", "\u{1f600}b"], descr: "<U2", data: bytesOf(new Uint32Array([97, 0, 0x1f600, 98])) },
];

for (const { dtype, shape, descr, data, note, ...stored } of cases)
  test(`${dtype}[${shape.join("x")}] as NumPy has it`, async () => {
    const file = path.join(folder, `${dtype}.npy`);
    const written = await writeArray(constantGraph(dtype, shape, stored), 0, file, quiet);
    const bytes = readFileSync(file);
    assert.equal(bytes.length, written.bytes);
    assert.equal(bytes.subarray(0, 8).toString("latin1"), "\x93NUMPY\x01\x00");
    const begin = 10 + bytes.readUInt16LE(8);
    assert.equal(begin % 64, 0);
    const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
    assert.equal(
      bytes.subarray(10, begin).toString("latin1").trimEnd(),
      `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`,
    );
    assert.deepEqual(new Uint8Array(bytes.subarray(begin)), new Uint8Array(data));
    if (note) assert.match(written.note ?? "", note);
    else assert.equal(written.note, undefined);
  });

test("a file that cannot be written is a coded error", async () => {
  const graph = constantGraph("u8", [1], { bytes: new Uint8Array(1) });
  await assert.rejects(writeArray(graph, 0, path.join(folder, "missing", "x.npy"), quiet), /cannot write/);
});
