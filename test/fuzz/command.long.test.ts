/**
 * Random graphs through the command, as files: every instruction set and number of threads gives what ONNX Runtime gives. FUZZ_COMMANDS sets
 * how many graphs (default 12), FUZZ_SEED which.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { localMachine, writeTensorFile } from "#core/io";
import { encode } from "../../compiler-core/graph/ndarray.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { fusionscope, noCompiler } from "../cli/command-line.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { inputsOf, modelOf, reproducer, type FuzzCase } from "./case.ts";
import { generate, generateWithHoles } from "./generate.ts";
import { runOrt } from "./judge.ts";
import { targets } from "./native.ts";

const graphs = Number(process.env["FUZZ_COMMANDS"] ?? 12);
const seed = process.env["FUZZ_SEED"] ?? "command";
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-fuzz-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
const runtime = await loadRuntime();
const here = targets.filter((t) => t.needs.every((f) => localMachine().features.includes(f as never))).map((t) => t.isa);

/** The model and its data in the layout of ONNX tests; undefined when ONNX Runtime refuses it. */
async function written(one: FuzzCase, name: string): Promise<{ readonly model: string; readonly data: string } | undefined> {
  if (typeof runtime === "string" || one.alone === true) return undefined;
  const outputs = await runOrt(runtime, one).catch(() => undefined);
  if (outputs === undefined) return undefined;
  const [model, data] = [path.join(scratch, `${name}.onnx`), path.join(scratch, name)];
  fs.mkdirSync(data);
  fs.writeFileSync(model, encodeModel(modelOf(one), { store: memoryStore() }));
  const store = (kind: string, i: number, of: string, nd: Parameters<typeof encode>[0]): void =>
    writeTensorFile(path.join(data, `${kind}_${i}.pb`), { name: of, dtype: nd.dtype, dims: nd.shape, bytes: encode(nd) });
  [...inputsOf(one)].forEach(([of, nd], i) => store("input", i, of, nd));
  outputs.forEach((nd, i) => store("output", i, one.outputs[i]!.name, nd));
  return { model, data };
}

for (let i = 0; i < graphs; i++) {
  const one = i % 4 === 3 ? generateWithHoles(`${seed}:holes:${i}`) : generate(`${seed}:${i}`);
  test(`${one.seed} through the command`, { skip: typeof runtime === "string" ? runtime : noCompiler }, async (t) => {
    const files = await written(one, `${i}`);
    if (files === undefined) return t.skip("ONNX Runtime refuses it, or has another answer");
    const dims = Object.entries(one.dims ?? {}).flatMap(([name, extent]) => ["--dim", `${name}=${extent}`]);
    for (const isa of here) {
      for (const threads of [1, 3, 7].filter((n) => n === 1 || isa === here[0])) {
        const words = ["run", files.model, "--data", files.data, "--isa", isa, "--threads", `${threads}`, ...dims];
        const { code, stdout, stderr } = await fusionscope(words);
        assert.equal(code, 0, `--isa ${isa} --threads ${threads}: ${stdout}${stderr}\n${reproducer(one)}`);
      }
    }
  });
}
