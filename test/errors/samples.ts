/** One command line per error code, with the files it needs. */
import fs from "node:fs";
import path from "node:path";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { functionDefinition, modelBuilder, node } from "../../compiler-core/onnx/builder.ts";
import type { MessageCode } from "#core";
import { exampleModel } from "../cli/command-line.ts";

export interface Sample {
  readonly code: MessageCode;
  /** Words of the command line; `dir` is an empty folder that `make` has filled. */
  readonly words: (dir: string) => readonly string[];
  readonly make?: (dir: string) => void;
  readonly env?: (dir: string) => Readonly<Record<string, string>>;
  /** What the line must say beside the code. */
  readonly says: RegExp;
  /** Needs a real compiler. */
  readonly native?: boolean;
}

const write = (dir: string, name: string, data: string | Uint8Array): void => fs.writeFileSync(path.join(dir, name), data);

/** Two nodes of one name. */
function twins(): Uint8Array {
  const b = modelBuilder();
  b.input("x", "f32", [2, 4]);
  b.node("Relu", ["x"], "a", { name: "twin" });
  b.node("Tanh", ["a"], "y", { name: "twin" });
  b.output("y", "f32", [2, 4]);
  return encodeModel(b.build());
}

/** A node that nobody knows. */
function unknownOperator(): Uint8Array {
  const b = modelBuilder({ opsets: { "com.example": 1 } });
  b.input("x", "f32", [2, 4]);
  b.node("Mystery", ["x"], "y", { domain: "com.example" });
  b.output("y", "f32", [2, 4]);
  return encodeModel(b.build());
}

/** One call of a function of the model's own. */
function functionCall(): Uint8Array {
  const b = modelBuilder({ opsets: { local: 1 } });
  b.input("x", "f32", [2, 4]);
  b.function(functionDefinition("local", "Squash", ["a"], ["c"], [node("Relu", ["a"], ["b"]), node("Tanh", ["b"], ["c"])]));
  b.node("Squash", ["x"], "y", { domain: "local" });
  b.output("y", "f32", [2, 4]);
  return encodeModel(b.build());
}

/** A stored benchmark with the least that there must be, of a model with this structure. */
function storedResult(modelHash: string): string {
  const ours = { minMs: 1, medianMs: 1, p95Ms: 1, runs: 10, ci95: [1, 1] };
  const about = { isa: "avx2", threads: 1, precision: "f32", scope: "model", model: "/models/elsewhere.onnx", modelHash };
  const work = { flops: 1, gflops: 1, bytes: 1, peakGflops: null, peakGBs: null, counters: {}, regions: [] };
  return JSON.stringify({ ...about, ours, baselines: {}, speedup: {}, control: { median: 1, ci95: [1, 1] }, ...work });
}

/** A result of a tebibyte. */
function huge(): Uint8Array {
  const b = modelBuilder();
  b.input("x", "f32", [1]);
  b.initializer("shape", "i64", [1], [2 ** 38]);
  b.node("Expand", ["x", "shape"], "y");
  b.output("y", "f32", [2 ** 38]);
  return encodeModel(b.build());
}

/** The first extent must be 3. */
function fixedSum(): Uint8Array {
  const b = modelBuilder();
  b.input("x", "f32", ["n", 4]);
  b.initializer("w", "f32", [3, 4], new Float32Array(12));
  b.node("Add", ["x", "w"], "y");
  b.output("y", "f32", [3, 4]);
  return encodeModel(b.build());
}

/** A program that answers `--version` like g++ 12 and then does what the script says. */
function fakeCompiler(dir: string, script: string): void {
  write(dir, "cxx", `#!/bin/sh\nif [ "$1" = --version ]; then echo "g++ (Fake) 12.2.0"; exit 0; fi\n${script}\n`);
  fs.chmodSync(path.join(dir, "cxx"), 0o755);
}
const withFake = (dir: string): Readonly<Record<string, string>> => ({
  CXX: path.join(dir, "cxx"),
  FUSIONSCOPE_CACHE: path.join(dir, "cache"),
});
const compileExample = (): readonly string[] => ["compile", exampleModel];

const profile = {
  name: "wide",
  features: [
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
  ],
  caches: { l1d: 49152, l2: 2097152, l3: 1e8 },
  cores: 8,
};

