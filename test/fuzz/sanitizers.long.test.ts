/**
 * Generated code under the address and undefined-behaviour sanitizers: random graphs, and the ONNX project's operator cases. Every buffer has
 * exactly the size that was asked for. FUZZ_SANITIZED sets how many units of 25 of each, for each instruction set of this machine (default 4).
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { IsaName } from "#core";
import { compileFlags, findToolchain, localMachine, packageRoot, readTensorFolder } from "#core/io";
import { decode, evaluable, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { PlannedWeight } from "../../compiler-core/codegen/plan.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import { hasCompiler, runBatch, type BatchItem } from "../codegen/native-batch.ts";
import { caseNames, compileCase, type Compiled } from "../onnx-node/native-case.ts";
import { reproducer } from "./case.ts";
import { generate } from "./generate.ts";
import { judgeNative, targets } from "./native.ts";

/** Without optimisation the checks are the same, and the compiler takes a fraction of the time. */
const sanitizers = ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const units = Number(process.env["FUZZ_SANITIZED"] ?? 4);
const perUnit = 25;
const skip = hasCompiler("g++") ? false : "no g++";
const here = targets.filter((t) => t.needs.every((f) => localMachine().features.includes(f as never)));

for (const { isa, flags } of here) {
  for (let unit = 0; unit < units; unit++) {
    test(`${perUnit} random graphs, ${isa}, unit ${unit}`, { skip }, () => {
      const cases = Array.from({ length: perUnit }, (_, i) => generate(`sanitized ${isa}:${unit}:${i}`));
      const { ran, problems } = judgeNative(cases, isa, [...flags, ...sanitizers], packageRoot());
      assert.deepEqual(
        problems.map((p) => `${p.problem}\n${reproducer(p.one)}`),
        [],
      );
      assert.ok(ran > perUnit / 2, `only ${ran} of ${perUnit} are compiled`);
    });
  }
}

const bytesOfWeight = ({ range, inline, bytes }: PlannedWeight): Uint8Array => {
  if (range === undefined) return inline!();
  const file = fs.openSync(range.file, "r");
  try {
    const data = new Uint8Array(bytes);
    fs.readSync(file, data, 0, bytes, range.offset);
    return data;
  } finally {
    fs.closeSync(file);
  }
};

/** The case with its stored inputs; undefined when it needs ONNX Runtime or an input is not there. */
function itemOf({ root, name, model, plan, text }: Compiled): BatchItem | undefined {
  const stored = readTensorFolder(path.join(root, name, "test_data_set_0"), "input");
  const byName = new Map(model.file.model.graph.inputs.map((input, i) => [input.name, stored[i]]));
  const inputs = plan.inputs.flatMap((p) => {
    const given = byName.get(p.name);
    return given !== undefined && evaluable(given.dtype as DType) ? [decode(p.dtype, p.shape, given.bytes)] : [];
  });
  if (plan.holes.length > 0 || inputs.length < plan.inputs.length) return undefined;
  const weights = plan.weights.map((w): NdArray => ({ dtype: "u8", shape: [w.bytes], data: bytesOfWeight(w) }));
  return { source: { text, plan, lines: [] }, inputs, weights, threads: plan.threads };
}

const collection = path.join(packageRoot(), "../shared/onnx-backend/node");
const root = fs.existsSync(collection) ? collection : path.join(packageRoot(), "test/data/onnx-node");
/** The instruction set of a program, without what is said about speed. */
const isaFlags = async (isa: IsaName): Promise<readonly string[]> =>
  compileFlags(isa, await findToolchain()).filter((f) => f.startsWith("-m"));

test("the ONNX operator cases", { skip }, async (t) => {
  const names = caseNames(root);
  const wanted = units * perUnit;
  // Evenly from the whole list: neighbours are alike.
  const chosen = names.filter((_, i) => Math.floor((i * wanted) / names.length) !== Math.floor(((i - 1) * wanted) / names.length));
  const items: { readonly name: string; readonly item: BatchItem }[] = [];
  for (const name of chosen) {
    const compiled = compileCase(root, name);
    if (typeof compiled === "string") continue;
    const item = itemOf(compiled);
    compiled.model.close();
    if (item !== undefined) items.push({ name, item });
  }
  assert.ok(items.length > chosen.length / 3, `only ${items.length} of ${chosen.length} cases are compiled`);
  const flags = await isaFlags(items[0]!.item.source.plan.isa);
  for (let from = 0; from < items.length; from += perUnit) {
    const part = items.slice(from, from + perUnit);
    await t.test(`${part[0]!.name} and ${part.length - 1} more`, () => {
      const results = runBatch(
        part.map((p) => p.item),
        "g++",
        [...flags, ...sanitizers],
        packageRoot(),
      );
      assert.equal(results.length, part.length);
    });
  }
});
