import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openModel, openStore } from "../../compiler-core/io/model-file.ts";
import { openFileSource } from "../../compiler-core/io/byte-source.ts";
import { UserError } from "../../compiler-core/messages.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { readTensor } from "../../compiler-core/onnx/tensor-data.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

let folder = "";

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-external-"));
  fs.mkdirSync(path.join(folder, "model", "parts"), { recursive: true });
  fs.mkdirSync(path.join(folder, "model2"));
  fs.writeFileSync(path.join(folder, "secret.bin"), "secret!!");
  fs.writeFileSync(path.join(folder, "model2", "secret.bin"), "secret!!");
  fs.writeFileSync(path.join(folder, "model", "good.bin"), "01234567");
  fs.writeFileSync(path.join(folder, "model", "parts", "good.bin"), "abcdefgh");
  fs.writeFileSync(path.join(folder, "model", "...dots.bin"), "ABCDEFGH");
  fs.symlinkSync(path.join(folder, "secret.bin"), path.join(folder, "model", "link.bin"));
  fs.symlinkSync(folder, path.join(folder, "model", "up"));
  fs.symlinkSync("../model2", path.join(folder, "model", "beside"));
  fs.symlinkSync("good.bin", path.join(folder, "model", "inner-link.bin"));
});

after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Reads a tensor of 8 bytes at `location` of a model in `folder/model`: its text, or the code of the error. */
function load(location: string, offset = 0, length?: number): string {
  const model = modelBuilder();
  model.initializer("w", "u8", [8], { source: "external", location, offset, ...(length === undefined ? {} : { length }) });
  const file = path.join(folder, "model", "model.onnx");
  fs.writeFileSync(file, encodeModel(model.build()));
  const { model: read, store } = openModel(file);
  const [tensor] = read.graph.initializers;
  assert.ok(tensor !== undefined);
  try {
    return Buffer.from(readTensor(store, tensor).bytes).toString("latin1");
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /tensor "w"/);
    return error.code;
  } finally {
    store.close();
  }
}

const cases: readonly (readonly [string, string])[] = [
  ["good.bin", "01234567"],
  ["./good.bin", "01234567"],
  ["parts/good.bin", "abcdefgh"],
  ["...dots.bin", "ABCDEFGH"],
  ["inner-link.bin", "01234567"],
  ["", "external-outside"],
  ["../secret.bin", "external-outside"],
  ["parts/../../secret.bin", "external-outside"],
  ["parts/../good.bin", "external-outside"],
  ["..\\secret.bin", "external-outside"],
  ["/etc/passwd", "external-outside"],
  ["\\\\server\\share\\file", "external-outside"],
  ["C:\\secret.bin", "external-outside"],
  ["good.bin\0.txt", "external-outside"],
  ["link.bin", "external-outside"],
  ["up/secret.bin", "external-outside"],
  ["beside/secret.bin", "external-outside"],
  ["nothing.bin", "external-missing"],
  ["parts", "external-missing"],
];

for (const [location, expected] of cases) {
  test(`external data at ${JSON.stringify(location)}: ${expected}`, () => assert.equal(load(location), expected));
}

test("external data that is cut off, or of another size than the shape", () => {
  assert.equal(load("good.bin", 1), "onnx-tensor-size");
  assert.equal(load("good.bin", 2 ** 52), "onnx-tensor-size");
  assert.equal(load("good.bin", 0, 7), "onnx-tensor-size");
  assert.equal(load("good.bin", 0, 8), "01234567");
});

test("a model whose data file is missing still opens", () => {
  const model = modelBuilder();
  model.initializer("w", "u8", [8], { source: "external", location: "nothing.bin", offset: 0 });
  const file = path.join(folder, "lonely.onnx");
  fs.writeFileSync(file, encodeModel(model.build()));
  const opened = openModel(file);
  assert.equal(opened.model.graph.initializers.length, 1);
  opened.store.close();
});

test("what is not a readable file has a code", () => {
  for (const file of [path.join(folder, "none.onnx"), folder, "/dev/null"]) {
    assert.throws(
      () => openStore(file),
      (error: unknown) => error instanceof UserError && error.code === "file-unreadable" && error.exit === 3,
    );
  }
});

test("ranges of a file, near each other and far apart", () => {
  const file = path.join(folder, "ranges.bin");
  const bytes = Buffer.alloc(300_000, 0);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  fs.writeFileSync(file, bytes);
  const source = openFileSource(file);
  assert.equal(source.size, bytes.length);
  const ranges = [
    [0, 10],
    [5, 10],
    [65_530, 20],
    [100, 200_000],
    [299_990, 10],
    [0, 0],
    [300_000, 0],
    [70_000, 65_536],
    [3, 1],
  ] as const;
  for (const [offset, length] of ranges)
    assert.deepEqual(Buffer.from(source.read(offset, length)), bytes.subarray(offset, offset + length));
  source.close();
});
