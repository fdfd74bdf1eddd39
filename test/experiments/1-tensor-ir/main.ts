/**
 * Experiment 1: can the Tensor IR say an int8 MLP as one parallel nest, and attention with an online softmax on tiles? Both modules stand beside
 * this file in the IR's text form. They are verified, their memory is planned, printed as C++, built, run through the runner, compared with
 * ONNX Runtime on the same ONNX model, and timed beside it. Run: see README.md.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { emitFor, type CppSource } from "../../../compiler-core/codegen/index.ts";
import type { Graph } from "../../../compiler-core/graph/ir.ts";
import { decode, type NdArray } from "../../../compiler-core/graph/ndarray.ts";
import { createFileSink } from "../../../compiler-core/io/byte-source.ts";
import { buildCode, NativeHost, openSessionModel } from "../../../compiler-core/io/session/index.ts";
import { pairedRatio, quantile, sortNumbers } from "../../../compiler-core/io/statistics.ts";
import type { IsaName, MachineProfile } from "../../../compiler-core/machine.ts";
import type { OnnxModel } from "../../../compiler-core/onnx/model.ts";
import { writeModel } from "../../../compiler-core/onnx/writer.ts";
import { defaultOptions } from "../../../compiler-core/options.ts";
import { planMemory } from "../../../compiler-core/passes/3-tensor/plan-memory.ts";
import type { Module } from "../../../compiler-core/tensor/ir.ts";
import { parseModule } from "../../../compiler-core/tensor/parse.ts";
import { printModule } from "../../../compiler-core/tensor/print.ts";
import { verifyModule } from "../../../compiler-core/tensor/verify.ts";
import { generatedBytes, type Fill } from "../../workloads/fill.ts";
import { mha } from "../../workloads/mha.ts";
import { mlpInt8 } from "../../workloads/mlp.ts";

const here = path.join(process.cwd(), "test/experiments/1-tensor-ir");
const machine: MachineProfile = { name: "experiment", cores: 2, caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 }, features: [] };

interface Experiment {
  readonly name: string;
  readonly text: string;
  readonly isa: IsaName;
  readonly model: () => OnnxModel;
  readonly fills: readonly Fill[];
  /** Endings of the names of the constants that are the module's weights, by slot. */
  readonly weights: readonly string[];
}

const bell: Fill = { kind: "bell", mean: 0, deviation: 1 };
const layers = [1, 2, 3].flatMap((l) => [`fc${l}.weight_quantized`, `fc${l}.weight_scale`, `fc${l}.bias`]);
const experiments: readonly Experiment[] = [
  {
    name: "int8 MLP_1, batch 128",
    text: "mlp1-int8.ir",
    isa: "avx512-vnni",
    model: () => mlpInt8("mlp1", 128),
    fills: [{ kind: "bell", mean: 128, deviation: 32 }],
    weights: layers,
  },
  {
    name: "f32 MHA_4, batch 2",
    text: "mha4.ir",
    isa: "avx512",
    model: () => mha("mha4", 2, "f32"),
    fills: [bell, bell, bell, { kind: "padding", row: 512, tail: 32 }],
    weights: [],
  },
];

function load(e: Experiment): Module {
  const text = fs.readFileSync(path.join(here, e.text), "utf8");
  const module = parseModule(text);
  if (printModule(module) !== text) throw new Error(`${e.text} does not print back to itself`);
  const planned = planMemory.run(module, { options: { ...defaultOptions, isa: e.isa }, machine, hit: () => {}, verdict: () => {} });
  const problems = verifyModule(planned);
  if (problems.length > 0) throw new Error(`${e.text}: ${problems.join("; ")}`);
  return planned;
}

