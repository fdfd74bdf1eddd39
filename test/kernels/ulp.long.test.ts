/**
 * The vector functions on all 2^32 floats against double precision, and the table of what was found (`UPDATE=1` writes it; `ULP_STRIDE=N`
 * tries every N-th). About half an hour of one core; a function that is done is kept in the cache folder, so that a run that was ended goes on.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { widestIsa } from "#core";
import { detectMachine } from "#core/io";
import { cacheFolder } from "../../compiler-core/io/cache-folder.ts";
import { buildProgram, compilerOrReason, runProgram } from "./native-program.ts";
import { parseUlpRows, readUlpTable, writeUlpTable, type UlpRow } from "./ulp-table.ts";

const compiler = await compilerOrReason();
const stride = Number(process.env["ULP_STRIDE"] ?? 1);
const patience = 3_600_000;

/** Programs at a time. */
const lanes = 2;

/** The rows of one function: those of the same program and stride that are kept, or measured now. */
async function measured(program: string, name: string): Promise<readonly UlpRow[]> {
  const folder = path.join(cacheFolder(), "ulp", path.basename(path.dirname(program)));
  const file = path.join(folder, `${name}-${stride}.txt`);
  if (fs.existsSync(file)) return parseUlpRows(fs.readFileSync(file, "utf8"));
  const { code, output } = await runProgram(program, [String(stride), name], patience);
  assert.equal(code, 0, output);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${file}.new`, output);
  fs.renameSync(`${file}.new`, file);
  return parseUlpRows(output);
}

test("errors of the vector functions over all floats", { skip: typeof compiler === "string" ? compiler : false }, async () => {
  assert.ok(typeof compiler !== "string");
  const isa = widestIsa(detectMachine().profile);
  const program = await buildProgram(compiler, "math/math_test.cpp", isa.startsWith("avx512") || isa === "amx" ? "avx512" : isa, ["-O2"]);
  const quick = await runProgram(program, ["1000003"], patience);
  const names = parseUlpRows(quick.output).map((r) => r.name);
  const rows = new Map<string, UlpRow>();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (const name of names.filter((_, i) => i % lanes === lane)) {
        for (const row of await measured(program, name)) rows.set(row.name, row);
      }
    }),
  );
  const found = names.map((n) => rows.get(n)).filter((r) => r !== undefined);
  if (process.env["UPDATE"] === "1") writeUlpTable(found);
  const table = readUlpTable();
  for (const row of found) {
    const kept = table.find((r) => r.name === row.name && r.simd === row.simd);
    if (kept === undefined) continue;
    assert.equal(kept.bound, row.bound, `${row.name}: the bound in the table`);
    // Fewer floats find no larger error; the same ones find the same.
    if (kept.stride <= stride && stride % kept.stride === 0)
      assert.ok(row.worst <= kept.worst + 0.002, `${row.name}: ${row.worst} ulp, ${kept.worst} in the table`);
  }
});
