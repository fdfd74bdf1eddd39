/**
 * One file per case: the module before a pass, a line of `=`, the module after it, and the rules that fired. The folder is the pass. Both modules
 * are verified and interpreted on the same data: they must agree. `UPDATE=1` rewrites what stands after the line.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { allocate, count, writeScalar, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { tensorPasses } from "../../compiler-core/passes/3-tensor/index.ts";
import type { TensorPass } from "../../compiler-core/passes/pass.ts";
import type { RuleHit } from "../../compiler-core/protocol/trace.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import type { Buffer, Module } from "../../compiler-core/tensor/ir.ts";
import { parseModule } from "../../compiler-core/tensor/parse.ts";
import { printModule } from "../../compiler-core/tensor/print.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";

const folder = path.join(process.cwd(), "test/tensor-passes");
const line = "================\n";
const machine: MachineProfile = {
  name: "golden",
  cores: 2,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};
const passes = new Map<string, TensorPass>(tensorPasses.map((p) => [p.name, p]));

const isFolder = (name: string): boolean => fs.statSync(path.join(folder, name)).isDirectory();
for (const pass of fs.readdirSync(folder).filter(isFolder)) {
  for (const file of fs.readdirSync(path.join(folder, pass)).filter((f) => f.endsWith(".ir"))) {
    test(`${pass}/${file}`, () => golden(pass, path.join(folder, pass, file)));
  }
}

test("every tensor pass has a golden", () => {
  assert.deepEqual(
    [...passes.keys()].filter((p) => !fs.existsSync(path.join(folder, p))),
    [],
  );
});

function golden(name: string, file: string): void {
  const pass = passes.get(name);
  assert.ok(pass !== undefined, `there is no tensor pass ${name}`);
  const [before = "", after = ""] = fs.readFileSync(file, "utf8").split(line);
  const module = parseModule(before);
  const text = printModule(module);
  assert.deepEqual(verifyModule(module), [], "before");
  const hits: RuleHit[] = [];
  const result = pass.run(module, {
    options: { ...defaultOptions, threads: module.threads },
    machine,
    hit: (h) => hits.push(h),
    verdict: () => {},
  });
  assert.equal(printModule(module), text, "the pass changed its argument");
  assert.deepEqual(verifyModule(result), [], "after");
  if (result === module) assert.equal(hits.length, 0, "rules fired and nothing changed");
  const written =
    printModule(result) +
    hits.map((h) => `// ${h.rule} ${h.before.map((s) => `s${s}`).join(",")} -> ${h.after.map((s) => `s${s}`).join(",")}\n`).join("");
  if (process.env["UPDATE"] === "1") fs.writeFileSync(file, before + line + written);
  else assert.equal(written, after);
  agree(module, result);
  const again = pass.run(result, { options: { ...defaultOptions, threads: module.threads }, machine, hit: () => {}, verdict: () => {} });
  if (name !== "plan-memory") assert.equal(printModule(again), printModule(result), "a second run changes something");
}

function data(module: Module, scope: Buffer["scope"]): NdArray[] {
  return module.buffers
    .filter((b) => b.scope === scope)
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((b) => {
      const array = allocate(b.dtype, b.shape, "native");
      for (let i = 0; i < count(b.shape); i++)
        writeScalar(array, i, b.dtype.startsWith("f") ? Math.fround(Math.sin(i * 1.7 + (b.slot ?? 0))) : (i * 7) % 11);
      return array;
    });
}

function agree(before: Module, after: Module): void {
  const [a, b] = [before, after].map((m) => evalModule(m, { inputs: data(m, "input"), weights: data(m, "weight") }, "native"));
  a!.forEach((want, i) => {
    want.data.forEach((x: number | bigint, j: number) => {
      const y = b![i]!.data[j]!;
      assert.ok(
        Object.is(x, y) || Math.abs(Number(x) - Number(y)) <= 1e-6 * (1 + Math.abs(Number(x))),
        `output ${i}, element ${j}: ${y} instead of ${x}`,
      );
      assert.ok(!Number.isNaN(Number(x)), `output ${i}, element ${j} was never written`);
    });
  });
}
