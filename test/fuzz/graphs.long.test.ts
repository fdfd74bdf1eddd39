/**
 * The long run over random graphs, of each family (`generate.ts`) as many. FUZZ_GRAPHS sets their number (default 20,000), FUZZ_SECONDS ends it
 * earlier, FUZZ_SEED gives other graphs, FUZZ_FAMILIES leaves some families only (`quantised,halves`). All go through the passes and the loops, and to
 * ONNX Runtime; one in twenty (FUZZ_SHARE) is built natively, 50 to a program, for each instruction set of this machine in turn. Half of them are
 * compiled without some of the optional passes, with up to seven threads.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { findOrtLibrary, localMachine, packageRoot } from "#core/io";
import { hasCompiler } from "../codegen/native-batch.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { reproducer, type FuzzCase } from "./case.ts";
import { familyNames, generateOf, generateWithHoles, large } from "./generate.ts";
import { judgeHoles } from "./holes.ts";
import { judgeBoth, type Verdict } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { drawnOptions } from "./options.ts";
import { judgeNative, targets, type NativeReport } from "./native.ts";

const seed = process.env["FUZZ_SEED"] ?? "long";
const total = Number(process.env["FUZZ_GRAPHS"] ?? 20_000);
const until = performance.now() + 1000 * Number(process.env["FUZZ_SECONDS"] ?? 7200);
const here = targets.filter((t) => t.needs.every((f) => localMachine().features.includes(f as never)));
const share = Number(process.env["FUZZ_SHARE"] ?? 20);
const perProgram = 50;

/** Problems by their text without numbers: one example of each is made small and printed. */
const found = new Map<string, { count: number; example: string }>();
const kindOf = (problem: string): string => problem.replace(/-?\d[\d.e+-]*/g, "N").slice(0, 80);
async function note(one: FuzzCase, problem: string, ask?: (x: FuzzCase) => Promise<Verdict> | Verdict): Promise<void> {
  const kind = kindOf(problem);
  const known = found.get(kind);
  if (known !== undefined) {
    known.count++;
    return;
  }
  const fails = async (x: FuzzCase): Promise<boolean> => {
    const v = await ask?.(x);
    return v !== undefined && "problem" in v && kindOf(v.problem) === kind;
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

/** Families in turn; FUZZ_FAMILIES leaves some of them, by their beginnings. */
const wanted = process.env["FUZZ_FAMILIES"]?.split(",");
const chosen = familyNames.filter((f) => wanted?.some((w) => f.startsWith(w)) ?? true);
/** Whole networks take several times as long as other graphs: they come a third as often. */
const turns = [0, 1, 2].flatMap((turn) => chosen.filter((f) => turn === 0 || !large.has(f)));

/** Where the seed of the graph at hand stands, should ONNX Runtime take the process down with it. */
const current = path.join(os.tmpdir(), `fusionscope-fuzz-${process.pid}.seed`);

interface Counts {
  graphs: number;
  stages: number;
  runtime: number;
  native: number;
  failures: number;
}
const counts = new Map(chosen.map((f): [string, Counts] => [f, { graphs: 0, stages: 0, runtime: 0, native: 0, failures: 0 }]));

/** As docs/development.md shows them. */
function table(): string {
  const cells = (name: string, c: Counts): string =>
    `| ${name} | ${[c.graphs, c.stages, c.runtime, c.native, c.failures].map((n) => n.toLocaleString("en")).join(" | ")} |`;
  const sum: Counts = { graphs: 0, stages: 0, runtime: 0, native: 0, failures: 0 };
  for (const c of counts.values()) for (const k of Object.keys(sum) as (keyof Counts)[]) sum[k] += c[k];
  return [...[...counts].map(([name, c]) => cells(name, c)), cells("all", sum)].join("\n");
}

test(`${total} random graphs`, async (t) => {
  const loaded = await loadRuntime();
  const runtime = typeof loaded === "string" ? undefined : loaded;
  const compiler = hasCompiler("g++");
  const waiting: FuzzCase[] = [];
  const familyOf = new Map<FuzzCase, Counts>();
  let programs = 0;
  const native = async (): Promise<void> => {
    const cases = waiting.splice(0);
    const { ran, problems } = inPieces(cases, here[programs++ % here.length]!);
    const skipped = cases.length - ran - problems.length;
    for (const one of cases) familyOf.get(one)!.native += (cases.length - skipped) / cases.length;
    for (const p of problems) {
      familyOf.get(p.one)!.failures++;
      await note(p.one, p.problem);
    }
    familyOf.clear();
  };
  for (let i = 0; i < total && performance.now() < until; i++) {
    const family = turns[i % turns.length]!;
    const count = counts.get(family)!;
    const drawn = generateOf(family, `${seed}:${family}:${i}`);
    const one = Math.floor(i / turns.length) % 2 === 0 ? drawn : { ...drawn, options: { ...drawn.options, ...drawnOptions(drawn.seed) } };
    count.graphs++;
    fs.writeFileSync(current, drawn.seed);
    const answers = await judgeBoth(runtime, one);
    for (const which of ["stages", "runtime"] as const) {
      const answer = answers[which];
      if (answer === undefined) count[which]++;
      else if ("problem" in answer) {
        count.failures++;
        await note(one, answer.problem, async (x) => (await judgeBoth(runtime, x))[which]);
      }
    }
    // Not in step with the families.
    if (compiler && (i * 7919) % (share * 31) < 31) {
      waiting.push(one);
      familyOf.set(one, count);
    }
    if (waiting.length === perProgram) await native();
    if (i % 1000 === 999) console.log(`${i + 1} graphs\n${table()}`);
  }
  if (waiting.length > 0) await native();
  fs.rmSync(current, { force: true });
  t.diagnostic(`| family | graphs | stages | ONNX Runtime | native | failures |\n${table()}`);
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
