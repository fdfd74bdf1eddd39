/** docs/cases.md: what became of the 44 cases, as Markdown. */

/** A group of the plan, as `compile --json` gives it. */
export interface Nest {
  readonly name: string;
  readonly template: string;
  readonly operators: number;
}

/** A verdict of one of the passes that merge nests. */
export interface Merge {
  readonly accepted: boolean;
  readonly rule: string;
  readonly because: string;
}

export interface Scratch {
  readonly name: string;
  readonly bytes: number;
}

/** Errors of the worst output, as `check --json` gives them: against an evaluation in f64, of ONNX Runtime too, and what is allowed. */
export interface Checked {
  readonly exit: number;
  readonly method: string;
  readonly error: number | null;
  readonly referenceError: number | null;
  readonly limit: number | null;
  readonly why: string;
}

export interface CaseRow {
  readonly name: string;
  readonly nests: readonly Nest[];
  readonly merges: readonly Merge[];
  /** Buffers that are neither inputs nor outputs nor constants: of the arena, and of each thread. */
  readonly arena: readonly Scratch[];
  readonly thread: readonly Scratch[];
  readonly checked?: Checked;
}

type Cells = readonly string[];

const line = (cells: Cells): string => `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
const table = (head: Cells, body: readonly Cells[]): string[] => [line(head), line(head.map(() => "---")), ...body.map(line), ""];

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KiB`;
const sizes = (buffers: readonly Scratch[]): string => (buffers.length === 0 ? "none" : kib(buffers.reduce((sum, b) => sum + b.bytes, 0)));
const number = (n: number | null): string => (n === null ? "-" : n === 0 ? "0" : n.toExponential(1));
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

function checkCells({ checked }: CaseRow): Cells {
  if (checked === undefined) return ["not run", "-", "-", "-"];
  const answer = checked.exit === 0 ? "equal" : `exit ${checked.exit}: ${checked.why}`;
  return [answer, number(checked.error), number(checked.referenceError), number(checked.limit)];
}

/** `command`: how the page is made. */
export function casesDocument(rows: readonly CaseRow[], command: string): string {
  const checked = rows.filter((r) => r.checked !== undefined);
  const equal = checked.filter((r) => r.checked?.exit === 0);
  return `${[
    "# The 44 cases: what became of them",
    "",
    `Written by \`${command}\`. ${rows.length} cases compiled, ${checked.length} checked with \`check --no-fallback\`, ${equal.length} equal. The error of`,
    "floats is the largest distance to an evaluation in f64, beside the same of ONNX Runtime and the limit ([the command](command.md) says how it is set);",
    "of bytes, the largest difference in steps.",
    "",
    "## Answers",
    "",
    ...table(
      ["case", "`check --no-fallback`", "error", "ONNX Runtime's", "limit"],
      rows.map((r): Cells => [r.name, ...checkCells(r)]),
    ),
    "## Nests",
    "",
    "One row is one program of the case. Scores of attention are in the arena of none: what a thread keeps is its own rows of them.",
    "",
    ...table(
      ["case", "nests", "arena", "scratch of a thread", "merged, and not"],
      rows.map((r): Cells => [
        r.name,
        r.nests.map((n) => `${n.template} (${n.operators} operators)`).join(", "),
        sizes(r.arena),
        r.thread.length === 0 ? "none" : r.thread.map((b) => `${b.name} ${kib(b.bytes)}`).join(", "),
        unique(r.merges.map((m) => `${m.accepted ? "merged" : "not merged"} (${m.rule}): ${m.because}`)).join("<br>"),
      ]),
    ),
  ]
    .join("\n")
    .trimEnd()}\n`;
}
