/**
 * Every message a user can see, by code. A code is stable: scripts and tests rely on it. The text says what is wrong and
 * where; `next` says what to do about it. `{holes}` are filled from the arguments of `userError`.
 */
export const messages = {
  usage: { exit: 2, text: "{what}", next: "run `fusionscope {help}`" },
  "file-unreadable": { exit: 3, text: "cannot read {path}: {what}", next: "check the path and its permissions" },
  "onnx-not-a-model": { exit: 3, text: "this is not an ONNX model: {what}", next: "give a .onnx file (a binary ModelProto)" },
  "onnx-truncated": { exit: 3, text: "the file ends too early: {what}", next: "get the whole file again, it was cut off" },
  "onnx-wire": { exit: 3, text: "the file is damaged: {what}", next: "export or download the model again" },
  "onnx-too-deep": {
    exit: 3,
    text: "messages are nested more than {limit} deep",
    next: "flatten the nested subgraphs or types of the model",
  },
  "onnx-too-large": {
    exit: 3,
    text: "the structure of the model needs more than {limit} MiB of memory",
    next: "keep weights as raw or external data, not as lists",
  },
  "onnx-tensor-size": { exit: 3, text: "tensor {tensor}: {what}", next: "export the model again, with its weights" },
  "onnx-dtype": { exit: 3, text: "tensor {tensor}: {what}", next: "convert the model to a supported element type" },
  "external-missing": { exit: 3, text: "tensor {tensor}: its data file {location} {what}", next: "put the file next to the model" },
  "external-outside": {
    exit: 3,
    text: "tensor {tensor}: its data file {location} is refused: {what}",
    next: "keep external data inside the folder of the model",
  },
  "npy-format": { exit: 3, text: "not a readable .npy file: {what}", next: "save a C-ordered array of plain numbers with numpy.save" },
  cancelled: { exit: 1, text: "cancelled", next: "start it again" },
  "worker-crashed": {
    exit: 70,
    text: "the compiler stopped: {what}",
    next: "try again: it is started anew; if it stops again, please report it with the model",
  },
  "worker-timeout": { exit: 70, text: "the compiler did not answer to `{what}` for {seconds} s", next: "try again: it is started anew" },
  "page-silent": {
    exit: 70,
    text: "the page of the inspector did not start",
    next: "close the editor and open the model again; if it stays so, reload the window",
  },
  "page-request": {
    exit: 70,
    text: "the inspector's page asked for something it cannot have: {what}",
    next: "reload the window; if it comes again, report it with the log",
  },
  "compare-same": {
    exit: 2,
    text: "there is nothing to compare: {what}",
    next: "choose another model, or options that differ",
  },
  untrusted: {
    exit: 4,
    text: "{what} is switched off in a restricted window",
    next: "trust the folder with the command Workspaces: Manage Workspace Trust",
  },
  "not-on-disk": { exit: 4, text: "{what} needs the model in a file on a disk", next: "open the model from a local folder" },
  "no-compilation": {
    exit: 1,
    text: "{what} needs a finished compilation",
    next: "wait for the compilation, or mend the error it ended with",
  },
  "body-not-found": { exit: 1, text: "the model has no graph {path} inside", next: "open the model again: its file has changed" },
  "bench-file": {
    exit: 3,
    text: "{path} is no stored benchmark: {what}",
    next: "choose a file that the benchmark view or `fusionscope bench --json` has written",
  },
  "bench-model": {
    exit: 3,
    text: "{path} is a benchmark of another model: {model}",
    next: "choose a result of this model, or measure it with `fusionscope bench`",
  },
  "profile-file": {
    exit: 3,
    text: "{path} is no profile of ONNX Runtime: {what}",
    next: "choose a file that ONNX Runtime has written with enable_profiling, after the session has ended it",
  },
  "tensor-not-constant": { exit: 1, text: "{name} has no values before the model runs", next: "look at a weight or a folded constant" },
  "link-invalid": { exit: 2, text: "this link cannot be opened: {what}", next: "copy the link again from the inspector" },
  "file-unwritable": { exit: 4, text: "cannot write {path}: {what}", next: "choose another place or free some space" },
  "node-reference": { exit: 2, text: "{ref} is not a node reference", next: "write #INDEX, name:NAME or out:OUTPUT, in quotes" },
  "no-such-node": {
    exit: 2,
    text: "no node of the model is {ref}",
    next: "give the #index of a node; `fusionscope compile MODEL --json` lists them",
  },
  "ambiguous-node": { exit: 2, text: "{ref} means more than one node: {candidates}", next: "give the #index of one of them" },
  "pass-unknown": { exit: 2, text: "there is no pass {pass}{hint}", next: "`fusionscope passes` lists them" },
  "pass-required": {
    exit: 2,
    text: "pass {pass} cannot be switched off: the result would not be correct",
    next: "`fusionscope passes` marks the optional ones",
  },
  "dim-unknown": { exit: 2, text: "the model has no symbolic dimension {name}{hint}", next: "its dimensions are: {dims}" },
  "machine-profile": {
    exit: 3,
    text: "{path} is not a machine profile: {what}",
    next: "make one with `fusionscope doctor --json`, its member `machine`",
  },
  "machine-unknown": {
    exit: 2,
    text: "there is no machine profile {name}{hint}, and no such file",
    next: "the profiles that come along are {names}; or name a file",
  },
  "isa-missing": { exit: 4, text: "this machine cannot run --isa {isa}: it lacks {features}", next: "use --isa auto, or compile only" },
  "nodes-unsupported": {
    exit: 1,
    text: "{count} of {total} nodes are not compiled: {list}",
    next: "`fusionscope compile MODEL` without --no-fallback shows the model and the reasons",
  },
  "export-holes": {
    exit: 1,
    text: "the model cannot run without ONNX Runtime: {what}",
    next: "take away a part without them, or leave -o out and use `fusionscope run`",
  },
  "data-folder": {
    exit: 3,
    text: "{path} holds no usable test data: {what}",
    next: "give a folder with input_0.pb and output_0.pb, and so on",
  },
  "input-mismatch": { exit: 3, text: "input {name}: {what}", next: "give a tensor of the type and shape that the model declares" },
  "input-unknown": { exit: 2, text: "the model has no input {name}{hint}", next: "its inputs are {inputs}" },
  "tensor-unknown": {
    exit: 2,
    text: "the main graph has no tensor {name}{hint}",
    next: "name an input, an initializer or a result of a node as the file does",
  },
  "nothing-low": {
    exit: 3,
    text: "{model} is computed in 32-bit floats: nothing is rounded to bf16 or to codes",
    next: "ask for --precision bf16, or give a model with QuantizeLinear and DequantizeLinear",
  },
  "tune-nothing": {
    exit: 3,
    text: "{model} has no matrix product of 32-bit floats whose parameters could be tuned",
    next: "`fusionscope compile MODEL` lists the fusion groups and their kernels",
  },
  "group-unknown": { exit: 2, text: "there is no fusion group {group}", next: "the compilation has the groups {groups}" },
  "bench-stored": {
    exit: 3,
    text: "{path} is not a stored result of a benchmark: {what}",
    next: "`fusionscope bench MODEL --json > FILE` writes one",
  },
  "baseline-missing": {
    exit: 4,
    text: "baseline {name} is not there: {what}",
    next: "`fusionscope doctor` says what is missing; --baseline none times ours alone",
  },
  "output-shape": {
    exit: 1,
    text: "output {name} has the shape {ours}, the reference {reference}",
    next: "please report it with the model",
  },
  "cut-inside": { exit: 2, text: "{ref} lies inside a subgraph or function: it cannot be cut out", next: "choose nodes of the main graph" },
  "not-built": { exit: 4, text: "{what}", next: "run: npm ci && npm run build" },
  "not-evaluable": { exit: 3, text: "cannot evaluate the graph: {what}", next: "choose values that do not depend on this node" },
  "dim-conflict": { exit: 3, text: "dimension {name} = {value} does not fit: {what}", next: "give another value with --dim {name}=N" },
  "ir-text": { exit: 3, text: "line {line} of the IR text: {what}", next: "correct the text, or print it again from the model" },
  "compiler-missing": { exit: 4, text: "there is no usable C++ compiler: {what}", next: "apt-get install -y g++, or set CXX" },
  "compile-failed": {
    exit: 70,
    text: "{command} {version} refused generated code: {what}",
    next: "please report it with the model and the command line; --emit keeps the C++",
  },
  "compiler-timeout": {
    exit: 4,
    text: "{command} did not finish within {seconds} s",
    next: "try again with --timeout, or with another compiler in CXX",
  },
  "isa-not-here": { exit: 4, text: "code for {isa} cannot be built on {arch}", next: "use --isa scalar, or look at the code only" },
  "cache-full": {
    exit: 4,
    text: "the disk is full: {path}",
    next: "free some space, run `fusionscope cache clear`, or set FUSIONSCOPE_CACHE",
  },
  "runner-start": { exit: 70, text: "the native runner does not start: {what}", next: "run `fusionscope cache clear` and try again" },
  "runner-protocol": {
    exit: 70,
    text: "the native runner speaks another protocol: {what}",
    next: "run `fusionscope cache clear` and try again",
  },
  "runner-crashed": {
    exit: 70,
    text: "compiled code crashed with {signal} {where}",
    next: "please report it with the model and the command line",
  },
  "runner-killed": {
    exit: 70,
    text: "the native runner was ended from outside by {signal}",
    next: "try again; if memory is short, use a smaller batch",
  },
  "runner-hung": {
    exit: 70,
    text: "the native runner did not finish `{method}` within {seconds} s and was stopped",
    next: "try again with --timeout",
  },
  "runner-exited": {
    exit: 70,
    text: "the native runner ended with code {code} {what}",
    next: "try again; if it stops again, please report it",
  },
  "runner-file": { exit: 3, text: "{what}", next: "check the path, its permissions and the space on the disk" },
  "runner-module": { exit: 70, text: "this compiled model cannot be loaded: {what}", next: "run `fusionscope cache clear` and try again" },
  "runner-isa": { exit: 4, text: "{what}", next: "use --isa auto" },
  "runner-resources": { exit: 4, text: "{what}", next: "use fewer threads or a smaller model, or free some memory" },
  "runner-unsupported": { exit: 4, text: "{what}", next: "compare with our evaluator instead" },
  "ort-missing": {
    exit: 4,
    text: "ONNX Runtime cannot be loaded: {what}",
    next: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node, or set FUSIONSCOPE_ORT",
  },
  "ort-failed": { exit: 4, text: "ONNX Runtime refuses this: {what}", next: "compare with our evaluator, or use --baseline none" },
  "onednn-missing": {
    exit: 4,
    text: "oneDNN cannot be loaded: {what}",
    next: "apt-get install libdnnl2, or set FUSIONSCOPE_ONEDNN to its library; --baseline ort does without it",
  },
  "onednn-failed": { exit: 4, text: "oneDNN cannot do this: {what}", next: "use another baseline, or --nodes for a part of the model" },
  "ort-cannot-run": {
    exit: 3,
    text: "ONNX Runtime alone cannot run this model on these inputs, either: {what}",
    next: "give other extents (--dim NAME=N); if it fails on all, export the model again",
  },
  "hole-refused": {
    exit: 4,
    text: "ONNX Runtime cannot run what is not compiled, {what}",
    next: "`fusionscope compile MODEL` lists these nodes; a custom operator needs an ONNX Runtime that knows it, in FUSIONSCOPE_ORT",
  },
  "hole-invalid": {
    exit: 3,
    text: "ONNX Runtime finds the model wrong in what is not compiled, {what}",
    next: "export the model again; `fusionscope compile MODEL` lists these nodes",
  },
  "hole-locale": {
    exit: 4,
    text: "ONNX Runtime needs a locale that this machine lacks in what is not compiled, {what}",
    next: "apt-get install -y locales-all",
  },
  "hole-failed": {
    exit: 3,
    text: "ONNX Runtime failed in what is not compiled, {what}",
    next: "set the extents that it needs (--dim NAME=N), or give other inputs; `fusionscope compile MODEL` lists what is not compiled",
  },
  "onnx-cycle": {
    exit: 3,
    text: "the nodes form a cycle through {opType}, output {output}",
    next: "export the model again: an ONNX graph has no cycles",
  },
  "onnx-function-depth": {
    exit: 3,
    text: "function {name} calls functions more than {limit} deep",
    next: "a function may not call itself, directly or through others",
  },
  "onnx-function-size": {
    exit: 3,
    text: "written out, functions such as {name} make more than {limit} nodes",
    next: "export the model again with fewer functions that call each other",
  },
} as const satisfies Record<string, MessageRow>;

