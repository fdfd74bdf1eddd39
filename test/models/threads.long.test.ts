/**
 * Compiled models under the thread sanitizer: scheduled for one, two and seven threads, run by teams of up to 32 on whatever CPUs there are. Every
 * team gives the same bytes.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, widestIsa, type IsaName, type MachineProfile } from "#core";
import {
  compile,
  compileFlags,
  compileModel,
  exportHeader,
  exportLibrary,
  exportWeights,
  findToolchain,
  localMachine,
  openSessionModel,
  packageRoot,
} from "#core/io";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { runProgram } from "../kernels/native-program.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { dlrm } from "../workloads/recommenders.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-threads-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const teams = [1, 2, 3, 7, 16, 32];
const here = path.join(packageRoot(), "test/models");
const models: Readonly<Record<string, () => OnnxModel | string>> = {
  mlp: () => mlp("mlp1", 32),
  "int8 mlp": () => mlpInt8("mlp1", 32),
  encoder: () => encoder("narrow", { ...bertBase, layers: 1, hidden: 96, inner: 192, vocabulary: 100 }),
  "many small nests": () => dlrm(32),
  convolutions: () => path.join(here, "keras-tract.onnx"),
  "integers of a quantised model": () => path.join(here, "mnist-mlp-dynamic-int8.onnx"),
};

/** Threads meet at almost no cost, so that even small nests are shared out. */
const machine: MachineProfile = {
  ...localMachine(),
  peaks: { ...localMachine().peaks, ghz: 3 },
  teamCosts: [{ threads: 64, barrierNs: 10, launchNs: 10 }],
};

/** A program of the whole model, sanitizer included. Its line information is of no interest: -O1 is what builds fast. */
async function buildProgram(name: string, given: OnnxModel | string, threads: number, isa: IsaName): Promise<string> {
  const toolchain = await findToolchain();
  const folder = path.join(scratch, `${name}-${threads}`.replace(/ /g, "-"));
  const at = (file: string): string => path.join(folder, file);
  fs.mkdirSync(folder);
  if (typeof given !== "string") fs.writeFileSync(at("model.onnx"), encodeModel(given));
  const model = openSessionModel(typeof given === "string" ? given : at("model.onnx"));
  try {
    const { source, error } = compileModel(model, { ...defaultOptions, threads, isa }, machine);
    assert.equal(error, undefined);
    assert.deepEqual(source!.plan.holes, []);
    const native = path.join(packageRoot(), "native");
    fs.writeFileSync(at("model.cpp"), source!.text);
    fs.writeFileSync(at("library.cpp"), exportLibrary(source!.plan, exportWeights(source!.plan.weights, at("weights.bin"))));
    fs.writeFileSync(at("model.h"), exportHeader(fs.readFileSync(path.join(native, "export/model.h"), "utf8"), source!.plan));
    const flags = [...compileFlags(isa, toolchain), "-O1", "-fsanitize=thread", `-I${native}`];
    for (const file of ["model", "library"]) await compile(toolchain, [...flags, "-c", at(`${file}.cpp`), "-o", at(`${file}.o`)]);
    const c = [
      "-x",
      "c",
      "-std=gnu11",
      "-O1",
      "-fsanitize=thread",
      `-I${folder}`,
      "-c",
      path.join(native, "export/main.c"),
      "-o",
      at("main.o"),
    ];
    await compile(toolchain, c);
    await compile(toolchain, ["-fsanitize=thread", ...["main.o", "model.o", "library.o"].map(at), "-pthread", "-lm", "-o", at("program")]);
    return folder;
  } finally {
    model.close();
  }
}

const isa: IsaName = widestIsa(localMachine()) === "scalar" ? "scalar" : "avx2";
for (const [name, make] of Object.entries(models))
  for (const scheduled of [1, 2, 7])
    test(`${name}, scheduled for ${scheduled}`, { skip: noCompiler }, async () => {
      const folder = await buildProgram(name, make(), scheduled, isa);
      const results: Record<string, Uint8Array> = {};
      for (const team of teams) {
        const words = ["-w", `${folder}/weights.bin`, "-t", String(team), "-n", "2", "-o", `${folder}/out${team}-`];
        const { code, output } = await runProgram(path.join(folder, "program"), words, 300_000);
        assert.equal(code, 0, `${team} threads: ${output.slice(0, 3000)}`);
        assert.doesNotMatch(output, /ThreadSanitizer/);
        for (const file of fs.readdirSync(folder).filter((f) => f.startsWith(`out${team}-`))) {
          const which = file.slice(`out${team}-`.length);
          const bytes = new Uint8Array(fs.readFileSync(path.join(folder, file)));
          assert.ok(bytes.some((b) => b !== 0));
          results[which] ??= bytes;
          assert.deepEqual(bytes, results[which], `output ${which} of ${team} threads`);
        }
      }
      assert.ok(Object.keys(results).length > 0);
    });
