/**
 * `npm run tune-gains [-- --threads N --budget S --only TEXT]`: what the tuner wins over the parameters that the cost model chooses, on ten products.
 * Each is x w + b with a relu, tuned within S seconds (default 18) and held against the model's choice in turns. Prints a table in Markdown, and
 * writes everything to test-results/tune-gains.json.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { defaultOptions } from "#core";
import { compileModel, localMachine, openSessionModel, tuneModel } from "#core/io";
import type { TuneResult } from "#protocol";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";

/** Rows, columns, depth, and where such a product occurs. */
const products = [
  [16, 256, 512, "a policy network, a small batch"],
  [1, 1024, 1024, "one row"],
  [100, 100, 100, "no extent is a multiple of a tile"],
  [128, 512, 256, "a layer of an MLP"],
  [33, 1000, 2048, "a classifier's last layer"],
  [512, 512, 512, "a square; rows collide in the cache"],
  [128, 768, 768, "BERT-base, projections"],
  [128, 3072, 768, "BERT-base, feed-forward"],
  [128, 768, 3072, "BERT-base, feed-forward back"],
  [3136, 64, 147, "tall and narrow"],
] as const;

function modelOf(m: number, n: number, k: number): Uint8Array {
  let state = 1;
  const values = (count: number): Float32Array =>
    new Float32Array(count).map(() => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >> 8) / 2 ** 23;
    });
  const b = modelBuilder();
  b.input("x", "f32", [m, k]);
  b.initializer("w", "f32", [k, n], values(k * n));
  b.initializer("b", "f32", [n], values(n));
  b.node("MatMul", ["x", "w"], "h");
  b.node("Add", ["h", "b"], "s");
  b.node("Relu", ["s"], "y");
  b.output("y", "f32", [m, n]);
  return encodeModel(b.build());
}

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

const threads = Number(option("threads") ?? 1);
const budgetSeconds = Number(option("budget") ?? 18);
const only = option("only") ?? "";

async function tune(m: number, n: number, k: number, folder: string): Promise<TuneResult> {
  const file = path.join(folder, `product-${m}x${n}x${k}.onnx`);
  fs.writeFileSync(file, modelOf(m, n, k));
  const model = openSessionModel(file);
  try {
    const machine = localMachine();
    const options = { ...defaultOptions, threads };
    const compilation = compileModel(model, options, machine);
    return await tuneModel(model, compilation, options, machine, { budgetSeconds, points: 200, seed: 1, keep: false });
  } finally {
    model.close();
  }
}

const interval = (r: { readonly median: number; readonly ci95: readonly [number, number] } | undefined): string =>
  r === undefined ? "-" : `${r.median.toFixed(3)} (${r.ci95.map((x) => x.toFixed(3)).join(" to ")})`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-tune-"));
const rows: { readonly product: string; readonly why: string; readonly result: TuneResult }[] = [];
const begun = performance.now();
console.log(`ten products, ${threads} thread${threads === 1 ? "" : "s"}, ${budgetSeconds} s each\n`);
console.log(
  "| m x n x k | chosen by the model | gain of the best, 95 % interval | control | taken | points | rank correlation | best parameters |",
);
console.log("|---|---:|---|---|---|---:|---:|---|");
try {
  for (const [m, n, k, why] of products) {
    const product = `${m} x ${n} x ${k}`;
    if (!`${product} ${why}`.includes(only)) continue;
    const result = await tune(m, n, k, folder);
    const [p] = result.problems;
    const rate = p?.final == null ? NaN : p.flops / (p.final.before.medianMs * 1e6);
    const cells = [
      product,
      Number.isFinite(rate) ? `${rate.toFixed(1)} GF/s` : "-",
      interval(p?.final?.ratio),
      interval(p?.final?.control),
      p?.final == null ? (p?.why ?? "-") : p.final.taken ? "yes" : "no",
      String(p?.points ?? 0),
      p?.rankCorrelation?.toFixed(2) ?? "-",
      p?.best[0]?.text ?? "-",
    ];
    console.log(`| ${cells.join(" | ")} |`);
    rows.push({ product, why, result });
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
const gains = rows.map(({ result }) => (result.problems[0]?.final?.taken === true ? result.problems[0].final.ratio.median : 1));
const mean = Math.exp(gains.reduce((sum, g) => sum + Math.log(g), 0) / Math.max(1, gains.length));
console.log(
  `\ngeometric mean of what was taken (1 where nothing was): ${mean.toFixed(3)}; ${((performance.now() - begun) / 1000).toFixed(0)} s`,
);
fs.mkdirSync("test-results", { recursive: true });
fs.writeFileSync("test-results/tune-gains.json", JSON.stringify({ threads, budgetSeconds, rows }, undefined, 1) + "\n");
