import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { UserError } from "../messages.ts";
import { encodeElements } from "../onnx/tensor-values.ts";
import { readNpyFile, readTensorFile, readTensorFolder, writeTensorFile } from "./tensor-file.ts";

let folder = "";
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-tensors-"));
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test("tensors are written and read back", () => {
  const bytes = encodeElements("f32", [1, -0, NaN, Infinity, 1e-45, 3]);
  const file = path.join(folder, "t.pb");
  writeTensorFile(file, { name: "x", dtype: "f32", dims: [2, 3], bytes });
  assert.deepEqual(readTensorFile(file), { name: "x", dtype: "f32", dims: [2, 3], bytes });
  const strings = ["a", "größe", ""];
  writeTensorFile(file, { name: "s", dtype: "string", dims: [3], bytes: new Uint8Array(0), strings });
  assert.deepEqual(readTensorFile(file).strings, strings);
});

test("a folder gives its tensors in order, ten after nine, gaps as undefined", () => {
  for (const i of [0, 1, 3, 10]) {
    writeTensorFile(path.join(folder, `input_${i}.pb`), { name: `in${i}`, dtype: "u8", dims: [1], bytes: Uint8Array.of(i) });
  }
  const names = readTensorFolder(folder, "input").map((tensor) => tensor?.name);
  assert.deepEqual(names.slice(0, 4), ["in0", "in1", undefined, "in3"]);
  assert.equal(names[10], "in10");
  assert.deepEqual(readTensorFolder(folder, "output"), []);
  assert.throws(() => readTensorFolder(path.join(folder, "none"), "input"), UserError);
});

test("a sequence is refused as what it is", () => {
  const file = path.join(folder, "seq.pb");
  // SequenceProto: name "s", element type tensor, one tensor.
  fs.writeFileSync(file, Uint8Array.from([0x0a, 1, 0x73, 0x10, 1, 0x1a, 4, 0x08, 0, 0x10, 1]));
  assert.throws(
    () => readTensorFile(file),
    (error: unknown) => error instanceof UserError && error.code === "onnx-dtype" && error.message.includes("sequence"),
  );
});

function npy(header: string, data: Uint8Array, version = 1): string {
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) size.writeUInt16LE(header.length);
  else size.writeUInt32LE(header.length);
  const file = path.join(folder, "t.npy");
  fs.writeFileSync(
    file,
    Buffer.concat([Buffer.from([0x93]), Buffer.from("NUMPY"), Buffer.from([version, 0]), size, Buffer.from(header), data]),
  );
  return file;
}

test(".npy arrays", () => {
  const bytes = encodeElements("i64", [1, -2, 3]);
  const file = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n", bytes);
  assert.deepEqual(readNpyFile(file), { dtype: "i64", dims: [3], bytes });
  const scalar = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", encodeElements("f32", [2.5]), 2);
  assert.deepEqual(readNpyFile(scalar).dims, []);
});

test("damaged .npy files have a code", () => {
  const header = (descr: string, shape: string, order = "False"): string =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const cases = [
    npyCase("<f4", "(3,)", 4),
    npyCase("<f4", "(99999999999999999999,)", 4),
    npyCase(">f4", "(1,)", 4),
    npyCase("|O", "(1,)", 8),
    npyCase("<f4", "(1, 1)", 4, "True"),
  ];
  function npyCase(descr: string, shape: string, bytes: number, order?: string): () => void {
    return () => void readNpyFile(npy(header(descr, shape, order), new Uint8Array(bytes)));
  }
  for (const action of cases) {
    assert.throws(action, (error: unknown) => error instanceof UserError && error.code === "npy-format");
  }
});
