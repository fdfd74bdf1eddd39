/**
 * Every operator and cast, in generated code, against the semantics table: on values that break naive code (NaN, infinities, -0, the lowest and
 * highest integers, zero divisors, halves), as single values and as vectors.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { emitFor } from "../../compiler-core/codegen/index.ts";
import { decode, fromValues, type NdArray, type Scalar } from "../../compiler-core/graph/ndarray.ts";
import type { IsaName, MachineProfile } from "../../compiler-core/machine.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { planMemory } from "../../compiler-core/passes/3-tensor/plan-memory.ts";
import { vectorise } from "../../compiler-core/passes/3-tensor/vectorise.ts";
import { dtypeBits, isFloat, isQuantisedFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { binary, cast, load, unary } from "../../compiler-core/tensor/build.ts";
import { evalModule } from "../../compiler-core/tensor/eval.ts";
import {
  castRules,
  type BinaryOp,
  type Buffer,
  type Expr,
  type Module,
  type Stmt,
  type UnaryOp,
  type Var,
} from "../../compiler-core/tensor/ir.ts";
import { integerRange, roundFloat } from "../../compiler-core/tensor/rounding.ts";
import { binaryMeaning, binaryTakes, unaryMeaning, unaryTakes } from "../../compiler-core/tensor/semantics.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";
import { hasCompiler, runBatch } from "./native-batch.ts";

const types: readonly DType[] = [
  ...(["f32", "f64", "bf16", "f16", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool"] as const),
  ...(["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f8e8m0", "f4e2m1", "i4", "u4", "i2", "u2"] as const),
];
/** The last row: halves between codes of 8 bits at the end of their ranges, and doubles that f32 would round onto a half of bf16 and f16. */
const floats = [
  ...[NaN, Infinity, -Infinity, -0, 0, 0.5, 1.5, 2.5, -2.5, 1, -1, 3, 300.7, -70000.25, 3e9, -3e9, 1e19, 0.1, 6e-39, 65504],
  ...[
    464,
    465,
    -248,
    61440,
    240.1,
    5,
    -6.5,
    0.25,
    0.75,
    1.00390625 + 2 ** -40,
    1.00048828125 + 2 ** -40,
    -2147483648.5,
    1.5e19,
    4294967296.5,
    2 ** -10 * 1.5,
    2 ** 127 * 1.9,
  ],
];

function samples(dtype: DType): readonly Scalar[] {
  if (dtype === "bool") return [0, 1];
  if (isFloat(dtype)) return floats.map((x) => roundFloat(dtype, x));
  const { lowest, highest } = integerRange(dtype);
  // 2^30 + 2^22 + 1 and its like in 64 bits: rounded to f32 first, it would lie half way between two values of bf16.
  const all = [0n, 1n, 2n, 3n, 7n, 8n, 31n, 1077936129n, 4616189618054758401n, lowest, lowest + 1n, highest, highest - 1n, highest / 3n];
  return all.filter((v) => v >= lowest && v <= highest).map((v) => (dtype.endsWith("64") ? v : Number(v)));
}

/** All pairs of samples; every second list is long enough for whole vectors and a tail. */
function pairs(dtype: DType): { a: Scalar[]; b: Scalar[] } {
  const list = samples(dtype);
  return { a: list.flatMap((x) => list.map(() => x)), b: list.flatMap(() => [...list]) };
}

interface Row {
  readonly name: string;
  readonly value: Expr;
}

/** One module per element type: each output holds one operator over all pairs. */
function moduleOf(dtype: DType, n: number): { module: Module; rows: readonly Row[] } {
  const i: Expr = { k: "var", id: 0, type: { dtype: "i64", lanes: 1 } };
  const [a, b] = [load(0, [i], dtype), load(1, [i], dtype)];
  const rows: Row[] = [
    ...(Object.keys(unaryMeaning) as UnaryOp[]).filter((op) => unaryTakes(op, dtype)).map((op) => ({ name: op, value: unary(op, a) })),
    ...(Object.keys(binaryMeaning) as BinaryOp[])
      .filter((op) => binaryTakes(op, dtype))
      .map((op) => ({ name: op, value: binary(op, a, b) })),
    ...types.filter((t) => t !== dtype).map((t) => ({ name: `to ${t}`, value: cast(a, t) })),
    ...types
      .filter((t) => t !== dtype && t !== "bool" && dtype !== "bool" && dtypeBits[t] === dtypeBits[dtype])
      .map((t) => ({ name: `bits as ${t}`, value: cast(a, t, "bits") })),
    ...castRules
      .filter((rule) => rule !== "bits" && dtypeBits[dtype] > 8 && isFloat(dtype))
      .flatMap((rule) =>
        types
          .filter((t) => isQuantisedFloat(t) && (rule === "overflow" || t === "f8e8m0"))
          .map((t) => ({ name: `${rule} to ${t}`, value: cast(a, t, rule) })),
      ),
  ];
  const buffers: Buffer[] = ["a", "b"].map((name, id) => ({ id, name, dtype, shape: [n], scope: "input", slot: id }));
  const body: Stmt[] = [];
  const vars: Var[] = [{ id: 0, name: "i", type: i.type }];
  rows.forEach((row, r) => {
    buffers.push({ id: r + 2, name: row.name, dtype: row.value.type.dtype, shape: [n], scope: "output", slot: r });
    const v = r === 0 ? 0 : vars.push({ id: vars.length, name: "i", type: i.type }) - 1;
    const at: Expr = { k: "var", id: v, type: i.type };
    const value = JSON.parse(JSON.stringify(row.value).replaceAll('"k":"var","id":0', `"k":"var","id":${v}`)) as Expr;
    body.push({
      k: "for",
      id: 2 * r,
      origin: [],
      v,
      lo: { k: "const", type: i.type, value: 0 },
      hi: { k: "const", type: i.type, value: n },
      step: 1,
      kind: "vector",
      body: [{ k: "store", id: 2 * r + 1, origin: [], buffer: r + 2, index: [at], value }],
    });
  });
  const module: Module = {
    name: `operators of ${dtype}`,
    buffers,
    vars,
    init: { name: "init", body: [] },
    run: { name: "run", body },
    nextStmt: 2 * rows.length,
    threads: 1,
  };
  return { module, rows };
}