/**
 * Exit codes of the command line: 1 the answer is no, 2 bad usage, 3 the model or an input is invalid, 4 something is missing on this machine
 * (a compiler, its time, a feature of the CPU, a module, the library that provides a custom operator), 70 a bug of ours.
 */
export type ExitCode = 1 | 2 | 3 | 4 | 70;

export interface MessageRow {
  readonly exit: ExitCode;
  readonly text: string;
  readonly next: string;
}

export type MessageCode = keyof typeof messages;

/** Where a message points: any of these may be missing. `offset` is a byte offset in `file`. */
export interface Where {
  readonly file?: string;
  readonly offset?: number;
  readonly node?: string;
  readonly pass?: string;
}

/** The holes of a message's template. */
export type Holes = Readonly<Record<string, string | number>>;

/** An error of the model, the options or the machine: it has a code and never needs a stack trace to be understood. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exit: ExitCode;
  readonly next: string;
  constructor(
    readonly code: MessageCode | "bug",
    readonly where: Where,
    readonly holes: Holes,
    cause?: unknown,
  ) {
    const row: MessageRow = code === "bug" ? bugRow : messages[code];
    super(fill(row.text, holes) + locate(where), cause === undefined ? undefined : { cause });
    this.exit = row.exit;
    this.next = fill(row.next, holes);
  }

  /** The one line that the command prints and the editor shows. */
  line(): string {
    return `error[${this.code}]: ${oneLine(this.message)}; ${oneLine(this.next)}`;
  }
}

