/** A model built as several translation units: the same results as built in one piece, and assembly that names the same lines. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions } from "#core";
import { buildCode, buildModule, compileModel, findToolchain, localMachine, NativeHost, openSessionModel, randomSource } from "#core/io";
import { readableAssembly } from "../../compiler-core/codegen/assembly.ts";
import { partsOf, usefulParts } from "../../compiler-core/codegen/parts.ts";
import { encode, fromValues } from "../../compiler-core/graph/ndarray.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-parts-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const random = randomSource(7);
const values = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random() - 1);

/** Products, a softmax and movement: regions of several kinds, and constants that are packed first. */
function network() {
  const m = modelBuilder();
  m.input("x", "f32", [9, 40]);
  m.initializer("w", "f32", [40, 70], values(2800));
  m.initializer("v", "f32", [9, 33], values(297));
  m.node("MatMul", ["x", "w"], "h");
  m.node("Relu", ["h"], "r");
  m.node("Softmax", ["r"], "s", { attributes: { axis: -1 } });
  m.node("Transpose", ["s"], "t", { attributes: { perm: [1, 0] } });
  m.node("MatMul", ["t", "v"], "z");
  m.node("ReduceMax", ["z"], "y", { attributes: { keepdims: 0 } });
  m.output("z", "f32", [70, 33]);
  m.output("y", "f32", []);
  return m.build();
}

test("parts together give what the whole gives", { skip: noCompiler }, async () => {
  const file = path.join(scratch, "net.onnx");
  fs.writeFileSync(file, encodeModel(network()));
  const model = openSessionModel(file);
  const { source, error } = compileModel(model, { ...defaultOptions, threads: 2 }, localMachine());
  assert.equal(error, undefined);
  const { text, plan } = source!;
  const x = fromValues("f32", [9, 40], [...values(360)]);
  const host = await NativeHost.start({ timeoutSeconds: 30 });
  const of = async (parts: number) => {
    const built = await buildModule({ sources: [{ name: "model.cpp", text }], isa: plan.isa, assembly: true, parts, fresh: true });
    assert.equal(fs.readFileSync(built.sources[0]!, "utf8"), text);
    const loaded = await host.load({ sharedObject: built.so, plan }, "net");
    const results = await host.run(loaded, host.inputFiles(["x"], [x]));
    await host.unload(loaded);
    const assembly = readableAssembly(fs.readFileSync(built.assembly[0]!, "utf8"), "model.cpp");
    return {
      bytes: results.map((r) => [...encode(r)]),
      lines: new Set(assembly.source),
      files: fs.readdirSync(path.dirname(built.so)).sort(),
    };
  };
  try {
    const [whole, divided] = [await of(1), await of(2)];
    assert.deepEqual(divided.bytes, whole.bytes);
    assert.deepEqual(divided.files, whole.files);
    // A compiler may keep or lose a line when it sees less at once, but no function.
    const firstLines = text.split("\n").flatMap((line, i) => (line.startsWith("FS_REGION_FUNCTION ") ? [i + 1] : []));
    assert.ok(firstLines.length >= 3);
    for (const line of firstLines) assert.equal(divided.lines.has(line), whole.lines.has(line), `line ${line}`);
    const known = [...whole.lines].filter((line) => divided.lines.has(line));
    assert.ok(known.length > 0.8 * whole.lines.size, `${known.length} of ${whole.lines.size} lines`);
    for (const line of divided.lines) assert.ok(line <= text.split("\n").length);
  } finally {
    await host.close();
    model.close();
  }
});

test("kernels are compiled once for all builds, and give what the whole gives", { skip: noCompiler }, async (t) => {
  const cache = path.join(scratch, "cache");
  const before = process.env["FUSIONSCOPE_CACHE"];
  process.env["FUSIONSCOPE_CACHE"] = cache;
  t.after(() => (before === undefined ? delete process.env["FUSIONSCOPE_CACHE"] : (process.env["FUSIONSCOPE_CACHE"] = before)));
  const file = path.join(scratch, "once.onnx");
  fs.writeFileSync(file, encodeModel(network()));
  const model = openSessionModel(file);
  const { source } = compileModel(model, { ...defaultOptions, threads: 2 }, localMachine());
  const x = fromValues("f32", [9, 40], [...values(360)]);
  const builds = path.join(cache, "builds");
  const kernels = (): string[] => fs.readdirSync(builds).filter((e) => fs.existsSync(path.join(builds, e, "kernel.s")));
  const host = await NativeHost.start({ timeoutSeconds: 30 });
  // What stands at the end changes the file, and no kernel. Another first line moves all of them.
  const of = async (head: string, tail: string) => {
    const functions = source!.functions!.map((f) => ({ ...f, line: f.line + head.length }));
    const built = await buildCode({ ...source!, text: head + source!.text + tail, functions });
    const loaded = await host.load(built, "net");
    const results = await host.run(loaded, host.inputFiles(["x"], [x]));
    await host.unload(loaded);
    return { bytes: results.map((r) => [...encode(r)]), lines: new Set(readableAssembly(built.assembly, "model.cpp").source) };
  };
  try {
    const whole = await of("", "");
    assert.equal(kernels().length, 0, "one build alone does not read all headers for each kernel");
    const apart = await of("", "// 1\n");
    const made = kernels();
    assert.ok(made.length >= 2 || source!.plan.isa === "scalar", `${made.length} kernels`);
    const moved = await of("\n", "// 2\n");
    assert.deepEqual(kernels(), made);
    assert.deepEqual([apart.bytes, moved.bytes], [whole.bytes, whole.bytes]);
    const common = [...apart.lines].filter((line) => whole.lines.has(line));
    assert.ok(common.length > 0.8 * whole.lines.size, `${common.length} of ${whole.lines.size} lines`);
    assert.deepEqual(new Set([...moved.lines].map((line) => Math.max(0, line - 1))), apart.lines);
  } finally {
    await host.close();
    model.close();
  }
});

test("every part has the lines of the whole, and each function is in one", () => {
  const body = (name: string): string[] => [`FS_REGION_FUNCTION void ${name}(int n) {`, "  fs::gemm_f32(n);", "}", ""];
  const names = Array.from({ length: 6 }, (_, i) => `f${i}`);
  const lines = ["#include <a>", "namespace {", "int x;", "}  // namespace", ...names.flatMap(body), "FS_EXPORT void fs_run() {", "}", ""];
  const text = lines.join("\n");
  const parts = partsOf(text, "m.cpp", 2).map((p) => p.split("\n"));
  assert.equal(parts.length, 2);
  for (const part of parts) {
    assert.equal(part[0], '#line 1 "m.cpp"');
    assert.equal(part.length, lines.length + 1);
    part.slice(1).forEach((line, i) => assert.ok(line === lines[i] || line === "" || `${line.slice(0, -1)} {` === lines[i], line));
  }
  for (const name of names) assert.equal(parts.filter((p) => p.includes(`FS_REGION_FUNCTION void ${name}(int n) {`)).length, 1, name);
  assert.deepEqual(
    parts.map((p) => p.includes("int x;")),
    [true, false],
  );
  assert.deepEqual([partsOf(text, "m.cpp", 1), partsOf(text, "m.cpp", 7)], [[text], [text]]);
  assert.equal(usefulParts(text, 8), 1);
});
