/**
 * Every option of the command line, once: its kind, its help text and its default. The parser, `--help`, `fusionscope knobs` and
 * docs/knobs.md read this table; the commands of command-table.ts pick from it by name.
 */
import { isaSets } from "#core";

interface OptionBase {
  /** What stands for the value in help texts; absent for flags. */
  readonly value?: string;
  readonly help: string;
  /** One letter, used as `-o`. */
  readonly short?: string;
  /** True when the value is part of what determines the generated code. */
  readonly code?: boolean;
  /** Shown as the default in help texts; the commands supply it. */
  readonly usual?: string;
}
export interface FlagOption extends OptionBase {
  readonly kind: "flag";
}
export interface TextOption extends OptionBase {
  readonly kind: "text";
}
export interface ChoiceOption extends OptionBase {
  readonly kind: "choice";
  readonly choices: readonly string[];
}
/** `integer`: a whole number; `number`: any finite one. Both not below `min`. */
export interface NumberOption extends OptionBase {
  readonly kind: "integer" | "number";
  readonly min: number;
  readonly max?: number;
}
/**
 * May be repeated. `list`: comma-separated words; `nodes`: comma-separated node references; `pairs`: A+B; `dims`: NAME=N; `texts`: any text, one at a
 * time; `files`: NAME=PATH.
 */
export interface RepeatedOption extends OptionBase {
  readonly kind: "list" | "nodes" | "pairs" | "dims" | "texts" | "files";
  readonly choices?: readonly string[];
}
export type OptionSpec = FlagOption | TextOption | ChoiceOption | NumberOption | RepeatedOption;

const maxThreads = 1024;