const bugRow: MessageRow = { exit: 70, text: "internal error: {what}", next: "please report it with the model and the command line" };

/** Throws the coded error `code`. Typed `never`, so that call sites need no `return`. */
export function userError(code: MessageCode, where: Where, holes: Holes = {}, cause?: unknown): never {
  throw new UserError(code, where, holes, cause);
}

/** Throws for a broken promise of our own code: exit code 70. */
export function bug(what: string, where: Where = {}): never {
  throw new UserError("bug", where, { what });
}

/** Any thrown value as a `UserError`: what is not coded yet is a bug of ours, and keeps its cause. */
export function asUserError(e: unknown): UserError {
  if (e instanceof UserError) return e;
  return new UserError("bug", {}, { what: e instanceof Error ? e.message : String(e) }, e);
}

function fill(template: string, holes: Holes): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in holes ? String(holes[name]) : whole));
}

function locate(where: Where): string {
  const parts: string[] = [];
  if (where.file !== undefined) parts.push(where.offset === undefined ? where.file : `${where.file} at byte ${where.offset}`);
  if (where.node !== undefined) parts.push(`node ${where.node}`);
  if (where.pass !== undefined) parts.push(`pass ${where.pass}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** Text from a model can contain anything; an error is one line. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is being removed
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, " ").trim();
}
