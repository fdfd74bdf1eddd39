/** LLVM's machine code analyser as a program: finding it, the processor model it is asked for, one loop at a time. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import { familyOf, type CpuFamily } from "../counters/events.ts";
import { formsInput, mcaInput, parseMca, parsePrices, type McaReport } from "../codegen/mca-report.ts";
import type { InstructionPrice } from "../protocol/instruction-notes.ts";
import { missingFeatures, type IsaName, type MachineProfile } from "../machine.ts";
import { detectMachine } from "./machine-detect.ts";

/** Older ones know no Sapphire Rapids and no Zen 4. */
const oldestMajor = 17;

export interface McaTool {
  readonly command: string;
  /** Such as `llvm-mca 19.1.7`. */
  readonly version: string;
}

interface Finished {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (command: string, args: readonly string[], input = ""): Promise<Finished> =>
  new Promise((resolve) => {
    const child = execFile(command, [...args], { timeout: 20_000, encoding: "utf8", maxBuffer: 2 ** 25 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? "") }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });

/** Debian puts each version into a folder of its own; newest first. */
function candidates(): string[] {
  const versions = fs.existsSync("/usr/lib") ? fs.readdirSync("/usr/lib").flatMap((f) => /^llvm-(\d+)$/.exec(f)?.[1] ?? []) : [];
  const newest = versions.map(Number).sort((a, b) => b - a);
  return [...newest.map((v) => `/usr/lib/llvm-${v}/bin/llvm-mca`), "llvm-mca"];
}

/** The newest analyser of this machine, or why there is none. */
export async function findMca(): Promise<McaTool | { readonly why: string }> {
  let why = "llvm-mca is not installed: apt-get install llvm-19";
  for (const command of candidates()) {
    const { ok, stdout } = await run(command, ["--version"]);
    const version = /version (\d+)\.[\d.]+/.exec(stdout);
    if (!ok || version === null) continue;
    if (Number(version[1]) >= oldestMajor) return { command, version: `llvm-mca ${version[0].slice("version ".length)}` };
    why = `${command} is version ${version[1] ?? ""}, which has no model of these processors: apt-get install llvm-19`;
  }
  return { why };
}

const byFamily: Readonly<Record<Exclude<CpuFamily, "other">, string>> = {
  "intel-ice-lake-server": "icelake-server",
  "intel-sapphire-rapids": "sapphirerapids",
  "intel-client": "alderlake",
  "amd-zen4": "znver4",
};
const byIsa: Readonly<Record<IsaName, string>> = {
  scalar: "x86-64",
  avx2: "alderlake",
  avx512: "icelake-server",
  "avx512-vnni": "icelake-server",
  "avx512-bf16": "znver4",
  "avx512-fp16": "sapphirerapids",
  amx: "sapphirerapids",
};

/** LLVM's name of the processor whose model prices code of this set for this machine, and in words whether it is this machine's. */
export function mcaModel(isa: IsaName, machine: MachineProfile): { readonly model: string; readonly modelIs: string } {
  const { identity, profile } = detectMachine();
  const family = familyOf(identity);
  if (machine.name !== profile.name || missingFeatures(isa, profile).length > 0)
    return { model: byIsa[isa], modelIs: `a processor with ${isa}, not this one` };
  if (family !== "other") return { model: byFamily[family], modelIs: "of this machine's family" };
  return { model: byIsa[isa], modelIs: `a processor with ${isa}: LLVM's name of this machine's is not known here` };
}

/** Prices a loop whose instructions are in AT&T syntax. */
export async function priceLoop(tool: McaTool, model: string, texts: readonly string[]): Promise<McaReport | { readonly why: string }> {
  const args = ["-march=x86-64", `-mcpu=${model}`, "-iterations=200", "-json", "-"];
  const { ok, stdout, stderr } = await run(tool.command, args, mcaInput(texts));
  const report = ok ? parseMca(stdout) : undefined;
  const complaint = stderr.split("\n").find((line) => /error/.test(line)) ?? "it gave no answer";
  return report ?? { why: `${tool.version} refuses it: ${complaint.replace(/^.*error:\s*/, "").trim()}` };
}

/** Prices of single instructions by the index of their form (Intel syntax); those that the model does not know are left out. */
export async function priceForms(
  tool: McaTool,
  model: string,
  forms: readonly string[],
): Promise<ReadonlyMap<number, InstructionPrice> | { readonly why: string }> {
  const args = [
    "-march=x86-64",
    `-mcpu=${model}`,
    "-iterations=100",
    "-instruction-info",
    "-json",
    "-skip-unsupported-instructions=any",
    "-",
  ];
  const { ok, stdout, stderr } = await run(tool.command, args, formsInput(forms));
  const prices = ok ? parsePrices(stdout) : undefined;
  return prices ?? { why: `${tool.version} gave no answer: ${stderr.split("\n").find((line) => /error/i.test(line)) ?? "no output"}` };
}
