/**
 * Compiles and checks every model below a folder, one process each, and writes the table of what happened as Markdown: exit code, nodes compiled,
 * nodes on ONNX Runtime, neither; the share per group; what is left by operator and reason.
 *
 *   npm run models-report -- [FOLDER] [--out FILE] [--only TEXT] [--timeout SECONDS] [--jobs N] [--command FILE]
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

interface Row {
  /** Below the folder. */
  readonly file: string;
  readonly exit: number;
  readonly seconds: number;
  readonly nodes: number;
  readonly compiled: number;
  readonly holes: number;
  readonly neither: number;
  readonly left: readonly { readonly opType: string; readonly reason: string }[];
  /** Code and text of the error, or the outputs that differ. */
  readonly note: string;
}

interface Coverage {
  readonly nodes: number;
  readonly compiledNodes: number;
  readonly holeNodes: number;
  readonly otherNodes: number;
}
interface Answer {
  readonly coverage?: Coverage;
  readonly unsupported?: readonly { readonly opType: string; readonly reason: string }[];
  readonly outputs?: readonly { readonly name: string; readonly ok: boolean; readonly why?: string }[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly note?: string;
}

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: "docs/models.md" },
    only: { type: "string", default: "" },
    timeout: { type: "string", default: "300" },
    jobs: { type: "string", default: "2" },
    command: { type: "string", default: "bin/fusionscope" },
  },
});
const folder = positionals[0] ?? "../shared/models";
const seconds = Number(given.timeout);

function modelFiles(at: string): string[] {
  const entries = fs.readdirSync(at, { withFileTypes: true, recursive: true });
  return entries
    .filter((e) => e.isFile() && e.name.endsWith(".onnx"))
    .map((e) => path.relative(at, path.join(e.parentPath, e.name)))
    .filter((file) => file.includes(given.only))
    .sort();
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
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * seconds);
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
  const start = performance.now();
  const compiled = await fusionscope(["compile", at]);
  const checked = await fusionscope(["check", at]);
  const c = compiled.answer.coverage;
  return {
    file,
    exit: checked.exit,
    seconds: (performance.now() - start) / 1000,
    nodes: c?.nodes ?? 0,
    compiled: c?.compiledNodes ?? 0,
    holes: c?.holeNodes ?? 0,
    neither: c?.otherNodes ?? 0,
    left: compiled.answer.unsupported ?? [],
    note: noteOf(checked.answer),
  };
}

function noteOf({ error, outputs = [], note }: Answer): string {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  const bad = outputs.filter((o) => !o.ok);
  if (bad.length > 0) return `${bad.length} of ${outputs.length} outputs differ, ${bad[0]?.name}: ${bad[0]?.why ?? ""}`;
  return note === undefined ? "" : "against the evaluator";
}

const maxNote = 160;
const cell = (text: string): string => {
  const line = text.replaceAll(/[|\r\n`<>]+/g, " ").replaceAll(/\/\S*\/(?=[^/\s]*\.onnx)/g, "");
  return line.length > maxNote ? `${line.slice(0, maxNote)}...` : line;
};
const share = (part: number, whole: number): string => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`);
const sum = (rows: readonly Row[], pick: (r: Row) => number): number => rows.reduce((s, r) => s + pick(r), 0);

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((r) => `| ${r.join(" | ")} |`), ""];
}

function counted<T>(items: readonly T[], key: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function groupRows(rows: readonly Row[]): (readonly (string | number)[])[] {
  const groups = new Map<string, Row[]>();
  for (const r of rows) {
    const group = r.file.split(path.sep)[0] ?? "";
    groups.set(group, [...(groups.get(group) ?? []), r]);
  }
  return [...groups].map(([group, list]) => [
    cell(group.replace("__", "/")),
    list.length,
    list.filter((r) => r.exit === 0).length,
    sum(list, (r) => r.nodes),
    share(
      sum(list, (r) => r.compiled),
      sum(list, (r) => r.nodes),
    ),
  ]);
}

function document(rows: readonly Row[]): string {
  const exits = counted(rows, (r) => String(r.exit)).map(([exit, n]) => `${n} with ${exit}`);
  const failures = rows.filter((r) => r.exit !== 0);
  const lines = [
    "# Models",
    "",
    "Every model of a collection of real files from public repositories, compiled and checked on random inputs against ONNX Runtime. Written by",
    "`npm run models-report`; not to be edited. A node is compiled when code of ours computes it or its result is known at compile time; what is not",
    "compiled runs on ONNX Runtime inside the same plan; neither: nobody can run it. Exit codes are those of `fusionscope check`.",
    "",
    `${rows.length} files; exit codes: ${exits.join(", ")}. ${sum(rows, (r) => r.compiled)} of ${sum(rows, (r) => r.nodes)} nodes compiled (${share(
      sum(rows, (r) => r.compiled),
      sum(rows, (r) => r.nodes),
    )}), ${sum(rows, (r) => r.holes)} on ONNX Runtime, ${sum(rows, (r) => r.neither)} neither.`,
    "",
    "## By group",
    "",
    ...table(["group", "files", "exit 0", "nodes", "compiled"], groupRows(rows)),
    "## Not 0",
    "",
    ...table(
      ["code", "files"],
      counted(failures, (r) => `${r.exit} ${r.note.split(":")[0] ?? ""}`),
    ),
    "## Left to ONNX Runtime",
    "",
    ...table(
      ["operator", "reason", "nodes"],
      counted(
        rows.flatMap((r) => r.left),
        (u) => `${cell(u.opType)} | ${cell(u.reason.replaceAll(/"[^"]*"/g, "..."))}`,
      ),
    ),
    "## All",
    "",
    ...table(
      ["file", "exit", "nodes", "compiled", "ONNX Runtime", "neither", ""],
      rows.map((r) => [cell(r.file), r.exit, r.nodes, r.compiled, r.holes, r.neither, cell(r.note)]),
    ),
  ];
  return lines.join("\n");
}

async function main(): Promise<void> {
  const files = modelFiles(folder);
  const rows = new Array<Row | undefined>(files.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const row = await rowOf(files[i] ?? "");
      rows[i] = row;
      process.stderr.write(
        `${i + 1}/${files.length} exit ${row.exit} ${row.compiled}/${row.nodes} ${row.seconds.toFixed(1)} s ${row.file} ${row.note.slice(0, 120)}\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(given.jobs)) }, worker));
  fs.writeFileSync(given.out, document(rows.filter((r) => r !== undefined)));
  process.stderr.write(`${given.out} written\n`);
}

await main();
