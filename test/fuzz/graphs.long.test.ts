/**
 * The long run over random graphs. FUZZ_GRAPHS sets their number (default 20,000), FUZZ_SECONDS ends it earlier, FUZZ_SEED gives other graphs.
 * Every tenth also goes to ONNX Runtime, every tenth is built natively, 50 to a program, for each instruction set of this machine in turn;
 * FUZZ_SHARE sets another share than one in ten; FUZZ_QUANTISED draws quantised operators only for the most part. Half of them are compiled without some of the optional passes, with up to seven threads.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findOrtLibrary, localMachine, packageRoot } from "#core/io";
import { hasCompiler } from "../codegen/native-batch.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { reproducer, type FuzzCase } from "./case.ts";
import { generate, generateOld, generateQuantised, generateWithHoles } from "./generate.ts";
import { judgeHoles } from "./holes.ts";
import { judge, judgeOrt, type Verdict } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { drawnOptions } from "./options.ts";
import { judgeNative, targets, type NativeReport } from "./native.ts";

const seed = process.env["FUZZ_SEED"] ?? "long";
const total = Number(process.env["FUZZ_GRAPHS"] ?? 20_000);
const until = performance.now() + 1000 * Number(process.env["FUZZ_SECONDS"] ?? 7200);
const here = targets.filter((t) => t.needs.every((f) => localMachine().features.includes(f as never)));
const share = Number(process.env["FUZZ_SHARE"] ?? 10);
const perProgram = 50;
const onlyQuantised = process.env["FUZZ_QUANTISED"] !== undefined;

/** Problems by their text without numbers: one example of each is made small and printed. */
const found = new Map<string, { count: number; example: string }>();
async function note(one: FuzzCase, problem: string, ask?: (x: FuzzCase) => Promise<Verdict> | Verdict): Promise<void> {
  const kind = problem.replace(/-?\d[\d.e+-]*/g, "N").slice(0, 80);
  const known = found.get(kind);
  if (known !== undefined) {
    known.count++;
    return;
  }
  const fails = async (x: FuzzCase): Promise<boolean> => {
    const v = await ask?.(x);
    return v !== undefined && "problem" in v;
  };
  const small = ask === undefined ? one : await minimise(one, fails, 300);
  found.set(kind, { count: 1, example: `${problem}\n${reproducer(small)}` });
  // At once: the run may take hours.
  console.log(found.get(kind)!.example);
}

/** A program that does not build, crashes or hangs is halved until the one at fault is alone. */
function inPieces(cases: readonly FuzzCase[], target: (typeof targets)[number]): Pick<NativeReport, "ran" | "problems"> {
  try {
    return judgeNative(cases, target.isa, target.flags, packageRoot());
  } catch (e) {
    if (cases.length === 1) return { ran: 1, problems: [{ one: cases[0]!, problem: `native ${target.isa}: ${String(e)}` }] };
    const half = cases.length >> 1;
    const [a, b] = [inPieces(cases.slice(0, half), target), inPieces(cases.slice(half), target)];
    return { ran: a.ran + b.ran, problems: [...a.problems, ...b.problems] };
  }
}

/** One of eight is of an old opset, one of four has more quantised operators: or all of them. */
function drawnCase(i: number): FuzzCase {
  if (onlyQuantised || i % 4 === 1) return generateQuantised(`${seed}:quantised:${i}`);
  return i % 8 === 7 ? generateOld(`${seed}:old:${i}`) : generate(`${seed}:${i}`);
}

test(`${total} random graphs`, async (t) => {
  const runtime = await loadRuntime();
  const compiler = hasCompiler("g++");
  const waiting: FuzzCase[] = [];
  const counts = { graphs: 0, compared: 0, native: 0, runtime: 0 };
  let programs = 0;
  const native = async (): Promise<void> => {
    const { ran, problems } = inPieces(waiting.splice(0), here[programs++ % here.length]!);
    counts.native += ran;
    for (const p of problems) await note(p.one, p.problem);
  };
  for (let i = 0; i < total && performance.now() < until; i++) {
    const drawn = drawnCase(i);
    const one = i % 2 === 0 ? drawn : { ...drawn, options: drawnOptions(drawn.seed) };
    counts.graphs++;
    const verdict = judge(one);
    if (verdict === undefined) counts.compared++;
    else if ("problem" in verdict) await note(one, verdict.problem, judge);
    if (i % share === 0 && typeof runtime !== "string") {
      const ask = (x: FuzzCase): Promise<Verdict> => judgeOrt(runtime, x).catch((e: unknown): Verdict => ({ problem: String(e) }));
      const answer = await ask(one);
      if (answer === undefined) counts.runtime++;
      else if ("problem" in answer) await note(one, answer.problem, ask);
    }
    if (i % share === share >> 1 && compiler) waiting.push(one);
    if (waiting.length === perProgram) await native();
  }
  if (waiting.length > 0) await native();
  t.diagnostic(
    `${counts.graphs} graphs: ${counts.compared} through passes and loops, ${counts.native} native, ${counts.runtime} in ONNX Runtime`,
  );
  assert.equal(found.size, 0, [...found.values()].map((f) => `${f.count} times: ${f.example}`).join("\n"));
});

const withHoles = Number(process.env["FUZZ_HOLES"] ?? 300);
const skipHoles = !hasCompiler("g++") ? "no g++" : findOrtLibrary() === undefined ? "no ONNX Runtime" : false;
test(`${withHoles} random graphs with parts on ONNX Runtime`, { skip: skipHoles }, async (t) => {
  const counts = { ran: 0, holes: 0, skipped: 0 };
  const wrong: string[] = [];
  for (let from = 0; from < withHoles && performance.now() < until; from += 30) {
    const cases = Array.from({ length: Math.min(30, withHoles - from) }, (_, i) => generateWithHoles(`${seed}:holes:${from + i}`));
    const { ran, holes, skipped, problems } = await judgeHoles(cases);
    counts.ran += ran;
    counts.holes += holes;
    counts.skipped += skipped;
    wrong.push(...problems.map((p) => `${p.problem}\n${reproducer(p.one)}`));
  }
  t.diagnostic(`${counts.ran} graphs with ${counts.holes} parts on ONNX Runtime; it refuses ${counts.skipped}`);
  assert.deepEqual(wrong, []);
});
