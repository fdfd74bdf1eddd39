/**
 * Experiment 7: does the test budget hold? Compiles the ONNX project's operator cases, puts the C++ of many into one translation unit,
 * and measures the compiler's CPU seconds by cases per unit. Run: see README.md beside this file.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { defaultOptions, UserError, type IsaName } from "#core";
import { compileModel, findToolchain, localMachine, openSessionModel, packageRoot } from "#core/io";
import { compileFlags } from "../../../compiler-core/io/toolchain.ts";
import { unitOf } from "../../onnx-node/unit.ts";

const whole = path.join(packageRoot(), "../shared/onnx-backend/node");
const cases = fs.existsSync(whole) ? whole : path.join(packageRoot(), "test/data/onnx-node");
const machine = localMachine();

interface Generated {
  readonly name: string;
  readonly isa: IsaName;
  readonly text: string;
}

/** The C++ of every case that compiles, and why the others do not, counted. */
function generateAll(): { readonly made: Generated[]; readonly reasons: Map<string, number>; readonly ms: number } {
  const made: Generated[] = [];
  const reasons = new Map<string, number>();
  const start = performance.now();
  for (const name of fs.readdirSync(cases).sort()) {
    const file = path.join(cases, name, "model.onnx");
    if (!fs.existsSync(file)) continue;
    const why = generate(name, file, made);
    if (why !== undefined) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  return { made, reasons, ms: performance.now() - start };
}

function generate(name: string, file: string, made: Generated[]): string | undefined {
  try {
    const model = openSessionModel(file);
    const { source, error, unsupported } = compileModel(model, defaultOptions, machine);
    model.close();
    if (source === undefined) return error?.code ?? (unsupported.length > 0 ? "an operator is not compiled" : "no code");
    made.push({ name, isa: source.plan.isa, text: source.text });
    return undefined;
  } catch (e) {
    return e instanceof UserError ? e.code : String(e);
  }
}

/** CPU seconds (user and system) of one compiler run, from the shell's `times`: the wall clock would count what else the machine does. */
function compileSeconds(command: string, flags: readonly string[], text: string, folder: string): number {
  const source = path.join(folder, "unit.cpp");
  fs.writeFileSync(source, text);
  const script = '"$@" >&2 || exit 1; times';
  const run = spawnSync("sh", ["-c", script, "sh", command, ...flags, "-c", source, "-o", path.join(folder, "unit.o")], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(run.stderr.split("\n").find((l) => l.includes("error")) ?? run.stderr.slice(0, 400));
  const children = run.stdout.trim().split("\n").at(-1) ?? "";
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
}

/** Evenly spread over all cases, so that every unit has the same mix. */
const spread = (list: readonly Generated[], count: number, from: number): Generated[] =>
  Array.from({ length: count }, (_, i) => list[Math.floor(((i + from) * list.length) / count) % list.length] as Generated);

const { made, reasons, ms } = generateAll();
console.log(`${made.length} cases become C++ in ${(ms / 1000).toFixed(1)} s; not: ${JSON.stringify(Object.fromEntries(reasons))}`);
const toolchain = await findToolchain();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-budget-"));
const isa = made[0]?.isa ?? "scalar";
const base = [...compileFlags(isa, toolchain), `-I${path.join(packageRoot(), "native")}`];
for (const level of ["-O3", "-O1"]) {
  const flags = base.map((f) => (f === "-O3" ? level : f));
  for (const [count, repeats] of [
    [1, 6],
    [10, 3],
    [50, 2],
    [100, 1],
  ] as const) {
    const seconds = Array.from({ length: repeats }, (_, r) =>
      compileSeconds(toolchain.command, flags, unitOf(spread(made, count, r * 0.37).map((c) => c.text)), folder),
    );
    const mean = seconds.reduce((a, b) => a + b, 0) / repeats;
    const all = (mean * made.length) / count;
    console.log(
      `${level}, ${count} cases in a unit: ${mean.toFixed(2)} CPU s a unit, ${(mean / count).toFixed(3)} s a case; all ${made.length}: ${all.toFixed(0)} CPU s, ${(all / 2).toFixed(0)} s on two cores`,
    );
  }
}
fs.rmSync(folder, { recursive: true });