/** The code with the model's weights in the plan. */
function withWeights(source: CppSource, graph: Graph, names: readonly string[]): CppSource {
  const bytesOf = (name: string): Uint8Array => {
    const plain = (s: string): string => s.replace(/[^a-z0-9]+/gi, "");
    const value = graph.values.find((v) => v?.constant !== undefined && plain(v.name).endsWith(plain(name)));
    if (value?.constant === undefined)
      throw new Error(
        `the model has no constant ${name}; it has ${graph.values
          .filter((v) => v?.constant !== undefined)
          .map((v) => v?.name)
          .join(", ")}`,
      );
    return graph.constants.get(value.constant).bytes();
  };
  return {
    ...source,
    plan: { ...source.plan, weights: source.plan.weights.map((w, i) => ({ ...w, inline: () => bytesOf(names[i] ?? "") })) },
  };
}

async function main(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-exp1-"));
  const host = await NativeHost.start({ timeoutSeconds: 120 });
  try {
    for (const e of experiments) await one(e, host, folder);
  } finally {
    await host.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function one(e: Experiment, host: NativeHost, folder: string): Promise<void> {
  const file = path.join(folder, `${e.text}.onnx`);
  const sink = createFileSink(file);
  writeModel(e.model(), sink);
  sink.close();
  const session = openSessionModel(file);
  const module = load(e);
  const built = await buildCode(withWeights(emitFor(module, undefined, e.isa), session.graph, e.weights));
  const mine = await host.load(built);
  const ort = await host.loadOrt(file, module.threads);
  const inputs = session.graph.inputs.map((id, i): { name: string; array: NdArray } => {
    const v = session.graph.values[id]!;
    const shape = v.shape as readonly number[];
    return {
      name: v.name,
      array: decode(v.dtype, shape, generatedBytes(`${e.name}/${v.name}`, v.dtype as "f32" | "u8", shape, e.fills[i]!)),
    };
  });
  const files = host.inputFiles(
    inputs.map((i) => i.name),
    inputs.map((i) => i.array),
  );
  const [have] = await host.run(mine, files);
  const [want] = await host.run(ort, files);
  report(e, have!, want!, module);
  const timed = await host.client.request(
    "bench",
    {
      candidates: [
        { target: mine.target, inputs: files },
        { target: ort.target, inputs: files },
      ],
      aa: true,
      minSeconds: 4,
      minRuns: 20,
      maxSeconds: 40,
    },
    { timeoutMs: 120_000 },
  );
  const rounds = timed.candidates.map((c) => c.ns.map((r) => quantile(sortNumbers(r), 0.5)));
  const ratio = (i: number): string => {
    const r = pairedRatio(rounds[i]!, rounds[0]!);
    return `${r.median.toFixed(3)} [${r.ci95.map((x) => x.toFixed(3)).join(", ")}]`;
  };
  const median = (i: number): string => `${(quantile(sortNumbers(rounds[i]!), 0.5) / 1e6).toFixed(3)} ms`;
  console.log(
    `  build ${(built.buildMs / 1000).toFixed(1)} s (${built.compiler}); ${built.plan.scratchBytes} B scratch per thread, ${built.plan.packedBytes} B packed, ${built.plan.arenaBytes} B arena`,
  );
  console.log(
    `  ours ${median(0)}, ONNX Runtime ${ort.version} ${median(1)}: ${ratio(1)} times as fast; A/A ${ratio(2)}; ${module.threads} threads`,
  );
  session.close();
}

function report(e: Experiment, have: NdArray, want: NdArray, module: Module): void {
  let worst = 0;
  let different = 0;
  let largest = 0;
  for (let i = 0; i < want.data.length; i++) {
    const d = Math.abs(Number(have.data[i]) - Number(want.data[i]));
    worst = Math.max(worst, d);
    largest = Math.max(largest, Math.abs(Number(want.data[i])));
    if (d > 0) different++;
  }
  console.log(
    `${e.name}: ${module.run.body.length} nest, ${want.data.length} results, largest ${largest}, largest difference to ONNX Runtime ${worst}, ${different} differ`,
  );
}

await main();
