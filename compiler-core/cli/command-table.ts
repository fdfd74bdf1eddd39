/** The commands, declared once: their arguments and options. The parser, `--help`, the shell and the documentation read this table. */
import type { OptionName } from "./option-table.ts";

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  readonly choices?: readonly string[];
}

export interface CommandSpec {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What else there is to know, for `--help`. */
  readonly details?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionName[];
  /** What exit code 1 means here; absent when the command has no such answer. */
  readonly no?: string;
  readonly examples: readonly string[];
}

const general = ["json", "debug", "help"] as const satisfies readonly OptionName[];
const code = [
  "isa",
  "machine",
  "tuned",
  "threads",
  "precision",
  "dim",
  "without",
  "only-until",
  "force",
  "forbid",
] as const satisfies readonly OptionName[];
const native = ["no-fallback", "emit", "no-cache", "timeout"] as const satisfies readonly OptionName[];
const model: ArgumentSpec = { name: "MODEL", help: "an .onnx file" };

const references = `Nodes are named #INDEX (position in the file; '#12/then_branch/#3' inside a subgraph), name:NAME or out:OUTPUT.
Quote them: a shell takes a bare # for a comment.`;

const commandTable = {
  compile: {
    summary: "import, optimise, lower, generate C++ and build it",
    details: `Nodes that are not compiled are left to ONNX Runtime, inside of the same plan; each is listed with the reason.
With --only-until no code is built. Another machine's code (--isa, --machine) is built where the compiler can, never run.
With -o DIR the model is written there to be taken away: libmodel.so, weights.bin, the C header model.h, and a C program with a CMake file
that run it without Fusionscope, Node or ONNX Runtime. A model with nodes that are left to ONNX Runtime is refused then.\n${references}`,
    arguments: [model],
    options: [...code, ...native, "output", "static", ...general],
    no: "--no-fallback or -o, and a node is left to ONNX Runtime",
    examples: [
      "fusionscope compile model.onnx",
      "fusionscope compile model.onnx --isa avx2 --threads 2 --emit out/",
      "fusionscope compile model.onnx -o model/",
    ],
  },
  run: {
    summary: "run on stored inputs and compare with stored outputs",
    arguments: [model],
    options: ["data", "rtol", "atol", ...code, ...native, ...general],
    no: "an output differs",
    examples: ["fusionscope run model.onnx --data test_data_set_0"],
  },
  check: {
    summary: "run on random inputs and compare with ONNX Runtime or the evaluator",
    details:
      "Errors are measured against an evaluation in f64. An output passes when our error is at most twice that of ONNX Runtime\nplus 4 units in the last place of the reduction's magnitude (without ONNX Runtime: of our own f32 evaluation).\n" +
      "Outputs behind nodes that run on ONNX Runtime themselves are compared with its own directly: floats within 2^-12 of the greatest value\n" +
      "(f32), numbers of 8 bits within one step, everything else equal.",
    arguments: [model],
    options: ["against", "seed", "each-pass", ...code, ...native, ...general],
    no: "an output differs",
    examples: ["fusionscope check model.onnx --dim batch=7", "fusionscope check model.onnx --each-pass"],
  },
  bench: {
    summary: "time it, interleaved with the baselines",
    details:
      "All candidates take turns in one process, with the same code twice as a control; a few processes, one after the other, draw addresses anew.\n" +
      `Intervals are those of ranks, for as many independent rounds as there are. Whatever makes the numbers doubtful is listed as a warning.\n${references}`,
    arguments: [model],
    options: [
      "nodes",
      "group",
      "baseline",
      "other",
      "runs",
      "seconds",
      "sessions",
      "regions",
      "isolated",
      "sample",
      "static",
      "cold",
      "compare",
      "data",
      "export",
      "tune",
      "budget",
      "seed",
      ...code,
      ...native,
      ...general,
    ],
    no: "--compare, and it is slower than the stored result",
    examples: [
      "fusionscope bench model.onnx --threads 2",
      "fusionscope bench model.onnx --nodes '#3,#4' --baseline ort,onednn",
      "fusionscope bench model.onnx --other '--without merge-nests'",
      "fusionscope bench model.onnx --compare old.json",
      "fusionscope bench model.onnx --tune --budget 120",
    ],
  },
  explain: {
    summary: "lineage, every verdict about one ONNX node, and what its loops are estimated to cost",
    details: references,
    arguments: [model, { name: "NODE", help: "#index, name:... or out:..." }],
    options: ["static", ...code, "no-cache", "timeout", ...general],
    examples: ["fusionscope explain model.onnx '#3'", "fusionscope explain model.onnx out:logits --static"],
  },
  extract: {
    summary: "write a part of a model as an ONNX file, with the values that flow through it",
    details: `The values are recorded from a run of the whole model, and written to test_data_set_0 beside the file: give each part a folder
of its own. \`fusionscope run PART.onnx --data test_data_set_0\` holds the compiled part against them.\n${references}`,
    arguments: [model],
    options: ["nodes", "group", "output", "data", "seed", ...code, "no-cache", "timeout", ...general],
    examples: [
      "fusionscope extract model.onnx --nodes '#3,#4' -o part/model.onnx",
      "fusionscope extract model.onnx --group 2 -o part/model.onnx",
    ],
  },
  probe: {
    summary: "look at tensors in the middle of a run on your own data, and find the first that diverges",
    details:
      "With --tensor: the values that the compiled code makes, beside ONNX Runtime's; with -o they are written there as .npy files.\n" +
      "Tensors that pass from nest to nest are read where they lie; for others the model is compiled once more with them as outputs.\n" +
      "With --diverge: every tensor in memory, in the order of the graph, against ONNX Runtime, within the bound of `check`.\n" +
      "With --errors: --precision bf16 or a quantised model against its float values: SQNR, greatest and mean difference, worst first.\n" +
      "Inputs that nobody gave are random numbers.",
    arguments: [model],
    options: ["tensor", "diverge", "errors", "input", "data", "seed", "output", ...code, "no-cache", "timeout", ...general],
    no: "--diverge, and a tensor differs",
    examples: [
      "fusionscope probe model.onnx --tensor /layer.0/Add_output_0 --input ids=ids.npy -o values/",
      "fusionscope probe model.onnx --diverge --data test_data_set_0",
      "fusionscope probe model.onnx --errors --precision bf16",
    ],
  },
  ablate: {
    summary: "time it with each optional pass switched off",
    arguments: [model],
    options: ["seconds", "seed", ...code, "no-cache", "timeout", ...general],
    examples: ["fusionscope ablate model.onnx"],
  },
  inspect: {
    summary: "write the inspector with this compilation as one self-contained page",
    arguments: [model],
    options: ["output", "result", "ort-profile", ...code, ...native, ...general],
    examples: [
      "fusionscope inspect model.onnx -o model.html",
      "fusionscope inspect model.onnx --result bench.json -o model.html",
      "fusionscope inspect model.onnx --ort-profile profile.json -o model.html",
    ],
  },
  passes: { summary: "the passes, in order", arguments: [], options: general, examples: ["fusionscope passes"] },
  ops: { summary: "the ONNX operators that are understood", arguments: [], options: general, examples: ["fusionscope ops --json"] },
  knobs: { summary: "what can be set, with defaults", arguments: [], options: general, examples: ["fusionscope knobs"] },
  doctor: {
    summary: "what this machine offers: CPU, compiler, counters, baselines, and why not",
    arguments: [],
    options: ["peaks", "calibrate", "timeout", ...general],
    examples: ["fusionscope doctor", "fusionscope doctor --peaks --json", "fusionscope doctor --calibrate"],
  },
  cache: {
    summary: "show or clear the build cache",
    details:
      "Builds that run while the cache is cleared begin again. FUSIONSCOPE_CACHE_MIB is the limit beyond which the least recently used go.",
    arguments: [{ name: "ACTION", help: "info or clear (default: info)", choices: ["info", "clear"], optional: true }],
    options: general,
    examples: ["fusionscope cache", "fusionscope cache clear"],
  },
  schema: {
    summary: "the JSON Schema of a command's --json output",
    arguments: [{ name: "COMMAND", help: "a command" }],
    options: general,
    examples: ["fusionscope schema bench"],
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof commandTable;

export const commandNames = Object.keys(commandTable) as CommandName[];

/** The row of a command, without the literal types of the table. */
export const commandSpec = (name: CommandName): CommandSpec => commandTable[name];

/** Exit codes, for help and documentation. */
export const exitCodes: readonly (readonly [number, string])[] = [
  [0, "done"],
  [1, "the answer is no: values differ, a check failed"],
  [2, "bad usage"],
  [3, "the model or an input is invalid"],
  [4, "something is missing on this machine: compiler, instruction set, module"],
  [70, "a bug of ours"],
];
