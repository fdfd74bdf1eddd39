/** Modules beside their generated C++: `NAME.ir` -> `NAME.cpp`. `UPDATE=1` rewrites the C++. Names in them are hostile on purpose. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { emitFor } from "../../compiler-core/codegen/index.ts";
import { commentText, identifier, stringLiteral } from "../../compiler-core/codegen/names.ts";
import { hexFloat, literal } from "../../compiler-core/codegen/literals.ts";
import { parseModule } from "../../compiler-core/tensor/parse.ts";
import { visitStmts } from "../../compiler-core/tensor/rewrite.ts";

const folder = path.join(process.cwd(), "test/codegen");

for (const file of fs.readdirSync(folder).filter((f) => f.endsWith(".ir"))) {
  test(file, () => {
    const module = parseModule(fs.readFileSync(path.join(folder, file), "utf8"));
    const source = emitFor(module, undefined, "avx512");
    const golden = path.join(folder, file.replace(/\.ir$/, ".cpp"));
    if (process.env["UPDATE"] === "1") fs.writeFileSync(golden, source.text);
    assert.equal(source.text, fs.readFileSync(golden, "utf8"));
    assert.equal(emitFor(module, undefined, "avx512").text, source.text, "the same module gives the same bytes");
    assert.match(source.text, /^[\x20-\x7e\n]*$/, "printable ASCII only");
    const lines = source.text.split("\n");
    const stmts = new Set<number>();
    for (const f of [module.init, module.run]) visitStmts(f.body, (s) => stmts.add(s.id));
    for (const l of source.lines)
      assert.ok(stmts.has(l.stmt) && lines[l.line - 1] !== undefined && lines[l.line - 1] !== "", `line ${l.line}`);
    const mapped = new Set(source.lines.map((l) => l.stmt));
    assert.deepEqual(
      [...stmts].filter((s) => !mapped.has(s)),
      [],
      "every statement has a line",
    );
  });
}

test("names cannot leave their place", () => {
  assert.equal(identifier("a b/*c*/;d__e", "7"), "a_b_c_d_e_7");
  assert.equal(identifier("", "7"), "v_7");
  assert.equal(identifier("9lives", "7"), "v_9lives_7");
  assert.equal(commentText("x */ y\n#include \\"), "x * / y?#include /");
  assert.equal(stringLiteral('a"b\\c\n??='), '"a\\"b\\\\c\\?\\?\\?="');
});

test("constants are exact", () => {
  assert.equal(literal("f32", 0.1), "0x1.99999ap-4f");
  assert.equal(literal("f32", -0), "-0.0f");
  assert.equal(literal("f32", 5e-324), "0.0f");
  assert.equal(literal("f64", 5e-324), "5e-324");
  assert.equal(hexFloat(5e-324), "0x0.0000000000001p-1022");
  assert.equal(literal("f32", NaN), "std::numeric_limits<float>::quiet_NaN()");
  assert.equal(literal("i64", -9223372036854775808n), "std::numeric_limits<int64_t>::min()");
  assert.equal(literal("u8", 255), "uint8_t{255}");
});
