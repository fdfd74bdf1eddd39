/** What the registry says of a kernel holds: calls of it verify, and the C++ they become means what its `meaning` says, for each instruction set. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emitFor } from "../../compiler-core/codegen/index.ts";
import { decode, toNumbers } from "../../compiler-core/graph/ndarray.ts";
import { isaSets, type IsaName } from "../../compiler-core/machine.ts";
import { isFloat } from "../../compiler-core/support/dtype.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";
import { compileFlags } from "#core/io";
import { runBatch } from "../codegen/native-batch.ts";
import { gemmCases } from "./gemm-cases.ts";
import { rowCases } from "./row-cases.ts";
import type { KernelCase } from "./kernel-module.ts";
import { cannotRun, compilerOrReason } from "./native-program.ts";

const compiler = await compilerOrReason();

const short = process.env["FUSIONSCOPE_LONG"] === undefined;

interface Target {
  readonly isa: IsaName;
  /** The set that the machine must have, where that is another one: tiles are emulated. */
  readonly on?: IsaName;
  readonly flags?: readonly string[];
}

const emulated: Target = { isa: "amx", on: "avx512-bf16", flags: ["-DFS_AMX_EMULATED"] };

/** The emulated set has all kernels; the long run has all sets. */
const targets: readonly Target[] = [...(short ? [] : (Object.keys(isaSets) as readonly IsaName[])).map((isa) => ({ isa })), emulated];

function compare(c: KernelCase, bytes: readonly Uint8Array[], intact: boolean): void {
  assert.ok(intact, `${c.name} writes beside its buffers`);
  const expected = evalModule(c.module, { inputs: c.inputs, weights: [] }, "native");
  expected.forEach((want, slot) => {
    const got = toNumbers(decode(want.dtype, want.shape, bytes[slot] ?? new Uint8Array()));
    const right = toNumbers(want);
    const scale = right.reduce((a, v) => (Number.isFinite(v) ? Math.max(a, Math.abs(v)) : a), 1);
    // Sums are rounded step by step in the kernels, once in the evaluator; integers are exact.
    const worst = isFloat(want.dtype) ? 2e-6 * scale : 0;
    right.forEach((w, i) => {
      if (c.columns !== undefined && i % c.columns.pitch >= c.columns.of) return;
      assert.ok(Math.abs((got[i] ?? NaN) - w) <= worst, `${c.name}: element ${i} is ${got[i]}, not ${w}`);
    });
  });
}

describe("kernels as the registry describes them", () => {
  for (const { isa, on = isa, flags = [] } of targets) {
    const reason = typeof compiler === "string" ? compiler : cannotRun(on);
    test(`calls for ${isa} ${flags.join(" ")}`, { skip: reason ?? false }, () => {
      assert.ok(typeof compiler !== "string");
      const cases = [...gemmCases(isa, !short), ...rowCases(isa)];
      for (const c of cases) assert.deepEqual(verifyModule(c.module), [], c.name);
      const items = cases.map((c) => ({ source: emitFor(c.module, undefined, isa), inputs: c.inputs, weights: [], threads: 1 }));
      const machine = compileFlags(on, compiler).filter((f) => f.startsWith("-m"));
      const results = runBatch(items, compiler.command, [...machine, ...flags], process.cwd());
      cases.forEach((c, i) => compare(c, results[i]?.outputs ?? [], results[i]?.intact === true));
    });
  }
});

test("a nest sets up the tiles once for all of its calls", () => {
  const { module } = gemmCases("amx", true).find((c) => c.name.startsWith("gemm_bf16_amx"))!;
  const { text } = emitFor(module, undefined, "amx");
  assert.equal(text.split("fs::amx::scope").length, 2);
  assert.match(text, /\(void\)threads;\n\s*const fs::amx::scope scope_0;\n/, "before the nest's loops");
  assert.ok(text.indexOf("fs::amx::scope") < text.indexOf("fs::gemm_bf16_amx("));
  const plain = gemmCases("avx512", true).map((c) => emitFor(c.module, undefined, "avx512").text);
  assert.ok(!plain.some((t) => t.includes("amx")), "only kernels on tiles want them");
});
