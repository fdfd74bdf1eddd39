/**
 * Experiment 4: does provenance hold end to end? Compiles an MLP, builds it, disassembles the shared object with inline chains, samples it while
 * it runs, and prints one table for one fused kernel: ONNX node <-> graph operator <-> statement of the Tensor IR <-> C++ line <-> instructions <->
 * sampled time; then the way back from the hottest instructions. Run: see README.md.
 */
import { spawnSync } from "node:child_process";
import { localMachine } from "../../../compiler-core/io/index.ts";
import { buildCode, compileModel, NativeHost, openSessionModel } from "../../../compiler-core/io/session/index.ts";
import { randomInputs } from "../../../compiler-core/io/random-inputs.ts";
import {
  attachKernelCalls,
  instructionsByLine,
  parseDisassembly,
  samplesByInstruction,
  type AsmInstruction,
} from "../../../compiler-core/codegen/asm-map.ts";
import type { Compilation } from "../../../compiler-core/compile.ts";
import { defaultOptions } from "../../../compiler-core/options.ts";
import { printModuleWithLines } from "../../../compiler-core/tensor/print.ts";
import { ensureWorkload } from "../../workloads/write.ts";

interface Row {
  readonly line: number;
  readonly stmt: number;
  readonly nodes: readonly number[];
  readonly instructions: number;
  readonly samples: number;
}

async function main(): Promise<void> {
  const session = openSessionModel(ensureWorkload("mlp1_b512_f32"));
  const compilation = compileModel(session, { ...defaultOptions, threads: 1 }, localMachine());
  if (compilation.error !== undefined) throw compilation.error;
  const source = compilation.source!;
  const built = await buildCode(source);
  const dump = spawnSync("objdump", ["-d", "-l", "--inlines", "--no-show-raw-insn", "-M", "intel", "-C", built.sharedObject], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const instructions = attachKernelCalls(parseDisassembly(dump.stdout, "model.cpp"), source.text);
  const host = await NativeHost.start();
  try {
    const mine = await host.load(built);
    const inputs = randomInputs(session.graph, compilation.graph, 1);
    const files = host.inputFiles(
      session.graph.inputs.map((id) => session.graph.values[id]!.name),
      inputs,
    );
    const sampled = await host.client.request(
      "sample",
      { target: mine.target, inputs: files, seconds: 3, hz: 2000 },
      { timeoutMs: 60_000 },
    );
    const timed = samplesByInstruction(instructions, sampled.offsets, 1);
    console.log(
      `${sampled.samples} samples at ${sampled.hz} Hz (${sampled.clock}), ${sampled.outside} outside of the model, ${timed.outside} at no instruction; ${sampled.runs} runs`,
    );
    coverage(instructions, timed.counts);
    forward(compilation, instructions, timed.counts);
    backward(compilation, instructions, timed.counts);
  } finally {
    await host.close();
    session.close();
  }
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const share = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

function coverage(instructions: readonly AsmInstruction[], counts: readonly number[]): void {
  const model = instructions.map((i, at) => ({ i, at })).filter(({ i }) => /fs_run|fs_init|fs::/.test(i.symbol));
  const total = sum(model.map(({ at }) => counts[at] ?? 0));
  const exact = model.filter(({ i }) => i.exact);
  const mapped = model.filter(({ i }) => i.cppLine !== undefined);
  const samples = (list: typeof model): number => sum(list.map(({ at }) => counts[at] ?? 0));
  console.log(
    `${model.length} instructions: ${share(exact.length, model.length)} with a line of their own, ${share(mapped.length, model.length)} with the kernel calls; samples ${share(samples(exact), total)}, ${share(samples(mapped), total)}`,
  );
}

function rowsOf(c: Compilation, instructions: readonly AsmInstruction[], counts: readonly number[]): readonly Row[] {
  const byLine = instructionsByLine(instructions);
  return c.source!.lines.map((l) => {
    const list = byLine.get(l.line) ?? [];
    return { line: l.line, stmt: l.stmt, nodes: l.nodes, instructions: list.length, samples: sum(list.map((i) => counts[i] ?? 0)) };
  });
}

/** ONNX -> time, for the group with the most samples. */
function forward(c: Compilation, instructions: readonly AsmInstruction[], counts: readonly number[]): void {
  const { graph, module, source } = c;
  const rows = rowsOf(c, instructions, counts);
  const total = sum(counts);
  const samplesOf = (nodes: ReadonlySet<number>): number =>
    sum(rows.filter((r) => r.nodes.some((n) => nodes.has(n))).map((r) => r.samples));
  const group = [...graph.groups].sort(
    (a, b) => samplesOf(new Set(b.members.map((m) => m.node))) - samplesOf(new Set(a.members.map((m) => m.node))),
  )[0]!;
  const members = new Set(group.members.map((m) => m.node));
  console.log(`\ngroup ${group.id} ${group.name}`);
  for (const m of group.members) {
    const node = graph.nodes.find((n) => n.id === m.node)!;
    console.log(
      `  graph op ${node.id} ${node.op} <- ONNX ${node.origin.map((o) => `${graph.sources[o]!.path} ${graph.sources[o]!.opType} ${graph.sources[o]!.name}`).join(", ")}`,
    );
  }
  const ir = printModuleWithLines(module!);
  const irText = ir.text.split("\n");
  const irLine = new Map(ir.lines.map((l) => [l.stmt, l.line]));
  const cpp = source!.text.split("\n");
  console.log("  C++ line | IR line: statement | graph ops | instructions | samples");
  for (const r of rows.filter((r) => r.nodes.some((n) => members.has(n)) && (r.instructions > 0 || r.samples > 0))) {
    const at = irLine.get(r.stmt);
    console.log(
      `  ${String(r.line).padStart(4)} | ${at}: ${(irText[(at ?? 1) - 1] ?? "").trim().slice(0, 70)} | ${r.nodes.join(",")} | ${r.instructions} | ${r.samples} (${share(r.samples, total)})`,
    );
    console.log(`         ${(cpp[r.line - 1] ?? "").trim().slice(0, 120)}`);
  }
}

/** Instruction -> ONNX, for the hottest. */
function backward(c: Compilation, instructions: readonly AsmInstruction[], counts: readonly number[]): void {
  const lineOf = new Map(c.source!.lines.map((l) => [l.line, l]));
  const total = sum(counts);
  console.log("\nhottest instructions and what they compute");
  const hottest = counts
    .map((n, at) => ({ n, at }))
    .sort((a, b) => b.n - a.n)
    .slice(0, 8);
  for (const { n, at } of hottest) {
    const i = instructions[at]!;
    const origin = i.cppLine === undefined ? undefined : lineOf.get(i.cppLine);
    const onnx = [...new Set((origin?.nodes ?? []).flatMap((id) => c.graph.nodes.find((x) => x.id === id)?.origin ?? []))].map(
      (o) => `${c.graph.sources[o]!.path} ${c.graph.sources[o]!.opType}`,
    );
    console.log(
      `  ${i.address.toString(16)} ${i.text.padEnd(44)} ${share(n, total).padStart(7)}  C++ ${i.cppLine ?? "-"}${i.exact ? "" : " (kernel)"}  s${origin?.stmt ?? "-"}  ops ${origin?.nodes.join(",") ?? "-"}  ONNX ${onnx.join(", ")}`,
    );
  }
}

await main();
