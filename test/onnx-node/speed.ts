/**
 * `npm run op-speed -- [--out FILE] [--only TEXT] [--seconds N]`: one representative size of every operator family on one thread, interleaved
 * with ONNX Runtime, as a table: times, the ratio with its interval, and the control (our code against itself).
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { benchModel, compileModel, localMachine, openSessionModel } from "#core/io";
import { defaultOptions } from "#core";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { speedCases, type SpeedCase } from "./speed-cases.ts";

interface Ratio {
  readonly median: number;
  readonly ci95: readonly [number, number];
}
interface Row {
  readonly one: SpeedCase;
  readonly ours?: number;
  readonly runtime?: number;
  readonly ratio?: Ratio;
  readonly control?: number;
  readonly note: string;
}

const { values: given } = parseArgs({
  options: { out: { type: "string" }, only: { type: "string", default: "" }, seconds: { type: "string", default: "0.3" } },
});
const seconds = Number(given.seconds);
/** A row that takes longer, with its compilation, is given up: the others are still wanted. */
const patience = 300_000;
const machine = localMachine();
const options = { ...defaultOptions, threads: 1 };
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-speed-"));

async function timed(one: SpeedCase): Promise<Row> {
  const file = path.join(scratch, "model.onnx");
  fs.writeFileSync(file, encodeModel(one.make().model));
  const model = openSessionModel(file);
  try {
    const compilation = compileModel(model, options, machine);
    if (compilation.error !== undefined) throw compilation.error;
    const [left] = compilation.unsupported;
    if (left !== undefined) return { one, note: `on ONNX Runtime: ${left.reason}` };
    const settings = {
      scope: { kind: "model" },
      baselines: ["ort"],
      seed: 1,
      seconds,
      regions: false,
      signal: AbortSignal.timeout(patience),
    } as const;
    const { result, missing } = await benchModel(model, compilation, options, machine, settings);
    const [ratio] = Object.values(result.speedup);
    const note = missing.map((m) => m.why).join("; ");
    return {
      one,
      ours: result.ours.medianMs,
      runtime: Object.values(result.baselines)[0]?.medianMs,
      ratio,
      control: result.control.median,
      note,
    };
  } catch (e) {
    return { one, note: `failed: ${e instanceof Error ? e.message : String(e)}`.slice(0, 200) };
  } finally {
    model.close();
  }
}

const us = (ms: number | undefined): string => (ms === undefined ? "" : (1000 * ms).toFixed(1));
const cells = ({ one, ours, runtime, ratio, control, note }: Row): readonly string[] => [
  one.op,
  one.size,
  us(ours),
  us(runtime),
  ratio === undefined ? "" : ratio.median.toFixed(2),
  ratio === undefined ? "" : `${ratio.ci95[0].toFixed(2)} to ${ratio.ci95[1].toFixed(2)}`,
  control?.toFixed(2) ?? "",
  note,
];

/** Slowest first: what is missing or failed at the top. */
function table(rows: readonly Row[]): string {
  const sorted = [...rows].sort((a, b) => (a.ratio?.median ?? 0) - (b.ratio?.median ?? 0));
  const tooSlow = sorted.filter((r) => r.ratio !== undefined && r.ratio.median < 0.2);
  const below = (limit: number): number => rows.filter((r) => r.ratio !== undefined && r.ratio.median < limit).length;
  return [
    "# Speed of single operators",
    "",
    "Written by `npm run op-speed`: models of one operator on one thread, interleaved with ONNX Runtime in one process. `ratio` is the time of ONNX",
    "Runtime divided by ours, so less than 1 means that ONNX Runtime is faster; the interval holds the median with 95 %. `control` is our code",
    "against itself in the same rounds: far from 1, the row tells little. ONNX Runtime's times contain its call, ours of it (some microseconds).",
    "",
    `${machine.name}. ${rows.length} rows: ${below(1)} below 1, ${below(0.5)} below 0.5, ${below(0.2)} below 0.2 (five times slower).`,
    "",
    ...(tooSlow.length === 0
      ? ["No row is more than five times slower than ONNX Runtime."]
      : [
          "More than five times slower:",
          "",
          ...tooSlow.map(({ one }) => `- ${one.op} ${one.size}: ${one.slowBecause ?? "not looked into yet"}`),
        ]),
    "",
    "| operator | size | ours (us) | ONNX Runtime (us) | ratio | interval | control | note |",
    "|---|---|--:|--:|--:|---|--:|---|",
    ...sorted.map((r) => `| ${cells(r).join(" | ")} |`),
    "",
  ].join("\n");
}

const rows: Row[] = [];
try {
  for (const one of speedCases.filter((c) => `${c.op} ${c.size}`.includes(given.only))) {
    const row = await timed(one);
    rows.push(row);
    process.stderr.write(`${cells(row).join(" | ")}\n`);
    // As it grows: what is there counts if the run is ended.
    if (given.out !== undefined) fs.writeFileSync(given.out, table(rows));
  }
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}
if (given.out === undefined) process.stdout.write(table(rows));
