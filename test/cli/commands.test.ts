/** Every command: its exit code, exactly one JSON object that its schema allows, and a text for people. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { commandNames, type CommandName } from "../../compiler-core/cli/command-table.ts";
import { commandSchema, resultSchema } from "../../compiler-core/cli/schemas/index.ts";
import { optionalPasses } from "../../compiler-core/io/session/ablate.ts";
import { writeNpyFile } from "../../compiler-core/io/tensor-file.ts";
import { exampleModel, fusionscope, jsonOf, noCompiler } from "./command-line.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-cli-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
const at = (name: string): string => path.join(scratch, name);

interface Case {
  readonly words: readonly string[];
  readonly exit?: number;
  /** Builds or runs native code. */
  readonly native?: boolean;
  /** Environment of the process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly json?: (result: Record<string, unknown>) => void;
  /** What the text for people must contain; without it that text is not asked for. */
  readonly text?: RegExp;
}

const list = (value: unknown): readonly Record<string, unknown>[] => value as readonly Record<string, unknown>[];
const names = (value: unknown): unknown[] => list(value).map((row) => row["name"]);

const cases: readonly Case[] = [
  { words: ["passes"], json: (r) => assert.ok(names(r["passes"]).includes("fuse")), text: /fuse +graph +yes/ },
  { words: ["ops"], json: (r) => assert.ok(names(r["ops"]).includes("matmul")), text: /^Gemm +ai\.onnx/m },
  { words: ["knobs"], json: (r) => assert.ok(names(r["knobs"]).includes("isa")), text: /--isa SET +yes/ },
  { words: ["schema", "bench"], json: (r) => assert.equal(r["for"], "bench"), text: /"speedup"/ },
  { words: ["cache", "info"], env: { FUSIONSCOPE_CACHE: at("cache") }, json: (r) => assert.equal(r["entries"], 0), text: /0 files/ },
  {
    words: ["cache"],
    env: { FUSIONSCOPE_CACHE: at("cache"), FUSIONSCOPE_CACHE_MIB: "7" },
    json: (r) => assert.equal(r["limitBytes"], 7 * 2 ** 20),
    text: /of at most 7\.00 MiB/,
  },
  {
    words: ["cache", "clear"],
    env: { FUSIONSCOPE_CACHE: at("cache") },
    json: (r) => assert.equal(r["removed"], 0),
    text: /removed 0 files/,
  },
  { words: ["doctor"], native: true, json: (r) => assert.ok(names(r["items"]).includes("cache folder")), text: /cache folder/ },
  { words: ["compile", exampleModel, "--only-until", "fuse"], json: (r) => assert.equal(r["built"], false), text: /stopped after fuse/ },
  { words: ["compile", exampleModel], native: true, json: checkCompile, text: /native code/ },
  {
    words: ["compile", exampleModel, "--isa", "avx2", "--threads", "2", "--dim", "batch=7"],
    native: true,
    json: (r) => assert.deepEqual([r["isa"], r["threads"], r["dims"]], ["avx2", 2, { batch: 7 }]),
    text: /for avx2, 2 threads/,
  },
  {
    words: ["compile", exampleModel, "--without", "fuse,pack-weights"],
    native: true,
    json: (r) => assert.ok(list(r["passes"]).some((p) => p["name"] === "fuse" && p["status"] === "skipped")),
  },
  {
    words: ["extract", exampleModel, "--nodes", "#1,#2", "--dim", "batch=3", "-o", at("part/model.onnx")],
    native: true,
    json: checkExtracted,
    text: /values +.*test_data_set_0: /,
  },
  {
    words: ["run", at("part/model.onnx"), "--data", at("part/test_data_set_0")],
    native: true,
    json: (r) => assert.equal(r["ok"], true),
  },
  {
    words: ["probe", exampleModel, "--tensor", "y", "--diverge", "--dim", "batch=3", "-o", at("values")],
    native: true,
    json: checkProbed,
    text: /ok: no tensor diverges/,
  },
  {
    words: ["probe", exampleModel, "--errors", "--precision", "bf16", "--input", `x=${at("values/x.npy")}`],
    native: true,
    json: checkErrors,
    text: /SQNR/,
  },
  { words: ["explain", exampleModel, "#1"], json: checkExplain, text: /fused: / },
  { words: ["explain", exampleModel, "out:y"], text: /estimates of the cost model, not measurements/ },
  { words: ["explain", exampleModel, "#1", "--static"], text: /estimates, not measurements: llvm-mca|no estimates: / },
  { words: ["explain", exampleModel, "%0"], text: /%0 matmul: as it was imported/ },
  {
    words: ["check", exampleModel, "--against", "eval", "--dim", "batch=3"],
    native: true,
    json: (r) => assert.equal(r["ok"], true),
    text: /ok: errors against f64/,
  },
  {
    words: ["check", exampleModel, "--against", "eval", "--each-pass", "--seed", "5"],
    native: true,
    json: (r) => assert.equal(r["firstBadPass"], null),
    text: /fuse +\S+ +\d+ of \d+ +ok/,
  },
  { words: ["bench", exampleModel, "--seconds", "0.05"], native: true, json: checkBench, text: /control \(ours again\)/ },
  {
    words: ["bench", exampleModel, "--seconds", "0.05", "--baseline", "none", "--cold", "--compare", at("slower.json")],
    native: true,
    json: (r) => assert.deepEqual([r["cache"], comparison(r)["regression"], comparison(r)["method"]], ["cold", false, "absolute"]),
    text: /slower\.json.*: faster/,
  },
  {
    words: [
      "bench",
      exampleModel,
      "--seconds",
      "0.05",
      "--baseline",
      `plain,onednn,stored:${at("faster.json")}`,
      "--compare",
      at("faster.json"),
    ],
    native: true,
    exit: 1,
    json: checkCompared,
  },
  {
    words: ["bench", exampleModel, "--seconds", "0.05", "--group", "1", "--baseline", "none", "--isolated", "--threads", "2"],
    native: true,
    json: checkGroup,
  },
  {
    words: ["bench", exampleModel, "--seconds", "0.05", "--nodes", "#0,#1", "--other", "--without fuse"],
    native: true,
    json: (r) => {
      assert.match(String(r["scope"]), /^nodes #0,#1/);
      const other = (r["baselines"] as Record<string, { readonly version: string }>)["other"];
      assert.equal(other?.version, "--without fuse");
      assert.match(String(r["reproduce"]), / --other '--without fuse'/);
    },
  },
  {
    words: ["ablate", exampleModel, "--seconds", "0.02"],
    native: true,
    json: checkAblated,
    text: /without pass +median +slower by/,
  },
  { words: ["inspect", exampleModel, "-o", at("page.html")], native: true, json: checkPage },
];

function checkCompile(r: Record<string, unknown>): void {
  const partitions = list(r["partitions"]);
  assert.equal(partitions.length, 1);
  assert.ok((partitions[0]?.["onnxNodes"] as string[]).includes("#0"));
  assert.deepEqual(r["unsupported"], []);
  assert.equal(r["built"], true);
  assert.ok(Number(r["constantBytes"]) > 0);
}

/** One row for each optional pass; those with other code say what changed, the others why not. */
function checkAblated(r: Record<string, unknown>): void {
  const rows = list(r["rows"]);
  assert.deepEqual(
    rows.map((row) => row["pass"]),
    optionalPasses(),
  );
  const base = r["figures"] as Record<string, number>;
  for (const row of rows) {
    assert.ok(row["why"] !== undefined || Number(row["medianMs"]) > 0, String(row["pass"]));
    assert.doesNotMatch(String(row["why"]), /internal error/, `without ${row["pass"]}`);
  }
  const without = (pass: string) => rows.find((row) => row["pass"] === pass)?.["figures"] as Record<string, number>;
  assert.ok(without("fuse")["nests"]! > base["nests"]!, "without fusion there are more nests");
  assert.ok(without("fuse")["trafficBytes"]! > base["trafficBytes"]!, "and more is written and read back");
  assert.ok(without("pack-weights")["packedBytes"]! < base["packedBytes"]!, "without prepacking nothing is packed at the first run");
}

function checkProbed(r: Record<string, unknown>): void {
  const [tensor] = list(r["tensors"]);
  assert.deepEqual([tensor?.["name"], tensor?.["how"], r["ok"]], ["y", "in place", true]);
  assert.ok(fs.existsSync(String(tensor?.["file"])));
  // Data for the next case: an input as a file.
  const shape = [4, 100];
  writeNpyFile(at("values/x.npy"), {
    dtype: "f32",
    dims: shape,
    bytes: new Uint8Array(Float32Array.from({ length: 400 }, (_, i) => Math.sin(i)).buffer),
  });
}

function checkErrors(r: Record<string, unknown>): void {
  const report = r["errors"] as Record<string, unknown>;
  assert.equal(list(r["inputs"])[0]?.["from"], "file");
  assert.equal(report["precision"], "bf16");
  const [output] = list(report["outputs"]);
  assert.ok(Number(output?.["sqnrDb"]) > 30 && Number(output?.["sqnrDb"]) < 80, `SQNR is ${output?.["sqnrDb"]} dB`);
}

function checkExplain(r: Record<string, unknown>): void {
  assert.ok(list(r["lineage"]).length > 1);
  assert.ok(list(r["verdicts"]).some((v) => v["subject"] === "fusion"));
  assert.equal((r["node"] as { path: string }).path, "#1");
}

function checkBench(r: Record<string, unknown>): void {
  checkSamples(r);
  const ours = r["ours"] as { medianMs: number; minMs: number; ci95: [number, number]; runs: number };
  assert.ok(ours.runs >= 10 && ours.minMs <= ours.medianMs && ours.ci95[0] <= ours.medianMs && ours.medianMs <= ours.ci95[1]);
  assert.ok(Number(r["flops"]) > 0 && Number(r["gflops"]) > 0);
  for (const [name, c] of Object.entries(r["counters"] as Record<string, { valid: boolean; value: unknown; why?: string }>)) {
    assert.equal(c.valid ? typeof c.value : c.value, c.valid ? "number" : null, name);
    assert.equal(c.valid || (c.why ?? "") !== "", true, `${name} is missing without a reason`);
  }
}

/** Results of the same work that took 1,000 s, and a nanosecond. */
function storeResults(): void {
  const result = (ms: number) => ({
    ...{ isa: "avx2", threads: 1, precision: "f32", scope: "model", baselines: {}, speedup: {}, flops: 1 },
    ours: { minMs: ms, medianMs: ms, p95Ms: ms, runs: 100, ci95: [0.99 * ms, 1.01 * ms] },
  });
  fs.writeFileSync(at("slower.json"), JSON.stringify(result(1e6)));
  fs.writeFileSync(at("faster.json"), JSON.stringify(result(1e-6)));
}
storeResults();

const comparison = (r: Record<string, unknown>): Record<string, unknown> => r["comparison"] as Record<string, unknown>;

function checkCompared(r: Record<string, unknown>): void {
  assert.equal(comparison(r)["regression"], true);
  const kinds = list(r["warnings"]).map((w) => w["kind"]);
  assert.ok(kinds.includes("other-machine"), `warnings: ${kinds.join(", ")}`);
  const there = Object.keys(r["baselines"] as object);
  const absent = list(r["missing"]).map((m) => m["baseline"]);
  assert.ok(there.includes("plain") && there.includes(`stored:${at("faster.json")}`), there.join(", "));
  assert.ok(there.includes("onednn") !== absent.includes("onednn"), "oneDNN takes part, or it is said why not");
}

/** The part, and what flows through it: a run of it on these inputs gives these outputs (the next case). */
function checkExtracted(r: Record<string, unknown>): void {
  assert.ok(list(r["inputs"]).length > 0 && list(r["outputs"]).length > 0);
  const folder = fs.readdirSync(String(r["data"])).sort();
  assert.equal(folder.filter((f) => f.startsWith("input_")).length, list(r["inputs"]).length);
  assert.equal(folder.filter((f) => f.startsWith("output_")).length, list(r["outputs"]).length);
  assert.deepEqual(r["notes"], [], "everything was recorded");
  assert.match(String(r["recordedBy"]), /whole model/);
}

function checkGroup(r: Record<string, unknown>): void {
  assert.match(String(r["scope"]), /^group 1/);
  const regions = list(r["regions"]).filter((g) => Number(g["ns"]) > 0);
  assert.ok(regions.length > 0);
  for (const g of regions) {
    assert.equal(list(g["threads"]).length, 2);
    assert.ok(g["isolated"] !== undefined || g["notIsolated"] !== undefined);
  }
}

/** All samples are there, and the interval is that of the rounds. */
function checkSamples(r: Record<string, unknown>): void {
  const samples = r["samples"] as { candidate: string; rounds: number[][]; sessions: number[] }[];
  assert.deepEqual([samples[0]?.candidate, samples.at(-1)?.candidate], ["ours", "control"]);
  const ours = r["ours"] as { runs: number; minMs: number };
  const runs = samples[0]?.rounds.flat() ?? [];
  assert.equal(runs.length, ours.runs);
  assert.ok(Math.abs(Math.min(...runs) / 1e6 - ours.minMs) < 1e-9);
  const machine = r["machine"] as { cpu: string; versions: Record<string, string> };
  assert.ok(machine.cpu !== "" && /\d/.test(machine.versions["compiler"] ?? ""));
  assert.match(String(r["reproduce"]), /^fusionscope bench .*--seconds 0\.05/);
}

function checkPage(r: Record<string, unknown>): void {
  const html = fs.readFileSync(String(r["path"]), "utf8");
  assert.equal(Buffer.byteLength(html), r["bytes"]);
  assert.match(html, /id="recorded"/);
  assert.doesNotMatch(html, /<(script|link|img)[^>]+(src|href)="?http/);
}

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false });
const validators = new Map(commandNames.map((name) => [name, ajv.compile(commandSchema(name))]));

