/** The table of models as Markdown. */
import path from "node:path";
import type { Attention } from "./report-attention.ts";

export interface Row {
  /** Below the folder of the collection. */
  readonly file: string;
  /** Exit codes of `compile` and `check`. */
  readonly compile: number;
  readonly check: number;
  readonly seconds: number;
  readonly nodes: number;
  readonly compiled: number;
  readonly holes: number;
  readonly neither: number;
  readonly left: readonly { readonly opType: string; readonly reason: string }[];
  /** What the outputs were held against. */
  readonly against?: string;
  /** Code and text of the error, or the outputs that differ. */
  readonly note: string;
  /** Of transformers. */
  readonly attention?: Attention;
  /** Does ONNX Runtime load it? "ok", or its reason; undefined when nobody noted it. */
  readonly ort?: string;
}

const maxNote = 160;
const cell = (text: string): string => {
  const line = text.replaceAll(/[|\r\n`<>]+/g, " ").replaceAll(/(?<![\w.])\/\S*\//g, "");
  return line.length > maxNote ? `${line.slice(0, maxNote)}...` : line;
};
const share = (part: number, whole: number): string => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`);
const sum = (rows: readonly Row[], pick: (r: Row) => number): number => rows.reduce((s, r) => s + pick(r), 0);

type Cells = readonly (string | number)[];

function table(head: readonly string[], rows: readonly Cells[]): string[] {
  if (rows.length === 0) return ["None.", ""];
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((r) => `| ${r.join(" | ")} |`), ""];
}

function counted<T>(items: readonly T[], key: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

type Left = Row["left"][number];

/** Why a node stays on ONNX Runtime, by what its reason says: the first row that fits. */
const natures: readonly (readonly [string, (u: Left) => boolean])[] = [
  ["strings", (u) => /\bstrings?\b/.test(u.reason) || /^(String|TfIdf|Tokenizer$|Regex)/.test(u.opType)],
  ["maps", (u) => /ZipMap|DictVectorizer|CastMap/.test(u.opType)],
  ["sequences or optional values that come from outside", (u) => /sequence|Optional/i.test(`${u.opType} ${u.reason}`)],
  [
    "operands that contradict each other",
    (u) => /do not broadcast|inner extents|does not join|as many elements|operand \d+ is missing|different element types/.test(u.reason),
  ],
  ["control flow that the data decide", (u) => /its condition|how often|whether it begins|its body has|written out/.test(u.reason)],
  [
    "results whose extents are data",
    (u) => /computed at run time/.test(u.reason) || /^(NonZero|Unique|Compress|NonMaxSuppression)$/.test(u.opType),
  ],
  ["behind one of these", (u) => /only known at run time/.test(u.reason)],
  ["operators that only ONNX Runtime has", (u) => u.reason.startsWith("com.microsoft.")],
  ["operators that nobody here has", (u) => u.reason.endsWith("is not supported") && !u.reason.startsWith("ai.onnx.ml.")],
];
const natureOf = (u: Left): string => natures.find(([, fits]) => fits(u))?.[0] ?? "not compiled by us";

/** What is aimed at: groups below it are listed with what remains in them. */
const goal = 0.85;

function remaining(rows: readonly Row[]): Cells[] {
  return [...new Set(rows.map(groupOf))].flatMap((group): Cells[] => {
    const list = rows.filter((r) => groupOf(r) === group);
    const nodes = sum(list, (r) => r.nodes);
    const compiled = sum(list, (r) => r.compiled);
    if (nodes === 0 || compiled >= goal * nodes) return [];
    const what = counted(
      list.flatMap((r) => r.left),
      natureOf,
    ).map(([nature, n]) => {
      const ops = new Set(list.flatMap((r) => r.left.filter((u) => natureOf(u) === nature).map((u) => u.opType)));
      return `${nature}: ${n} (${[...ops].join(", ")})`;
    });
    return [[cell(group.replace("__", "/")), share(compiled, nodes), what.join("; ").replaceAll("|", " ")]];
  });
}

const groupOf = ({ file }: Row): string => file.split(path.sep)[0] ?? "";

function groupCells(rows: readonly Row[]): Cells[] {
  return [...new Set(rows.map(groupOf))].map((group): Cells => {
    const list = rows.filter((r) => groupOf(r) === group);
    const nodes = sum(list, (r) => r.nodes);
    return [
      cell(group.replace("__", "/")),
      list.length,
      list.filter((r) => r.ort === "ok").length,
      list.filter((r) => r.compile === 0).length,
      list.filter((r) => r.check === 0).length,
      nodes,
      share(
        sum(list, (r) => r.compiled),
        nodes,
      ),
    ];
  });
}

const exits = (rows: readonly Row[], pick: (r: Row) => number): string =>
  counted(rows, (r) => String(pick(r)))
    .map(([exit, n]) => `${n} with ${exit}`)
    .join(", ");

function summary(rows: readonly Row[]): string[] {
  const loaded = rows.filter((r) => r.ort === "ok");
  const nodes = sum(rows, (r) => r.nodes);
  const compiled = sum(rows, (r) => r.compiled);
  return [
    `- ${rows.length} files; \`compile\`: ${exits(rows, (r) => r.compile)}; \`check\`: ${exits(rows, (r) => r.check)}.`,
    `- ${loaded.length} of them load into ONNX Runtime; \`compile\`: ${exits(loaded, (r) => r.compile)}; \`check\`: ${exits(loaded, (r) => r.check)}.`,
    `- ${compiled} of ${nodes} nodes compiled (${share(compiled, nodes)}), ${sum(rows, (r) => r.holes)} on ONNX Runtime, ${sum(
      rows,
      (r) => r.neither,
    )} neither.`,
    "",
  ];
}

const codes = (rows: readonly Row[]): string[] =>
  table(
    ["check", "code", "files"],
    counted(rows, (r) => `${r.check} | ${cell(r.note.split(":")[0] ?? "")}`),
  );

/** The whole document. Rows in the order in which they are to be listed; `total` is how many files there are. */
export function modelsDocument(rows: readonly Row[], total: number): string {
  const failures = rows.filter((r) => r.check !== 0);
  return [
    "# Models",
    "",
    "Every model of a collection of real files from public repositories, compiled, and checked on random inputs against ONNX Runtime. Written by",
    "`npm run models-report`; not to be edited. A node is compiled when code of ours computes it or its result is known at compile time; what is not",
    "compiled runs on ONNX Runtime inside the same plan; neither: nobody can run it. Exit codes are those of `fusionscope compile` and `fusionscope",
    "check`: 0 done and equal, 1 different, 2 usage, 3 the model is malformed or cannot be run, 4 something is missing on this machine (a tool, or",
    "whoever provides a custom operator). Loads: does ONNX Runtime alone load the file?",
    "",
    ...(rows.length < total ? [`${total - rows.length} of ${total} files have not been run yet and are not listed.`, ""] : []),
    ...summary(rows),
    "## By group",
    "",
    ...table(["group", "files", "load", "compile 0", "check 0", "nodes", "compiled"], groupCells(rows)),
    `## Groups with less than ${100 * goal} % compiled, and what remains in them`,
    "",
    ...table(["group", "compiled", "on ONNX Runtime, or on nobody"], remaining(rows)),
    "## Transformers",
    "",
    "Attentions that are one nest each, whose scores are never in memory, or why there is none.",
    "",
    ...table(
      ["file", "check", "nests", "why none"],
      rows.flatMap((r) => (r.attention ? [[cell(r.file), r.check, r.attention.nests, cell(r.attention.why)]] : [])),
    ),
    "## Check is not 0, of those that ONNX Runtime loads",
    "",
    "`ort-cannot-run`: ONNX Runtime loads the file, and fails by itself when it runs it.",
    "",
    ...codes(failures.filter((r) => r.ort === "ok")),
    "## Check is not 0, of the others",
    "",
    ...codes(failures.filter((r) => r.ort !== "ok")),
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
      ["file", "loads", "compile", "check", "nodes", "compiled", "ONNX Runtime", "neither", ""],
      rows.map((r) => [
        cell(r.file),
        r.ort === undefined ? "" : r.ort === "ok" ? "yes" : "no",
        r.compile,
        r.check,
        r.nodes,
        r.compiled,
        r.holes,
        r.neither,
        cell(r.note),
      ]),
    ),
  ].join("\n");
}
