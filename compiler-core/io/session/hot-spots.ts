/** Which lines and instructions of compiled code take the time: sampled while it runs, and priced by a model of the processor. */
import { samplesByInstruction, type AsmInstruction } from "../../codegen/asm-map.ts";
import { flopsOf, innermostLoops, isTile, isVectorWork, type MachineLoop } from "../../codegen/machine-loops.ts";
import type { Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { bug } from "../../messages.ts";
import type { HotInstruction, HotLine, HotSpots, LoopEstimate, StaticEstimate } from "../../protocol/hot-spots.ts";
import type { SampleResult, TensorFileRef } from "../../protocol/runner.ts";
import { attTexts, disassemble } from "../disassemble.ts";
import { findMca, mcaModel, priceLoop, type McaTool } from "../llvm-mca.ts";
import type { BuiltCode } from "./build.ts";
import type { LoadedModel, NativeHost } from "./native-host.ts";

/** Instructions that are listed; the rest have a sample or two. */
const mostInstructions = 64;
/** Loops that are priced. */
const mostLoops = 16;

/** The machine code of a compilation, and where each line of it comes from. */
export interface CodeMap {
  readonly instructions: readonly AsmInstruction[];
  /** Of a line: its fusion group, and the ONNX nodes it computes. */
  readonly originOf: (line: number) => { readonly group?: number; readonly nodes: readonly string[] };
  readonly textOf: (line: number) => string;
}

/** Disassembles what was built of a compilation; or says why that cannot be done. */
export async function codeMap(compilation: Compilation, built: BuiltCode): Promise<CodeMap | { readonly why: string }> {
  const source = compilation.source ?? bug("there is no code to look at");
  const instructions = await disassemble(built.sharedObject, built.sourceFile, source.text, source.functions ?? []);
  if ("why" in instructions) return instructions;
  const cpp = source.text.split("\n");
  const { graph } = compilation;
  const groupOf = new Map(graph.groups.flatMap((g) => g.members.map((m) => [m.node, g.id] as const)));
  const nodeOf = new Map(graph.nodes.map((n) => [n.id, n]));
  const lineOf = new Map(source.lines.map((l) => [l.line, l]));
  const originOf: CodeMap["originOf"] = (line) => {
    const made = lineOf.get(line)?.nodes ?? [];
    const group = made.map((n) => groupOf.get(n)).find((g) => g !== undefined);
    const origins = new Set(made.flatMap((n) => nodeOf.get(n)?.origin ?? []));
    const nodes = [...origins].map((o) => graph.sources[o]?.path ?? `#${o}`);
    return group === undefined ? { nodes } : { group, nodes };
  };
  return { instructions, originOf, textOf: (line) => (cpp[line - 1] ?? "").trim() };
}

export interface SampleSettings {
  readonly seconds: number;
  /** Per thread; default 2000. */
  readonly hz?: number;
}

/** Runs loaded code while a timer interrupts its threads. */
export async function sampleCode(
  host: NativeHost,
  model: LoadedModel,
  inputs: readonly TensorFileRef[],
  map: CodeMap,
  settings: SampleSettings,
): Promise<HotSpots> {
  const { seconds, hz = 2000 } = settings;
  const sampled = await host.client.request(
    "sample",
    { target: model.target, inputs, seconds, hz },
    { ...host.request(), timeoutMs: 60_000 + 2000 * seconds },
  );
  return hotSpots(sampled, map);
}

/** A sampler's addresses as lines and instructions. */
export function hotSpots(sampled: SampleResult, { instructions, originOf, textOf }: CodeMap): HotSpots {
  const { counts, outside: nowhere } = samplesByInstruction(instructions, sampled.offsets, 1);
  const inside = Math.max(1, sampled.samples - sampled.outside);
  const byLine = new Map<number, number>();
  let unmapped = nowhere;
  instructions.forEach(({ cppLine }, i) => {
    const samples = counts[i] ?? 0;
    if (cppLine === undefined) unmapped += samples;
    else if (samples > 0) byLine.set(cppLine, (byLine.get(cppLine) ?? 0) + samples);
  });
  const lines = [...byLine]
    .map(([line, samples]): HotLine => ({ line, text: textOf(line), samples, share: samples / inside, ...originOf(line) }))
    .sort((a, b) => b.samples - a.samples || a.line - b.line);
  const hottest = instructions
    .map((i, at): HotInstruction => {
      const samples = counts[at] ?? 0;
      return {
        address: i.address,
        text: i.text,
        symbol: i.symbol,
        line: i.cppLine ?? null,
        exact: i.exact,
        samples,
        share: samples / inside,
      };
    })
    .filter((i) => i.samples > 0)
    .sort((a, b) => b.samples - a.samples || a.address - b.address)
    .slice(0, mostInstructions);
  const { samples, outside, runs, seconds, hz, clock } = sampled;
  const skid =
    "a sample finds the instruction that had not finished: the one before it is charged, and may itself have waited for an earlier one";
  return { samples, outside, unmapped, runs, seconds, hz, clock, skid, lines, instructions: hottest };
}

/** Estimates of the loops of code that may not run here. */
export async function estimateBuilt(compilation: Compilation, built: BuiltCode): Promise<StaticEstimate> {
  const map = await codeMap(compilation, built);
  return "why" in map ? { valid: false, why: map.why } : estimateCode(built, compilation.machine, map);
}

/** Prices the innermost loops: those with the most samples, or without samples those with vector arithmetic. */
export async function estimateCode(built: BuiltCode, machine: MachineProfile, map: CodeMap, spots?: HotSpots): Promise<StaticEstimate> {
  const tool = await findMca();
  if ("why" in tool) return { valid: false, why: tool.why };
  const att = await attTexts(built.sharedObject);
  if ("why" in att) return { valid: false, why: att.why };
  const named = mcaModel(built.plan.isa, machine);
  const shares = new Map(spots?.instructions.map((i) => [i.address, i.share]));
  const ranked = innermostLoops(map.instructions)
    .map((loop) => ({ loop, body: map.instructions.slice(loop.first, loop.last + 1) }))
    .map(({ loop, body }) => ({
      loop,
      share: body.reduce((sum, i) => sum + (shares.get(i.address) ?? 0), 0),
      work: body.filter((i) => isVectorWork(i.text)).length,
    }))
    .filter(({ share, work }) => share > 0.005 || work > 0)
    .sort((a, b) => b.share - a.share || b.work - a.work || a.loop.first - b.loop.first)
    .slice(0, mostLoops);
  const loops: LoopEstimate[] = [];
  for (const { loop, share } of ranked) {
    const estimate = await priced(tool, named.model, loop, map, att);
    loops.push(spots === undefined ? estimate : { ...estimate, share });
  }
  return { valid: true, tool: tool.version, ...named, loops };
}

async function priced(
  tool: McaTool,
  model: string,
  { first, last }: MachineLoop,
  { instructions, originOf }: CodeMap,
  att: ReadonlyMap<number, string>,
): Promise<LoopEstimate> {
  const body = instructions.slice(first, last + 1);
  const line = body.find((i) => i.cppLine !== undefined)?.cppLine ?? null;
  const group = line === null ? undefined : originOf(line).group;
  const at = { from: body[0]?.address ?? 0, to: body.at(-1)?.address ?? 0, instructions: body.length, line, symbol: body[0]?.symbol ?? "" };
  const found = group === undefined ? at : { ...at, group };
  if (body.some((i) => isTile(i.text))) return { ...found, refused: "tile instructions: no model of LLVM has a price for them" };
  if (body.some((i) => /^call/.test(i.text))) return { ...found, refused: "it calls a function, whose time is not in the loop" };
  const report = await priceLoop(
    tool,
    model,
    body.map((i) => att.get(i.address) ?? i.text),
  );
  if ("why" in report) return { ...found, refused: report.why };
  const flops = flopsOf(body.map((i) => i.text));
  return { ...found, ...report, ...(flops === 0 ? {} : { flops, flopsPerCycle: flops / report.cycles }) };
}
