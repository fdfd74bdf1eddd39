/** `compile -o`: what it leaves builds with a C compiler or CMake alone, and gives what `run` gives. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { compilationSummary, defaultOptions, widestIsa } from "#core";
import { compileModel, exportModel, localMachine, NativeHost, openSessionModel, randomSource } from "#core/io";
import { encode, fromValues } from "../../compiler-core/graph/ndarray.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { exampleModel, fusionscope, jsonOf, noCompiler } from "./command-line.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-export-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => path.join(scratch, ...names);
const run = promisify(execFile);

const lacks = (program: string): string | false => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return `${program} is not installed`;
  }
};
const noCc = noCompiler === false ? lacks("cc") : noCompiler;

/** What a program prints and how it ends. */
const result = (program: string, words: readonly string[], cwd: string): Promise<{ code: number; text: string }> =>
  run(program, [...words], { cwd }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    (e: { code: number; stdout: string; stderr: string }) => ({ code: e.code, text: e.stdout + e.stderr }),
  );

const evil = 'x"; */ int main() {} /* \\';

/** Weights that are packed and such that are read as they are, several element types, a scalar, and a name that nobody should believe. */
function network() {
  const m = modelBuilder();
  const random = randomSource(3);
  const values = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random() - 1);
  m.input(evil, "f32", [9, 40]);
  m.input("rows", "i64", [4]);
  m.initializer("w", "f32", [40, 70], values(2800));
  m.initializer("table", "f32", [5, 7], values(35));
  m.node("MatMul", [evil, "w"], "h");
  m.node("Softmax", ["h"], "s", { attributes: { axis: -1 } });
  m.node("ArgMax", ["h"], "best", { attributes: { axis: 1, keepdims: 0 } });
  m.node("Gather", ["table", "rows"], "picked", { attributes: { axis: 0 } });
  m.node("ReduceMax", ["picked"], "most", { attributes: { keepdims: 0 } });
  m.node("Greater", ["h", "most"], "over");
  m.output("s", "f32", [9, 70]);
  m.output("best", "i64", [9]);
  m.output("most", "f32", []);
  m.output("over", "bool", [9, 70]);
  return m.build();
}

test("a plain C compiler builds the program, which gives the bytes that `run` gives", { skip: noCc }, async () => {
  const file = at("net.onnx");
  fs.writeFileSync(file, encodeModel(network()));
  const model = openSessionModel(file);
  const isa = widestIsa(localMachine()) === "scalar" ? "scalar" : "avx2";
  const compilation = compileModel(model, { ...defaultOptions, threads: 2, isa }, localMachine());
  assert.equal(compilation.error, undefined);
  const source = compilation.source!;
  const folder = at("net");
  const written = await exportModel(source, compilationSummary(compilation), folder);
  assert.deepEqual(fs.readdirSync(folder).sort(), [...written.files].sort());
  const header = fs.readFileSync(path.join(folder, "model.h"), "utf8");
  assert.match(header, /^ \* {3}input 1: rows i64 \[4\], 32 bytes$/m);
  assert.match(header, /^ \* {3}output 2: most f32 \[\], 4 bytes$/m);

  await run(
    "cc",
    ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "main.c", "-L.", "-lmodel", "-lm", "-Wl,-rpath,$ORIGIN", "-o", "model_run"],
    { cwd: folder },
  );
  const random = randomSource(9);
  const inputs = [fromValues("f32", [9, 40], Array.from({ length: 360 }, random)), fromValues("i64", [4], [0, 4, 2, 2])];
  inputs.forEach((x, i) => fs.writeFileSync(path.join(folder, `in${i}.bin`), encode(x)));
  const host = await NativeHost.start();
  try {
    const loaded = await host.load({ sharedObject: path.join(folder, "libmodel.so"), plan: source.plan });
    const expected = await host.run(loaded, host.inputFiles([evil, "rows"], inputs));
    for (const threads of [1, 2, 3, 7]) {
      const { code, text } = await result("./model_run", ["-t", String(threads), "-n", "3", "-o", "out", "in0.bin", "in1.bin"], folder);
      assert.equal(code, 0, text);
      assert.match(text, /output 1: best i64 \[9\] from /);
      assert.match(text, new RegExp(`${threads} threads: median [\\d.]+ us`));
      expected.forEach((y, i) =>
        assert.deepEqual(new Uint8Array(fs.readFileSync(path.join(folder, `out${i}.bin`))), new Uint8Array(encode(y)), `output ${i}`),
      );
    }
  } finally {
    await host.close();
    model.close();
  }
  await refusals(folder);
});

/** Weights that are not its own, and inputs that do not fit, are told in words. */
async function refusals(folder: string): Promise<void> {
  const weights = fs.readFileSync(path.join(folder, "weights.bin"));
  const bad: Readonly<Record<string, Uint8Array>> = {
    "cut.bin": weights.subarray(0, weights.length - 64),
    "other.bin": Buffer.concat([Buffer.from("fusionscope 0000"), weights.subarray(16)]),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    fs.writeFileSync(path.join(folder, name), bytes);
    const { code, text } = await result("./model_run", ["-w", name], folder);
    assert.deepEqual([code, /does not belong to this library, or it is cut off: /.test(text)], [1, true], text);
  }
  assert.match((await result("./model_run", ["-w", "nowhere.bin"], folder)).text, /cannot be read: nowhere\.bin/);
  assert.match((await result("./model_run", ["-t", "300"], folder)).text, /the threads cannot be started/);
  assert.match((await result("./model_run", ["in1.bin", "in0.bin"], folder)).text, /not the size of its tensor: in1\.bin/);
  assert.match((await result("./model_run", ["in0.bin"], folder)).text, /as many files as the model has inputs/);
}

test("CMake builds what the command leaves", { skip: noCompiler === false ? lacks("cmake") : noCompiler }, async () => {
  const folder = at("example");
  const finished = await fusionscope(["compile", exampleModel, "-o", folder, "--json"]);
  assert.equal(finished.code, 0, finished.stderr);
  const { files, weightBytes } = jsonOf(finished)["exported"] as { files: string[]; weightBytes: number };
  assert.deepEqual(fs.readdirSync(folder).sort(), [...files].sort());
  assert.equal(fs.statSync(path.join(folder, "weights.bin")).size, weightBytes);
  // Where it was made is of no importance.
  const moved = at("moved");
  fs.renameSync(folder, moved);
  await run("cmake", ["-S", ".", "-B", "build"], { cwd: moved });
  await run("cmake", ["--build", "build"], { cwd: moved });
  const { code, text } = await result("build/model_run", ["-n", "2", "-s", "5"], moved);
  assert.equal(code, 0, text);
  assert.match(text, /^input 0: x f32 \[.*\] from -/m);
  assert.match(text, /^output 0: y f32 /m);
  assert.doesNotMatch(text, /nan/);
});
