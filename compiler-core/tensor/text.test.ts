import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../messages.ts";
import { evalModule } from "./eval.ts";
import { parseModule } from "./parse.ts";
import { printModule } from "./print.ts";
import { verifyModule } from "./verify.ts";

const module = (body: string, vars = "", buffers = ""): string => `module "m" threads 2 next 99
buffer "x \\"\\n*/"#0: f32[4] output slot 0
${buffers}${vars === "" ? "" : `vars ${vars}\n`}init {
}
run {
${body}}
`;

test("constants print back exactly", () => {
  const values = [
    "nan:f32",
    "-inf:f32",
    "-0:f32",
    "0.1:f64",
    "1e-45:f32",
    "-9223372036854775808:i64",
    "5n",
    "true:bool",
    "3:i8x16",
    "9007199254740993",
  ];
  const lines = values.map((v, i) => `  s${i}: let v%${i} = ${v}\n`).join("");
  const types = ["f32", "f32", "f32", "f64", "f32", "i64", "i64", "bool", "i8x16", "i64"];
  const text = module(
    lines,
    types
      .map((t, i) => `v%${i}:${t}`)
      .join(" ")
      .replace(/(v%7:bool) /, "$1 "),
  );
  const again = printModule(parseModule(text));
  assert.equal(printModule(parseModule(again)), again);
  const lets = parseModule(text).run.body.map((s) => (s.k === "let" && s.value.k === "const" ? s.value.value : undefined));
  assert.ok(
    Object.is(lets[2], -0) && Number.isNaN(lets[0]) && lets[5] === -9223372036854775808n && lets[6] === 5n && lets[9] === 9007199254740993n,
  );
});

test("operators keep their tree", () => {
  const text = module("  s1: let a%0 = 1 - (2 - 3) - 4 * (5 + 6) / 7 %% 8\n  s2: let b%1 = (1 << 2) + 3 & 4 | 5 ^ 6\n", "a%0:i64 b%1:i64");
  assert.equal(printModule(parseModule(text)), text);
});

test("a store past the caches is told from others", () => {
  const x = '"x \\"\\n*/"#0';
  const text = module(`  s1: stream ${x}[0] = 1:f32\n  s2: ${x}[1] = 2:f32\n`);
  assert.equal(printModule(parseModule(text)), text);
  assert.deepEqual(
    parseModule(text).run.body.map((s) => s.k === "store" && s.stream === true),
    [true, false],
  );
});

test("malformed text names its line", () => {
  for (const bad of ["  s1: let a%0 = \n", "  s1: frob\n", '  s1: "x"#7[0] = 1:f32\n', "  s1: let a%9 = 1\n  s2: let b%1 = a%9 + 1\n"]) {
    assert.throws(
      () => parseModule(module(bad, "a%0:i64 b%1:i64")),
      (e) => e instanceof UserError && /line \d+/.test(e.message),
      bad,
    );
  }
});

const problems = (body: string, vars = "", buffers = ""): string => verifyModule(parseModule(module(body, vars, buffers))).join("; ");

test("the verifier refuses", () => {
  assert.equal(problems("  s1: #0[0] = 1:f32\n".replace("#0", '"x"#0')), "");
  const x = '"x"#0';
  const cases: readonly (readonly [string, string, string, string])[] = [
    [`  s1: ${x}[4] = 1:f32\n`, "", "", "the extent is 4"],
    [`  s1: ${x}[0, 0] = 1:f32\n`, "", "", "has rank 1"],
    [`  s1: ${x}[0] = 1:f64\n`, "", "", "stored value is f64"],
    [`  s1: ${x}[0] = v%0\n`, "v%0:f32", "", "used before its definition"],
    ["  s1: let v%0 = 1:f32\n  s2: let v%0 = 2:f32\n", "v%0:f32", "", "defined twice"],
    ["  s1: let v%0 = 1:f32\n  s1: barrier\n", "v%0:f32", "", "number is used twice"],
    ["  s1: let v%0 = 1:f32\n  s2: v%0 += 1:f32\n", "v%0:f32", "", "not a register"],
    ["  s1: for i%0 in 0..4 parallel {\n    s2: barrier\n  }\n", "i%0:i64", "", "not every thread"],
    [
      "  s1: for i%0 in 0..4 parallel {\n    s2: for j%1 in 0..4 parallel {\n    }\n  }\n",
      "i%0:i64 j%1:i64",
      "",
      "parallel inside parallel",
    ],
    ["  s1: t#1[0] = 1:f32\n", "", "buffer t#1: f32[4] arena\n", "not alive"],
    ["  s1: w#1[0] = 1:f32\n", "", "buffer w#1: f32[4] weight slot 0\n", "writes to the weight"],
    ["  s1: let v%0 = exp(3)\n", "v%0:i64", "", "exp of i64"],
    ["  s1: kernel pack_b(; ; )\n", "", "", "lacks operand src"],
    ["  s1: kernel nothing(; ; )\n", "", "", "no kernel nothing"],
  ];
  for (const [body, vars, buffers, want] of cases)
    assert.ok(problems(body, vars, buffers).includes(want), `${want} expected for ${body}: ${problems(body, vars, buffers)}`);
});

test("a missing write shows as NaN, an access out of bounds is refused", () => {
  const partial = parseModule(module(`  s1: for i%0 in 0..3 {\n    s2: "x"#0[i%0] = 1:f32\n  }\n`, "i%0:i64"));
  assert.deepEqual(Array.from(evalModule(partial, { inputs: [], weights: [] }, "native")[0]!.data as Float32Array), [1, 1, 1, NaN]);
  const outside = parseModule(module(`  s1: for i%0 in 0..5 {\n    s2: "x"#0[i%0] = 1:f32\n  }\n`, "i%0:i64"));
  assert.throws(() => evalModule(outside, { inputs: [], weights: [] }, "native"), /access of/);
});