const flags = /^flags\s*:(.*)$/m.exec(cpuInfo())?.[1]?.split(" ") ?? [];
function cpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
const sets: readonly { readonly isa: IsaName; readonly flags: readonly string[]; readonly needs: readonly string[] }[] = [
  { isa: "scalar", flags: [], needs: [] },
  { isa: "avx2", flags: ["-march=x86-64-v3"], needs: ["avx2", "fma", "f16c"] },
  { isa: "avx512", flags: ["-march=x86-64-v4"], needs: ["avx512f", "avx512bw", "avx512dq", "avx512vl"] },
];
const compiler = ["g++", "clang++"].find(hasCompiler);
const machine: MachineProfile = { name: "test", cores: 1, caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 }, features: [] };

for (const { isa, flags: isaFlags, needs } of sets) {
  const lacking = needs.filter((f) => !flags.includes(f));
  const skip = compiler === undefined ? "no C++ compiler" : lacking.length > 0 ? `this CPU lacks ${lacking.join(", ")}` : false;
  test(`operators, ${isa}`, { skip }, async (t) => {
    const all = types.map((dtype) => {
      const { a, b } = pairs(dtype);
      const inputs = [a, b].map((list) => fromValues(dtype, [a.length], list));
      const { module, rows } = moduleOf(dtype, a.length);
      assert.deepEqual(verifyModule(module), [], dtype);
      const ctx = { options: { ...defaultOptions, isa }, machine, hit: () => {}, verdict: () => {} };
      const planned = planMemory.run(isa === "scalar" ? module : vectorise.run(module, ctx), ctx);
      assert.deepEqual(verifyModule(planned), [], dtype);
      return { dtype, rows, inputs, want: evalModule(module, { inputs, weights: [] }, "native"), source: emitFor(planned, undefined, isa) };
    });
    const results = runBatch(
      all.map(({ source, inputs }) => ({ source, inputs, weights: [], threads: 1 })),
      compiler!,
      isaFlags,
      process.cwd(),
    );
    for (const [i, { dtype, rows, inputs, want }] of all.entries()) {
      for (const [r, row] of rows.entries())
        await t.test(`${row.name} of ${dtype}`, () => compare(row.name, dtype, inputs, want[r]!, results[i]!.outputs[r]!));
    }
  });
}

const exactOperators = new Set<string>([
  ...(["neg", "abs", "sqrt", "floor", "ceil", "rint", "trunc", "not", "isnan", "reciprocal"] satisfies UnaryOp[]),
  ...(Object.keys(binaryMeaning) as BinaryOp[]).filter((op) => op !== "pow" && op !== "mod"),
]);
/** Results of one rounding are exact; functions may be off by a few units of the last place; libm's pow and the argument reduction of sin and cos too. */
function compare(name: string, dtype: DType, inputs: readonly NdArray[], want: NdArray, bytes: Uint8Array): void {
  const exact = !(name in unaryMeaning || name in binaryMeaning) || exactOperators.has(name);
  const have = decode(want.dtype, want.shape, bytes);
  const slack = want.dtype === "bf16" ? 2 ** -7 : want.dtype === "f16" ? 2 ** -9 : 2e-6;
  want.data.forEach((x: number | bigint, i: number) => {
    const y = have.data[i]!;
    const [u, v] = [Number(x), Number(y)];
    // The sign of a zero that min and max choose is not part of their meaning.
    const zero = u === 0 && v === 0 && (name === "min" || name === "max");
    const close = !exact && Math.abs(u - v) <= slack * Math.abs(u) + 1e-37;
    assert.ok(Object.is(x, y) || zero || close, `${name}(${inputs[0]!.data[i]}, ${inputs[1]!.data[i]}) of ${dtype} is ${y}, not ${x}`);
  });
}
