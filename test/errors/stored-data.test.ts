/** Stored test data that does not fit a model: `input-mismatch`, each time naming the input and what is wrong. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { writeTensorFile, type NamedTensor } from "#core/io";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { fusionscope, noCompiler } from "../cli/command-line.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-stored-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

function sumModel(): string {
  const b = modelBuilder();
  b.input("x", "f32", [2, 3]);
  b.node("Relu", ["x"], "y");
  b.output("y", "f32", [2, 3]);
  const file = path.join(scratch, "relu.onnx");
  fs.writeFileSync(file, encodeModel(b.build()));
  return file;
}
const model = sumModel();

const f32 = (dims: readonly number[]): NamedTensor => ({
  name: "x",
  dtype: "f32",
  dims,
  bytes: new Uint8Array(4 * dims.reduce((a, d) => a * d, 1)),
});
const cases: readonly (readonly [string, NamedTensor, RegExp])[] = [
  ["another shape", f32([3, 2]), /input x: the file holds 3x2, the model wants 2x3/],
  [
    "another type",
    { name: "x", dtype: "i32", dims: [2, 3], bytes: new Uint8Array(24) },
    /input x: the file holds i32, the model wants f32/,
  ],
];

for (const [name, tensor, expected] of cases) {
  test(`input-mismatch: ${name}`, { skip: noCompiler }, async () => {
    const folder = fs.mkdtempSync(path.join(scratch, "data-"));
    writeTensorFile(path.join(folder, "input_0.pb"), tensor);
    writeTensorFile(path.join(folder, "output_0.pb"), f32([2, 3]));
    const done = await fusionscope(["run", model, "--data", folder]);
    assert.equal(done.code, 3);
    assert.match(done.stderr, /^error\[input-mismatch\]: /);
    assert.match(done.stderr, expected);
  });
}