export const samples: readonly Sample[] = [
  { code: "usage", words: () => ["compile"], says: /needs MODEL/ },
  { code: "file-unreadable", words: (dir) => ["compile", path.join(dir, "absent.onnx")], says: /there is no such file/ },
  {
    code: "onnx-not-a-model",
    words: (dir) => ["compile", path.join(dir, "text.onnx")],
    make: (dir) => write(dir, "text.onnx", "hello, this is no model\n"),
    says: /not an ONNX model/,
  },
  {
    code: "onnx-truncated",
    words: (dir) => ["compile", path.join(dir, "cut.onnx")],
    make: (dir) => write(dir, "cut.onnx", fs.readFileSync(exampleModel).subarray(0, 5000)),
    says: /ends too early/,
  },
  {
    code: "file-unwritable",
    words: (dir) => ["compile", exampleModel, "--only-until", "fuse", "--emit", path.join(dir, "file", "below")],
    make: (dir) => write(dir, "file", ""),
    says: /cannot write/,
  },
  { code: "node-reference", words: () => ["explain", exampleModel, "fc1"], says: /#INDEX, name:NAME or out:OUTPUT/ },
  { code: "no-such-node", words: () => ["explain", exampleModel, "#99"], says: /#99/ },
  {
    code: "ambiguous-node",
    words: (dir) => ["explain", path.join(dir, "twins.onnx"), "name:twin"],
    make: (dir) => write(dir, "twins.onnx", twins()),
    says: /#0 Relu, #1 Tanh/,
  },
  { code: "pass-unknown", words: () => ["compile", exampleModel, "--without", "fusse"], says: /did you mean fuse\?/ },
  { code: "pass-required", words: () => ["compile", exampleModel, "--without", "lower"], says: /lower cannot be switched off/ },
  { code: "dim-unknown", words: () => ["compile", exampleModel, "--dim", "bach=2"], says: /did you mean batch\?/ },
  {
    code: "dim-conflict",
    words: (dir) => ["compile", path.join(dir, "sum.onnx"), "--dim", "n=2"],
    make: (dir) => write(dir, "sum.onnx", fixedSum()),
    says: /does not fit/,
  },
  {
    code: "machine-profile",
    words: (dir) => ["compile", exampleModel, "--machine", path.join(dir, "m.json")],
    make: (dir) => write(dir, "m.json", JSON.stringify({ ...profile, features: ["sse9"] })),
    says: /"sse9" is not known/,
  },
  {
    code: "machine-unknown",
    words: () => ["compile", exampleModel, "--machine", "ice-lake-33"],
    says: /did you mean ice-lake-32\?/,
  },
  {
    code: "isa-missing",
    words: (dir) => ["check", exampleModel, "--isa", "amx", "--machine", path.join(dir, "m.json")],
    make: (dir) => write(dir, "m.json", JSON.stringify(profile)),
    says: /lacks .*amx_tile/,
  },
  {
    code: "nodes-unsupported",
    words: (dir) => ["compile", path.join(dir, "odd.onnx"), "--no-fallback"],
    make: (dir) => write(dir, "odd.onnx", unknownOperator()),
    says: /1 of 1 nodes are not compiled: #0 Mystery/,
  },
  { code: "data-folder", words: (dir) => ["run", exampleModel, "--data", dir], says: /holds no usable test data/ },
  {
    code: "tune-nothing",
    words: (dir) => ["bench", path.join(dir, "twins.onnx"), "--tune"],
    make: (dir) => write(dir, "twins.onnx", twins()),
    says: /twins.onnx has no matrix product of 32-bit floats/,
    native: true,
  },
  {
    code: "input-unknown",
    words: () => ["probe", exampleModel, "--diverge", "--input", "z=z.npy"],
    says: /no input "z".*its inputs are x/,
  },
  { code: "tensor-unknown", words: () => ["probe", exampleModel, "--tensor", "nowhere"], says: /no tensor "nowhere"/, native: true },
  {
    code: "nothing-low",
    words: (dir) => ["probe", path.join(dir, "twins.onnx"), "--errors"],
    make: (dir) => write(dir, "twins.onnx", twins()),
    says: /twins.onnx is computed in 32-bit floats/,
    native: true,
  },
  { code: "group-unknown", words: () => ["bench", exampleModel, "--group", "99"], says: /the compilation has the groups 0, 1/ },
  {
    code: "bench-stored",
    words: (dir) => ["bench", exampleModel, "--compare", path.join(dir, "old.json")],
    make: (dir) => write(dir, "old.json", "{}"),
    says: /not a stored result of a benchmark: it has no times/,
    native: true,
  },
  {
    code: "bench-model",
    words: (dir) => ["inspect", exampleModel, "--result", path.join(dir, "other.json"), "-o", path.join(dir, "page.html")],
    make: (dir) => write(dir, "other.json", storedResult("0123")),
    says: /is a benchmark of another model: elsewhere.onnx/,
  },
  {
    code: "baseline-missing",
    words: () => ["bench", exampleModel, "--baseline", "ort", "--seconds", "0.05"],
    env: () => ({ FUSIONSCOPE_ORT: "/nowhere/libonnxruntime.so" }),
    says: /baseline ort is not there/,
    native: true,
  },
  {
    code: "cut-inside",
    words: (dir) => ["bench", path.join(dir, "call.onnx"), "--nodes", "#0/Squash/#1"],
    make: (dir) => write(dir, "call.onnx", functionCall()),
    says: /inside a subgraph or function/,
  },
  {
    code: "export-holes",
    words: (dir) => ["compile", path.join(dir, "odd.onnx"), "-o", path.join(dir, "away")],
    make: (dir) => write(dir, "odd.onnx", unknownOperator()),
    says: /without ONNX Runtime: 1 of 1 nodes are not compiled: #0 Mystery/,
  },
  {
    code: "runner-resources",
    words: (dir) => ["bench", path.join(dir, "huge.onnx"), "--baseline", "none"],
    make: (dir) => write(dir, "huge.onnx", huge()),
    says: /a run needs 1024\.0 GiB of memory, this machine has/,
    native: true,
  },
  { code: "compiler-missing", words: compileExample, env: () => ({ CXX: "/nowhere/g++" }), says: /apt-get install/ },
  {
    code: "compile-failed",
    words: compileExample,
    make: (dir) => fakeCompiler(dir, "echo 'model.cpp:7:1: error: no such thing' >&2; exit 1"),
    env: withFake,
    says: /model\.cpp:7:1: error: no such thing/,
  },
  {
    code: "compiler-timeout",
    words: () => [...compileExample(), "--timeout", "0.3"],
    make: (dir) => fakeCompiler(dir, "exec sleep 20"),
    env: withFake,
    says: /within 0\.3 s/,
  },
  {
    code: "cache-full",
    words: compileExample,
    make: (dir) => fakeCompiler(dir, "echo 'fatal error: No space left on device' >&2; exit 1"),
    env: withFake,
    says: /disk is full/,
  },
];

/** Codes whose sample is a test of its own: the file names the code. */
export const elsewhere: Readonly<Partial<Record<MessageCode, string>>> = {
  "onnx-wire": "test/onnx-reader/hostile.test.ts",
  "onnx-too-deep": "test/onnx-reader/hostile.test.ts",
  "onnx-too-large": "test/onnx-reader/hostile.test.ts",
  "onnx-tensor-size": "test/onnx-reader/hostile.test.ts",
  "onnx-dtype": "test/onnx-reader/hostile.test.ts",
  "external-missing": "test/onnx-reader/external-data.test.ts",
  "external-outside": "test/onnx-reader/external-data.test.ts",
  "npy-format": "compiler-core/io/tensor-file.test.ts",
  "onnx-cycle": "compiler-core/onnx/import.test.ts",
  "onnx-function-depth": "compiler-core/onnx/import.test.ts",
  "onnx-function-size": "compiler-core/onnx/import.test.ts",
  "not-evaluable": "compiler-core/graph/eval.test.ts",
  "ir-text": "compiler-core/graph/print.test.ts",
  "input-mismatch": "test/errors/stored-data.test.ts",
  cancelled: "test/kernels/runner.test.ts",
  "runner-start": "test/kernels/runner.test.ts",
  "runner-protocol": "test/kernels/runner.test.ts",
  "runner-crashed": "test/kernels/runner.test.ts",
  "runner-killed": "test/kernels/runner.test.ts",
  "runner-hung": "test/kernels/runner.test.ts",
  "runner-exited": "test/kernels/runner.test.ts",
  "runner-file": "test/kernels/runner.test.ts",
  "runner-module": "test/kernels/runner.test.ts",
  "runner-isa": "test/kernels/runner.test.ts",
  "ort-missing": "test/kernels/runner.test.ts",
  "ort-failed": "test/kernels/runner.test.ts",
  "onednn-missing": "test/kernels/onednn.test.ts",
  "onednn-failed": "test/kernels/onednn.test.ts",
  "ort-cannot-run": "test/models/holes.test.ts",
  "hole-refused": "test/models/holes.test.ts",
  "hole-invalid": "test/models/holes.test.ts",
  "hole-failed": "test/models/holes.test.ts",
  "hole-locale": "test/models/holes.test.ts",
  "worker-crashed": "extension/worker/client.test.ts",
  "worker-timeout": "extension/worker/client.test.ts",
  "page-silent": "extension/editor/page-link.test.ts",
  "page-request": "extension/editor/page-link.test.ts",
  "bench-file": "extension/features/benchmark-runs.test.ts",
  "profile-file": "compiler-core/io/ort-profile-file.test.ts",
  "compare-same": "extension/text/compare-choice.test.ts",
  untrusted: "test/vscode/untrusted.test.ts",
  "not-built": "test/scripts/commands.test.ts",
};

/** Codes without a sample, each with the reason. */
export const untried: Readonly<Partial<Record<MessageCode, string>>> = {
  "isa-not-here": "needs a machine that is not x86-64",
  "runner-unsupported": "guards results that no compiled model has: outputs of element types that cannot be read",
  "output-shape": "guards against a wrong shape inference of ours",
  "not-on-disk": "raised by the editor for virtual file systems, which the test rig does not have",
  "no-compilation": "raised by the editor between two compilations",
  "body-not-found": "raised by the editor's view of subgraphs",
  "tensor-not-constant": "raised by the editor's tensor view",
  "link-invalid": "raised by the editor's links",
};
