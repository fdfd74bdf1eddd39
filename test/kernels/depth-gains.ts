/**
 * `npm run depth-gains [-- --threads N --seconds S --only TEXT]`: what dividing the depth of a product among threads wins over rows and columns alone.
 * Each product is built both ways and timed in turns. Prints a table in Markdown; numbers from a busy machine mean nothing.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { defaultOptions } from "#core";
import { compileModel, localMachine, openSessionModel, tunableProblems } from "#core/io";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { Budget } from "../../compiler-core/io/session/tune-budget.ts";
import { finalRun } from "../../compiler-core/io/session/tune-final.ts";
import { rankGemm } from "../../compiler-core/passes/2-lower/gemm-cost.ts";

/** Few rows and columns, a long depth. */
const products = [
  [16, 64, 4096],
  [8, 32, 8192],
  [8, 32, 16384],
  [14, 32, 8192],
  [28, 96, 8192],
  [64, 64, 4096],
] as const;

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const threads = Number(option("threads") ?? 2);
const seconds = Number(option("seconds") ?? 3);
const only = option("only") ?? "";

function modelOf(m: number, n: number, k: number): Uint8Array {
  const b = modelBuilder();
  b.input("x", "f32", [m, k]);
  b.initializer(
    "w",
    "f32",
    [k, n],
    Float32Array.from({ length: k * n }, (_, i) => Math.sin(i)),
  );
  b.node("MatMul", ["x", "w"], "h");
  b.node("Relu", ["h"], "y");
  b.output("y", "f32", [m, n]);
  return encodeModel(b.build());
}

const us = (ms: number): string => (1000 * ms).toFixed(1);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-depth-"));
console.log(`${threads} threads\n`);
console.log("| m x n x k | chosen | whole, us | divided, us | whole over divided, 95 % interval | predicted | control |");
console.log("|---|---|---:|---:|---|---:|---|");
try {
  for (const [m, n, k] of products) {
    const name = `${m} x ${n} x ${k}`;
    if (!name.includes(only)) continue;
    const file = path.join(folder, "product.onnx");
    fs.writeFileSync(file, modelOf(m, n, k));
    const model = openSessionModel(file);
    const budget = new Budget(600);
    try {
      const machine = localMachine();
      const options = { ...defaultOptions, threads };
      const compilation = compileModel(model, options, machine);
      const found = tunableProblems(compilation, undefined)[0];
      if (found?.space.of.kind !== "gemm") continue;
      const ranked = rankGemm(machine, found.space.of.problem);
      const [whole, divided] = [false, true].map((parts) => ranked.find((r) => (r.point.parts !== undefined) === parts));
      if (whole === undefined || divided === undefined) continue;
      const subject = { model, compilation, options, machine, key: found.key, group: found.groups[0]?.id ?? 0 };
      const made = await finalRun(subject, { ...whole.point }, [{ ...divided.point }], { seed: 1, budget }, 3 * seconds);
      const chosen = found.space.before["parts"] === undefined ? "whole" : "divided";
      const cells =
        "because" in made
          ? ["-", "-", made.because, "-", "-"]
          : [
              us(made.final.before.medianMs),
              us(made.final.after.medianMs),
              `${made.final.ratio.median.toFixed(3)} (${made.final.ratio.ci95.map((x) => x.toFixed(3)).join(" to ")})`,
              (whole.ns / divided.ns).toFixed(2),
              made.final.control.median.toFixed(3),
            ];
      console.log(`| ${[name, chosen, ...cells].join(" | ")} |`);
    } finally {
      budget.close();
      model.close();
    }
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
