/**
 * Compiles and checks every model below a folder, one process each, and writes the table of what happened as Markdown. Small files come first.
 * Rows are kept between runs: `--only` and `--failed` run a part again, and the table is written from all that is known.
 *
 *   npm run models-report -- [FOLDER] [--out FILE] [--rows FILE] [--only TEXT] [--failed] [--missing] [--timeout SECONDS] [--jobs N] [--command FILE]
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { attentionOf, isTransformer, type CompiledNests } from "./report-attention.ts";
import { modelsDocument, type Row } from "./report-table.ts";

interface Coverage {
  readonly nodes: number;
  readonly compiledNodes: number;
  readonly holeNodes: number;
  readonly otherNodes: number;
}
interface Answer extends Pick<CompiledNests, "groups" | "verdicts" | "unsupported"> {
  readonly coverage?: Coverage;
  readonly outputs?: readonly { readonly name: string; readonly ok: boolean; readonly why?: string }[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly note?: string;
}

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: "docs/models.md" },
    rows: { type: "string", default: "dist/models/rows.json" },
    only: { type: "string", default: "" },
    failed: { type: "boolean", default: false },
    missing: { type: "boolean", default: false },
    timeout: { type: "string", default: "300" },
    jobs: { type: "string", default: "2" },
    command: { type: "string", default: "bin/fusionscope" },
  },
});
const folder = positionals[0] ?? "../shared/models";
const seconds = Number(given.timeout);

/** All files, small ones first. */
function modelFiles(): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((e) => e.isFile() && e.name.endsWith(".onnx"))
    .map((e) => path.join(e.parentPath, e.name))
    .sort((a, b) => fs.statSync(a).size - fs.statSync(b).size)
    .map((file) => path.relative(folder, file));
}

/** What INDEX.tsv says of each file: "ok" where ONNX Runtime loads it, else its reason. */
function loads(): ReadonlyMap<string, string> {
  const index = path.join(folder, "INDEX.tsv");
  if (!fs.existsSync(index)) return new Map();
  const [head = [], ...lines] = fs
    .readFileSync(index, "utf8")
    .split("\n")
    .map((line) => line.trimEnd().split("\t"));
  const [file, load] = [head.indexOf("file"), head.indexOf("ort_load")];
  return new Map(lines.map((l) => [l[file] ?? "", l[load] ?? ""]));
}

interface Ended {
  readonly exit: number;
  readonly answer: Answer;
}

function fusionscope(words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [given.command, ...words, "--json"], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (t: string) => (text += t));
    const timer = setTimeout(() => child.kill("SIGTERM"), 1000 * seconds);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ exit: code ?? -1, answer: parsed(text) });
    });
  });
}

function parsed(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return { error: { code: "no-answer", message: "it did not end in time, or without an answer" } };
  }
}

async function rowOf(file: string): Promise<Row> {
  const at = path.join(folder, file);
  const dims = dimsOf(file);
  const start = performance.now();
  const checked = await fusionscope(["check", at, ...dims]);
  const compiled = checked.exit === 0 ? checked : await fusionscope(["compile", at, ...dims]); // what was checked was compiled
  const c = compiled.answer.coverage;
  const attention = isTransformer(file)
    ? { attention: attentionOf((await fusionscope(["compile", at, ...dims, "--only-until", "chain-nests"])).answer) }
    : {};
  return {
    file,
    ...attention,
    compile: compiled.exit,
    check: checked.exit,
    seconds: (performance.now() - start) / 1000,
    nodes: c?.nodes ?? 0,
    compiled: c?.compiledNodes ?? 0,
    holes: c?.holeNodes ?? 0,
    neither: c?.otherNodes ?? 0,
    left: compiled.answer.unsupported ?? [],
    note: [noteOf(checked.answer), dims.join(" ")].filter((t) => t !== "").join("; "),
  };
}

function noteOf({ error, outputs = [], note }: Answer): string {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  const bad = outputs.filter((o) => !o.ok);
  if (bad.length > 0) return `differs: ${bad.length} of ${outputs.length} outputs, ${bad[0]?.name}: ${bad[0]?.why ?? ""}`;
  return note === undefined ? "" : `against the evaluator: ${note}`;
}

function keptRows(): Map<string, Row> {
  if (!fs.existsSync(given.rows)) return new Map();
  const rows = JSON.parse(fs.readFileSync(given.rows, "utf8")) as readonly Row[];
  return new Map(rows.map((r) => [r.file, r]));
}

/** Extents that a model needs and that nothing in its inputs tells. */
const extents: Readonly<Record<string, readonly string[]>> = {
  "silero_vad.onnx": ["input.0=1", "input.1=576", "state.1=1"],
};
const dimsOf = (file: string): string[] =>
  Object.entries(extents).flatMap(([end, dims]) => (file.endsWith(end) ? dims.flatMap((d) => ["--dim", d]) : []));

/** What to run: all, or with `--failed` and `--missing` those alone that failed though ONNX Runtime loads them, or were never run. */
const wanted = (file: string, row: Row | undefined, load: string | undefined): boolean =>
  file.includes(given.only) &&
  ((!given.failed && !given.missing) || (row === undefined ? given.missing : given.failed && row.check !== 0 && load === "ok"));

async function main(): Promise<void> {
  const all = modelFiles();
  const rows = keptRows();
  const ort = loads();
  const files = all.filter((file) => wanted(file, rows.get(file), ort.get(file)));
  const listed = (): Row[] =>
    [...all].sort().flatMap((file) => {
      const row = rows.get(file);
      const load = ort.get(file);
      return row === undefined ? [] : [load === undefined ? row : { ...row, ort: load }];
    });
  fs.mkdirSync(path.dirname(given.rows), { recursive: true });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i] ?? "";
      const row = await rowOf(file);
      rows.set(file, row);
      fs.writeFileSync(given.rows, JSON.stringify(listed()));
      process.stderr.write(
        `${i + 1}/${files.length} exit ${row.check} ${row.compiled}/${row.nodes} ${row.seconds.toFixed(1)} s ${file} ${row.note.slice(0, 160)}\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(given.jobs)) }, worker));
  fs.writeFileSync(given.out, modelsDocument(listed(), all.length));
  process.stderr.write(`${given.out} written: ${rows.size} of ${all.length} models\n`);
}

await main();