for (const { words, exit = 0, native = false, env, json, text } of cases) {
  test(words.map((w) => path.basename(w)).join(" "), { skip: native ? noCompiler : false }, async () => {
    const machine = await fusionscope([...words, "--json"], env);
    assert.equal(machine.code, exit, machine.stderr);
    const result = jsonOf(machine);
    const validate = validators.get(words[0] as CommandName);
    assert.ok(validate?.(result), JSON.stringify(validate?.errors?.slice(0, 4)));
    assert.equal(result["error"], undefined);
    json?.(result);
    if (text === undefined) return;
    const people = await fusionscope(words, env);
    assert.equal(people.code, exit, people.stderr);
    assert.match(people.stdout, text);
    assert.ok(!people.stdout.includes("\u001b"), "no colours where nobody sees them");
  });
}

test("each command is tried, and the schemas tell results from failures", () => {
  const tried = new Set([...cases.map((c) => c.words[0]), "run"]);
  assert.deepEqual(
    commandNames.filter((n) => !tried.has(n)),
    [],
  );
  for (const name of commandNames) {
    const strict = new Ajv2020({ strict: true, strictTypes: false }).compile(resultSchema(name));
    assert.equal(strict({ schema: 1, command: name }), false, `${name} requires nothing`);
    assert.equal(validators.get(name)?.({ schema: 1, error: { code: "usage", message: "m", next: "n", exit: 2 } }), true);
    assert.equal(validators.get(name)?.({ schema: 2, command: name }), false);
  }
});

test("help of every command names its options, on stdout", async () => {
  for (const name of commandNames) {
    const { code, stdout, stderr } = await fusionscope([name, "--help"]);
    assert.deepEqual([code, stderr], [0, ""], name);
    assert.match(stdout, new RegExp(`^usage: fusionscope ${name}`));
    assert.match(stdout, /--json/);
  }
});
