/** The hot loops of the block GEMMs keep everything in registers: read in the assembly, so that it holds on machines without the instructions too. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { IsaName } from "#core";
import { compile, compileFlags, packageRoot } from "#core/io";
import { hotLoops } from "./hot-loops.ts";
import { compilerOrReason } from "./native-program.ts";

const run = promisify(execFile);
const compiler = await compilerOrReason();
const objdump = await run("objdump", ["--version"]).then(
  () => undefined,
  () => "objdump is not installed (binutils)",
);
const reason = typeof compiler === "string" ? compiler : (objdump ?? (os.arch() === "x64" ? undefined : "x86-64 only"));

/** Multiply-adds that one step of a full tile's loop must have, by the rows of the vector layer's defaults. */
const tiles: readonly { readonly isa: IsaName; readonly symbols: Readonly<Record<string, number>> }[] = [
  { isa: "avx2", symbols: { f32_arithmetic: 12 } },
  { isa: "avx512", symbols: { f32_arithmetic: 28 } },
  { isa: "avx512-bf16", symbols: { f32_arithmetic: 28, i8_arithmetic: 28, bf16_arithmetic: 28 } },
];

for (const { isa, symbols } of tiles) {
  test(`no spills in the tiles for ${isa}`, { skip: reason ?? false }, async () => {
    assert.ok(typeof compiler !== "string");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-spills-"));
    const object = path.join(folder, "tiles.o");
    const source = path.join(packageRoot(), "test/kernels/hot-loops.cpp");
    await compile(compiler, [...compileFlags(isa, compiler), `-I${path.join(packageRoot(), "native")}`, "-c", source, "-o", object]);
    const { stdout } = await run("objdump", ["-d", "--no-show-raw-insn", object], { maxBuffer: 2 ** 26 });
    const loops = hotLoops(stdout);
    for (const [name, multiplyAdds] of Object.entries(symbols)) {
      const found = loops.filter((l) => l.symbol.includes(name) && l.multiplyAdds % multiplyAdds === 0);
      assert.ok(found.length > 0, `no loop with ${multiplyAdds} multiply-adds in ${name}`);
      for (const loop of found) assert.deepEqual(loop.spills, [], `${loop.symbol} spills`);
    }
    fs.rmSync(folder, { recursive: true });
  });
}

test("spills are seen where there are some", () => {
  const text = [
    "0000000000000010 <f>:",
    "  10:\tvmovups (%rsi),%zmm0",
    ...Array.from({ length: 6 }, (_, i) => `  ${(0x14 + 4 * i).toString(16)}:\tvfmadd231ps %zmm0,%zmm1,%zmm${i + 2}`),
    "  2c:\tvmovaps %zmm9,0x40(%rsp)",
    "  30:\tjne    10 <f>",
  ];
  const [loop] = hotLoops(text.join("\n"));
  assert.equal(loop?.multiplyAdds, 6);
  assert.equal(loop?.spills.length, 1);
});
