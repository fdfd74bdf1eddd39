/**
 * Experiment 3: is the yardstick straight? Times a compiled model, the same model in ONNX Runtime and a model of one Identity node in the native
 * runner, in one process and by one clock, and prints
 * - what a call costs when the model does nothing, for both;
 * - the A/A control: a candidate against itself, the 95 % interval of whose ratio must lie inside +-2 %;
 * - whether spinning threads of ONNX Runtime slow our model down when they take turns.
 * Run: see README.md beside this file. `--seconds S` per measurement (default 2).
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { RunnerBenchCandidate, TargetId, TensorFileRef } from "#protocol";
import { detectMachine, findOrtLibrary, medianInterval, pairedRatio, RunnerClient, sortNumbers } from "#core/io";
import { widestIsa } from "#core";
import { buildMatmul, writeIdentity, writeMatmul } from "../../kernels/matmul-case.ts";

const at = process.argv.indexOf("--seconds");
const seconds = at < 0 ? 2 : Number(process.argv[at + 1]);
const size = { m: 128, n: 512, k: 256 };

interface Candidate {
  readonly label: string;
  readonly target: TargetId;
  readonly inputs: readonly TensorFileRef[];
}

const median = (samples: readonly number[]): number => medianInterval(samples).median;
/** One number per round, so that rounds can be paired. */
const perRound = (c: RunnerBenchCandidate): number[] => c.ns.map(median);
const microseconds = (ns: number): string => (ns / 1000).toFixed(2).padStart(9);

function line(label: string, c: RunnerBenchCandidate): string {
  const all = c.ns.flat();
  const sorted = sortNumbers(all);
  return `  ${label.padEnd(44)} min ${microseconds(sorted[0] ?? NaN)} us, median ${microseconds(median(all))} us, ${c.runs} runs in ${c.ns.length} rounds`;
}

function ratioText(
  a: RunnerBenchCandidate,
  b: RunnerBenchCandidate,
): { readonly text: string; readonly low: number; readonly high: number } {
  const { median: mid, ci95 } = pairedRatio(perRound(a), perRound(b));
  return { text: `${mid.toFixed(4)} [${ci95[0].toFixed(4)}, ${ci95[1].toFixed(4)}]`, low: ci95[0], high: ci95[1] };
}

class Yardstick {
  constructor(private readonly runner: RunnerClient) {}

  /** The candidates in turns; with `aa` the first one again as the last. */
  async bench(candidates: readonly Candidate[], aa = false): Promise<readonly RunnerBenchCandidate[]> {
    const params = { candidates, aa, minSeconds: seconds, maxSeconds: seconds * 3 };
    return (await this.runner.request("bench", params)).candidates;
  }

  async aaControl(c: Candidate): Promise<void> {
    const [first, again] = await this.bench([c], true);
    if (first === undefined || again === undefined) return;
    const { text, low, high } = ratioText(first, again);
    const verdict = low > 0.98 && high < 1.02 ? "inside +-2 %" : "NOT inside +-2 %: the machine is too noisy now";
    console.log(`  ${c.label.padEnd(44)} ${text}  ${verdict}`);
  }
}

async function main(): Promise<void> {
  const library = findOrtLibrary();
  if (library === undefined) return console.log("onnxruntime-node is not installed: nothing to compare with");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-yardstick-"));
  const runner = await RunnerClient.start();
  try {
    await measure(new Yardstick(runner), runner, library, folder);
  } finally {
    await runner.close();
    fs.rmSync(folder, { recursive: true });
  }
}

async function measure(stick: Yardstick, runner: RunnerClient, library: string, folder: string): Promise<void> {
  const { profile } = detectMachine();
  const isa = widestIsa(profile) === "scalar" ? "scalar" : widestIsa(profile) === "avx2" ? "avx2" : "avx512";
  const files = writeMatmul(size, folder);
  const inputs = [{ file: files.x, name: "x", dtype: "f32", shape: [size.m, size.k] }];
  const weights = [{ file: files.w, offset: 0, length: size.k * size.n * 4 }];
  const { so } = await buildMatmul(size, isa);
  const ours = async (threads: number): Promise<Candidate> => ({
    label: `ours, ${threads} thread${threads > 1 ? "s" : ""}`,
    target: (await runner.request("load", { so, weights, threads })).target,
    inputs,
  });
  const ort = async (model: string, threads: number, spinning: boolean): Promise<Candidate> => ({
    label: `ONNX Runtime, ${threads} thread${threads > 1 ? "s" : ""}${threads > 1 ? (spinning ? ", spinning" : ", not spinning") : ""}`,
    target: (await runner.request("load-ort", { library, model, threads, spinning })).target,
    inputs,
  });
  const { ort: version, cpu } = await runner.hello();
  console.log(
    `${cpu.model}, ${cpu.cores} cores, load ${os.loadavg()[0]?.toFixed(1)}; ONNX Runtime ${version.valid ? version.version : version.why}`,
  );

  console.log("\nempty calls:");
  const one = path.join(folder, "one.bin");
  fs.writeFileSync(one, new Float32Array([1]));
  const identity = {
    ...(await ort(writeIdentity(folder), 1, true)),
    label: "ONNX Runtime, Identity of one number",
    inputs: [{ file: one, name: "x", dtype: "f32", shape: [1] }],
  };
  const tiny = writeMatmul({ m: 1, n: 16, k: 1 }, fs.mkdtempSync(path.join(folder, "tiny-")));
  const small = await buildMatmul({ m: 1, n: 16, k: 1 }, isa);
  const empty = async (threads: number): Promise<Candidate> => ({
    label: `ours, 16 numbers, ${threads} thread${threads > 1 ? "s" : ""}`,
    target: (await runner.request("load", { so: small.so, weights: [{ file: tiny.w, offset: 0, length: 64 }], threads })).target,
    inputs: [{ file: tiny.x }],
  });
  const calls = [identity, await empty(1), await empty(2)];
  (await stick.bench(calls)).forEach((c) => console.log(line(c.label, c)));

  console.log("\nA/A, ratio of medians per round [95 % interval]:");
  const [ours1, ours2, ort1, ort2] = [await ours(1), await ours(2), await ort(files.onnx, 1, true), await ort(files.onnx, 2, true)];
  for (const c of [ours1, ours2, ort1, ort2]) await stick.aaControl(c);

  console.log("\nin turns (tanh(x w), 128 x 256 x 512):");
  const turns = await stick.bench([ours1, ort1, ours2, ort2]);
  turns.forEach((c) => console.log(line(c.label, c)));
  if (turns[0] && turns[1] && turns[2] && turns[3]) {
    console.log(
      `  speed of ours over ONNX Runtime: 1 thread ${ratioText(turns[1], turns[0]).text}, 2 threads ${ratioText(turns[3], turns[2]).text}`,
    );
  }

  console.log("\nare we disturbed by its threads? Our time in turns with it over our time alone, in the same run:");
  for (const rival of [ort2, await ort(files.onnx, 2, false)]) {
    // ours-alone is the burst that follows another burst of ours; ours-after-ort follows one of theirs.
    const [after, , alone] = await stick.bench([
      { ...ours2, label: "after it" },
      rival,
      { ...ours2, label: "after it too" },
      { ...ours2, label: "after ourselves" },
    ]);
    if (after && alone) console.log(`  ${rival.label.padEnd(44)} ${ratioText(alone, after).text}`);
  }
}

await main();
