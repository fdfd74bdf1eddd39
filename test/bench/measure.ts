/** Measures one row of `npm run bench`. */
import path from "node:path";
import { defaultOptions, UserError, widestIsa } from "#core";
import {
  benchModel,
  compileModel,
  findToolchain,
  localMachine,
  measureLaunchCost,
  openSessionModel,
  packageRoot,
  RunnerClient,
} from "#core/io";
import { benchCommand, type BenchResult, type PeaksResult } from "#protocol";
import type { TeamLaunchCost } from "../../compiler-core/io/launch-cost.ts";
import { buildProgram, runProgram } from "../kernels/native-program.ts";
import { ensureWorkload, findWorkload, writeInputs } from "../workloads/write.ts";
import { leastBytes } from "./bound.ts";
import type { Row, Section } from "./rows.ts";

export interface Effort {
  readonly seconds: number;
  readonly sessions: number;
  /** A row that takes longer is given up. */
  readonly patienceSeconds: number;
}

export interface CaseFigures {
  /** Without the samples, which are kept in the stored file only. */
  readonly result: BenchResult;
  readonly leastBytes: number;
  readonly missing: readonly { readonly baseline: string; readonly why: string }[];
  readonly notes: readonly string[];
  readonly command: string;
}

export interface KernelFigure {
  readonly name: string;
  readonly simd?: string;
  readonly gops?: number;
  readonly gbs?: number;
  /** Of the peak that was measured beside it. */
  readonly fraction?: number;
}

/** What a row's file holds. */
export interface Stored {
  readonly row: Row;
  readonly effort: Effort;
  readonly date: string;
  readonly seconds: number;
  readonly case?: CaseFigures;
  readonly peaks?: PeaksResult;
  readonly launch?: readonly TeamLaunchCost[];
  readonly kernel?: readonly KernelFigure[];
  /** Why there are no figures. */
  readonly failed?: string;
}

type Figures = Pick<Stored, "case" | "peaks" | "launch" | "kernel">;

const measures: Readonly<Record<Section, (row: Row, effort: Effort) => Promise<Figures>>> = {
  peaks: measurePeaks,
  launch: async ({ threads }, { seconds }) => ({
    launch: await measureLaunchCost(
      Array.from({ length: threads }, (_, i) => i + 1),
      seconds / 2,
    ),
  }),
  kernels: measureKernel,
  cases: measureCase,
  models: measureCase,
};

/** Never throws: what went wrong is in the row. */
export async function measureRow(row: Row, effort: Effort): Promise<Stored> {
  const begun = performance.now();
  const head = { row, effort, date: new Date().toISOString() };
  const spent = (): number => (performance.now() - begun) / 1000;
  try {
    const figures = await measures[row.section](row, effort);
    return { ...head, seconds: spent(), ...figures };
  } catch (e) {
    const failed = e instanceof UserError ? e.line() : String(e);
    return { ...head, seconds: spent(), failed };
  }
}

async function measurePeaks({ threads }: Row, { seconds }: Effort): Promise<Figures> {
  const client = await RunnerClient.start();
  try {
    return { peaks: await client.request("peaks", { threads, seconds: Math.max(0.1, seconds / 5) }) };
  } finally {
    await client.close();
  }
}

async function measureKernel({ name }: Row, { patienceSeconds }: Effort): Promise<Figures> {
  const toolchain = await findToolchain();
  const program = await buildProgram(toolchain, name, widestIsa(localMachine()));
  const { code, output } = await runProgram(program, [], patienceSeconds * 1000);
  const rows = output.split("\n").filter((line) => line.startsWith("{"));
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${output.slice(-300)}`);
  return { kernel: rows.map((line) => JSON.parse(line) as KernelFigure) };
}

async function measureCase({ name, threads, baselines }: Row, { seconds, sessions, patienceSeconds }: Effort): Promise<Figures> {
  const file = ensureWorkload(name);
  const data = `${file.slice(0, -".onnx".length)}.data`;
  writeInputs(findWorkload(name), data);
  const model = openSessionModel(file);
  try {
    const machine = localMachine();
    const options = { ...defaultOptions, threads };
    const compilation = compileModel(model, options, machine);
    if (compilation.error !== undefined) throw compilation.error;
    const scope = { kind: "model" } as const;
    const measured = { scope, baselines, seconds, sessions, regions: false };
    const { result, missing, notes } = await benchModel(model, compilation, options, machine, {
      ...measured,
      seed: 1,
      data,
      peaks: false,
      signal: AbortSignal.timeout(patienceSeconds * 1000),
      timeoutSeconds: patienceSeconds,
    });
    const command = benchCommand(path.relative(packageRoot(), file).startsWith("..") ? `${name}.onnx` : file, options, measured, String);
    return { case: { result, leastBytes: leastBytes(model), missing, notes, command } };
  } finally {
    model.close();
  }
}
