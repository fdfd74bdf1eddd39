/**
 * `npm run cases -- [--match REGEX] [--timeout SECONDS] [--unchecked] [--out FILE] [--rows FILE] [--command FILE]`: compiles and checks the 44 cases, one
 * process each, and writes docs/cases.md: which nests they become, what was merged into which, what was not and why, how far the answers are from an
 * evaluation in f64 and from ONNX Runtime. `--unchecked` compiles only. Rows are kept between runs.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { workloads } from "../workloads/catalog.ts";
import { ensureWorkload } from "../workloads/write.ts";
import { casesDocument, type CaseRow, type Checked, type Merge, type Scratch } from "./cases-table.ts";

/** The parts of the answers of `compile --json` and `check --json` that the page is made from. */
interface Compiled {
  readonly groups: readonly {
    readonly name: string;
    readonly template: string;
    readonly phase: string;
    readonly members: readonly unknown[];
  }[];
  readonly verdicts: readonly Merge[];
  readonly buffers: readonly (Scratch & { readonly scope: string })[];
}
interface Answer {
  readonly outputs?: readonly Omit<Checked, "exit">[];
  readonly error?: { readonly code: string; readonly message: string };
}

const { values: given } = parseArgs({
  options: {
    match: { type: "string", default: "" },
    timeout: { type: "string", default: "300" },
    unchecked: { type: "boolean", default: false },
    out: { type: "string", default: "docs/cases.md" },
    rows: { type: "string", default: "dist/bench/cases.json" },
    command: { type: "string", default: "bin/fusionscope" },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function fusionscope(words: readonly string[]): { readonly exit: number; readonly answer: unknown } {
  const { status, stdout, error } = spawnSync(process.execPath, [given.command, ...words, "--json"], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    timeout: 1000 * Number(given.timeout),
  });
  if (error !== undefined || status === null)
    return { exit: -1, answer: { error: { code: "no-answer", message: `none in ${given.timeout} s` } } };
  return { exit: status, answer: JSON.parse(stdout) };
}

/** Passes whose verdicts are about whole nests. */
const isMerge = ({ rule }: Merge): boolean => /^(merge|chain)-nests\//.test(rule);
const scratch = ({ name, bytes }: Scratch): Scratch => ({ name, bytes });

function planOf(file: string): Omit<CaseRow, "name" | "checked"> {
  const { exit, answer } = fusionscope(["compile", file]);
  if (exit !== 0) throw new Error(`compile ${file}: exit ${exit}: ${JSON.stringify(answer).slice(0, 300)}`);
  const { groups, verdicts, buffers } = answer as Compiled;
  const of = (scope: string): Scratch[] => buffers.filter((b) => b.scope === scope).map(scratch);
  return {
    nests: groups.filter((g) => g.phase === "run").map(({ name, template, members }) => ({ name, template, operators: members.length })),
    merges: verdicts.filter(isMerge).map(({ accepted, rule, because }) => ({ accepted, rule, because })),
    arena: of("arena"),
    thread: of("thread"),
  };
}

/** The worst output: the one that fails, else that with the greatest error of its limit. */
function checkedOf(file: string): Checked {
  const { exit, answer } = fusionscope(["check", file, "--no-fallback", "--timeout", given.timeout]);
  const { outputs = [], error } = answer as Answer;
  const share = (o: Omit<Checked, "exit">): number => (o.why === "" ? (o.error ?? 0) / (o.limit ?? 1) : Infinity);
  const [worst] = outputs.map((o) => ({ ...o, why: (o.why as string | undefined) ?? "" })).sort((a, b) => share(b) - share(a));
  const none = { method: "", error: null, referenceError: null, limit: null };
  const {
    method,
    error: distance,
    referenceError,
    limit,
    why,
  } = worst ?? { ...none, why: error === undefined ? "" : `${error.code}: ${error.message}` };
  return { exit, method, error: distance, referenceError, limit, why };
}

const kept = new Map<string, CaseRow>(
  fs.existsSync(given.rows) ? (JSON.parse(fs.readFileSync(given.rows, "utf8")) as readonly CaseRow[]).map((r) => [r.name, r]) : [],
);
const cases = workloads.filter((w) => w.group === "paper").map((w) => w.name);
fs.mkdirSync(path.dirname(given.rows), { recursive: true });
for (const name of cases.filter((n) => new RegExp(given.match).test(n))) {
  const file = ensureWorkload(name);
  const plan = planOf(file);
  const checked = given.unchecked ? kept.get(name)?.checked : checkedOf(file);
  kept.set(name, { name, ...plan, ...(checked === undefined ? {} : { checked }) });
  fs.writeFileSync(given.rows, JSON.stringify([...kept.values()]));
  say(`${name}: ${plan.nests.length} nests, ${checked === undefined ? "not checked" : `exit ${checked.exit} ${checked.why}`}`);
}
const rows = cases.flatMap((name) => kept.get(name) ?? []);
fs.writeFileSync(given.out, casesDocument(rows, "npm run cases"));
say(`${given.out} written: ${rows.length} of ${cases.length} cases`);