export const optionTable = {
  isa: {
    kind: "choice",
    choices: ["auto", ...Object.keys(isaSets)],
    value: "SET",
    code: true,
    usual: "auto",
    help: "feature set to generate code for; auto: the widest this machine has",
  },
  machine: {
    kind: "text",
    value: "NAME|FILE",
    code: true,
    usual: "this machine",
    help: "machine that code is made for: a profile that comes along (`doctor` lists them), or a file (JSON) with features, caches, cores, peaks",
  },
  threads: { kind: "integer", min: 1, max: maxThreads, value: "N", code: true, usual: "1", help: "threads the schedule is made for" },
  precision: {
    kind: "choice",
    choices: ["f32", "bf16"],
    value: "TYPE",
    code: true,
    usual: "f32",
    help: "arithmetic of f32 models; f32 means f32 products, bf16 operands rounded to bf16 with f32 sums",
  },
  dim: { kind: "dims", value: "NAME=N", code: true, help: "value of a symbolic dimension; repeat for more" },
  without: { kind: "list", value: "PASS", code: true, help: "switch an optional pass off; repeat or separate by commas" },
  "only-until": { kind: "text", value: "PASS", code: true, help: "stop after this pass" },
  "no-fallback": { kind: "flag", help: "the answer is no when any node is left to ONNX Runtime" },
  force: { kind: "pairs", value: "A+B", code: true, help: "nodes that must share a fusion group" },
  forbid: { kind: "pairs", value: "A+B", code: true, help: "nodes that must not share a fusion group" },
  emit: { kind: "text", value: "DIR", help: "write every snapshot as .ir text, the C++, the assembly and the plan there" },
  "no-cache": { kind: "flag", help: "build anew, and keep nothing in the build cache" },
  timeout: { kind: "number", min: 0.001, value: "S", usual: "120", help: "seconds that a native build or run may take" },
  json: { kind: "flag", help: "print one JSON object on stdout" },
  debug: { kind: "flag", help: "stack traces of errors" },
  help: { kind: "flag", short: "h", help: "this text" },
  data: { kind: "text", value: "DIR", help: "folder with input_*.pb and output_*.pb, the layout of ONNX tests" },
  tensor: { kind: "texts", value: "NAME", help: "a tensor of the main graph, by its name in the file; repeat for more" },
  input: { kind: "files", value: "NAME=FILE", help: "values of an input, a .npy or TensorProto (.pb) file; repeat for more" },
  diverge: { kind: "flag", help: "the first tensor that differs from ONNX Runtime beyond the bound of `check`, and the nest that made it" },
  errors: { kind: "flag", help: "what bf16 or quantised arithmetic costs: each tensor against the float model, worst first" },
  rtol: { kind: "number", min: 0, value: "R", usual: "1e-3", help: "relative tolerance" },
  atol: { kind: "number", min: 0, value: "A", usual: "1e-7", help: "absolute tolerance" },
  against: {
    kind: "choice",
    choices: ["ort", "eval"],
    value: "WHAT",
    usual: "ort where it is installed",
    help: "what to compare with: ONNX Runtime or our evaluator",
  },
  seed: { kind: "integer", min: 0, value: "N", usual: "1", help: "seed of the random inputs" },
  "each-pass": { kind: "flag", help: "evaluate after every pass and name the first that changes the result" },
  nodes: { kind: "nodes", value: "A,B", help: "only these ONNX nodes, cut out as a model of their own" },
  group: { kind: "integer", min: 0, value: "ID", help: "only this fusion group" },
  baseline: {
    kind: "list",
    value: "NAME",
    usual: "ort where it is installed",
    help: "what to time against: ort, onednn (primitives with post-ops), plain (ours, optional passes off), stored:FILE (a result), none",
  },
  other: {
    kind: "text",
    value: "OPTIONS",
    help: "also our code with other options, such as '--without merge-nests', in the same run; without, force and forbid are those given here only",
  },
  runs: { kind: "integer", min: 3, max: 100_000, value: "N", usual: "as many as fit the time", help: "measured runs of each candidate" },
  seconds: { kind: "number", min: 0.01, value: "S", usual: "2", help: "measuring time for each candidate" },
  regions: { kind: "flag", help: "time per fusion group too, from an instrumented build" },
  sample: { kind: "flag", help: "also sample the code by a timer: the lines and instructions that take the time" },
  static: {
    kind: "flag",
    help: "also price the loops with llvm-mca, where it is installed: an estimate, also for processors that are not here",
  },
  isolated: { kind: "flag", help: "also each fusion group cut out and timed on its own (a build for each); implies --regions" },
  cold: { kind: "flag", help: "sweep the caches before every run; without it runs follow each other" },
  compare: { kind: "text", value: "FILE", help: "a stored result (bench --json): the answer is no if this one is slower beyond doubt" },
  sessions: {
    kind: "integer",
    min: 1,
    max: 20,
    value: "N",
    usual: "5, or 1 for short measurements",
    help: "processes that the measurement is spread over: each draws its addresses anew",
  },
  tune: { kind: "flag", help: "search the parameters of matrix products, and keep what is faster beyond doubt for --tuned" },
  budget: { kind: "number", min: 1, value: "S", usual: "60", help: "seconds that --tune may take" },
  tuned: { kind: "flag", code: true, help: "add the parameters that --tune has kept for this machine profile to it" },
  export: { kind: "text", value: "FILE", help: "also write the part (--nodes, --group) as an ONNX file, with test_data_set_0 beside it" },
  result: { kind: "text", value: "FILE", help: "a stored benchmark (bench --json, or saved by the editor) for the page to show" },
  "ort-profile": {
    kind: "text",
    value: "FILE",
    help: "a profile that ONNX Runtime wrote of the model (enable_profiling), for the page to show",
  },
  output: { kind: "text", short: "o", value: "PATH", help: "where to write" },
  peaks: { kind: "flag", help: "measure arithmetic and memory peaks, checked against the frequency seen" },
  calibrate: {
    kind: "flag",
    help: "measure peaks, caches, bandwidths and costs of teams (under 30 s), and keep them as this machine's profile",
  },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof optionTable;

type ValueOfKind = {
  readonly flag: boolean;
  readonly text: string;
  readonly choice: string;
  readonly integer: number;
  readonly number: number;
  readonly list: readonly string[];
  readonly nodes: readonly string[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly dims: Readonly<Record<string, number>>;
  readonly texts: readonly string[];
  readonly files: Readonly<Record<string, string>>;
};

/** The options a command line gave, typed by the table. What was not given is absent. */
export type OptionValues = { readonly [N in OptionName]?: ValueOfKind[(typeof optionTable)[N]["kind"]] };
